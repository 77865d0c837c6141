"""The shelf tells sessions apart by their ends, and finds them by name."""

import fcntl
import os

import pytest

from dltlab import folders, records
from dltlab.errors import RecordingError, UsageError
from dltlab.records import Event
from dltlab.session import shelf
from dltlab.session.recording import read_all
from dltlab.terminal.drawing.standing import word_of


@pytest.fixture
def stored(keep, own_folders):
    """Put a session on the shelf."""

    def store(name, ending="finished", **changes):
        path = keep(ending, name=name, **changes)
        return path.rename(folders.sessions() / path.name)

    return store


@pytest.mark.parametrize("ending", ["finished", "stopped", "diverged", "failed"])
def test_a_session_is_in_the_state_that_its_footer_says(stored, ending):
    one = shelf.look(stored("one", ending, steps=70))
    assert (one.state, one.step, one.name) == (ending, 69, "one")
    assert one.header.title == "A fall"


def test_a_session_without_a_footer_died_unless_its_engine_lives(stored):
    path = stored("cut", steps=2000)
    os.truncate(path, path.stat().st_size - 30)
    died = shelf.look(path)
    assert (died.state, died.step) == ("died", 1999)
    with path.open("rb+") as engine:
        fcntl.flock(engine, fcntl.LOCK_EX)
        assert shelf.look(path).state == "running"


def test_the_newest_comes_first_and_strangers_are_passed_over(stored):
    for day in (3, 1, 2):
        stored(f"day-{day}", header={"started": f"2026-01-0{day}T00:00:00Z"})
    (folders.sessions() / f"stranger{records.SUFFIX}").write_text("no recording")
    (folders.sessions() / f"empty{records.SUFFIX}").write_text("")
    assert [one.name for one in shelf.kept()] == ["day-3", "day-2", "day-1"]


def test_a_session_is_found_by_path_name_beginning_and_as_the_last(stored):
    first = stored("alpha", header={"started": "2026-01-01T00:00:00Z"})
    second = stored("beta", header={"started": "2026-01-02T00:00:00Z"})
    assert shelf.find(str(first)) == first
    assert shelf.find("alpha") == shelf.find("al") == shelf.find(first.name) == first
    assert shelf.find("last") == second


def test_an_exact_name_costs_no_look_at_other_sessions(stored, monkeypatch):
    path, look, looked = stored("alpha"), shelf.look, []
    for name in ("alpha-1", "alphabet", "beta"):
        stored(name)
    monkeypatch.setattr(shelf, "look", lambda path: (looked.append(path), look(path))[1])
    assert shelf.find("alpha") == path
    assert looked == [path]
    path.write_text("no recording any more")
    with pytest.raises(UsageError, match="alpha: 2 sessions' names begin so"):
        shelf.find("alpha")


def test_what_is_not_there_is_refused_with_a_near_miss(stored):
    with pytest.raises(UsageError, match="no session is kept yet"):
        shelf.find("alpha")
    stored("alpha-1")
    stored("alpha-2")
    with pytest.raises(UsageError, match=r"alpha-1 or alpha-2|alpha-2 or alpha-1"):
        shelf.find("alpha")
    with pytest.raises(UsageError, match="did you mean 'alpha-1'"):
        shelf.find("aplha-1")
    with pytest.raises(UsageError, match=r"alpha: 2 sessions' names begin so; type more of it: alpha-\d or alpha-\d\."):
        shelf.find("alpha")
    with pytest.raises(
        UsageError, match=r"ha-2: no session's name begins so, though one has it inside; type alpha-2\."
    ):
        shelf.find("ha-2")
    with pytest.raises(UsageError, match=r"pha: .* though 2 have it inside; type alpha-\d or alpha-\d\."):
        shelf.find("pha")
    with pytest.raises(UsageError, match=r"x: no session's name begins so; known: .* `dltlab sessions` lists them\."):
        shelf.find("x")
    with pytest.raises(RecordingError):
        shelf.look(folders.sessions() / "nothing")


def test_of_many_that_begin_so_the_newest_are_named(stored):
    for day in range(10, 21):
        stored(f"day-{day}", header={"started": f"2026-01-{day}T00:00:00Z"})
    with pytest.raises(UsageError) as found:
        shelf.find("day")
    said = str(found.value)
    assert said.startswith("day: 11 sessions' names begin so; type more of it: day-20 or day-19 or ")
    assert said.endswith(", or one of 3 more that `dltlab sessions` lists.")
    assert "day-12" not in said


def test_a_shelf_that_may_only_be_read_is_read(stored, monkeypatch):
    path = stored("one")
    # Root may write anywhere, so what a read-only disk answers is said in its place.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert shelf.find("last") == path
    assert [one.name for one in shelf.kept()] == ["one"]


def test_looking_for_sessions_makes_no_folder(own_folders):
    assert shelf.kept() == []
    assert not (own_folders / "data").exists()


def test_a_running_session_that_holds_is_told_from_one_that_goes_on(stored):
    path = stored("held", steps=300)
    os.truncate(path, path.stat().st_size - 30)
    with path.open("rb+") as engine:
        fcntl.flock(engine, fcntl.LOCK_EX)
        assert not shelf.look(path).paused
        for what, paused in (("pause", True), ("turn", True), ("resume", False), ("pause", True), ("continued", False)):
            # The unfinished line is what a killed engine left.
            content = path.read_bytes()
            path.write_bytes(content[: content.rfind(b"\n") + 1] + records.encode(records.Event(299, what, what)))
            assert shelf.look(path).paused == paused
    assert not shelf.look(path).paused


def test_a_shelf_and_a_bench_agree_on_whether_a_session_holds(stored, fake):
    path = stored("held", "stopped", steps=300)
    often = [Event(299, "price", "x" * 500) for _ in range(1000)]
    with path.open("rb+") as engine:
        fcntl.flock(engine, fcntl.LOCK_EX)
        for said, word in (
            ([fake.frames(300, 1, 1, 1.0), Event(300, "pause", "")], "paused"),
            ([Event(300, "advance", "", {"steps": 1}), fake.frames(301, 1, 1, 1.1)], "paused"),
            ([Event(301, "advance", "", {"to": 310}), fake.frames(302, 4, 1, 1.1)], "running"),
            ([*often, fake.frames(306, 5, 1, 1.2)], "paused"),
            ([Event(310, "continued", ""), fake.frames(311, 1, 1, 1.3)], "running"),
            ([Event(311, "pause", ""), Event(311, "turn", "", {"knob": "learning_rate", "value": 0.2})], "paused"),
            ([Event(311, "fork", "", {"parent": "another"}), fake.frames(312, 1, 1, 1.4)], "running"),
        ):
            path.write_bytes(path.read_bytes() + b"".join(map(records.encode, said)))
            history, _ = read_all(path)
            assert word_of(history, "") == word
            assert shelf.look(path).paused == (word == "paused")

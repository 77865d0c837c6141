"""`dltlab sessions` lists what is on the shelf, a line each, and what sets those of one scenario apart."""

import sys

import pytest
from rich.cells import cell_len

from dltlab import folders, records, scenario
from dltlab.cli import cli
from dltlab.errors import UsageError
from dltlab.records import Event, Footer

FALL = {"optimizer": {"kind": "gradient_descent", "learning_rate": 0.1}}


@pytest.fixture
def stored(keep):
    """Put a session on the shelf, one older than the other."""
    count = iter(range(10, 60))

    def store(name, *events, **header):
        path = keep(name=name, header={"started": f"2026-01-02T03:04:{70 - next(count)}Z", **header})
        path.write_bytes(path.read_bytes() + b"".join(map(records.encode, events)))
        return path.rename(folders.sessions() / path.name)

    return store


@pytest.fixture
def listed(capsys, monkeypatch):
    """What the command prints, to a terminal of this width or to none."""

    def run(width=0):
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: width > 0)
        assert not cli.main(["sessions"], standalone_mode=False)
        told = capsys.readouterr()
        assert told.err == ""
        return told.out.splitlines()

    return run


def test_no_sessions_is_no_error(listed):
    assert listed() == []


def test_a_fork_is_listed_with_its_parent_and_step(stored, listed):
    stored("child", parent="mother\x1b[2J", forked=30)
    assert listed() == ["child finished  49/50 A fall (fork of mother\\x1b[2J at 30)"]


def test_forks_at_one_step_are_listed_with_what_they_changed_there(stored, listed):
    for name, data in (("one", {"turns": {"learning_rate": 0.2}}), ("two", {})):
        stored(name, Event(30, "fork", "", {"parent": "mother", "step": 30, **data}), parent="mother", forked=30)
    assert [line.split("A fall ")[1] for line in listed()] == [
        "(fork of mother at 30: learning_rate=0.2)", "(fork of mother at 30: unchanged)",
    ]  # fmt: skip


def test_sessions_that_differ_by_a_setting_are_told_apart(stored, listed):
    stored("one", scenario=FALL)
    stored("two", scenario={"optimizer": {"kind": "gradient_descent", "learning_rate": 0.2}})
    assert [line.split("A fall ")[1] for line in listed()] == [
        "(optimizer.learning_rate=0.1)", "(optimizer.learning_rate=0.2)",
    ]  # fmt: skip


def test_what_stands_in_the_gallerys_scenario_is_not_told(stored, listed):
    document = scenario.read("edge-of-stability")
    stored("whole", source="edge-of-stability", scenario=document.table)
    document = scenario.read("edge-of-stability", ["run.steps=500"])
    stored("short", source="edge-of-stability", scenario=document.table)
    assert [line.split("A fall")[1] for line in listed()] == ["", " (run.steps=500)"]


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_a_session_takes_one_line(stored, listed, width):
    title = "漢字: the edge of stability, and what comes of it in the end when all is said"
    stored("20260102-030405-edge", scenario=FALL, title=title)
    stored("20260102-030406-edge", scenario={"optimizer": {"learning_rate": 0.2, "momentum": 0.9}}, title=title)
    stored("20260102-030407", parent="20260102-030405-edge", forked=1)
    lines = listed(width)
    assert all(cell_len(line) <= width for line in lines)
    assert "漢字: the e… (" in lines[0] or width > 80
    assert "(optimizer.kind=gradient_desc" in lines[0]
    assert lines[2].endswith("A fall (fork of 20260102-030405-edge at 1)")
    assert title in listed()[0]


@pytest.mark.parametrize(
    ("reason", "way"), [("finished", "dltlab replay shows it"), ("stopped", "dltlab resume goes on")]
)
def test_who_comes_back_when_nothing_runs_is_told_what_became_of_it(stored, reason, way):
    stored("last", Footer(49, reason, ""))
    with pytest.raises(UsageError, match=f"no session is running; the newest, last, {reason} at step 49: {way}"):
        cli.main(["attach"], standalone_mode=False)

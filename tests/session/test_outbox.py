"""Nothing that is asked of a busy engine is lost untold, Stop least of all."""

import socket
import time
from pathlib import Path

import pytest

from dltlab import commands
from dltlab.commands import Kick, Mark, Stop, Turn
from dltlab.engine.inbox import Inbox
from dltlab.records import Event
from dltlab.session import live, outbox
from dltlab.session.outbox import Outbox


@pytest.fixture
def inbox(folders):
    del folders
    from dltlab.folders import socket_path

    made = Inbox(socket_path(Path("/a/session")))
    yield made
    made.close()


def heard(inbox: Inbox, number: int) -> list[commands.Command | str]:
    """As much, or what came within a while."""
    found, until = [], time.monotonic() + 10
    while len(found) < number and time.monotonic() < until:
        found += inbox.take(0.05)
    return found


@pytest.fixture
def running(keep, monkeypatch):
    """A session that goes on, whose engine listens at a path."""
    monkeypatch.setattr(live, "engine_alive", lambda *_: True)

    def begun(where: Path) -> live.Live:
        path = keep("running", steps=50, header={"socket": str(where)})
        # Without its footer it goes on.
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
        source = live.attach(path)
        source.poll()
        return source

    return begun


@pytest.mark.parametrize("number", [30, 200])
def test_all_that_is_asked_while_the_engine_compiles_is_heard_in_its_order(running, inbox, number):
    asked = [Mark(f"the {place}th") for place in range(number)]
    source = running(inbox.path)
    for command in (*asked, Stop()):
        source.send(command)
    source.close()
    assert heard(inbox, number + 1) == [*asked, Stop()]


def test_what_the_line_does_not_hold_waits_and_what_is_too_much_is_told(inbox):
    box = Outbox(str(inbox.path))
    # A socket of the system holds some hundreds of lines.
    asked = [Turn("η", place / 7) for place in range(4000)]
    for command in asked:
        box.put(command)
    assert "left out" in box.push()
    assert box.push() == ""
    found = []
    while more := inbox.take(0.0):
        found += more
        box.push()
    assert len(found) > 256
    assert found == asked[: len(found)]
    box.close()


def test_stop_is_heard_behind_a_line_that_is_full(inbox):
    box = Outbox(str(inbox.path))
    for place in range(4000):
        box.put(Turn("η", place / 7))
    box.put(Stop())
    box.close()
    found = []
    while more := inbox.take(0.0):
        found += more
    assert Stop() in found


def test_stop_is_said_again_until_one_leaves(inbox, monkeypatch):
    monkeypatch.setattr(outbox, "_AGAIN", 0.05)
    box = Outbox(str(inbox.path))
    box.put(Stop())
    assert heard(inbox, 1) == [Stop()]
    time.sleep(0.06)
    box.push()
    assert heard(inbox, 1) == [Stop()]
    box.close()
    time.sleep(0.06)
    assert inbox.take(0.0) == []


def test_what_nobody_listens_to_is_given_up_and_told(inbox, monkeypatch):
    monkeypatch.setattr(outbox, "_GIVEN_UP", 0.05)
    inbox.path.unlink()
    box = Outbox(str(inbox.path))
    box.put(Kick(1.0))
    assert box.push() == ""
    time.sleep(0.06)
    assert "does not listen" in box.push()
    assert box.push() == ""
    box.close()


def test_an_engine_that_listens_again_hears_what_was_asked_meanwhile(inbox, monkeypatch):
    monkeypatch.setattr(inbox, "_look_due", 0.0)
    inbox.path.unlink()
    box = Outbox(str(inbox.path))
    box.put(Kick(1.0))
    inbox.take(0.0)
    box.push()
    assert heard(inbox, 1) == [Kick(1.0)]
    box.close()


def test_more_viewers_than_an_engine_listens_to_are_all_heard(inbox):
    boxes = [Outbox(str(inbox.path)) for _ in range(50)]
    for turn in range(3):
        for place, box in enumerate(boxes):
            box.put(Mark(f"{place} of {turn}"))
        found = heard(inbox, len(boxes))
        assert sorted(one.text for one in found if isinstance(one, Mark)) == sorted(f"{p} of {turn}" for p in range(50))
    for box in boxes:
        box.close()


def test_a_viewer_is_told_what_the_engine_did_not_hear(running, monkeypatch, tmp_path):
    monkeypatch.setattr(outbox, "_GIVEN_UP", 0.05)
    source = running(tmp_path / "nobody")
    source.send(Kick(1.0))
    source.poll()
    time.sleep(0.06)
    found = [one for one in source.poll() if isinstance(one, Event)]
    assert [(one.what, one.step) for one in found] == [("refused", 49)]
    source.close()


def test_a_caller_who_says_half_a_command_is_not_waited_for(inbox):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(inbox.path))
        line.sendall(b'{"command":"st')
        assert inbox.take(0.0) == []
        line.sendall(b'op"}\n')
        assert heard(inbox, 1) == [Stop()]

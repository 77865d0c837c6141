"""What the fuzzers have found, each with the input that it takes."""

import msgspec
import pytest

from dltlab import commands, folders, records
from dltlab.records import Event
from dltlab.session import divergence, notes
from dltlab.session.history import History
from dltlab.text import UNFIT


def test_a_member_lost_before_its_first_reading_is_told_of(target):
    header, *_ = target("recording").session(arms=True)
    history = History(header)
    history.extend([Event(0, "diverged", "Seed 1: …", {"seed": 1, "step": 0, "arm": "slow"}, 0.0)])
    (lost,) = divergence.lost(history)
    assert (lost.step, lost.sharp) == (0, ())


@pytest.mark.parametrize("radius", [1.7e308, 1e300, 1e7])
def test_a_kick_that_no_record_could_tell_is_no_command(radius):
    """It was obeyed, and its event made the recording unsound from there on."""
    line = b'{"command":"kick","radius":%r}' % radius
    with pytest.raises(msgspec.ValidationError):
        commands.decode(line)
    assert commands.decode(b'{"command":"kick","radius":1e6}')


@pytest.mark.parametrize("rate", [5e-324, 1e-9, 1e300])
def test_a_pace_that_no_clock_could_keep_is_no_command(rate):
    """A step in 10³⁰⁰ seconds is beyond what can be waited for, and ended the engine."""
    with pytest.raises(msgspec.ValidationError):
        commands.decode(b'{"command":"pace","rate":%r}' % rate)


def test_what_was_no_command_is_quoted_in_a_line_that_fits(wide):
    from dltlab.engine.inbox import Inbox

    inbox = Inbox.__new__(Inbox)
    said = inbox._read(b'{"command":"' + b"a" * 60_000 + b'"}')
    assert isinstance(said, str)
    assert len(said) < 300


def test_a_notes_own_name_is_clean_too(tmp_path):
    session = tmp_path / f"s{records.SUFFIX}"
    hostile = "\u202e\x1b[2J"
    lines = (notes.Note(name=hostile, step=1, text="x"), notes.Answer(name=f"{hostile}2", step=2, question="q"))
    folders.notes_path(session).write_bytes(b"".join(map(notes.encode, lines)))
    found = notes.read(session)
    (note,), (answer,) = found.notes, found.answers
    assert not UNFIT.search(note.name + answer.name)
    folders.notes_path(session).write_bytes(b"".join(map(notes.encode, (*lines, notes.Gone(name=hostile)))))
    assert not notes.read(session).notes

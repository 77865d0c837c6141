"""The sidecar of notes: whatever its bytes are they are read, and nothing that was noted is ever lost."""

import errno
import hashlib
import os
import stat
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltlab import folders
from dltlab.chapters.chapter import LONGEST_TITLE
from dltlab.chapters.noted import contents, of_note
from dltlab.session import notes, shelf
from dltlab.session.notes import LONGEST_TEXT, Gone, Note, Notes, decode, encode, read
from dltlab.soundness import LARGEST_STEP
from dltlab.text import UNFIT


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return tmp_path / "kept.dltlab.jsonl"


def told(kept: Notes) -> list[tuple[int, str]]:
    return [(note.step, note.text) for note in kept.notes]


def line(name: str, step: int = 5, text: str = "here", **more: object) -> bytes:
    return encode(msgspec.structs.replace(Note(name=name, step=step, text=text), **more))


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
WRITTEN = st.one_of(
    st.binary(max_size=60),
    st.builds(line, st.sampled_from("abc"), st.integers(0, LARGEST_STEP), TEXTS),
    st.builds(lambda name: encode(Gone(name=name)), st.sampled_from("abc")),
    st.sampled_from([
        b"{}\n", b'{"record":"note"}\n', b"[" * 5000 + b"\n", b'{"record":"hologram","format":"dltlab-notes/1"}\n',
        b'{"record":"note","format":"dltlab-notes/2","name":"a","step":1,"text":"later"}\n',
        b'{"record":"note","format":"dltlab-notes/1","name":"a","step":-1,"text":""}\n',
        b'{"record":"note","format":"dltlab-notes/1","name":"a","step":1e400,"text":""}\n', b"\xff\xfe\x00\n",
    ]),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(WRITTEN, max_size=8))
def test_any_bytes_are_read_and_can_be_added_to(tmp_path_factory, pieces):
    """The law of the sidecar: no bytes raise, nothing unfit comes out of them, and what is added to them stands."""
    session = tmp_path_factory.mktemp("any") / "kept.dltlab.jsonl"
    folders.notes_path(session).write_bytes(b"".join(pieces))
    kept = read(session)
    before = kept.notes
    assert not any(UNFIT.search(note.text) for note in before)
    assert all(0 <= note.step <= LARGEST_STEP for note in before)
    mine = kept.add(7, "mine")
    assert not kept.fault
    assert mine in kept.notes
    # What was read before is read again, and the note besides, whatever stood at the end.
    assert set(read(session).notes) == {*before, mine}


@settings(max_examples=30, deadline=None)
@given(acts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900), TEXTS), max_size=12))
def test_two_viewers_come_to_know_the_same(tmp_path_factory, acts):
    """Whoever adds, changes and takes away, in whatever order: all who look know the same, and so does who comes."""
    session = tmp_path_factory.mktemp("two") / "kept.dltlab.jsonl"
    viewers = [Notes(session), Notes(session)]
    for place, (act, step, text) in enumerate(acts):
        one = viewers[place % 2]
        there = one.notes
        if act < 2 or not there:
            one.add(step, text or "x")
        elif act == 2:
            one.edit(there[step % len(there)], text)
        else:
            one.remove(there[step % len(there)])
    for one in viewers:
        one.follow()
    assert viewers[0].notes == viewers[1].notes == read(session).notes
    assert not any(one.follow() for one in viewers)
    assert not viewers[0].damage


def test_the_recording_is_never_touched_and_the_sidecar_is_its_owners_alone(keep):
    path = keep()
    digest, beside = hashlib.sha256(path.read_bytes()).digest(), {*path.parent.iterdir()}
    kept = Notes(path)
    kept.add(5, "a note")
    kept.remove(kept.add(9, "another"))
    kept.answer(20, "what-next", 1, (3, 14, 2))
    assert hashlib.sha256(path.read_bytes()).digest() == digest
    assert {*path.parent.iterdir()} - beside == {kept.path}
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert told(read(path)) == [(5, "a note")]
    (answer,) = read(path).answers
    assert (answer.step, answer.question, answer.choice, answer.counts) == (20, "what-next", 1, (3, 14, 2))
    # It is no recording, and is not taken for one.
    assert [one.path for one in shelf.kept(path.parent)] == [path]


def test_it_is_only_appended_to(session):
    kept, seen = Notes(session), b""
    first = kept.add(1, "one")
    for act in (lambda: kept.edit(first, "uno"), lambda: kept.remove(first), lambda: kept.add(2, "two")):
        act()
        now = kept.path.read_bytes()
        assert now.startswith(seen)
        assert len(now) > len(seen)
        seen = now
    assert all(msgspec.json.decode(one)["format"] == notes.FORMAT for one in seen.splitlines())
    assert len(seen.splitlines()) == 4


def test_many_append_at_once(session):
    def append(viewer: int) -> None:
        kept = Notes(session)
        for number in range(25):
            kept.add(number, f"{viewer}: {number} {'x' * 2000}")

    threads = [threading.Thread(target=append, args=(viewer,)) for viewer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = read(session)
    assert not kept.damage
    assert {text.split(" ")[0] + text.split(" ")[1] for _, text in told(kept)} == {
        f"{viewer}:{number}" for viewer in range(4) for number in range(25)
    }


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_torn_tail_costs_its_own_line_alone(session, cut):
    kept = Notes(session)
    kept.add(1, "whole")
    whole = len(kept.path.read_bytes())
    kept.add(2, "torn")
    kept.path.write_bytes(kept.path.read_bytes()[: whole + cut])
    late = read(session)
    assert told(late) == [(1, "whole")]
    late.add(3, "after")
    again = read(session)
    assert told(again) == [(1, "whole"), (3, "after")]
    assert "a line of the notes cannot be read" in again.damage


def test_damage_is_told_for_as_long_as_it_lasts(session):
    kept = Notes(session)
    kept.path.write_bytes(b"no note\n" + line("a", 4, "sound"))
    kept.follow()
    assert "a line of the notes cannot be read" in kept.damage
    whole = kept.path.with_suffix(".new")
    whole.write_bytes(line("a", 4, "sound") + line("b", 5, "too"))
    whole.replace(kept.path)
    assert kept.follow()
    assert kept.damage == ""
    kept.path.unlink()
    kept.path.mkdir()
    kept.follow()
    assert "cannot be read (no file)" in kept.damage
    kept.path.rmdir()
    kept.follow()
    assert kept.damage == ""


def test_notes_that_can_be_read_again_are(session, monkeypatch):
    kept, begin = Notes(session), os.open
    kept.path.write_bytes(line("a", 4, "sound"))

    def refused(path, *more):
        if path == kept.path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return begin(path, *more)

    with monkeypatch.context() as barred:
        barred.setattr(os, "open", refused)
        kept.follow()
    assert "cannot be read (Permission denied)" in kept.damage
    assert kept.follow()
    assert kept.damage == ""
    assert told(kept) == [(4, "sound")]


def test_a_tail_that_is_still_being_written_is_waited_for(session):
    writer, reader = Notes(session), Notes(session)
    data = line("a", 4, "slow")
    writer.path.write_bytes(data[:30])
    assert not reader.follow()
    with writer.path.open("ab") as stream:
        stream.write(data[30:])
    assert reader.follow()
    assert told(reader) == [(4, "slow")]
    assert not reader.damage


def test_what_cannot_be_written_is_held_and_written_later(session):
    kept = Notes(session)
    kept.path.mkdir()
    kept.add(3, "held\x1b[2J")
    kept.add(4, "as well")
    assert kept.fault.count(".") <= kept.path.name.count(".") + kept.path.parent.as_posix().count(".") + 1
    assert "cannot be written" in kept.fault
    assert "2 lines are kept here only" in kept.fault
    assert [one.step for one in kept.unsaved] == [3, 4]
    assert told(kept) == [(3, "held\\x1b[2J"), (4, "as well")]
    kept.path.rmdir()
    kept.add(5, "now")
    assert not kept.fault
    assert not kept.unsaved
    assert told(read(session)) == [(3, "held\\x1b[2J"), (4, "as well"), (5, "now")]


def test_a_link_is_neither_read_nor_written_through(session, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(line("a"))
    folders.notes_path(session).symlink_to(other)
    kept = read(session)
    assert not kept.notes
    kept.add(1, "x")
    assert kept.fault
    assert other.read_bytes() == line("a")


def test_an_editor_may_put_another_file_in_its_place(session):
    kept = Notes(session)
    kept.add(1, "by hand")
    fresh = session.with_name("fresh")
    fresh.write_bytes(line("b", 9, "in an editor"))
    fresh.rename(kept.path)
    assert kept.follow()
    assert told(kept) == [(9, "in an editor")]


def test_sizes_are_bounded(session, monkeypatch):
    kept = Notes(session)
    kept.add(10**30, "y" * 10**5)
    assert [(note.step, len(note.text)) for note in read(session).notes] == [(LARGEST_STEP, LONGEST_TEXT)]
    with pytest.raises(ValueError, match="longer"):
        decode(b'{"record":"note","format":"dltlab-notes/1","name":"a","step":1,"text":"' + b"z" * (1 << 18) + b'"}')
    monkeypatch.setattr(notes, "_MOST", 3)
    kept.path.write_bytes(b"".join(line(str(number)) for number in range(9)))
    assert len(read(session).notes) == 3


def test_notes_are_chapters_beside_those_that_open_by_themselves(session):
    kept = Notes(session)
    kept.add(30, "why here? " * 10)
    kept.add(10, "early")
    kept.add(20, "", speech="ask them before you go on")
    found = contents([], kept.notes)
    assert [chapter.step for chapter, _ in found] == [10, 30]
    assert all(chapter.kind == "note" and len(chapter.title) <= LONGEST_TITLE for chapter, _ in found)
    beside = [of_note(kept.notes[0]), *(chapter for chapter, _ in found)]
    assert [note is None for _, note in contents(beside[:1], kept.notes)] == [True, False, False]

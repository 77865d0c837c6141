"""A table of contents: the chapters that opened by themselves, and the notes that somebody left beside them."""

from collections.abc import Iterable

from dltlab.chapters.chapter import Chapter, short
from dltlab.session.notes import Note
from dltlab.text import one_line

KIND = "note"
"""The kind of chapter that a note is."""


def of_note(note: Note) -> Chapter:
    """A note as a chapter, in its own words."""
    text = one_line(note.text)
    return Chapter(note.step, KIND, short(text), text, known=note.step)


def contents(chapters: Iterable[Chapter], notes: Iterable[Note]) -> list[tuple[Chapter, Note | None]]:
    """Chapters and notes in order of step, each note with what it is; at one step notes come last.

    A note that only tells a lecturer what to say is none for a reader.
    """
    found: list[tuple[Chapter, Note | None]] = [(chapter, None) for chapter in chapters]
    found += [(of_note(note), note) for note in notes if note.text]
    return sorted(found, key=lambda one: (one[0].step, one[1] is not None))

"""Notes and answers, kept beside a recording that they never change.

``NAME.notes.jsonl`` stands beside ``NAME.dltlab.jsonl``: JSON Lines, only ever appended to, one write a
line, so that two viewers may write at once. Every line says its format and its name; a later line of the
same name stands for the former one, and a :class:`Gone` takes it away. Like the recording it is not
trusted: sizes are bounded, texts cleaned, and a line that cannot be read is left out and counted.
"""

import os
import secrets
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar, final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from dltlab import folders
from dltlab.soundness import LARGEST_STEP
from dltlab.text import clean, one_line

FORMAT: Final = "dltlab-notes/1"
LONGEST_TEXT: Final = 4096
"""Characters of a note."""
_LONGEST_LINE: Final = 1 << 17
_LARGEST_FILE: Final = 1 << 25
_MOST: Final = 10_000
"""Notes and answers that are held."""
_MOST_CHOICES: Final = 64

_Step = Annotated[int, Meta(ge=0, le=LARGEST_STEP)]
_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]


class Note(Struct, frozen=True, tag_field="record", tag="note", kw_only=True):
    """Words at a step, by hand."""

    format: str = FORMAT
    name: _Name
    """What tells it from all others, on every machine."""
    step: _Step
    text: _Text
    """For everybody: a chapter of the session."""
    speech: _Text = ""
    """What a lecturer says there, for a second terminal alone; a note may have nothing else."""
    when: Annotated[str, Meta(max_length=40)] = ""
    """ISO 8601, UTC."""


class Answer(Struct, frozen=True, tag_field="record", tag="answer", kw_only=True):
    """What a class answered to a question of the scenario."""

    format: str = FORMAT
    name: _Name
    step: _Step
    question: _Text
    """The question's name."""
    choice: Annotated[int, Meta(ge=-1, le=_MOST_CHOICES)] = -1
    """The place of what was chosen; -1 where only hands were counted."""
    counts: Annotated[tuple[Annotated[int, Meta(ge=0, le=LARGEST_STEP)], ...], Meta(max_length=_MOST_CHOICES)] = ()
    """Hands for each of the choices."""
    when: Annotated[str, Meta(max_length=40)] = ""
    """ISO 8601, UTC."""


class Gone(Struct, frozen=True, tag_field="record", tag="gone", kw_only=True):
    """A note or an answer that was taken away."""

    format: str = FORMAT
    name: _Name


Line = Note | Answer | Gone
_Kept = TypeVar("_Kept", Note, Answer)
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Line)


class _Opening(Struct):
    record: str
    format: str


_OPENING: Final = msgspec.json.Decoder(_Opening)
_KINDS: Final = frozenset({"note", "answer", "gone"})


def encode(line: Line) -> bytes:
    """One line, with its line feed."""
    return _ENCODER.encode(line) + b"\n"


def decode(line: bytes) -> Line | None:
    """Read one line, its texts cleaned; None for one that another version wrote.

    Raises:
        ValueError: It is no line of a sidecar.
    """
    if len(line) > _LONGEST_LINE:
        raise ValueError("longer than a line may be")
    try:
        opening = _OPENING.decode(line)
        if opening.format != FORMAT or opening.record not in _KINDS:
            return None
        found = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise ValueError(clean(str(fault))) from None
    match found:
        case Note():
            return replace(
                found,
                name=one_line(found.name),
                text=clean(found.text)[:LONGEST_TEXT],
                speech=clean(found.speech)[:LONGEST_TEXT],
                when=one_line(found.when),
            )
        case Answer():
            question, when = one_line(found.question), one_line(found.when)
            return replace(found, name=one_line(found.name), question=question, when=when)
        case Gone():
            return replace(found, name=one_line(found.name))


@final
class Notes:
    """The sidecar of a session: what it holds, what others append to it, and what is added here."""

    def __init__(self, session: Path) -> None:
        """Of the session recorded there; whatever there is of a sidecar is read."""
        self.path: Path = folders.notes_path(session)
        self.damage = ""
        """One sentence on what could not be read; else empty."""
        self.fault = ""
        """One sentence on why what was added here is not in the file yet; else empty."""
        self.version = 0
        """Grows when anything was added, changed or taken away."""
        self._unsaved: list[Line] = []
        self._lines: dict[str, Note | Answer] = {}
        self._offset, self._damaged, self._rest = 0, 0, b""
        self._unread = ""
        """Why the file cannot be read now; else empty."""
        self._known: tuple[int, int, int, int] | None = None
        self.follow()

    @property
    def notes(self) -> Sequence[Note]:
        """In the order of their steps, and of their making where one step has several."""
        found = [one for one in self._lines.values() if isinstance(one, Note)]
        return sorted(found, key=lambda note: (note.step, note.when, note.name))

    @property
    def answers(self) -> Sequence[Answer]:
        """In the order in which they were given."""
        found = [one for one in self._lines.values() if isinstance(one, Answer)]
        return sorted(found, key=lambda answer: answer.when)

    @property
    def unsaved(self) -> Sequence[Note | Answer]:
        """What was added here and could not be written: it is held until it can be."""
        return [one for one in self._unsaved if not isinstance(one, Gone)]

    # Reading.

    def follow(self) -> bool:
        """Take in what was appended since the last look; whether there was anything. Never raises."""
        try:
            found = os.stat(self.path, follow_symlinks=False)
        except (OSError, ValueError):
            # There is none yet, or none any more: what was read is kept.
            self._known, self.damage = None, ""
            return False
        known = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if known == self._known and not self._unread:
            return False
        if self._known is None or self._known[:2] != known[:2] or found.st_size < self._offset:
            # An editor puts a new file in the place of the old one.
            self._offset, self._damaged, self._rest, self._lines = 0, 0, b"", {}
        self._known = known
        before = self.version
        data, self._unread = self._appended()
        self._take(data)
        self.damage = self._what_is_missing(found.st_size)
        for line in self._unsaved:
            self._fold(line)
        return self.version != before

    def _what_is_missing(self, size: int) -> str:
        """A sentence on what of a file of that size was not read, as it is now."""
        name = one_line(self.path.name)
        if self._unread:
            return f"the notes cannot be read ({self._unread}): {name}."
        if size > _LARGEST_FILE:
            return f"the notes are longer than is read: {name}."
        if self._damaged:
            several = f"{self._damaged} lines" if self._damaged > 1 else "a line"
            return f"{several} of the notes cannot be read, and was left out: {name}."
        return ""

    def _appended(self) -> tuple[bytes, str]:
        """What was appended; and why it cannot be read, or nothing."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as fault:
            return b"", fault.strerror or "it is refused"
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return b"", "no file"
            data = os.pread(file, max(_LARGEST_FILE - self._offset, 0), self._offset)
        except OSError as fault:
            return b"", fault.strerror or "it is refused"
        finally:
            os.close(file)
        self._offset += len(data)
        return data, ""

    def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not line.strip():
                continue
            try:
                found = decode(line)
            except ValueError:
                self._damaged += 1
                continue
            if found is not None:
                self._fold(found)

    def _fold(self, line: Line) -> None:
        if isinstance(line, Gone):
            if self._lines.pop(line.name, None) is None:
                return
        elif self._lines.get(line.name) == line or (line.name not in self._lines and len(self._lines) >= _MOST):
            return
        else:
            self._lines[line.name] = line
        self.version += 1

    # Writing.

    def add(self, step: int, text: str, *, speech: str = "") -> Note:
        """Leave a note at a step. Where the file cannot be written it is held all the same; see ``fault``."""
        return self._put(Note(name=_new(), step=_sound(step), text=_cut(text), speech=_cut(speech), when=_now()))

    def edit(self, note: Note, text: str, *, speech: str | None = None) -> Note:
        """Let a note say something else."""
        told = note.speech if speech is None else _cut(speech)
        return self._put(replace(note, text=_cut(text), speech=told))

    def answer(self, step: int, question: str, choice: int = -1, counts: Sequence[int] = ()) -> Answer:
        """Keep what was answered. Where the file cannot be written it is held all the same; see ``fault``."""
        hands = tuple(_sound(number) for number in counts[:_MOST_CHOICES])
        place = min(max(choice, -1), _MOST_CHOICES)
        told = Answer(name=_new(), step=_sound(step), question=one_line(question)[:LONGEST_TEXT], choice=place)
        return self._put(replace(told, counts=hands, when=_now()))

    def remove(self, one: Note | Answer) -> None:
        """Take a note or an answer away; the file keeps it, and the line that says that it is gone."""
        self._append(Gone(name=one.name))

    def _put(self, line: _Kept) -> _Kept:
        self._append(line)
        return line

    def _append(self, line: Line) -> None:
        self._fold(line)
        self._unsaved.append(line)
        # What others wrote meanwhile comes before it, here as in the file.
        self.follow()
        try:
            self._write()
            self.fault = ""
        except (OSError, ValueError) as fault:
            held = len(self._unsaved)
            what = "this is" if held == 1 else f"{held} lines are"
            why = getattr(fault, "strerror", None) or "no path"
            self.fault = f"the notes cannot be written ({why}); {what} kept here only: {one_line(str(self.path))}"

    def _write(self) -> None:
        """Append what has not been written, a line a write. Raises OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        file = os.open(self.path, flags, 0o600)
        try:
            size = os.fstat(file).st_size
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            while self._unsaved:
                # After a torn line a new one begins, or both would be lost.
                data = b"\n" * torn + encode(self._unsaved[0])
                if os.write(file, data) < len(data):
                    raise OSError(28, "the disk is full")
                torn = False
                self._unsaved.pop(0)
        finally:
            os.close(file)


def read(session: Path) -> Notes:
    """The notes of the session recorded there; none where there is no sidecar. Never raises."""
    return Notes(session)


def _new() -> str:
    return secrets.token_hex(8)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sound(number: int) -> int:
    return min(max(int(number), 0), LARGEST_STEP)


def _cut(text: str) -> str:
    return clean(text).strip()[:LONGEST_TEXT]

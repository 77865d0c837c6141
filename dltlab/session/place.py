"""Where a lecture stands, told to other terminals: a small file beside the session, put in place whole each time.

It is locked for as long as the lecturer's process holds it, as an engine locks its session: one that was left behind
by a process that died is known from that, and says nothing.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import Annotated, Final, Literal, final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from dltlab import records
from dltlab.session.recording import engine_alive
from dltlab.soundness import LARGEST_STEP
from dltlab.text import one_line

FORMAT: Final = "dltlab-place/1"
_LARGEST: Final = 1 << 12
_Step = Annotated[int, Meta(ge=0, le=LARGEST_STEP)]
_Word = Annotated[str, Meta(max_length=100)]

Phase = Literal["playing", "asking", "answered", "revealing", "told"]
"""What a lecture does: it plays; or a question is asked, answered, played to its end, and told."""


class Place(Struct, frozen=True):
    """Where a lecture stands."""

    step: _Step
    """What the class sees is the session up to here."""
    phase: Phase = "playing"
    question: _Word = ""
    """The name of the question that is open."""
    began: Annotated[float, Meta(ge=0, le=1e12)] = 0.0
    """When the lecture began, in seconds since 1970."""
    pid: Annotated[int, Meta(ge=0, le=1 << 31)] = 0
    format: str = FORMAT


_DECODER: Final = msgspec.json.Decoder(Place)
_ENCODER: Final = msgspec.json.Encoder()


def path_of(session: Path) -> Path:
    """Beside a recording, the file that says where a lecture on it stands."""
    return session.with_name(session.name.removesuffix(records.SUFFIX) + ".place")


def decode(data: bytes) -> Place | None:
    """Read a place; None for what is none, or another version's."""
    if len(data) > _LARGEST:
        return None
    try:
        place = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return replace(place, question=one_line(place.question)) if place.format == FORMAT else None


def read(session: Path) -> Place | None:
    """Where the lecture on this session stands; None where there is none, or its process has died. Never raises."""
    path = path_of(session)
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return None
        place = decode(os.read(file, _LARGEST + 1))
    except OSError:
        return None
    finally:
        os.close(file)
    return place if place is not None and engine_alive(path, place.pid) else None


@final
class Announcing:
    """Says where the lecture of this process stands."""

    def __init__(self, session: Path) -> None:
        self._path = path_of(session)
        self._began = time.time()
        self._said: Place | None = None
        self._file = -1
        self.fault = ""
        """One sentence on why nobody can be told; else empty."""

    def say(self, place: Place) -> None:
        """Tell it, if it is another place than before. Never raises."""
        place = replace(place, began=self._began, pid=os.getpid())
        if place == self._said:
            return
        self._said = place
        try:
            self._put(_ENCODER.encode(place))
            self.fault = ""
        except (OSError, ValueError) as fault:
            why = getattr(fault, "strerror", None) or "no path"
            self.fault = f"no other terminal can follow this lecture ({why}): {one_line(str(self._path))}"

    def _put(self, data: bytes) -> None:
        file, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with contextlib.suppress(OSError):
                # Where the file system keeps no locks, the process is asked for.
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(file, data)
            os.replace(name, self._path)
        except BaseException:
            os.close(file)
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        before, self._file = self._file, file
        if before >= 0:
            os.close(before)

    def close(self) -> None:
        """Take the file away, if it is still ours."""
        if self._file < 0:
            return
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(self._path, follow_symlinks=False), os.fstat(self._file)):
                os.unlink(self._path)
        os.close(self._file)
        self._file, self._said = -1, None

"""A session file, read as it grows and when it has stopped growing.

The file is read in bounded pieces, so that a million frames open in the memory that they
are shown in. What a crafted file could do harm with is checked here, where it enters:
sizes before memory is taken, text before it can reach a terminal.
"""

import fcntl
import math
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from dltlab import records
from dltlab.errors import RecordingError
from dltlab.records import Event, Footer, Header, Keyframe, Record
from dltlab.session.history import History
from dltlab.soundness import fault_of
from dltlab.text import cleaned, one_line

PIECE: Final = 1 << 20
_OPENING: Final = b'{"crc":"'


class Follower:
    """Reads the records of one session file, from the first to the newest.

    A line that is not yet whole waits for its rest; a damaged one ends the reading with a
    ``note``, and everything before it is kept.
    """

    def __init__(self, path: Path, *, leaves: bool = False) -> None:
        """Open a recording, whose keyframes come without their leaves unless these are asked for.

        Raises:
            RecordingError: There is none.
        """
        self.path = path
        self._leaves = leaves
        self.header: Header | None = None
        """Known once the first line is whole."""
        self.note = ""
        """One sentence on why reading ended before the file did; else empty."""
        self.drained = False
        """Whether the last time of reading went on until the file held no more."""
        self._decoder = records.Decoder()
        self._offset = 0
        self._file = _opened(path)

    def read(self, piece: int = PIECE) -> list[Record]:
        """The records that the next piece of the file completes; empty when there is none yet.

        Raises:
            RecordingError: The first line shows that this is no recording, or of another version.
        """
        found: list[Record] = []
        while not found and not self.note and (data := self._piece(piece)):
            if not self._offset and not _OPENING.startswith(data[: len(_OPENING)]):
                raise _refusal(self.path, "this is no recording of dltlab.")
            self._offset += len(data)
            for record in self._decoder.feed(data):
                if (fault := self._taken(record, found)) and not self.note:
                    self.note = f"a record is unsound ({fault}); what stands before it was kept."
                if self.note:
                    return found
            self.note = self._decoder.note
            if self.note and self.header is None:
                raise _refusal(self.path, "this is no recording of dltlab, or its first line is damaged.")
        return found

    def read_for(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> list[Record]:
        """The records of one piece of the file, and of more of them until this time has passed."""
        until, found = clock() + seconds, list[Record]()
        while more := self.read():
            found += more
            if clock() >= until:
                break
        self.drained = not more
        return found

    def rest(self) -> list[Record]:
        """All records that the file holds by now."""
        return self.read_for(math.inf)

    @property
    def torn(self) -> int:
        """Bytes of a last line that is not whole."""
        return self._decoder.torn

    @property
    def left_out(self) -> str:
        """One sentence on what of the file was not read, now that it was read to its end; empty if nothing is."""
        torn = f"its last line is not whole ({self.torn} bytes) and was left out." if self.torn else ""
        return self.note or torn

    def close(self) -> None:
        """Close the file; further reading finds nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _piece(self, most: int) -> bytes:
        if self._file < 0:
            return b""
        try:
            data = os.pread(self._file, most, self._offset)
            if not data and os.fstat(self._file).st_size < self._offset:
                self.note = "the file has become shorter; what was read before is kept."
        except OSError as fault:
            self.note = f"the file cannot be read any further ({fault.strerror}); what was read before is kept."
            return b""
        return data

    def _taken(self, record: Record, found: list[Record]) -> str:
        """Add a record to those found, made harmless; or say what is wrong with it."""
        try:
            match record:
                case Keyframe() if not self._leaves:
                    record = Keyframe(record.step, {}, record.digest)
                case Header() | Event() | Footer():
                    record = msgspec.convert(cleaned(msgspec.to_builtins(record)), type(record))
                case _:
                    pass
        except (msgspec.ValidationError, RecursionError):
            return "it is nested too deeply"
        if isinstance(record, Header):
            if self.header is not None:
                return "a second header"
            if record.format != records.FORMAT:
                known = f"this dltlab reads {records.FORMAT}."
                raise _refusal(self.path, f"its format is {one_line(record.format)!r}; {known}")
        elif self.header is None:
            raise _refusal(self.path, "the recording does not begin with a header.")
        if fault := fault_of(record, self.header):
            if isinstance(record, Header):
                raise _refusal(self.path, f"its header is unsound ({fault}).")
            return fault
        if isinstance(record, Header):
            self.header = record
        found.append(record)
        return ""


def _refusal(path: Path, fault: str) -> RecordingError:
    return RecordingError(f"{one_line(str(path))}: {fault}")


def _opened(path: Path) -> int:
    try:
        # Without O_NONBLOCK the opening of a FIFO would wait for a writer.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or "no path"
        raise _refusal(path, f"cannot be opened ({reason}); `dltlab sessions` lists what there is.") from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise _refusal(path, f"not a file; a recording is a file named …{records.SUFFIX}.")
    return file


def opened(path: Path, *, leaves: bool = False) -> tuple[Follower, list[Record]]:
    """A follower of what is already a recording, and its first records, the Header first.

    Raises:
        RecordingError: The file is missing, empty, cut within its first line, or no recording.
    """
    follower = Follower(path, leaves=leaves)
    try:
        first = follower.read()
    except RecordingError:
        follower.close()
        raise
    if not first:
        fault = "cut within its first line" if follower.torn else "empty"
        follower.close()
        raise _refusal(path, f"the file is {fault}, so there is nothing to show.")
    return follower, first


def read_all(path: Path) -> tuple[History, str]:
    """A whole recording, folded, and a note on what could not be read (empty if all could).

    Raises:
        RecordingError: The file is no recording.
    """
    follower, found = opened(path)
    try:
        history = History(header_of(follower))
        while found:
            history.extend(found)
            found = follower.read()
        return history, follower.left_out
    finally:
        follower.close()


def header_of(follower: Follower) -> Header:
    """The header of a follower that has read its first record."""
    if follower.header is None:
        raise _refusal(follower.path, "its header has not been read yet.")
    return follower.header


def engine_alive(path: Path, pid: int = 0) -> bool:
    """Whether an engine holds this session: it locks its file for as long as it lives.

    Where the file system keeps no locks, the process of that id is asked for.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return pid > 0 and _process_lives(pid)
    else:
        return False
    finally:
        os.close(file)


def _process_lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True

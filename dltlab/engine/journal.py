"""The session file, from the side that writes it: appended to, locked, never torn by ourselves.

One ``os.write`` carries whole lines, so that only a kill, a crash of the machine or a full disk
can leave half a line. After a full disk the half is cut off again, after the others before the
next record is written; until then readers leave it out.
"""

import contextlib
import errno
import fcntl
import os
import time
from pathlib import Path

from dltlab import folders, records
from dltlab.errors import EngineError, UsageError
from dltlab.records import Record
from dltlab.text import one_line


class Journal:
    """An open session file. The lock on it says that its engine lives."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._whole = os.fstat(descriptor).st_size
        self._ragged = False
        """Whether more than whole lines may stand in the file."""
        self.draft = False
        """Whether it is thrown away if it does not become whole."""
        if not _locked(descriptor):
            os.close(descriptor)
            raise UsageError(f"{one_line(str(path))}: another engine writes it; attach to that one.")

    @classmethod
    def created(cls, path: Path) -> "Journal":
        """A new file, open to its owner alone. Raises UsageError where it cannot be made."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            name = one_line(str(path))
            raise UsageError(f"{name}: cannot be recorded to ({fault.strerror}); choose another place.") from None
        return cls(path, descriptor)

    @classmethod
    def continued(cls, path: Path) -> "Journal":
        """An existing file. Raises UsageError where it cannot be written to, or another engine writes it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError as fault:
            raise UsageError(f"{one_line(str(path))}: cannot be continued ({fault.strerror}).") from None
        return cls(path, descriptor)

    def go_on(self, whole: int) -> None:
        """Go on behind so many bytes; what stands there, a torn line, is cut off by the first record."""
        self._whole, self._ragged = whole, True

    def append(self, *said: Record) -> int:
        """Write records, all or none; the bytes they took. Raises EngineError where the disk refuses."""
        return self.copy(b"".join(records.encode(record) for record in said))

    def copy(self, data: bytes) -> int:
        """Write lines that another session's file has, all or none; as :meth:`append` does."""
        rest = memoryview(data)
        try:
            self._trim()
            self._ragged = True
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as fault:
            with contextlib.suppress(OSError):
                self._trim()
            raise self._stopped(fault) from None
        self._whole, self._ragged = self._whole + len(data), False
        return len(data)

    def sync(self) -> None:
        """Have the disk take what was written. Raises EngineError where it does not."""
        try:
            os.fsync(self._descriptor)
        except OSError as fault:
            # Where a file system knows of no such thing, there is nothing to wait for.
            if fault.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise self._stopped(fault) from None

    def _trim(self) -> None:
        """Cut off what may stand behind the last whole line."""
        if self._ragged:
            os.ftruncate(self._descriptor, self._whole)
            self._ragged = False

    def _stopped(self, fault: OSError) -> EngineError:
        name, why = one_line(str(self.path)), fault.strerror or "for no reason that is told"
        if not self._whole or self.draft:
            return EngineError(f"{name}: nothing could be recorded ({why}); make room and start it again.")
        return EngineError(f"{name}: recording stopped ({why}); it is whole up to here, make room and resume it.")

    def named(self, path: Path) -> None:
        """Give the file its name, now that its beginning is whole. Raises UsageError where it cannot have it."""
        folders.unused(path)
        try:
            os.rename(self.path, path)
        except OSError as fault:
            name = one_line(str(path))
            raise UsageError(f"{name}: cannot be recorded to ({fault.strerror}); choose another place.") from None
        self.path, self.draft = path, False

    def close(self) -> None:
        """Put what was written on the disk and let go of the lock."""
        with contextlib.suppress(OSError):
            os.fsync(self._descriptor)
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock; False where another engine has it. A file system that keeps no locks refuses nobody."""
    # A reader that asks whether an engine lives holds the lock for a moment.
    for _ in range(10):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        except OSError:
            return True
        else:
            return True
    return False

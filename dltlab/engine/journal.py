"""The session file, from the side that writes it: appended to, locked, never torn by ourselves.

One ``os.write`` carries whole lines, so that only a crash of the machine or a full disk can
leave half a line, and after a full disk the half is cut off again.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from dltlab import folders, records
from dltlab.errors import EngineError, RecordingError, UsageError
from dltlab.records import Decoder, Record
from dltlab.text import one_line


class Journal:
    """An open session file. The lock on it says that its engine lives."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._whole = os.fstat(descriptor).st_size
        self._ragged = False
        """Whether more than whole lines may stand in the file."""
        # A reader that asks whether an engine lives holds the lock for a moment.
        for _ in range(10):
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(0.02)
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
    def continued(cls, path: Path) -> tuple["Journal", list[Record]]:
        """An existing file and the records of its whole lines; a torn last line is cut off by the first record.

        Raises:
            UsageError: It cannot be written to, or another engine writes it.
            RecordingError: Whole lines follow a damaged one, and continuing would lose them.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except OSError as fault:
            raise UsageError(f"{one_line(str(path))}: cannot be continued ({fault.strerror}).") from None
        journal = cls(path, descriptor)
        decoder, found, whole = Decoder(), [], 0
        with open(path, "rb") as stream:
            for line in stream:
                found += decoder.feed(line)
                if decoder.note or decoder.torn:
                    break
                whole += len(line)
            more = stream.read(1)
        if decoder.note and more:
            journal.close()
            cure = "continuing would lose what follows; continue a copy that ends before that line."
            raise RecordingError(f"{one_line(str(path))}: {decoder.note.split(';')[0]}, and {cure}")
        journal._whole, journal._ragged = whole, True
        return journal, found

    def append(self, *said: Record) -> int:
        """Write records, all or none; the bytes they took. Raises EngineError where the disk refuses."""
        return self.copy(b"".join(records.encode(record) for record in said))

    def copy(self, data: bytes) -> int:
        """Write lines that another session's file has, all or none; as :meth:`append` does."""
        rest = memoryview(data)
        try:
            if self._ragged:
                os.ftruncate(self._descriptor, self._whole)
                self._ragged = False
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as fault:
            os.ftruncate(self._descriptor, self._whole)
            raise EngineError(
                f"{one_line(str(self.path))}: recording stopped ({fault.strerror}); it is whole up to here, "
                "make room and resume it."
            ) from None
        self._whole += len(data)
        return len(data)

    def named(self, path: Path) -> None:
        """Give the file its name, now that its beginning is whole. Raises UsageError where that is taken."""
        folders.unused(path)
        os.rename(self.path, path)
        self.path = path

    def close(self) -> None:
        """Put what was written on the disk and let go of the lock."""
        with contextlib.suppress(OSError):
            os.fsync(self._descriptor)
        os.close(self._descriptor)

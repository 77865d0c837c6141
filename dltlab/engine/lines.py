"""A recording's whole lines, as an engine reads them that goes on from it, forks it or computes it again."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dltlab import records
from dltlab.errors import RecordingError
from dltlab.records import FORMAT, Header, Record
from dltlab.soundness import fault_of
from dltlab.text import one_line


class Lines:
    """The sound records of a file that is only read: its engine may still append to it.

    What is damaged or unsound ends the reading; ``note`` then says why. What is not yet whole is left for later.
    """

    def __init__(self, path: Path) -> None:
        """Read its first line.

        Raises:
            RecordingError: The file does not begin as a recording that this dltlab reads.
        """
        self.path = path
        self.note = ""
        """Why reading ended before the file did; else empty."""
        self.more = False
        """Whether going on from there would lose anything: a damaged line that is the last is lost already."""
        with self._opened() as stream:
            first = stream.readline(records.LONGEST_LINE)
        self.header = self._header(first)
        self.end = len(first)
        """Up to where it was read, lines of unknown kinds among them."""

    def __iter__(self) -> Iterator[tuple[int, int, Record]]:
        """From where up to where a line stands, and its record; those after the Header."""
        number, line = 1, b""
        with self._opened() as stream:
            stream.seek(self.end)
            while (line := stream.readline(records.LONGEST_LINE)).endswith(b"\n"):
                number += 1
                record, fault = self._read(line, number)
                if fault:
                    # What is unsound stands there as it was written.
                    self.note, self.more = fault, record is not None or bool(stream.read(1))
                    return
                begin, self.end = self.end, self.end + len(line)
                if record is not None:
                    yield begin, self.end, record
            if len(line) == records.LONGEST_LINE:
                self.note, self.more = "a line is longer than any record", bool(stream.read(1))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            # Without O_NONBLOCK the opening of a FIFO would wait for a writer.
            with open(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    raise self.fault(f"not a file; a recording is a file named …{records.SUFFIX}.")
                yield stream
        except (OSError, ValueError) as fault:
            raise self.fault(f"cannot be read ({getattr(fault, 'strerror', None) or 'no path'}).") from None

    def _header(self, line: bytes) -> Header:
        try:
            record = records.decode(line[:-1])
        except RecordingError:
            record = None
        if not isinstance(record, Header) or record.format != FORMAT:
            raise self.fault("no recording that this dltlab can read; `dltlab sessions` lists what there is.")
        if fault := fault_of(record, None):
            raise self.fault(f"its header is unsound ({fault}).")
        return record

    def _read(self, line: bytes, number: int) -> tuple[Record | None, str]:
        """A line's record, None for an unknown kind; and why it is not to be trusted."""
        try:
            record = records.decode(line[:-1])
        except RecordingError as fault:
            return None, f"line {number} is damaged ({fault})"
        if record is None:
            return None, ""
        fault = "a second header" if isinstance(record, Header) else fault_of(record, self.header)
        return record, f"line {number} is unsound ({fault})" if fault else ""

    def fault(self, fault: str) -> RecordingError:
        """An error that names the file."""
        return RecordingError(f"{one_line(str(self.path))}: {fault}")

"""A recording's whole lines, as an engine reads them that goes on from it, forks it or computes it again."""

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
        self.path = path
        self.note = ""
        """Why reading ended before the file did; else empty."""

    def __iter__(self) -> Iterator[tuple[int, int, Record]]:
        """From where up to where a line stands, and its record; the Header first.

        Raises:
            RecordingError: The file does not begin as a recording that this dltlab reads.
        """
        begin, header = 0, None
        with self._opened() as stream:
            while (line := stream.readline(records.LONGEST_LINE)).endswith(b"\n"):
                record, fault = _read(line, header)
                if header is None:
                    header = self._header(record, fault)
                if fault:
                    self.note = fault
                    return
                if record is not None:
                    yield begin, begin + len(line), record
                begin += len(line)
        if header is None:
            self._header(None, "")

    def _opened(self) -> BinaryIO:
        try:
            # Without O_NONBLOCK the opening of a FIFO would wait for a writer.
            stream = open(os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")  # noqa: SIM115
        except (OSError, ValueError) as fault:
            raise self.fault(f"cannot be read ({getattr(fault, 'strerror', None) or 'no path'}).") from None
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise self.fault(f"not a file; a recording is a file named …{records.SUFFIX}.")
        return stream

    def _header(self, record: Record | None, fault: str) -> Header:
        if not isinstance(record, Header) or record.format != FORMAT:
            raise self.fault("no recording that this dltlab can read; `dltlab sessions` lists what there is.")
        if fault:
            raise self.fault(f"its header is unsound ({fault}).")
        return record

    def fault(self, fault: str) -> RecordingError:
        """An error that names the file."""
        return RecordingError(f"{one_line(str(self.path))}: {fault}")


def _read(line: bytes, header: Header | None) -> tuple[Record | None, str]:
    """A line's record, None for an unknown kind; and why it is not to be trusted."""
    try:
        record = records.decode(line[:-1])
    except RecordingError as fault:
        return None, f"a line is damaged ({fault})"
    if record is None:
        return None, ""
    if header is None:
        return record, fault_of(record, None)
    fault = "a second header" if isinstance(record, Header) else fault_of(record, header)
    return record, f"a record is unsound ({fault})" if fault else ""

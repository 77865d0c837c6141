"""What an engine says to people: the log beside its recording, which is empty if all went well."""

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from dltlab import records
from dltlab.session.recording import engine_alive
from dltlab.text import one_line

_RECORD: Final = 1 << 14
"""Bytes of a small record."""


def last_line(log: Path) -> str:
    """The last line that an engine said, cleaned; empty if it said nothing."""
    said = [line for line in lines(log) if line]
    return said[-1] if said else ""


def lines(log: Path, first: int = 0) -> list[str]:
    """The last lines of a log, of those from a byte on, cleaned."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(first, stream.seek(0, os.SEEK_END) - (1 << 16)))
            return [one_line(line) for line in stream.read().decode("utf-8", "replace").splitlines()]
    except OSError:
        return []


def is_full(folder: Path) -> bool:
    """Whether a folder's disk has no room for another record."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _RECORD


def sweep_old(folder: Path, seconds: float) -> None:
    """Remove the logs of engines that said nothing, and that nobody saw end."""
    before = time.time() - seconds
    for log in folder.glob("*.log"):
        with contextlib.suppress(OSError):
            found, session = log.stat(), log.with_name(log.name.removesuffix(".log") + records.SUFFIX)
            if not found.st_size and found.st_mtime < before and session.is_file() and not engine_alive(session):
                log.unlink()


def sweep(file: Path) -> None:
    """Remove a file of ours that stayed empty."""
    with contextlib.suppress(OSError):
        if file.is_file() and file.stat().st_size == 0:
            file.unlink()

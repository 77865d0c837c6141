"""Whether anybody watches: a paused session that nobody comes back to ends by itself, and can be continued.

Each viewer shares a lock on a small file beside the session (:mod:`dltlab.session.viewing`).
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from dltlab import folders

VARIABLE: Final = "DLTLAB_UNWATCHED"
"""Seconds after which a paused session that nobody watches ends; 0: never."""
PATIENCE: Final = 1800.0
_LOOK: Final = 5.0
"""Seconds between two looks."""


def patience() -> float:
    """Seconds that a paused session waits for somebody; infinite for never. What is no number is as if not said."""
    try:
        given = float(os.environ.get(VARIABLE, "") or PATIENCE)
    except ValueError:
        given = PATIENCE
    return given if given > 0 else float("inf")


@final
class Viewers:
    """Who watches a session, as far as its engine can know: somebody or nobody."""

    def __init__(self, session: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folders.viewers_path(session)
        self._clock, self._patience = clock, patience()
        self._since = self._due = clock()
        """Since when nobody has watched, and when to look again."""
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            self._file = os.open(self._path, flags, 0o600)
        except OSError:
            self._file = -1
            return
        if os.fstat(self._file).st_size:
            # What engines lay there is empty: this is somebody's own, and stays as it is.
            os.close(self._file)
            self._file = -1

    def left_alone(self, *, paused: bool) -> str:
        """Why the session ends now: it is paused, and nobody has watched for too long. Else empty."""
        now = self._clock()
        if not paused:
            self._since = self._due = now
        elif now >= self._due:
            self._due = now + min(_LOOK, self._patience / 10)
            if self._watched():
                self._since = now
            elif now - self._since >= self._patience:
                return f"it was paused and nobody watched for {_told(self._patience)}; `dltlab resume` continues it."
        return ""

    def _watched(self) -> bool:
        """Whether somebody shares the lock; where no locks are kept nobody can know, and it is as if."""
        if self._file < 0:
            return True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(self._file, fcntl.LOCK_UN)
        except OSError:
            return True
        return False

    def close(self) -> None:
        """Take the file away."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._file = -1


def _told(seconds: float) -> str:
    """A time in words."""
    if seconds < 120:
        return f"{seconds:g} seconds"
    return f"{seconds / 60:.4g} minutes" if seconds < 7200 else f"{seconds / 3600:.4g} hours"

"""What a recording is going to tell: its chapters, read ahead of its replay, a piece at a time."""

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, final

from dltlab.chapters import Chapter, Following
from dltlab.errors import DltlabError
from dltlab.session.history import History
from dltlab.session.recording import header_of, opened

_SLICE: Final = 0.02
"""Seconds that one look at the file takes at most."""
LARGEST: Final = 1 << 29
"""Bytes of a recording beyond which it is only read as it is replayed."""


@final
class Foretold:
    """The chapters of a recording, as far as it was read ahead."""

    def __init__(self, path: Path, timer: Callable[[], float] = time.monotonic) -> None:
        """Begin to read. What cannot be read has no chapters here; its replay says why."""
        self.chapters: Sequence[Chapter] = ()
        self._timer = timer
        self._following = Following()
        self._follower = None
        with contextlib.suppress(DltlabError, OSError):
            if path.stat().st_size <= LARGEST:
                self._follower, first = opened(path)
                self._history = History(header_of(self._follower))
                self._history.extend(first)

    @property
    def open(self) -> bool:
        """Whether it can be read ahead."""
        return self._follower is not None

    def read(self) -> None:
        """Read on for a fiftieth of a second."""
        if self._follower is None:
            return
        self._history.extend(self._follower.read_for(_SLICE, self._timer))
        self.chapters = list(self._following.chapters(self._history))

    def close(self) -> None:
        """Read no more."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

"""That somebody watches: a lock that every viewer shares, and that a killed one lets go of by itself.

A paused engine asks for the lock alone now and then; while it cannot have it, it is watched.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import final

from dltlab import folders


@final
class Viewing:
    """This viewer's share of the lock on the file that the engine has laid beside its session."""

    def __init__(self, session: Path) -> None:
        self._path = folders.viewers_path(session)
        self._file = -1
        self.hold()

    def hold(self) -> bool:
        """Have a share, if there is a file: an engine that continues a session lays a new one. Whether we have it."""
        try:
            found = os.stat(self._path, follow_symlinks=False)
            if self._file >= 0 and os.path.samestat(found, os.fstat(self._file)):
                return True
            self.close()
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            # The engine has it alone for a moment when it looks; the next call comes soon.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def close(self) -> None:
        """Give it back."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = -1

"""Commands as they come: a Unix socket that only its owner can open."""

import contextlib
import os
import selectors
import socket
import struct
import time
from pathlib import Path
from typing import Final

import msgspec

from dltlab import commands
from dltlab.commands import Command
from dltlab.errors import UsageError
from dltlab.text import one_line
from dltlab.values import shortened

_MOST_CALLERS: Final = 32
"""Who has been silent for longest is let go of for one more, and calls again when there is something to say."""
_BACKLOG: Final = 64
"""Callers that may wait while the engine compiles or is in a chunk."""
_ROUNDS: Final = 3
"""A caller is welcomed, heard and taken leave of in one go: his command does not wait for another chunk."""
_LOOK: Final = 2.0
"""Seconds between two looks at whether the socket still stands where it is called."""


class Inbox:
    """Listens at a path, mode 0600, for any number of callers, all of them the user whose engine it is."""

    def __init__(self, path: Path) -> None:
        """Listen. Raises UsageError where no socket can be made."""
        self.path = path
        self._selector = selectors.DefaultSelector()
        self._halves: dict[socket.socket, bytes] = {}
        try:
            self._server = self._listening()
        except OSError as fault:
            name, cure = one_line(str(path)), "make room there, or set XDG_RUNTIME_DIR to another folder."
            raise UsageError(f"{name}: the engine cannot listen there ({fault.strerror}); {cure}") from None
        self._look_due = time.monotonic() + _LOOK

    def take(self, wait: float) -> list[Command | str]:
        """What came within ``wait`` seconds: commands, and for what is none a text that says so."""
        self._stand_there()
        found: list[Command | str] = []
        for again in range(_ROUNDS):
            for key, _ in self._selector.select(0 if again else max(wait, 0)):
                caller = key.fileobj
                assert isinstance(caller, socket.socket)
                if caller is self._server:
                    found += self._welcome()
                elif caller in self._halves:
                    found += self._heard(caller)
        return found

    def _listening(self) -> socket.socket:
        """A socket at our path."""
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            server.bind(str(self.path))
        except OSError:
            server.close()
            raise
        finally:
            os.umask(before)
        server.listen(_BACKLOG)
        server.setblocking(False)
        self._selector.register(server, selectors.EVENT_READ)
        return server

    def _stand_there(self) -> None:
        """Listen anew where the socket was taken away: logging out empties the folder that it stands in."""
        if time.monotonic() < self._look_due:
            return
        self._look_due = time.monotonic() + _LOOK
        if os.path.lexists(self.path):
            return
        # Where the folder is not back yet, it may be the next time.
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            folder = self.path.parent.lstat()
            if folder.st_uid != os.getuid() or folder.st_mode & 0o077:
                return
            old, self._server = self._server, self._listening()
            self._selector.unregister(old)
            old.close()

    def _welcome(self) -> list[Command | str]:
        """Take in who waits; what was heard of those who had to make room."""
        found: list[Command | str] = []
        for _ in range(_BACKLOG):
            try:
                caller = self._server.accept()[0]
            except OSError:
                break
            if not _is_ours(caller):
                caller.close()
                continue
            if len(self._halves) >= _MOST_CALLERS:
                silent = next(iter(self._halves))
                found += self._heard(silent)
                self._leave(silent)
            caller.setblocking(False)
            self._halves[caller] = b""
            self._selector.register(caller, selectors.EVENT_READ)
        return found

    def _heard(self, caller: socket.socket) -> list[Command | str]:
        try:
            data = caller.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        # Who was heard last stands last.
        *lines, half = (self._halves.pop(caller) + data).split(b"\n")
        self._halves[caller] = half
        if not data or len(half) > commands.LONGEST:
            self._leave(caller)
        return [self._read(line) for line in lines if line.strip()]

    def _leave(self, caller: socket.socket) -> None:
        if self._halves.pop(caller, None) is not None:
            self._selector.unregister(caller)
            caller.close()

    def _read(self, line: bytes) -> Command | str:
        try:
            return commands.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            return f"no command ({shortened(one_line(str(fault)), 200)})"

    def close(self) -> None:
        """Stop listening, and take the socket away."""
        for caller in self._halves:
            caller.close()
        self._selector.close()
        self._server.close()
        self.path.unlink(missing_ok=True)


def _is_ours(caller: socket.socket) -> bool:
    """Whether a caller is our own user, where the kernel tells (elsewhere the folder's mode must do)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = struct.Struct("3i")
    try:
        _, user, _ = credentials.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size))
    except OSError:
        return False
    return user == os.getuid()

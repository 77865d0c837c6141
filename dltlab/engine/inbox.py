"""Commands as they come: a Unix socket that only its owner can open."""

import os
import selectors
import socket
from pathlib import Path

import msgspec

from dltlab import commands
from dltlab.commands import Command
from dltlab.text import one_line

_MOST_CALLERS = 32
_ROUNDS = 3
"""A caller is welcomed, heard and taken leave of in one go: his command does not wait for another chunk."""


class Inbox:
    """Listens at a path, mode 0600, for any number of callers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._server.bind(str(path))
        finally:
            os.umask(before)
        self._server.listen(8)
        self._server.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self._halves: dict[socket.socket, bytes] = {}

    def take(self, wait: float) -> list[Command | str]:
        """What came within ``wait`` seconds: commands, and for what is none a text that says so."""
        found: list[Command | str] = []
        for again in range(_ROUNDS):
            for key, _ in self._selector.select(0 if again else max(wait, 0)):
                if key.fileobj is self._server:
                    self._welcome()
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    found += self._heard(key.fileobj)
        return found

    def _welcome(self) -> None:
        try:
            caller, _ = self._server.accept()
        except OSError:
            return
        if len(self._halves) >= _MOST_CALLERS:
            caller.close()
            return
        caller.setblocking(False)
        self._halves[caller] = b""
        self._selector.register(caller, selectors.EVENT_READ)

    def _heard(self, caller: socket.socket) -> list[Command | str]:
        try:
            data = caller.recv(1 << 16)
        except OSError:
            data = b""
        *lines, half = (self._halves[caller] + data).split(b"\n")
        if not data or len(half) > commands.LONGEST:
            self._selector.unregister(caller)
            del self._halves[caller]
            caller.close()
        else:
            self._halves[caller] = half
        return [self._read(line) for line in lines if line.strip()]

    def _read(self, line: bytes) -> Command | str:
        try:
            return commands.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            return f"no command ({one_line(str(fault))})"

    def close(self) -> None:
        """Stop listening, and take the socket away."""
        for caller in self._halves:
            caller.close()
        self._selector.close()
        self._server.close()
        self.path.unlink(missing_ok=True)

"""Commands on their way to an engine: on one line that is kept, or waiting until there is room on it.

An engine that compiles, or is in a chunk, hears nothing for a while. Nothing here waits for it, nothing is
lost meanwhile, and what has to be given up is told.
"""

import math
import os
import socket
import stat
import time
from collections import deque
from typing import Final, final

from dltlab import commands
from dltlab.commands import Command, Stop

_MOST: Final = 256
"""Commands that wait beyond what the line itself holds."""
_GIVEN_UP: Final = 3.0
"""Seconds for which an engine that does not listen is called again."""
_AGAIN: Final = 2.0
"""Seconds after which Stop is said once more, on another line."""
_LEAVING: Final = 0.25
"""Seconds that leaving may take for what still waits."""
_STOP: Final = commands.encode(Stop())


@final
class Outbox:
    """What a viewer asks of the engine that listens at a path."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._line: socket.socket | None = None
        self._waiting: deque[bytes] = deque()
        self._done = 0
        """Bytes of the first that waits which are on their way already."""
        self._stop_due = math.inf
        """When Stop is to be said again."""
        self._deaf_since = math.inf
        self._fault = ""

    def put(self, command: Command) -> None:
        """Ask for something. Stop is said again until one leaves."""
        if isinstance(command, Stop):
            self._stop_due = time.monotonic() + _AGAIN
        elif len(self._waiting) >= _MOST:
            self._fault = "the engine has not heard what it was asked before; the latest of it was left out."
            return
        self._waiting.append(commands.encode(command))
        self._push()

    def push(self) -> str:
        """Send what there is room for; one sentence on what was given up, or nothing."""
        now = time.monotonic()
        if now >= self._stop_due:
            self._stop_due = now + _AGAIN
            self._say_stop_again()
        self._push()
        if now - self._deaf_since > _GIVEN_UP:
            self._waiting.clear()
            self._deaf_since, self._fault = math.inf, "the engine does not listen, and did not hear what it was asked."
        told, self._fault = self._fault, ""
        return told

    def close(self) -> None:
        """Leave the line; what still waits has a moment, and Stop another line."""
        until = time.monotonic() + _LEAVING
        while self._waiting and self._deaf_since == math.inf and time.monotonic() < until:
            self._push()
            time.sleep(0.01)
        if _STOP in self._waiting:
            self._waiting.clear()
            self._say_stop_again()
            self._push()
        self._hang_up()

    def _say_stop_again(self) -> None:
        """On another line: the one that was kept may be full."""
        self._hang_up()
        if _STOP not in self._waiting:
            self._waiting.append(_STOP)

    def _push(self) -> None:
        try:
            while self._waiting:
                self._send()
        except BlockingIOError:
            # It is busy, and will hear what is on the line.
            self._deaf_since = math.inf
        except OSError:
            self._deaf_since = min(self._deaf_since, time.monotonic())

    def _send(self) -> None:
        """Send of the first that waits what there is room for. Raises OSError."""
        kept = self._line is not None
        try:
            self._line = self._line or _called(self._path)
            self._done += self._line.send(self._waiting[0][self._done :])
        except BlockingIOError:
            raise
        except OSError:
            self._hang_up()
            if not kept:
                raise
            # The engine has let go of the line; it listens for others.
            return
        self._deaf_since = math.inf
        if self._done == len(self._waiting[0]):
            self._waiting.popleft()
            self._done = 0

    def _hang_up(self) -> None:
        # Of what was sent in part nothing is heard.
        self._done = 0
        if self._line is not None:
            self._line.close()
            self._line = None


def _called(path: str) -> socket.socket:
    """A line to whoever listens there. Raises OSError; BlockingIOError where as many wait as may."""
    if not ours(path):
        raise ConnectionRefusedError
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.setblocking(False)
        line.connect(path)
    except OSError:
        line.close()
        raise
    return line


def ours(path: str) -> bool:
    """Whether a path that a file named is a socket of our own: nobody else's may be spoken to."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid()

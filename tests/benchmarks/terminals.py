"""A program in a terminal of its own, watched: what it wrote, how its screen stands, when that changed."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parents[2]
Seen = Callable[["Terminal"], bool]


def folders_in(folder: str) -> dict[str, str]:
    """An environment whose sessions, compiled programs and sockets go to a folder of their own."""
    own = {"DLTLAB_DATA_DIR": "data", "DLTLAB_CACHE_DIR": "cache", "XDG_RUNTIME_DIR": "run"}
    for name in own.values():
        os.makedirs(os.path.join(folder, name), mode=0o700, exist_ok=True)
    given = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "SSH_"))}
    path = os.pathsep.join(filter(None, [str(ROOT), given.get("PYTHONPATH")]))
    return given | {variable: os.path.join(folder, name) for variable, name in own.items()} | {"PYTHONPATH": path}


def compiled_in(environment: Mapping[str, str], folder: str) -> dict[str, str]:
    """The same environment with compiled programs elsewhere."""
    return {**environment, "DLTLAB_CACHE_DIR": folder}


class Terminal:
    """A pseudo-terminal with a program in it."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], columns: int = 120, lines: int = 40
    ) -> None:
        self.bytes = 0
        """Bytes that came over the wire so far."""
        self.arrived = 0.0
        """When the last of them came; how long this process takes to read the screen does not count."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dltlab", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(slave)

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self._screen.display)

    @property
    def dotted(self) -> bool:
        """Whether a plotted point stands on the screen."""
        return any("\u2800" < letter <= "\u28ff" for letter in self.text)

    def take(self, wait: float) -> bool:
        """Take in what comes within so many seconds; whether anything did."""
        if not select.select([self._master], [], [], wait)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            data = b""
        self.arrived = time.perf_counter()
        self.bytes += len(data)
        self._stream.feed(data)
        return bool(data)

    def until(self, seen: Seen, most: float = 60.0) -> float:
        """Seconds from the start until something is seen on the screen."""
        while time.perf_counter() - self.began < most:
            if self.take(0.01) and seen(self):
                return time.perf_counter() - self.began
        raise TimeoutError(f"not seen within {most:g} seconds:\n{self.text}")

    def watch(self, seconds: float) -> None:
        """Take in whatever comes for a while."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            self.take(left)

    def press(self, keys: str) -> float:
        """Press keys; the moment."""
        os.write(self._master, keys.encode())
        return time.perf_counter()

    def close(self) -> None:
        """Leave."""
        with contextlib.suppress(OSError):
            self.press("q")
        with contextlib.suppress(subprocess.TimeoutExpired):
            until = time.monotonic() + 5
            while self.process.poll() is None and time.monotonic() < until:
                self.take(0.05)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

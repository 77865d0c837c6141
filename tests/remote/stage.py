"""What these tests play with: a terminal with a program in it, and a session that is told by hand."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyte

from dltlab import folders, records
from dltlab.commands import Command, Stop
from dltlab.engine.inbox import Inbox
from dltlab.records import FORMAT, SUFFIX, Array, Event, Footer, Frames, Header, Knob, Part, Series

ROOT = Path(__file__).resolve().parents[2]
DLTLAB = (sys.executable, "-m", "dltlab")
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_ALTERNATE, _CURSOR = 1049, 25
MODES = {1000, 1003, 1004, 1006, 1015, 1049, 2004}
"""What a screen switches on, and must switch off when it leaves."""
BOWL = """
title = "A bowl"
[problem]
kind = "quadratic"
eigenvalues = [1.0, 10.0]
[optimizer]
kind = "gradient_descent"
learning_rate = 0.01
[run]
steps = 1000000
pace = 200
[probes.loss]
kind = "loss"
[[panels]]
kind = "curves"
series = ["loss"]
"""


def environment(**more: str) -> dict[str, str]:
    """Ours, in a terminal that knows all colours, on this machine."""
    given = {
        name: value for name, value in os.environ.items() if not name.startswith(("SSH_", "TMUX", "COLUMNS", "LINES"))
    }
    path = os.pathsep.join(filter(None, [str(ROOT), given.get("PYTHONPATH")]))
    return {**given, "PYTHONPATH": path, "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}


class _Screen(pyte.Screen):
    """A screen that answers what it is asked, as a terminal does."""

    answer: Callable[[bytes], Any] | None = None

    def write_process_input(self, data: str) -> None:
        if self.answer:
            self.answer(data.encode())


_CONTROL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
"""Makes its terminal the controlling one, and then is another program."""


class Terminal:
    """A pseudo-terminal, the controlling one of the program in it, read by an emulator."""

    def __init__(
        self,
        words: Sequence[str],
        given: Mapping[str, str] | None = None,
        *,
        columns: int = 120,
        lines: int = 40,
        rate: float = 0.0,
        answers: bool = True,
        controlling: bool = True,
    ) -> None:
        self.bytes, self.rate = 0, rate
        """Bytes that were read so far, and how many are read a second at most; 0 for all."""
        self.deaf = False
        """Whether nothing is read any more."""
        self.modes: set[int] = set()
        self.raw = b""
        self._tail = b""
        self._next = 0.0
        self._screen = _Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self._slave)
        if answers:
            self._screen.answer = lambda data: os.write(self.master, data)
        slave = self._slave
        # Whatever would run between a fork and the program might meet a lock that another thread held.
        order = [sys.executable, "-ISc", _CONTROL, *words] if controlling else words
        self.process = subprocess.Popen(
            order, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=dict(given or environment())
        )

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    @property
    def dots(self) -> int:
        """Cells with a plotted point."""
        return sum("\u2800" < letter <= "\u28ff" for letter in self.text)

    @property
    def plotted(self) -> bool:
        """Whether something is plotted, of whatever letters."""
        return any("\u2580" <= letter <= "\u259f" or "\u2800" < letter <= "\u28ff" for letter in self.text)

    @property
    def step(self) -> int:
        """The step that the status line tells."""
        found = re.search(r"([0-9,]+) / ", self.text)
        return int(found[1].replace(",", "")) if found else 0

    def scribble(self, text: str) -> None:
        """Somebody else writes to the terminal."""
        os.write(self._slave, text.encode())
        self.take(0.1)

    def cook(self) -> None:
        """Somebody else sets the terminal as a shell does."""
        termios.tcsetattr(self._slave, termios.TCSANOW, self.before)

    def take(self, wait: float) -> int:
        """Take in what comes within so many seconds, no faster than the link allows; how many bytes."""
        if self.rate and (early := self._next - time.monotonic()) > 0:
            time.sleep(min(early, wait))
            if early > wait:
                return 0
        if self.master < 0 or self.deaf:
            time.sleep(wait)
            return 0
        if not select.select([self.master], [], [], wait)[0]:
            return 0
        try:
            data = os.read(self.master, 128 if self.rate else 1 << 16)
        except OSError:
            return 0
        if self.rate:
            self._next = max(self._next, time.monotonic() - 0.02) + len(data) / self.rate
        self.bytes += len(data)
        self.raw = (self.raw + data)[-(1 << 20) :]
        for found in _MODE.finditer(self._tail + data):
            for mode in map(int, found[1].split(b";")):
                (self.modes.add if found[2] == b"h" else self.modes.discard)(mode)
        self._tail = data[-12:]
        # pyte takes a prefix of CSI for letters.
        self._stream.feed(re.sub(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]*\$p", b"", data))
        return len(data)

    def until(self, seen: Callable[[], object], most: float = 20.0) -> float:
        """Seconds until something is so."""
        begin = time.monotonic()
        while not seen():
            assert time.monotonic() - begin < most, f"not seen within {most:g} seconds:\n{self.text}"
            self.take(0.02)
        return time.monotonic() - begin

    def watch(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.take(left)

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def ended(self, most: float = 8.0) -> int:
        """The exit code, once the program has ended."""
        self.until(lambda: self.process.poll() is not None, most)
        self.watch(0.05)
        code = self.process.poll()
        assert code is not None
        return code

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was: screen, cursor, modes, settings."""
        settings = self.before == termios.tcgetattr(self._slave)
        return settings and not self.modes & MODES and _CURSOR in self.modes

    def hang_up(self) -> None:
        """The terminal goes away."""
        for file in (self._slave, self.master):
            os.close(file)
        self.master = self._slave = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            self.hang_up()


def seconds_of(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Session:
    """A live session of four plots, told by a thread, whose engine is this process."""

    STEPS = 20_000

    def __init__(self, name: str = "told", pace: float = 100.0) -> None:
        self.path = folders.sessions() / f"{name}{SUFFIX}"
        self.pace = pace
        self.heard: list[tuple[float, Command]] = []
        self._where = folders.socket_path(self.path)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._inbox = Inbox(self._where)
        self.step, self._quiet = 0, False
        self._over = threading.Event()
        self._say(self._header())
        self._say(self._frames(400))
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._fly, self._listen)]
        for thread in self._threads:
            thread.start()

    def _say(self, record: records.Record) -> None:
        os.write(self._file, records.encode(record))

    def _header(self) -> Header:
        names = ("loss", "sharpness", "movement", "gap")
        series = tuple(Series(name, name, scale="log" if name == "loss" else "linear") for name in names)
        panels = [{"kind": "curves", "title": f"Plot of {name}", "series": [name]} for name in names]
        probes = {"loss": "loss", "sharpness": {"kind": "sharpness"}, "movement": {"kind": "weight_movement"}}
        knob = Knob("learning_rate", "η", 0.4, 0.05, 1.0)
        return Header(
            FORMAT, self.path.name.removesuffix(SUFFIX), "2026-01-01T00:00:00Z", "A told session",
            {"probes": probes, "panels": panels}, "told", self.STEPS, 1, self.pace, (0,), series, (knob,), 161,
            "float64", "gradient_descent", {}, {"kind": "cpu"}, 1, "", os.getpid(), str(self._where),
        )  # fmt: skip

    def _frames(self, count: int) -> Frames:
        steps = np.arange(self.step, self.step + count)
        noise = np.random.default_rng(self.step).normal(0, 1, (4, count))
        columns = {
            "loss": np.exp(-steps / 5000 + 0.3 * noise[0]),
            "sharpness": np.minimum(1 + steps / 500, 5.0) + 0.2 * noise[1],
            "movement": np.sqrt(steps) + 0.2 * noise[2],
            "gap": np.sin(steps / 700) + 0.1 * noise[3],
        }
        part = Part(self.step, 1, count, {name: Array.of(values) for name, values in columns.items()})
        self.step += count
        return Frames(self.step, (part,), self.step / 100, 0.001)

    def _fly(self) -> None:
        while not self._over.wait(0.05):
            if self._quiet:
                continue
            self._say(self._frames(max(int(self.pace * 0.05), 1)) if self.pace else Event(self.step, "price", "", {}))

    def _listen(self) -> None:
        while not self._over.is_set():
            for command in self._inbox.take(0.05):
                assert not isinstance(command, str)
                self.heard.append((time.monotonic(), command))
                what = type(command).__name__.lower()
                self._say(Event(self.step, what, f"{what} heard", msgspec.structs.asdict(command)))

    def hush(self) -> None:
        """Say nothing more unless asked."""
        self._quiet = True

    @property
    def stopped(self) -> bool:
        return any(isinstance(command, Stop) for _, command in self.heard)

    def end(self, footer: bool = False) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if footer:
            self._say(Footer(self.step, "stopped", "it was told to stop."))
        self._inbox.close()
        os.close(self._file)


def stopped(pid: int) -> bool:
    """Whether a process is stopped, as by Ctrl-Z."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] in "Tt"


def end(process: "subprocess.Popen[Any]", number: int = signal.SIGTERM) -> None:
    """Have a process end."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)

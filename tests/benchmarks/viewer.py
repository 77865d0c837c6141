"""How soon one is obeyed and answered, and what the viewer takes of memory and wire.

    python tests/benchmarks/viewer.py

- Obeyed: from the write to the engine's socket to the command's Event in the file, while the
  engine flies flat out. Goal: 100 ms.
- Answered: from a key on a bench of 120x40 (help, and the loss alone) to
  the bytes on the wire with which the screen shows what the key is for, while the engine
  flies flat out and a busy loop of the same niceness holds the other core. Goal: 50 ms.
- The wire: bytes a second of that bench at 120x40, at the scenario's pace.
- Drawn: a panel of ten arms at 60x18, once it has been drawn before. Goal: 10 ms.
- A recording of a million frames is opened for replay, flat out: resident memory of the
  viewer's process once the last frame is in. Goal: 300 MB.
"""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from terminals import Terminal, folders_in

from dltlab import commands, records
from dltlab.commands import Command, Mark, Stop
from dltlab.panels import Bars, Curves, Plane, Profile, Scaling, Table
from dltlab.records import FORMAT, SUFFIX, Arm, Array, Decoder, Event, Footer, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look

FRAMES = 1_000_000
LONG = ["--set=run.steps=100000000", "--seeds=1"]
Environment = dict[str, str]


def row(what: str, value: str, goal: str) -> None:
    """A line of the table."""
    print(f"{what:<58}{value:<30}{goal}", flush=True)


def spread(seconds: list[float]) -> str:
    """Median and worst, in milliseconds."""
    return f"{1e3 * statistics.median(seconds):.0f} ms, worst {1e3 * max(seconds):.0f}"


class Tail:
    """The records of a growing file."""

    def __init__(self, path: Path) -> None:
        self._path, self._decoder, self._offset = path, Decoder(), 0

    def read(self) -> list[records.Record]:
        """What is new."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        self._offset += len(data)
        return list(self._decoder.feed(data))


def say(address: str, command: Command) -> None:
    """Send a command."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(address)
        line.sendall(commands.encode(command))


def obeyed(environment: Environment, scenario: str, rounds: int = 30) -> None:
    """Time marks."""
    path = Path(environment["DLTLAB_DATA_DIR"]) / f"{scenario}{SUFFIX}"
    order = ["run", f"--session={path}", f"--scenario={scenario}", "--headless", *LONG]
    engine = subprocess.Popen([sys.executable, "-P", "-m", "dltlab.engine", *order], env=environment)
    try:
        tail, address, flown, waits = Tail(path), "", 0, []
        while flown < 100:
            for record in tail.read():
                address = record.socket if isinstance(record, Header) else address
                flown += isinstance(record, Frames)
            time.sleep(0.01)
        for number in range(rounds):
            begin = time.perf_counter()
            say(address, Mark(f"{number}"))
            while not any(isinstance(record, Event) and record.what == "mark" for record in tail.read()):
                time.sleep(0.001)
            waits.append(time.perf_counter() - begin)
            time.sleep(0.05)
        row(f"obeyed, {scenario} flat out", spread(waits), "≤ 100 ms")
        say(address, Stop())
    finally:
        engine.terminate()
        engine.wait()


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """Somebody else computes too, as politely as an engine does."""
    other = subprocess.Popen([sys.executable, "-c", "import os; os.nice(5)\nwhile True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def answered(environment: Environment, rounds: int = 20) -> None:
    """Time keys, and count bytes."""
    terminal = Terminal(("open", "edge-of-stability", *LONG), environment)
    try:
        terminal.until(lambda seen: seen.dotted)
        terminal.watch(3)
        before = terminal.bytes
        terminal.watch(5)
        row("on the wire at 120x40, at the scenario's pace", f"{(terminal.bytes - before) / 5e3:.1f} kB/s", "")
        terminal.press("f")
        waits: dict[str, list[float]] = {"?": [], "l": []}
        with busy_core():
            terminal.watch(2)
            before = terminal.bytes
            terminal.watch(5)
            row("on the wire at 120x40, flat out", f"{(terminal.bytes - before) / 5e3:.1f} kB/s", "")
            for _ in range(rounds):
                for key, back in (("?", "\x1b"), ("l", "l")):
                    stood = "Keys of the bench" if key == "?" else "Weight movement"
                    shown = stood in terminal.text
                    begin = terminal.press(key)
                    while (stood in terminal.text) == shown and time.perf_counter() - begin < 3:
                        terminal.take(0.002)
                    waits[key].append(terminal.arrived - begin)
                    terminal.watch(0.15)
                    terminal.press(back)
                    terminal.watch(0.25)
        row("key ? answered, both cores busy", spread(waits["?"]), "≤ 50 ms")
        row("key l answered, both cores busy", spread(waits["l"]), "≤ 50 ms")
    finally:
        terminal.close()


def recording(path: Path) -> None:
    """A million frames of three series, as an engine would have written them."""
    series = (
        Series("loss", "training loss", scale="log"),
        Series("sharpness", "sharpness", ("eigenvalue",), (3,), every=20),
        Series("movement", "‖θ−θ₀‖", every=20),
    )
    probes = {"loss": {"kind": "loss"}, "sharpness": {"kind": "sharpness"}, "movement": {"kind": "weight_movement"}}
    header = Header(
        FORMAT, path.name.removesuffix(SUFFIX), "2026-01-01T00:00:00+00:00", "A million frames", {"probes": probes},
        "long", FRAMES, 1, None, (0,), series, (), 121, "float64", "gradient_descent", {}, {"kind": "cpu"}, 1, "",
    )  # fmt: skip
    random, length = np.random.default_rng(0), 1000
    with path.open("wb") as stream:
        stream.write(records.encode(header))
        for first in range(0, FRAMES, length):
            steps = first + np.arange(length)
            rare = steps[::20, None]
            loss = Array.of(np.exp(-steps / 2e5) * (1 + 0.1 * random.standard_normal(length)) ** 2)
            sharpness = Array.of(5 + random.standard_normal((len(rare), 3)))
            parts = (
                Part(first, 1, length, {"loss": loss}),
                Part(first, 20, len(rare), {"sharpness": sharpness, "movement": Array.of(np.sqrt(rare[:, 0]))}),
            )
            stream.write(records.encode(Frames(first + length, parts, 1e-3 * first, 1e-3)))
        stream.write(records.encode(Footer(FRAMES, "finished", f"{FRAMES} steps were planned.", 1e-3 * FRAMES)))


def drawn() -> None:
    """Time a panel of ten arms with 20,000 readings of four seeds each, drawn again at 60x18."""
    arms, seeds, length = tuple(Arm(f"a{i}", f"m = {2**i}", 2.0**i, 4) for i in range(10)), 4, 20_000
    shapes = {"loss": (), "loss.theory": (), "modes": (12,), "points": (24, 2), "way": (2,)}
    series = tuple(
        Series(name, name, ("arm", "seed", *"ij"[: len(own)]), (10, seeds, *own), scale="log")
        for name, own in shapes.items()
    )
    header = Header(
        FORMAT, "ten", "", "Ten arms", {}, "ten", length, 1, None, tuple(range(seeds)), series, (), 1, "float64",
        "gradient_descent", {}, {}, 1, "", arms=arms,
    )  # fmt: skip
    history, random = History(header), np.random.default_rng(0)
    for first in range(0, length, 500):
        fall = np.exp(-(first + np.arange(500)) / 4000)
        columns = {
            one.name: Array.of(
                np.exp(random.normal(0, 0.3, (500, *one.shape))) * fall.reshape(-1, *[1] * len(one.shape))
            )
            for one in series
        }
        history.extend([Frames(first + 499, (Part(first, 1, 500, columns),), 0.0, 0.0)])
    traces = Traces(history)
    panels = (
        Curves(["loss"]), Profile(["modes"]), Bars(["modes"]), Scaling(["loss"], slope=-0.5), Table(["loss", "modes"]),
        Plane(points="points", trails=True), Plane(path="way"),
    )  # fmt: skip
    for panel in panels:
        waits = []
        for _ in range(31):
            begin = time.perf_counter()
            draw(panel, traces, 60, 18, Look())
            waits.append(time.perf_counter() - begin)
        name = f"{type(panel).__name__.lower()} of ten arms at 60x18, after {1e3 * waits[0]:.0f} ms"
        row(name, f"{1e3 * statistics.median(waits[1:]):.1f} ms, worst {1e3 * max(waits[1:]):.1f}", "≤ 10 ms")


def resident(pid: int) -> float:
    """Megabytes, at the highest."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1e3


def million(environment: Environment) -> None:
    """Open the long recording."""
    folder = Path(environment["DLTLAB_DATA_DIR"]) / "sessions"
    folder.mkdir(exist_ok=True)
    path = folder / f"million{SUFFIX}"
    recording(path)
    terminal = Terminal(("replay", str(path), "--speed=1000000"), environment)
    try:
        seconds = terminal.until(lambda seen: f"finished at step {FRAMES}" in seen.text)
        row(f"a replay of {FRAMES:,} frames, to its end", f"{seconds:.1f} s", "")
        for key in "lsw1":
            terminal.press(key)
            terminal.watch(0.5)
        megabytes = os.path.getsize(path) / 1e6
        row("  memory of the viewer, at its highest", f"{resident(terminal.process.pid):.0f} MB", "≤ 300 MB")
        row("  its file", f"{megabytes:.0f} MB", "")
    finally:
        terminal.close()


def main() -> None:
    """The table."""
    with tempfile.TemporaryDirectory(prefix="dltlab-", ignore_cleanup_errors=True) as folder:
        environment = folders_in(folder)
        row("what", "median, worst", "goal")
        drawn()
        for scenario in ("edge-of-stability", "edge-of-stability-digits"):
            obeyed(environment, scenario)
        answered(environment)
        million(environment)


if __name__ == "__main__":
    main()

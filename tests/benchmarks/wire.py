"""What a bench of four live plots at 120x40 costs: the wire, keys, memory, the processor, and a frame.

    python tests/benchmarks/wire.py

The session is told by this process, so that no engine competes for the cores.

- The wire: bytes a second at 10 frames a second, 150 steps a second and 2,000; and idle.
  Goals: under 30 kB/s, and 0.
- Keys: from a key to the first byte that answers it, on a fast link and on one of 8 kB/s, where
  the screen is also asked how old it is. Goal: 0.3 s.
- The processor and memory of the viewer: busy, idle (goal: 2 % of a core), and with 100,000 frames.
- A frame: the four plots over 100,000 frames, drawn anew after each of 50 chunks, composed and
  compared. Goal: 30 ms.
"""

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

PACES = (150.0, 2000.0)


def _stage() -> ModuleType:
    """The terminals and told sessions of the tests."""
    place = Path(__file__).resolve().parents[1] / "remote" / "stage.py"
    spec = importlib.util.spec_from_file_location("remote_stage", place)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["remote_stage"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(what: str, value: str, goal: str = "") -> None:
    """A line of the table."""
    print(f"{what:<62}{value:<26}{goal}", flush=True)


def resident(pid: int) -> float:
    """Megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1e3


def load(stage: ModuleType, terminal: Any, seconds: float) -> tuple[float, float]:
    """Bytes a second, and the share of a core, over some seconds."""
    sent, spent, begin = terminal.bytes, stage.seconds_of(terminal.process.pid), time.monotonic()
    terminal.watch(seconds)
    passed = time.monotonic() - begin
    return (terminal.bytes - sent) / passed, (stage.seconds_of(terminal.process.pid) - spent) / passed


def live(stage: ModuleType) -> None:
    """Bytes and seconds on a fast link."""
    session = stage.Session("live", pace=PACES[0])
    terminal = stage.Terminal((*stage.DLTLAB, "attach", "live", "--fps", "10"))
    try:
        terminal.until(lambda: terminal.dots > 20)
        for pace in PACES:
            session.pace = pace
            terminal.watch(1.0)
            sent, share = load(stage, terminal, 5.0)
            row(f"four plots, 10 frames/s, {pace:.0f} steps/s: the wire", f"{sent / 1e3:.1f} kB/s", "< 30 kB/s")
            row("  the viewer's share of a core", f"{100 * share:.0f} %")
        waits = []
        for word in ("Keys of the bench", "A told session") * 5:
            terminal.watch(0.3)
            terminal.press("?" if word.startswith("Keys") else "\x1b")
            waits.append(terminal.until(lambda word=word: word in terminal.text.splitlines()[0], 5))
        row("  a key to its page", f"{1e3 * statistics.median(waits):.0f} ms, worst {1e3 * max(waits):.0f}", "300 ms")
        session.pace = 0.0
        session.hush()
        terminal.press(" ")
        terminal.watch(4.0)
        sent, share = load(stage, terminal, 8.0)
        row("idle: the wire", f"{sent:.0f} B/s", "0")
        row("  the viewer's share of a core", f"{100 * share:.1f} %", "≤ 2 %")
        row("  its memory", f"{resident(terminal.process.pid):.0f} MB")
    finally:
        terminal.close()
        session.end()


def slow(stage: ModuleType, answers: bool) -> None:
    """Keys on a link of 8 kB/s, of a session that changes more than that can tell."""
    session = stage.Session("slow" + "ly" * answers, pace=1500.0)
    words = (*stage.DLTLAB, "attach", session.path.name.partition(".")[0], "--fps", "30")
    terminal = stage.Terminal(words, rate=8000.0, answers=answers)
    try:
        terminal.until(lambda: terminal.dots > 50 and terminal.step, 40)
        terminal.watch(2.0)
        age = (session.step - terminal.step) / session.pace
        acted, shown = [], []
        for _ in range(8):
            terminal.watch(0.4)
            heard, begin = len(session.heard), time.monotonic()
            word = "running" if "paused" in terminal.text else "paused"
            terminal.press(" ")
            shown.append(terminal.until(lambda word=word: word in terminal.text, 10))
            acted.append(session.heard[heard][0] - begin)
        kind = "that answers" if answers else "that never answers"
        row(f"8 kB/s, a terminal {kind}: a key acts", f"{1e3 * max(acted):.0f} ms at worst", "300 ms")
        worst = f"{1e3 * statistics.median(shown):.0f} ms, worst {1e3 * max(shown):.0f}"
        row("  and is answered on the screen", worst, "300 ms" if answers else "")
        row("  the screen is behind by", f"{age:.2f} s")
    finally:
        terminal.close()
        session.end()


def frame() -> None:
    """Draw, compose and compare, in this process."""
    import asyncio

    from dltlab.records import FORMAT, Array, Frames, Header, Part, Series
    from dltlab.terminal.app import Lab
    from dltlab.terminal.fit import Options
    from dltlab.terminal.widgets.sheet import Sheet
    from dltlab.terminal.wire.cells import Cells
    from dltlab.terminal.wire.driver import taken

    length, names = 100_000, ("loss", "sharpness", "movement", "gap")
    series = tuple(Series(name, name, scale="log" if name == "loss" else "linear") for name in names)
    panels = [{"kind": "curves", "series": [name]} for name in names]
    header = Header(
        FORMAT, "long", "", "A long session", {"panels": panels}, "long", 2 * length, 1, None, (0,), series, (), 1,
        "float64", "gradient_descent", {}, {}, 1, "",
    )  # fmt: skip

    class Told:
        header: Header
        accepts: frozenset[type] = frozenset()
        ended = ""
        waiting: list[Any] = []  # noqa: RUF012 (replaced below)

        def poll(self) -> list[Any]:
            told, self.waiting = self.waiting, []
            return told

        def send(self, command: Any) -> None: ...

        def close(self) -> None: ...

    def chunk(first: int, count: int) -> Frames:
        steps = first + np.arange(count)
        noise = np.random.default_rng(first).normal(0, 0.1, (4, count))
        clean = (-steps / 4e4, np.full(count, 5.0), np.sqrt(steps), np.sin(steps / 7e3))
        values = [one + some for one, some in zip(clean, noise, strict=True)]
        values[0] = np.exp(values[0])
        columns = {name: Array.of(one) for name, one in zip(names, values, strict=True)}
        return Frames(first + count, (Part(first, 1, count, columns),), 0.0, 0.0)

    async def main() -> None:
        app, source, cells = Lab(Options("braille", "full", 1.0)), Told(), Cells()
        source.header, source.waiting = header, [header, chunk(0, length)]
        async with app.run_test(size=(120, 40)) as pilot:
            app.show_bench(source)
            await pilot.pause()
            bench: Any = app.screen
            cells.resize(120, 40)
            waits, spent, sizes = [], [], []
            for number in range(50):
                source.waiting.append(chunk(length + 100 * number, 100))
                bench._painting.rest_no_longer()
                begin, before = time.perf_counter(), time.process_time()
                bench._poll()
                while bench._painting.stale:
                    bench._painting.paint_next()
                bench._compositor.update_widgets(set(bench.query(Sheet)))
                if (update := bench._compositor.render_partial_update()) is not None:
                    taken(cells, update)
                sizes.append(len(cells.difference(1 << 20).encode()))
                waits.append(time.perf_counter() - begin)
                spent.append(time.process_time() - before)
                await pilot.pause()
        told = f"{1e3 * statistics.median(waits[5:]):.1f} ms, worst {1e3 * max(waits[5:]):.1f}"
        row("a frame of four plots over 100,000 frames, all of it", told, "≤ 30 ms")
        row("  on the processor", f"{1e3 * statistics.median(spent[5:]):.1f} ms")
        row("  its bytes", f"{statistics.median(sizes[5:]):.0f}")
        row("  memory of this process", f"{resident(os.getpid()):.0f} MB")

    asyncio.run(main())


def main() -> None:
    """The table."""
    with tempfile.TemporaryDirectory(prefix="dltlab-", ignore_cleanup_errors=True) as folder:
        for variable, name in {"DLTLAB_DATA_DIR": "d", "DLTLAB_CACHE_DIR": "c", "XDG_RUNTIME_DIR": "r"}.items():
            os.makedirs(os.path.join(folder, name), mode=0o700)
            os.environ[variable] = os.path.join(folder, name)
        stage = _stage()
        row("what", "measured", "goal")
        live(stage)
        slow(stage, answers=True)
        slow(stage, answers=False)
        frame()


if __name__ == "__main__":
    main()

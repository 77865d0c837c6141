"""How far something is that takes its time, on stderr: a bar on a terminal, now and then a line elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any, Final, Self

from dltlab import guard
from dltlab.text import one_line

_LINE_EVERY: Final = 5.0
_BAR_EVERY: Final = 0.1


class Progress:
    """Tells while its ``with`` block lasts what share is done; of steps, how many, how fast, and the time left."""

    def __init__(self, name: str, steps: int | None = None, *, mode: str = "") -> None:
        """Make ready to tell of so many steps, or of a share where there are none.

        ``mode`` is "bar", "lines" or "none"; what suits the stream if it is empty.
        """
        self._name = one_line(name)
        self._steps = None if steps is None else max(steps, 1)
        self._mode = mode or ("bar" if sys.stderr.isatty() else "lines")
        self._bar: Any = None
        self._next = 0.0
        self._first: tuple[float, float] | None = None
        """When it was first told how far it is, and how far that was: a fork begins with its parent's steps."""

    def __enter__(self) -> Self:
        self._next = time.monotonic()
        if self._mode == "bar":
            self._bar = _bar(self._name, self._steps)
            self._bar.start()
        else:
            self._next += _LINE_EVERY
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: float) -> None:
        """Bring what is shown up to date, if it is time to; ``done`` counts steps, or is a share."""
        now = time.monotonic()
        self._first = self._first or (now, done)
        if self._mode == "none" or now < self._next:
            return
        self._next = now + (_BAR_EVERY if self._bar is not None else _LINE_EVERY)
        begun, before = self._first
        speed = "" if self._steps is None else told(done - before, self._steps - done, now - begun)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, speed=speed)
        else:
            far = f"{done:.0%}" if self._steps is None else f"step {done:,} of {self._steps:,}, {speed}"
            print(f"{self._name}: {far}", file=sys.stderr, flush=True)


def told(taken: float, ahead: float, seconds: float) -> str:
    """Steps a second and the time left, of the steps taken in some seconds and those that are ahead.

    >>> told(500, 5500, 2.0)
    '250 steps/s, 0:22 left'
    """
    if taken <= 0 or seconds <= 0:
        return "starting"
    rate = taken / seconds
    left = round(max(ahead, 0) / rate)
    clock = f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}" if left >= 3600 else f"{left // 60}:{left % 60:02d}"
    return f"{rate:,.0f} steps/s, {clock} left" if rate >= 10 else f"{rate:.2g} steps/s, {clock} left"


def _bar(name: str, steps: int | None) -> Any:
    # Imported here: rich takes as long to import as all the rest of a headless run's viewer.
    from rich import progress
    from rich.console import Console

    speed = progress.TextColumn("{task.fields[speed]}", markup=False)
    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TextColumn("{task.percentage:>3.0f} %", markup=False),
        progress.TimeRemainingColumn() if steps is None else speed,
    )
    console = Console(file=guard.drawn(sys.stderr))
    bar = progress.Progress(*columns, console=console, transient=True, redirect_stdout=False)
    room = 40 if steps is None else 30
    named = name if len(name) <= room else f"{name[: room - 1]}…"
    bar.add_task(named, total=1.0 if steps is None else steps, speed="starting")
    return bar

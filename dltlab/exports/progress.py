"""How far an export is, on stderr: a bar on a terminal, now and then a line elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any, Final, Self

from dltlab import guard
from dltlab.text import one_line

_LINE_EVERY: Final = 5.0
_BAR_EVERY: Final = 0.1


class Progress:
    """Tells the share that is done while its ``with`` block lasts."""

    def __init__(self, name: str, *, mode: str = "") -> None:
        """``mode`` is "bar", "lines" or "none"; what suits the stream if it is empty."""
        self._name = one_line(name)
        self._mode = mode or ("bar" if sys.stderr.isatty() else "lines")
        self._bar: Any = None
        self._next = 0.0

    def __enter__(self) -> Self:
        self._next = time.monotonic() + _LINE_EVERY
        if self._mode == "bar":
            self._bar = _bar(self._name)
            self._bar.start()
            self._next = 0.0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, share: float) -> None:
        """Bring what is shown up to date, if it is time to."""
        now = time.monotonic()
        if self._mode == "none" or now < self._next:
            return
        self._next = now + (_BAR_EVERY if self._bar is not None else _LINE_EVERY)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=share)
        else:
            print(f"{self._name}: {share:.0%}", file=sys.stderr, flush=True)


def _bar(name: str) -> Any:
    # Imported here: rich takes long to import, and --quiet needs none of it.
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.TextColumn("{task.percentage:>3.0f} %", markup=False),
        progress.TimeRemainingColumn(),
    )
    bar = progress.Progress(
        *columns, console=Console(file=guard.drawn(sys.stderr)), transient=True, redirect_stdout=False
    )
    bar.add_task(name if len(name) <= 40 else f"{name[:39]}…", total=1.0)
    return bar

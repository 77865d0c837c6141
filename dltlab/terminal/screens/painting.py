"""Painting in turns: one sheet at a time, so that a key never waits for two, and with rests."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from dltlab.terminal.widgets.sheet import Sheet


class Painting:
    """The sheets that are to be painted; ``call_later`` is the message loop's."""

    def __init__(self, call_later: Callable[..., Any]) -> None:
        self._call_later = call_later
        self.stale: list[Sheet] = []
        self._taken, self._until = 0.0, 0.0

    @property
    def rested(self) -> bool:
        """Whether plots may be painted again: painting takes a third of the time at most, so that keys are heard."""
        return time.monotonic() >= self._until

    def rest_no_longer(self) -> None:
        """Paint when asked to."""
        self._until = 0.0

    def spoil(self, *sheets: Sheet) -> None:
        """Have sheets painted, one a turn of the event loop."""
        idle = not self.stale
        self.stale += [sheet for sheet in sheets if sheet not in self.stale]
        if idle and self.stale:
            self._call_later(self.paint_next)

    def paint_next(self) -> None:
        """Paint one sheet, and see to it that the others follow."""
        while self.stale:
            sheet = self.stale.pop(0)
            if sheet.display and sheet.is_attached:
                before = time.perf_counter()
                sheet.repaint()
                self._taken += time.perf_counter() - before
                break
        if self.stale:
            # Not a timer of Textual's: one that comes late is skipped, and nothing would be painted ever again.
            asyncio.get_running_loop().call_later(0.001, self._call_later, self.paint_next)
        else:
            self._until = time.monotonic() + min(2 * self._taken, 1.0)
            self._taken = 0.0

"""Painting in turns: one plot at a time, so that a key never waits for two, and with rests."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from dltlab.terminal.widgets.sheet import Sheet

_TURN: Final = 0.003
"""Seconds after which no further sheet is begun: a turn of the event loop costs more than a line of text."""
_LONGEST: Final = 2.0
"""Seconds after which plots are painted although the terminal has not shown the last ones in full."""


class Painting:
    """The sheets that are to be painted.

    ``call_later`` is the message loop's; ``drained`` says whether all that was painted is on its way.
    """

    def __init__(self, call_later: Callable[..., Any], drained: Callable[[], bool] = lambda: True) -> None:
        self._call_later = call_later
        self._drained = drained
        self.stale: list[Sheet] = []
        self._taken, self._until = 0.0, 0.0

    @property
    def rested(self) -> bool:
        """Whether plots may be painted again.

        Painting takes a third of the time at most, so that keys are heard, and a slow link is spared
        pictures that it could not show.
        """
        now = time.monotonic()
        return now >= self._until and (self._drained() or now >= self._until + _LONGEST)

    def rest_no_longer(self) -> None:
        """Paint when asked to."""
        self._until = -_LONGEST

    def spoil(self, *sheets: Sheet) -> None:
        """Have sheets painted, few a turn of the event loop."""
        idle = not self.stale
        self.stale += [sheet for sheet in sheets if sheet not in self.stale]
        if idle and self.stale:
            self._call_later(self.paint_next)

    def paint_next(self) -> None:
        """Paint a sheet, or several small ones, and see to it that the others follow."""
        begin = time.perf_counter()
        while self.stale and time.perf_counter() - begin < _TURN:
            sheet = self.stale.pop(0)
            if sheet.display and sheet.is_attached:
                sheet.repaint()
        self._taken += time.perf_counter() - begin
        if self.stale:
            # Not a timer of Textual's: one that comes late is skipped, and nothing would be painted ever again.
            asyncio.get_running_loop().call_later(0.001, self._call_later, self.paint_next)
        else:
            self._until = time.monotonic() + min(2 * self._taken, 1.0)
            self._taken = 0.0

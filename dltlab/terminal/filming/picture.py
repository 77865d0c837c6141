"""A screen as an image: a grid of cells whose letters are laid over their ground."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from dltlab.terminal.drawing.inks import Theme
from dltlab.terminal.filming.colours import RGB, Paint, blend, paint_of
from dltlab.terminal.filming.letters import Letters, Style
from dltlab.terminal.wire.cells import Cell

LEVELS: Final = 8
"""Steps from ground to ink: as many as the eye tells apart at the edge of a letter."""


class Change(NamedTuple):
    """A cell that shows something else than before; a wide letter's second cell comes with its first."""

    row: int
    column: int
    letter: str
    paint: Paint


class Screen:
    """What was last seen of a screen."""

    def __init__(self, theme: Theme) -> None:
        self._paint = lru_cache(maxsize=None)(lambda pen: paint_of(pen, theme))
        self._shown: dict[int, Sequence[Cell]] = {}

    def look(self, rows: Sequence[Sequence[Cell]]) -> list[Change]:
        """What has changed since the last look."""
        changes = [change for row, cells in enumerate(rows) for change in self._changes(row, cells)]
        self._shown = {row: list(cells) for row, cells in enumerate(rows)}
        return changes

    def _changes(self, row: int, cells: Sequence[Cell]) -> Iterator[Change]:
        before = self._shown.get(row)
        if before == cells:
            return
        for column, (letter, pen) in enumerate(cells):
            if letter and (before is None or before[column] != (letter, pen)):
                yield Change(row, column, letter, self._paint(pen))


def ramp(paint: Paint) -> list[RGB]:
    """The colours between ground and ink, ``LEVELS`` of them."""
    return [blend(paint.ground, paint.ink, level / (LEVELS - 1)) for level in range(LEVELS)]


class Drawing:
    """Draws changes as levels between ground and ink, 0 to ``LEVELS - 1``."""

    def __init__(self, width: int, height: int) -> None:
        """For cells of that many pixels. Raises UsageError where there is no font."""
        self.letters = Letters(width, height)
        self._levels = lru_cache(maxsize=None)(self._drawn)

    def levels(self, change: Change) -> np.ndarray:
        """The levels of a cell's pixels, shape (height, width), uint8."""
        paint = change.paint
        return self._levels(change.letter, paint.bold, paint.italic, paint.underline, paint.strike)

    def _drawn(self, letter: str, bold: bool, italic: bool, underline: bool, strike: bool) -> np.ndarray:
        mask = self.letters.mask(letter, Style(bold, italic))
        levels = ((mask.astype(np.uint16) * (LEVELS - 1) + 127) // 255).astype(np.uint8)
        thick = max(self.letters.width // 10, 1)
        for wanted, place in ((underline, 0.88), (strike, 0.55)):
            if wanted:
                top = round(self.letters.height * place)
                levels[top : top + thick] = LEVELS - 1
        return levels

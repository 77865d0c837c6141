"""The plane on cells: equal axes, so that a circle is round; points, arrows and ways across it."""

import math
from typing import Final

import numpy as np

from dltlab.terminal.drawing import dots
from dltlab.terminal.drawing.contours import Box
from dltlab.terminal.drawing.grid import Grid
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.strokes import DOTS, Stroke, cells, rows_at

_HEADS: Final = {False: "→↗↑↖←↙↓↘", True: ">/^\\</v\\"}
_LEAP: Final = 0.08
"""The share of the width beyond which two readings of a way are not joined: what lies between them is not known."""
_LEAST: Final = 5
"""Cells of the shortest arrow that is drawn where only its direction counts."""
_TURN: Final = np.linspace(0, 2 * math.pi, 181)


def box_of(x: np.ndarray, y: np.ndarray) -> Box:
    """Round limits around what is finite; on either side of zero each limit for itself."""
    sides: list[float] = []
    for values in (x, y):
        shown = values[np.isfinite(values)]
        low, high = (float(shown.min()), float(shown.max())) if len(shown) else (-1.0, 1.0)
        below, above = around("linear", min(low, 0.0), 0.0), around("linear", 0.0, max(high, 0.0))
        one_side = around("linear", low, high)
        sides += [below.low, above.high] if low < 0 < high else [one_side.low, one_side.high]
    return Box(*sides)


def widened(box: Box, columns: int, rows: int) -> Box:
    """The least box around this one that fills the cells with equal axes; a cell is twice as high as wide."""
    # In halves, so that no width is an infinity.
    wide, high = box.x_high / 2 - box.x_low / 2, box.y_high / 2 - box.y_low / 2
    unit = max(wide / max(columns, 1), high / max(2 * rows, 1))
    if not 0 < unit < 1e300:
        return box
    middle_x, middle_y = box.x_low / 2 + box.x_high / 2, box.y_low / 2 + box.y_high / 2
    return Box(
        middle_x - unit * columns, middle_x + unit * columns, middle_y - 2 * unit * rows, middle_y + 2 * unit * rows
    )


class View:
    """Where the plane's points lie in a grid of cells."""

    def __init__(self, box: Box, columns: int, rows: int, glyphs: str = "braille") -> None:
        self.box = widened(box, columns, rows)
        self._dots = DOTS[glyphs]
        self.columns, self.rows = columns, rows
        self.across = Scale("linear", self.box.x_low, self.box.x_high)
        self.up = Scale("linear", self.box.y_low, self.box.y_high)

    def fractions(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where points (…, 2) lie in the unit square; NaN outside it."""
        x, y = points[..., 0], points[..., 1]
        box = self.box
        inside = (x >= box.x_low) & (x <= box.x_high) & (y >= box.y_low) & (y <= box.y_high)
        return np.where(inside, self.across.fraction(x), np.nan), np.where(inside, self.up.fraction(y), np.nan)

    def put(self, grid: Grid, point: np.ndarray, letter: str, ink: str) -> None:
        """Write a character at a point, if it is seen."""
        if place := self.cell(point):
            grid.put(*place, letter, ink)

    def cell(self, point: np.ndarray) -> tuple[int, int] | None:
        """The row and column of a point, if it is seen."""
        x, y = self.fractions(np.asarray(point, np.float64))
        if not (np.isfinite(x) and np.isfinite(y)):
            return None
        return int(rows_at(y, self.rows, self._dots[1])), int(cells(x, self.columns, self._dots[0]))

    def arrow(self, grid: Grid, start: np.ndarray, tip: np.ndarray, ink: str, glyphs: str) -> None:
        """An arrow in cells of its own: among the dots of contours it would be some more of them."""
        x, y = self.fractions(np.linspace(start, tip, 65))
        for row, line in enumerate(dots.canvas([Stroke(x, y, 0, glyph="-")], self.columns, self.rows, glyphs)):
            column = 0
            for text, slot in line:
                if slot >= 0:
                    grid.write(row, column, text, ink)
                column += len(text)
        self.put(grid, tip, self.head(start, tip, plain=glyphs == "ascii"), ink)

    def lengthened(self, by: np.ndarray) -> np.ndarray:
        """A displacement, made as long as a few cells if it is shorter: what counts is where it points."""
        wide, high = self.box.x_high - self.box.x_low, self.box.y_high - self.box.y_low
        long = float(np.hypot(by[0] / wide * self.columns, 2 * by[1] / high * self.rows))
        return by * (_LEAST / long) if 0 < long < _LEAST else by

    def way(self, points: np.ndarray, recent: int) -> tuple[np.ndarray, np.ndarray]:
        """A way as a line where it is followed closely, at its end for sure, and as dots where it leaps."""
        x, y = self.fractions(points)
        leap = np.hypot(np.diff(x) * self.columns, 2 * np.diff(y) * self.rows) > _LEAP * self.columns
        leap[max(len(leap) - recent, 0) :] = False
        after = np.flatnonzero(leap) + 1
        return np.insert(x, after, np.nan), np.insert(y, after, np.nan)

    def circle(self, radius: float) -> tuple[np.ndarray, np.ndarray]:
        """A circle around the origin."""
        return self.fractions(radius * np.stack([np.cos(_TURN), np.sin(_TURN)], axis=-1))

    def head(self, start: np.ndarray, end: np.ndarray, *, plain: bool) -> str:
        """The head of an arrow."""
        angle = math.atan2(float(end[1] - start[1]), float(end[0] - start[0]))
        return _HEADS[plain][round(angle / (math.pi / 4)) % 8]


def joined_ways(ways: np.ndarray) -> np.ndarray:
    """Ways of shape (n, k, 2) as one line with breaks, shape (k · (n + 1), 2)."""
    breaks = np.full((1, *ways.shape[1:]), np.nan)
    return np.concatenate([ways, breaks]).transpose(1, 0, 2).reshape(-1, 2)


def sampled(length: int, most: int, recent: int = 1) -> np.ndarray:
    """Which of so many readings stand for a way: all of the first, then ever fewer, evenly, and the last ones.

    Growing readings keep the ones chosen, but for every other one when they have doubled.
    """
    if length <= most:
        return np.arange(length)
    stride = 1 << max(math.ceil(math.log2(2 * length / most)), 0)
    early = np.unique(np.geomspace(1, length, most // 2).astype(np.int64)) - 1
    return np.unique(np.concatenate([early, np.arange(0, length, stride), np.arange(length - recent, length)]))

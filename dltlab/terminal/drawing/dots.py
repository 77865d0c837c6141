"""A canvas of our own: strokes in the unit square into dots, all of a stroke's at once.

plotext walks through a curve dot by dot, which takes 4 to 6 ms a curve at 60x18; a plot of ten
arms would hold up a key for 60 ms, and contours and trails are made of hundreds of strokes.
Here the dots of all strokes are laid with a few array operations, 2 ms for ten arms. What is
drawn is the same: braille or quarter blocks, the topmost stroke inks the cell.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from dltlab.terminal.drawing.grid import Cells
from dltlab.terminal.drawing.strokes import DOTS, Stroke, dots_at, plain_sign

_BRAILLE: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_QUARTERS: Final = np.array([[1, 2], [4, 8]])
_BLOCKS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


def canvas(strokes: Sequence[Stroke], width: int, height: int, glyphs: str) -> list[Cells]:
    """Draw strokes, later ones above earlier ones, into height rows of width cells."""
    across, down = DOTS[glyphs]
    dots = np.zeros((height * down, width * across), bool)
    owner = np.full((height, width), -1)
    top = np.full((height, width), -1)
    for number, stroke in enumerate(strokes):
        column, row = _laid(stroke, width * across, height * down)
        dots[row, column] = True
        owner[row // down, column // across] = stroke.slot
        top[row // down, column // across] = number
    if glyphs == "ascii":
        signs = [stroke.glyph or plain_sign(stroke.slot) for stroke in strokes]
        letters = [[signs[number] if number >= 0 else " " for number in line] for line in top.tolist()]
    else:
        weights = _BRAILLE if glyphs == "braille" else _QUARTERS
        codes = (dots.reshape(height, down, width, across) * weights[:, None, :]).sum(axis=(1, 3))
        table = _BLOCKS if glyphs == "block" else [chr(0x2800 + code) for code in range(256)]
        letters = [[table[code] if code else " " for code in line] for line in codes.tolist()]
    return [_runs(line, slots) for line, slots in zip(letters, owner.tolist(), strict=True)]


def length(strokes: Sequence[Stroke], width: int, height: int, glyphs: str) -> int:
    """How many dots strokes are made of, those that fall upon each other counted again."""
    across, down = DOTS[glyphs]
    total = 0.0
    for stroke in strokes:
        if not stroke.joined:
            total += len(stroke.x)
            continue
        steps = np.maximum(np.abs(np.diff(stroke.x)) * width * across, np.abs(np.diff(stroke.y)) * height * down)
        total += float(np.nansum(np.maximum(steps, 1.0))) + 1
    return int(total)


def cells_of(stroke: Stroke, width: int, height: int, glyphs: str) -> tuple[np.ndarray, np.ndarray]:
    """The columns and rows of the cells that a stroke passes."""
    across, down = DOTS[glyphs]
    column, row = _laid(stroke, width * across, height * down)
    return column // across, row // down


def _laid(stroke: Stroke, columns: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The dots of a stroke: of its points, and of the straight lines between neighbours if it is joined."""
    x, y = np.asarray(stroke.x, np.float64), np.asarray(stroke.y, np.float64)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(finite, x, 0.0), np.where(finite, y, 0.0)
    x, y = dots_at(x, columns), rows - 1 - dots_at(y, rows)
    column, row = x[finite], y[finite]
    if not stroke.joined or len(x) < 2:
        return column, row
    # A point that is not finite lifts the pen.
    drawn = np.flatnonzero(finite[1:] & finite[:-1])
    across, down = (x[1:] - x[:-1])[drawn], (y[1:] - y[:-1])[drawn]
    count = np.maximum(np.maximum(np.abs(across), np.abs(down)).astype(np.int64), 1)
    segment = np.repeat(np.arange(len(count)), count)
    share = (np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)) / count[segment]
    between_x, between_y = x[drawn][segment] + share * across[segment], y[drawn][segment] + share * down[segment]
    return (
        np.append(np.rint(between_x).astype(np.int64), column),
        np.append(np.rint(between_y).astype(np.int64), row),
    )


def _runs(letters: list[str], slots: list[int]) -> Cells:
    """A row's cells, neighbours of one stroke together."""
    cells: Cells = []
    start = 0
    for at in range(1, len(slots) + 1):
        if at == len(slots) or slots[at] != slots[start]:
            cells.append(("".join(letters[start:at]), slots[start]))
            start = at
    return cells

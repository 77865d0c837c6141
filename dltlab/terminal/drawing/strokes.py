"""Strokes: what a canvas is given, in the unit square."""

from typing import Final, NamedTuple

import numpy as np

DOTS: Final = {"braille": (2, 4), "block": (2, 2), "ascii": (1, 1)}
"""Dots of a cell, across and down."""
_PLAIN: Final = "*o+x#%@&"


class Stroke(NamedTuple):
    """Points in the unit square, joined by lines or not."""

    x: np.ndarray
    y: np.ndarray
    slot: int = 0
    """Which curve it belongs to."""
    joined: bool = True
    glyph: str = ""
    """The character that draws it in ASCII; chosen by slot if empty."""


def plain_sign(slot: int) -> str:
    """The character that draws a curve in ASCII."""
    return _PLAIN[slot % len(_PLAIN)]


def dots_at(fractions: np.ndarray, count: int) -> np.ndarray:
    """The dots, of so many along an axis, that fractions of it fall on; a half is the farther one, as in plotext."""
    # What rounding left of a half is a half: a tick and a curve of its value must not part.
    return np.floor(np.clip(fractions, 0, 1) * (count - 1) + 0.5 + 1e-9).astype(np.int64)


def cells(fractions: np.ndarray, count: int, dots: int) -> np.ndarray:
    """The cells that fractions of an axis of so many cells fall into: those that hold a stroke's dots there."""
    return dots_at(fractions, count * dots) // dots


def rows_at(fractions: np.ndarray, count: int, dots: int) -> np.ndarray:
    """The rows, counted from above, that heights in [0, 1] fall into: of curves, markers and ticks alike."""
    return count - 1 - cells(fractions, count, dots)


def dashed(x: np.ndarray, y: np.ndarray, columns: int, dash: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Dots along a curve, so many drawn and so many left out: told from a line without any colour."""
    first, last = round(x[0] * (columns - 1)), round(x[-1] * (columns - 1))
    at = np.arange(first, last + 1)
    at = at[at % sum(dash) < dash[0]]
    where = at / max(columns - 1, 1)
    return where, np.interp(where, x, y)

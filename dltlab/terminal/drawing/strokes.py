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


def cells(fractions: np.ndarray, count: int, dots: int) -> np.ndarray:
    """The cells that fractions of an axis of so many cells fall into: those that hold a stroke's dots there."""
    return np.rint(np.clip(fractions, 0, 1) * (count * dots - 1)).astype(np.int64) // dots

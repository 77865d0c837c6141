"""Contours of a field on a grid, as dots.

A contour is where neighbouring dots lie on different sides of a level, once the field is
interpolated to the dots: every level costs the same few array operations, however winding it
is. plotext has no contours, and marching squares would hand it a thousand strokes of one dot.
"""

from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    """A rectangle of the plane."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float


def dots(
    field: np.ndarray, place: Box, seen: Box, at: np.ndarray, columns: int, rows: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each level the dots of its contour: their fractions across and up what is seen.

    The field's entries lie on a grid over ``place``, its first row at y_low.
    """
    x = np.linspace(seen.x_low, seen.x_high, columns)
    y = np.linspace(seen.y_low, seen.y_high, rows)
    # Level numbers, not values: no sum of two values can overflow.
    side = np.searchsorted(at, _sampled(field, place, x, y), side="right")
    known = np.isfinite(_sampled(field, place, x, y))
    found = []
    for level in range(len(at)):
        above = side > level
        edge = np.zeros(above.shape, bool)
        edge[:, :-1] |= (above[:, :-1] != above[:, 1:]) & known[:, :-1] & known[:, 1:]
        edge[:-1] |= (above[:-1] != above[1:]) & known[:-1] & known[1:]
        row, column = np.nonzero(edge)
        found.append((column / max(columns - 1, 1), row / max(rows - 1, 1)))
    return found


def _sampled(field: np.ndarray, place: Box, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The field between its grid points, bilinear; NaN outside its place."""
    high, wide = field.shape
    across = (x - place.x_low) / (place.x_high - place.x_low) * (wide - 1)
    up = (y - place.y_low) / (place.y_high - place.y_low) * (high - 1)
    left = np.clip(np.floor(across).astype(np.int64), 0, max(wide - 2, 0))
    below = np.clip(np.floor(up).astype(np.int64), 0, max(high - 2, 0))
    right, above = np.minimum(left + 1, wide - 1), np.minimum(below + 1, high - 1)
    s, t = (across - left)[None, :], (up - below)[:, None]
    with np.errstate(all="ignore"):
        lower = field[np.ix_(below, left)] * (1 - s) + field[np.ix_(below, right)] * s
        upper = field[np.ix_(above, left)] * (1 - s) + field[np.ix_(above, right)] * s
        values = lower * (1 - t) + upper * t
    outside = ((across < 0) | (across > wide - 1))[None, :] | ((up < 0) | (up > high - 1))[:, None]
    return np.where(outside, np.nan, values)

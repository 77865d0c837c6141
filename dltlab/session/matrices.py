"""Matrices that are read to be seen: what of them is there, and as many rows and columns as there is room for."""

from typing import Literal

import numpy as np


def trimmed(matrix: np.ndarray) -> np.ndarray:
    """The matrix of an arm that is smaller than the largest one was filled up with NaN."""
    known = ~np.isnan(matrix)
    if not known.any():
        return matrix
    return matrix[: int(np.flatnonzero(known.any(axis=1))[-1]) + 1, : int(np.flatnonzero(known.any(axis=0))[-1]) + 1]


def averaged(matrix: np.ndarray, most: int) -> np.ndarray:
    """At most so many rows, each the mean of neighbouring ones, of what is finite in them."""
    if len(matrix) <= most:
        return matrix
    starts = np.arange(most) * len(matrix) // most
    finite = np.isfinite(matrix)
    counted = np.add.reduceat(finite.astype(np.int64), starts, axis=0)
    heights = np.diff(np.append(starts, len(matrix)))
    # Divided before they are added, so that no finite readings have an infinite mean but by rounding.
    share = np.where(finite, matrix, 0.0) / np.maximum(np.repeat(counted, heights, axis=0), 1)
    with np.errstate(over="ignore"):
        return np.where(counted > 0, np.add.reduceat(share, starts, axis=0), np.nan)


def levels(field: np.ndarray, count: int, kind: Literal["quantiles", "equal", "log"]) -> np.ndarray:
    """At most so many levels between the least and the largest value, increasing."""
    values = field[np.isfinite(field)]
    if kind == "log":
        values = values[values > 0]
    if not len(values):
        return np.empty(0)
    inside = (np.arange(count) + 1) / (count + 1)
    if kind == "quantiles":
        found = np.quantile(values, inside)
    else:
        ends = np.log([values.min(), values.max()]) if kind == "log" else np.array([values.min(), values.max()])
        # Halves, so that the width of a range up to ±1.7e308 is no infinity.
        found = 2 * (ends[0] / 2 * (1 - inside) + ends[1] / 2 * inside)
        found = np.exp(found) if kind == "log" else found
    return np.unique(found[np.isfinite(found)])

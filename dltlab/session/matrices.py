"""Matrices that are read to be seen: what of them is there, and as many rows and columns as there is room for."""

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

"""What stands for the members of an ensemble: quantiles of those whose readings are finite."""

from collections.abc import Sequence

import numpy as np


def quantiles(members: np.ndarray, wanted: Sequence[float]) -> np.ndarray:
    """Quantiles over axis 1 of what is finite, shape (n, len(wanted), …) of (n, members, …); NaN where nothing is."""
    # np.nanquantile takes a slow path a row; sorting puts NaN last.
    ordered = np.sort(np.where(np.isfinite(members), members, np.nan).astype(np.float64, copy=False), axis=1)
    last = np.maximum(np.isfinite(ordered).sum(axis=1, keepdims=True) - 1, 0)
    found = []
    for quantile in wanted:
        at = quantile * last
        below = at.astype(np.int64)
        share = at - below
        low = np.take_along_axis(ordered, below, axis=1)
        high = np.take_along_axis(ordered, np.minimum(below + 1, last), axis=1)
        # Halves of huge readings, so that no sum overflows.
        found.append(2 * (low / 2 * (1 - share) + high / 2 * share))
    return np.concatenate(found, axis=1)


def middle(members: np.ndarray) -> np.ndarray:
    """The median of the members, shape (n, …); of a single one its own reading, finite or not."""
    alone = members.shape[1] == 1
    return np.asarray(members[:, 0], np.float64) if alone else quantiles(members, (0.5,))[:, 0]

"""How the components of a vector series are distributed, at a choice of steps."""

import math
from typing import Final

import numpy as np

from dltlab.exports.page import sentences
from dltlab.exports.page.frames import left_out, moments
from dltlab.exports.page.packing import numbers
from dltlab.exports.page.plot import Plot
from dltlab.panels import Histogram
from dltlab.session import readings
from dltlab.session.history import History
from dltlab.session.quantiles import quantiles

_LONGEST: Final = 1 << 18
"""Numbers of one reading that are counted."""
_FEWEST: Final = 4
_MOST: Final = 100
"""Bins, where the panel does not say how many."""
_CHEAP: Final = 64
"""Numbers that are counted for one that is kept."""


def plot(history: History, panel: Histogram) -> Plot | None:
    """The members of an ensemble together, in bins that are the same at all steps; None where nothing is finite."""
    name = next(name for name in panel.series if name in history)
    arm = panel.shown_arms(history.header)[0]
    found = readings.read(history, name, arm)
    size = min(found.values.shape[1] * found.values.shape[2], _LONGEST)
    bins = panel.bins or min(max(math.ceil(2 * size ** (1 / 3)), _FEWEST), _MOST)
    steps = moments(history, [name], max(bins, size // _CHEAP))
    read = found.values[np.searchsorted(found.steps, steps)].reshape(len(steps), -1)[:, :size].astype(np.float64)
    finite = np.isfinite(read)
    if not finite.any():
        return None
    low, high = float(read[finite].min()), float(read[finite].max())
    # Halved, so that no difference of finite numbers is infinite.
    span = high / 2 - low / 2
    share = (np.where(finite, read, low) / 2 - low / 2) / span if span > 0 else np.full(read.shape, 0.5)
    places = np.minimum((share * bins).astype(np.int64), bins - 1)
    counts = np.stack([np.bincount(row[known], minlength=bins) for row, known in zip(places, finite, strict=True)])
    middle = quantiles(read, (0.5,))[:, 0]
    look = {
        "steps": numbers(np.asarray(steps, np.float64)),
        "bins": bins,
        "counts": numbers(counts.astype(np.float64)),
        "most": int(counts.max()),
        "low": low,
        "high": high,
        "median": numbers(middle),
        "lost": numbers(np.isinf(read).sum(axis=1).astype(np.float64)),
        "x": sentences.axis(history, [name]),
    }
    said = sentences.of_counts(history, name, arm)
    return Plot("histogram", panel.heading(history.header), said, [name], look, notes=left_out(history, [name], steps))

"""A history, thinned for drawing as it grows.

A series becomes tracks: one for a number, one a component for a vector (five at most), and
for an ensemble the median of its members with their minimum and maximum.
"""

from typing import Final

import numpy as np

from dltlab.records import Series
from dltlab.session.history import History
from dltlab.terminal.drawing.thinning import Stretches

MOST: Final = 5
_SLICE: Final = 1 << 16
_SUBSCRIPT: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Trace:
    """One series, thinned: its tracks and their latest values."""

    def __init__(self, series: Series, planned: int) -> None:
        self.series = series
        self.seeds = bool(series.axes) and series.axes[0] == "seed"
        size = int(np.prod(series.shape[1:] if self.seeds else series.shape, dtype=np.int64))
        self.lines = min(size, MOST)
        """Tracks that are curves of their own; a band's edges follow them."""
        self.band = self.seeds and size == 1 and series.shape[0] > 1
        self.stretches = Stretches(planned, self.lines + (2 if self.band else 0))
        self.latest = np.full(self.stretches.low.shape[1], np.nan)
        self.length = 0

    def extend(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Take in the readings that came since."""
        for start in range(self.length, len(steps), _SLICE):
            tracks = self._tracks(values[start : start + _SLICE])
            self.stretches.extend(steps[start : start + _SLICE], tracks)
            self.latest = tracks[-1]
        self.length = len(steps)

    def _tracks(self, values: np.ndarray) -> np.ndarray:
        flat = values.astype(np.float64).reshape(len(values), -1)
        if not self.seeds:
            return flat[:, : self.lines]
        members = flat.reshape(len(values), self.series.shape[0], -1)[:, :, : self.lines]
        median = _median(members)
        if not self.band:
            return median
        only = members[:, :, 0]
        finite = np.isfinite(only)
        low = np.where(finite, only, np.inf).min(axis=1)
        high = np.where(finite, only, -np.inf).max(axis=1)
        return np.column_stack([median, low, high])

    def label(self, track: int) -> str:
        """The name of a curve among its likes: λ₂, or 2."""
        if self.lines == 1:
            return ""
        axes = self.series.axes[1:] if self.seeds else self.series.axes
        number = str(track + 1)
        return f"λ{number.translate(_SUBSCRIPT)}" if axes and axes[0] == "eigenvalue" else number


def _median(members: np.ndarray) -> np.ndarray:
    """The median over axis 1 of what is finite, NaN where nothing is."""
    # np.nanmedian takes a slow path a row; sorting puts NaN last.
    ordered = np.sort(np.where(np.isfinite(members), members, np.nan), axis=1)
    finite = np.isfinite(ordered).sum(axis=1, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(finite - 1, 0) // 2, axis=1)
    upper = np.take_along_axis(ordered, np.minimum(finite // 2, ordered.shape[1] - 1), axis=1)
    return (lower / 2 + upper / 2)[:, 0]


class Traces:
    """Every series of a history, thinned when it is first drawn and kept up from then on."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._traces: dict[str, Trace] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.history

    def __getitem__(self, name: str) -> Trace:
        column = self.history[name]
        trace = self._traces.get(name)
        if trace is None:
            trace = self._traces[name] = Trace(column.series, self.history.header.steps)
        if trace.length < len(column):
            trace.extend(column.steps, column.values)
        return trace

    def theory_of(self, name: str) -> str | None:
        """The series that predicts another: ``sharpness.theory`` for ``sharpness``."""
        theory = f"{name}.theory"
        return theory if theory in self.history else None

    def is_theory(self, name: str) -> bool:
        """Whether a series is a prediction rather than a reading."""
        theories, probes = (self.history.header.scenario.get(key) for key in ("theories", "probes"))
        first = name.split(".")[0]
        predicted = isinstance(theories, dict) and first in theories
        return name.endswith(".theory") or (predicted and not (isinstance(probes, dict) and first in probes))

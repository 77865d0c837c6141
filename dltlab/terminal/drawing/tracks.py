"""What a plot can draw: tracks of a thinned series, points on a curve, vertical ranges."""

from typing import Protocol

import numpy as np

from dltlab.terminal.drawing.scales import Scale
from dltlab.terminal.drawing.thinning import Run


class Track(Protocol):
    """Curves that know their extent and their thinned pieces."""

    unfinite: np.ndarray
    """For each track the readings that are not finite …"""
    unlogged: np.ndarray
    """… and those that no logarithm takes."""

    def extent(self, track: int, *, log: bool) -> tuple[float, float] | None:
        """The least and the largest reading that the axis can show, if there is one."""
        ...

    def runs(self, track: int, columns: int, *, log: bool) -> list[Run]:
        """The curve in so many columns, broken where no reading was finite."""
        ...


class Points:
    """Curves through points: their places on an axis, shape (n,), and a value a track, shape (n, tracks)."""

    def __init__(self, x: np.ndarray, y: np.ndarray, across: Scale) -> None:
        order = np.argsort(x, kind="stable")
        self.at = across.fraction(np.asarray(x, np.float64))[order]
        y = np.asarray(y, np.float64)
        self.y = (y[:, None] if y.ndim == 1 else y)[order]
        self.unfinite = (~np.isfinite(self.y)).sum(axis=0)
        self.unlogged = (self.y <= 0).sum(axis=0)

    def _shown(self, track: int, *, log: bool) -> np.ndarray:
        values = self.y[:, track]
        return np.isfinite(self.at) & np.isfinite(values) & ((values > 0) | (not log))

    def extent(self, track: int, *, log: bool) -> tuple[float, float] | None:
        """The least and the largest value that the axis can show, if there is one."""
        values = self.y[self._shown(track, log=log), track]
        return (float(values.min()), float(values.max())) if len(values) else None

    def runs(self, track: int, columns: int, *, log: bool) -> list[Run]:
        """Its unbroken pieces."""
        places = np.flatnonzero(self._shown(track, log=log))
        pieces = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
        return [Run(self.at[piece] * max(columns - 1, 1), self.y[piece, track]) for piece in pieces if len(piece)]


class Ranges:
    """Vertical lines from a low to a high value, their places given on an axis."""

    def __init__(self, x: np.ndarray, low: np.ndarray, high: np.ndarray, across: Scale) -> None:
        self.at = across.fraction(np.asarray(x, np.float64))
        self.low, self.high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        self.unfinite = self.unlogged = np.zeros(1, np.int64)

    def extent(self, track: int, *, log: bool) -> tuple[float, float] | None:  # noqa: ARG002
        """The lowest and the highest end that the axis can show, if there is one."""
        ends = np.concatenate([self.low, self.high])
        ends = ends[np.isfinite(ends) & ((ends > 0) | (not log))]
        return (float(ends.min()), float(ends.max())) if len(ends) else None

    def runs(self, track: int, columns: int, *, log: bool) -> list[Run]:  # noqa: ARG002
        """The lines, a piece each."""
        shown = np.isfinite(self.at) & np.isfinite(self.low) & np.isfinite(self.high) & ((self.low > 0) | (not log))
        wide = max(columns - 1, 1)
        return [
            Run(np.array([at, at]) * wide, np.array([low, high]))
            for at, low, high in zip(self.at[shown], self.low[shown], self.high[shown], strict=True)
        ]

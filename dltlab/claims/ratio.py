"""Two statistics stand in a ratio: how far a series rose, how far it fell."""

from typing import Literal

import numpy as np
from msgspec import Struct

from dltlab.claims.abstract import AbstractClaim, Interval, Measured, Name, Span, shown
from dltlab.claims.criteria import between, near, one_of, worded
from dltlab.claims.windows import (
    Component,
    Crossing,
    Statistic,
    bounds,
    crossings,
    folded,
    inside,
    reached,
    readings,
)
from dltlab.session.history import History


class Term(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One number of a series: a statistic over a window, or its reading at a moment."""

    series: Name
    component: Component = 0
    statistic: Statistic = "median"
    window: Span = (0.0, 1.0)
    at: Literal["first", "last"] | Crossing | None = None
    """The moment; the window and the statistic count only without it."""

    def needs(self, key: str) -> dict[str, str]:
        """The series that it reads, by key."""
        more = self.at.needs(f"{key}.at") if isinstance(self.at, Crossing) else {}
        return {f"{key}.series": self.series, **more}

    def values(self, history: History) -> tuple[np.ndarray, bool]:
        """One number a member, and whether it is still to come."""
        if isinstance(self.at, Crossing):
            return self._at(history, crossings(history, self.at)[1]), False
        if self.at is not None:
            row = readings(history, self.series, self.component).values
            waits = self.at == "last" and not reached(history, history.header.steps)
            return self._folded(self.at, row, np.ones(row.shape, bool)), waits
        span = bounds(history, self.window)
        found, belongs = inside(history, self.series, self.component, span)
        waits = self.statistic in ("last", "max", "min") and not span.whole
        return self._folded(self.statistic, found.values, belongs), waits

    def _at(self, history: History, steps: np.ndarray) -> np.ndarray:
        """The first finite reading at or after each member's own step."""
        found = readings(history, self.series, self.component)
        values = np.full(len(steps), np.nan)
        for member, step in enumerate(steps):
            whole = np.isfinite(found.values[member]) & (found.steps >= step)
            if whole.any():
                values[member] = found.values[member][whole.argmax()]
        return values

    @staticmethod
    def _folded(kind: Statistic, table: np.ndarray, belongs: np.ndarray) -> np.ndarray:
        values = np.full(len(table), np.nan)
        for member, (row, mine) in enumerate(zip(table, belongs, strict=True)):
            # The state of a member that has diverged is no number, so it has no last reading.
            if mine.any() and (kind != "last" or np.isfinite(row[mine][-1])):
                values[member] = folded(kind, row[mine])
        return values


class Ratio(AbstractClaim, frozen=True, kw_only=True):
    """A numerator over a denominator, near a prediction or within bounds."""

    numerator: Term
    denominator: Term
    predicted: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        one_of(predicted=self.predicted, at_least=self.at_least, at_most=self.at_most)

    def needs(self) -> dict[str, str]:
        """The series of both."""
        return {**self.numerator.needs("numerator"), **self.denominator.needs("denominator")}

    @property
    def interval(self) -> Interval:
        """Around the prediction, or within the bounds."""
        if self.predicted is None:
            return between(self.at_least, self.at_most)
        return near(self.predicted, self.tolerance)

    @property
    def words(self) -> tuple[str, str]:
        """The prediction and its tolerance, or the bounds."""
        if self.predicted is None:
            return worded(self.interval), ""
        return shown(self.predicted), f"± {self.tolerance:.4g}"

    def measure(self, history: History) -> Measured:
        """Each member's own ratio."""
        (above, one), (below, other) = self.numerator.values(history), self.denominator.values(history)
        ratios = np.where(below == 0, np.nan, above / below)
        return Measured(ratios, self.interval, *self.words, one or other)

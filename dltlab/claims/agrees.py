"""A series follows its theory."""

from typing import Literal

import numpy as np

from dltlab.claims.abstract import AbstractClaim, Interval, Measured, Name, Positive, Span
from dltlab.claims.criteria import between, worded
from dltlab.claims.level import window_needs
from dltlab.claims.windows import Component, Crossing, aligned, bounds, inside
from dltlab.session.history import History


class Agrees(AbstractClaim, frozen=True, kw_only=True):
    """The deviation of a series from its theory over a window, at most the tolerance."""

    series: Name
    component: Component = 0
    theory: Name | None = None
    """The series to agree with; ``NAME.theory`` if none is given."""
    deviation: Literal["max", "rms", "median"] = "max"
    relative: bool = True
    """Whether the deviation is measured in units of the theory."""
    window: Span = (0.0, 1.0)
    since: Crossing | None = None
    until: Crossing | None = None
    least: Positive = 2
    """Readings that it takes to judge."""

    def __post_init__(self) -> None:
        if self.tolerance <= 0:
            raise ValueError("a claim that agrees needs a positive 'tolerance'; give the largest deviation allowed.")

    @property
    def other(self) -> str:
        """The series that it is compared with."""
        return self.theory or f"{self.series}.theory"

    def needs(self) -> dict[str, str]:
        """The series, its theory, and those that open and close its window."""
        return {"series": self.series, "theory": self.other, **window_needs(self.since, self.until)}

    @property
    def interval(self) -> Interval:
        """No more than the tolerance."""
        return between(None, self.tolerance)

    @property
    def words(self) -> tuple[str, str]:
        """The theory, and the deviation allowed."""
        size = f"{self.deviation} |Δ|{' / theory' if self.relative else ''}"
        return self.other, f"{size} {worded(self.interval)}"

    def measure(self, history: History) -> Measured:
        """Each member's deviation."""
        span = bounds(history, self.window, self.since, self.until)
        found, belongs = inside(history, self.series, self.component, span)
        theory = aligned(history, self.other, found.steps)
        apart = np.abs(found.values - theory) / (
            np.where(theory == 0, np.nan, np.abs(theory)) if self.relative else 1.0
        )
        values = np.full(len(belongs), np.nan)
        for member, (row, mine) in enumerate(zip(apart, belongs, strict=True)):
            whole = row[mine & np.isfinite(row)]
            if len(whole) >= self.least:
                values[member] = self._folded(whole)
        return Measured(values, self.interval, *self.words, False, int((belongs & ~np.isfinite(found.values)).sum()))

    def _folded(self, apart: np.ndarray) -> float:
        match self.deviation:
            case "max":
                return float(np.max(apart))
            case "rms":
                return float(np.sqrt(np.mean(apart**2)))
            case "median":
                return float(np.median(apart))

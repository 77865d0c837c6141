"""A series goes one way, or shows that it does not."""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from dltlab.claims import formulas, gaps
from dltlab.claims.abstract import AbstractArmClaim, Positive, SeriesName, Span
from dltlab.claims.criteria import between, one_of, worded
from dltlab.claims.level import window_needs
from dltlab.claims.verdict import Interval, Measured, middle
from dltlab.claims.windows import Component, Crossing, bounds, inside
from dltlab.session.history import History

Fraction = Annotated[float, Meta(ge=0, le=1)]


class Monotone(AbstractArmClaim, frozen=True, kw_only=True):
    """The fraction of consecutive readings in a window that go against a direction."""

    series: SeriesName
    component: Component = 0
    direction: Literal["falls", "rises"] = "falls"
    """Which way the readings should go."""
    window: Span = (0.0, 1.0)
    since: Crossing | None = None
    """Where a series crosses something: the window opens there, if that is later."""
    until: Crossing | None = None
    """Where a series crosses something: the window closes there, if that is earlier."""
    at_most: Fraction | None = None
    """The largest fraction of steps that may go the other way."""
    at_least: Fraction | None = None
    """The smallest fraction of steps that must go the other way, where it is claimed that some do."""
    least: Positive = 10
    """Readings that it takes to judge."""

    def __post_init__(self) -> None:
        one_of(at_most=self.at_most, at_least=self.at_least)

    def needs(self) -> dict[str, str]:
        """The series, and those that open and close its window."""
        return {"series": self.series, **window_needs(self.since, self.until)}

    @property
    def interval(self) -> Interval:
        """Within the bounds, widened by the tolerance."""
        low = None if self.at_least is None else self.at_least - self.tolerance
        high = None if self.at_most is None else self.at_most + self.tolerance
        return between(low, high)

    @property
    def words(self) -> tuple[str, str]:
        """The fraction of readings that may or must go the other way."""
        bare = between(self.at_least, self.at_most)
        way = "rise" if self.direction == "falls" else "fall"
        return f"{worded(bare)} of the steps {way}", f"± {self.tolerance:.4g}" if self.tolerance else ""

    def measure(self, history: History) -> Measured:
        """Each member's fraction of steps in the wrong direction."""
        span = bounds(history, self.window, self.since, self.until)
        found, belongs = inside(history, self.series, self.component, span)
        values = np.full(len(belongs), np.nan)
        for member, (row, mine) in enumerate(zip(found.values, belongs, strict=True)):
            whole = row[mine]
            whole = whole[np.isfinite(whole)]
            if len(whole) >= max(self.least, 2):
                change = np.diff(whole)
                values[member] = np.mean(change > 0 if self.direction == "falls" else change < 0)
        skipped = gaps.told(history, self.series, found.steps, belongs, np.isfinite(found.values))
        counts = (belongs & np.isfinite(found.values)).sum(axis=1) - 1
        told, waits = self._formula(history, counts, values), not span.whole and self._open(values)
        return Measured(values, self.interval, *self.words, waits, skipped, formula=told)

    def _formula(self, history: History, counts: np.ndarray, values: np.ndarray) -> str:
        """How many steps go the other way, of how many."""
        member = formulas.whose(values, self.interval, self.over)
        if member is None:
            return formulas.waiting(history, self.window)
        count, of = round(float(values[member]) * int(counts[member])), int(counts[member])
        way = "rises" if self.direction == "falls" else "falls"
        share = formulas.judged(float(values[member]), self.interval)
        what = formulas.symbol(history, self.series, self.component)
        return f"{formulas.seed(history, member)}{what} {way} on {count:,} of {of:,} steps: {count}/{of} = {share}"

    def _open(self, values: np.ndarray) -> bool:
        """Whether steps to come can still bring a fraction back within its bounds: all but a step that none may be."""
        if self.at_most == 0 and not self.tolerance:
            return False
        known = values[~np.isnan(values)]
        judged = known if self.over == "all" else [middle(known)]
        return any(float(value) not in self.interval for value in judged)

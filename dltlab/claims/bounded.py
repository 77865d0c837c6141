"""A series keeps to one side of its bound."""

from typing import Literal

import numpy as np

from dltlab.claims import formulas, gaps
from dltlab.claims.abstract import AbstractArmClaim, Positive, SeriesName, Span
from dltlab.claims.criteria import between
from dltlab.claims.level import window_needs
from dltlab.claims.monotone import Fraction
from dltlab.claims.verdict import Interval, Measured, middle, shown
from dltlab.claims.windows import Components, Crossing, bounds, within
from dltlab.session.history import History


class Bounded(AbstractArmClaim, frozen=True, kw_only=True):
    """The fraction of readings in a window that lie beyond a bound."""

    series: SeriesName
    component: Components = 0
    bound: float | SeriesName
    """A number, or the series that bounds it."""
    side: Literal["below", "above"] = "below"
    """Where the bound lets the series be."""
    floor: float | None = None
    """Readings smaller than this are not compared: rounding bounds them."""
    window: Span = (0.0, 1.0)
    since: Crossing | None = None
    """Where a series crosses something: the window opens there, if that is later."""
    until: Crossing | None = None
    """Where a series crosses something: the window closes there, if that is earlier."""
    at_most: Fraction = 0.0
    """The fraction of readings that may lie beyond; ``tolerance``, a fraction of the bound, is not yet beyond."""
    least: Positive = 2
    """Readings that it takes to judge."""

    def needs(self) -> dict[str, str]:
        """The series, its bound, and those that open and close its window."""
        bound = {"bound": self.bound} if isinstance(self.bound, str) else {}
        return {"series": self.series, **bound, **window_needs(self.since, self.until)}

    @property
    def interval(self) -> Interval:
        """No more than may lie beyond."""
        return between(None, self.at_most)

    @property
    def words(self) -> tuple[str, str]:
        """What lies beyond the bound, and by how much it may be passed."""
        bound = self.bound if isinstance(self.bound, str) else shown(self.bound)
        beyond = f"{'above' if self.side == 'below' else 'below'} {bound}"
        much = f"≤ {100 * self.at_most:.3g} %" if self.at_most else "never"
        return f"{much} {beyond}", f"± {100 * self.tolerance:.4g} %" if self.tolerance else ""

    def measure(self, history: History) -> Measured:
        """Each member's fraction of readings beyond the bound."""
        span = bounds(history, self.window, self.since, self.until)
        found, bound, belongs, steps = within(history, self.series, self.component, span, self.bound)
        slack = self.tolerance * np.abs(bound)
        beyond = found > bound + slack if self.side == "below" else found < bound - slack
        # An infinite reading lies beyond a bound like any other; one that is no number lies nowhere.
        compared = belongs & ~np.isnan(found) & ~np.isnan(bound)
        if self.floor is not None:
            compared &= found >= self.floor
        values = np.full(len(belongs), np.nan)
        for member, mine in enumerate(compared):
            if mine.sum() >= self.least:
                values[member] = beyond[member][mine].mean()
        skipped = gaps.told(history, self.series, steps, belongs, ~np.isnan(found))
        pending = not span.whole and self._open(values)
        note = self._tightest((found / bound)[compared & (bound > 0)])
        told = self._formula(history, (beyond & compared).sum(axis=1), compared.sum(axis=1), values)
        side = "above" if self.side == "below" else "below"
        return Measured(values, self.interval, *self.words, pending, skipped, note=note, formula=told, beyond=side)

    def _formula(self, history: History, counts: np.ndarray, of: np.ndarray, values: np.ndarray) -> str:
        """How many readings lie beyond the bound, of how many."""
        member = formulas.whose(values, self.interval, self.over)
        if member is None:
            return formulas.waiting(history, self.window)
        bound = formulas.symbol(history, self.bound) if isinstance(self.bound, str) else shown(self.bound)
        way, what = (
            ("above" if self.side == "below" else "below"),
            formulas.symbol(history, self.series, self.component),
        )
        share = f"{int(counts[member]):,} of {int(of[member]):,} readings"
        value = formulas.judged(float(values[member]), self.interval)
        return f"{formulas.seed(history, member)}{what} {way} {bound} at {share}: {value}"

    def _open(self, values: np.ndarray) -> bool:
        """Whether readings to come can still bring a fraction back under its bound: never, if none may lie beyond."""
        known = values[~np.isnan(values)]
        judged = known if self.over == "all" else [middle(known)]
        return self.at_most > 0 and any(float(value) not in self.interval for value in judged)

    def _tightest(self, ratios: np.ndarray) -> str:
        """The reading that came nearest to its bound, of all members: a bound that is met by far says little."""
        if not len(ratios):
            return ""
        nearest = ratios.max() if self.side == "below" else ratios.min()
        return f"nearest {'∞' if np.isposinf(nearest) else shown(nearest)} × the bound"

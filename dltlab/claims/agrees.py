"""A series follows its theory."""

from typing import Literal

import numpy as np

from dltlab.claims import formulas, gaps
from dltlab.claims.abstract import AbstractArmClaim, Positive, SeriesName, Span
from dltlab.claims.criteria import between, worded
from dltlab.claims.level import window_needs
from dltlab.claims.verdict import Interval, Measured, shown
from dltlab.claims.windows import Components, Crossing, bounds, firsts, within
from dltlab.session.history import History


class Agrees(AbstractArmClaim, frozen=True, kw_only=True):
    """The deviation of a series from its theory over a window, at most the tolerance."""

    series: SeriesName
    component: Components = 0
    theory: SeriesName | None = None
    """The series to agree with; ``NAME.theory`` if none is given."""
    deviation: Literal["max", "rms", "median"] = "max"
    """What is taken over the window: the largest deviation, the root of the mean square, or the median."""
    units: Literal["theory", "first", "absolute"] = "theory"
    """What the deviation is measured in: the theory there and then, the series' first reading, or as it is."""
    window: Span = (0.0, 1.0)
    since: Crossing | None = None
    """Where a series crosses something: the window opens there, if that is later."""
    until: Crossing | None = None
    """Where a series crosses something: the window closes there, if that is earlier."""
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
        unit = {"theory": " / theory", "first": " / first", "absolute": ""}[self.units]
        return self.other, f"{self.deviation} |Δ|{unit} {worded(self.interval)}"

    def measure(self, history: History) -> Measured:
        """Each member's deviation."""
        span = bounds(history, self.window, self.since, self.until)
        found, theory, belongs, steps = within(history, self.series, self.component, span, self.other)
        apart = np.abs(found - theory) / self._unit(history, theory)
        values = np.full(len(belongs), np.nan)
        for member, (row, mine) in enumerate(zip(apart, belongs, strict=True)):
            whole = row[mine & np.isfinite(row)]
            if len(whole) >= self.least:
                values[member] = self._folded(whole)
        skipped = gaps.told(history, self.series, steps, belongs, np.isfinite(found))
        told = self._formula(history, found, theory, np.where(belongs, apart, np.nan), values)
        return Measured(values, self.interval, *self.words, False, skipped, formula=told)

    def _formula(
        self, history: History, found: np.ndarray, theory: np.ndarray, apart: np.ndarray, values: np.ndarray
    ) -> str:
        """The deviation where it is largest (or, of another one, now), written out; and what is made of all of them."""
        member = formulas.whose(values, self.interval, self.over)
        if member is None:
            return formulas.waiting(history, self.window)
        whole = np.flatnonzero(np.isfinite(apart[member]))
        at = whole[int(np.argmax(apart[member][whole]))] if self.deviation == "max" else whole[-1]
        mine, its, share = (float(one[member, at]) for one in (found, theory, apart))
        size = abs(mine - its) / share if share else abs(its)
        over = "" if self.units == "absolute" else f" / {shown(size)}"
        what = f"|{shown(mine)} − {shown(its)}|{over} = {shown(share)}"
        where = "at its largest" if self.deviation == "max" else "at the last"
        all_of = formulas.judged(float(values[member]), self.interval)
        return f"{formulas.seed(history, member)}{what} {where} of {len(whole)} readings; {self.deviation} {all_of}"

    def _unit(self, history: History, theory: np.ndarray) -> np.ndarray:
        """What one unit of deviation is, beside every reading; NaN where it would be nothing."""
        match self.units:
            case "theory":
                unit = np.abs(theory)
            case "first":
                unit = np.abs(firsts(history, self.series, self.component, theory.shape))
            case "absolute":
                unit = np.ones_like(theory)
        return np.where(unit == 0, np.nan, unit)

    def _folded(self, apart: np.ndarray) -> float:
        match self.deviation:
            case "max":
                return float(np.max(apart))
            case "rms":
                return float(np.sqrt(np.mean(apart**2)))
            case "median":
                return float(np.median(apart))

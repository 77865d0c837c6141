"""A statistic of a series stands at a number, or on one side of it."""

import numpy as np

from dltlab.claims import formulas, gaps
from dltlab.claims.abstract import AbstractArmClaim, Positive, SeriesName, Span
from dltlab.claims.criteria import between, near, one_of, worded
from dltlab.claims.verdict import Interval, Measured, middle, shown
from dltlab.claims.windows import Components, Crossing, Statistic, bounds, folded, within
from dltlab.session.history import History


class Level(AbstractArmClaim, frozen=True, kw_only=True):
    """A statistic of a series over a window, near a prediction or within bounds."""

    series: SeriesName
    component: Components = 0
    statistic: Statistic = "median"
    """What is taken of the readings in the window."""
    window: Span = (0.0, 1.0)
    since: Crossing | None = None
    """Where a series crosses something: the window opens there, if that is later."""
    until: Crossing | None = None
    """Where a series crosses something: the window closes there, if that is earlier."""
    predicted: float | None = None
    """What theory says; or else one of the bounds below."""
    relative: bool = False
    """Whether the tolerance is a fraction of the prediction."""
    below: float | None = None
    """The number that it must stay below."""
    above: float | None = None
    """The number that it must stay above."""
    least: Positive = 1
    """Readings that it takes to judge."""

    def __post_init__(self) -> None:
        one_of(predicted=self.predicted, below=self.below, above=self.above)
        if self.component == "all" and self.statistic in ("first", "last"):
            raise ValueError(f"all components at once have no {self.statistic} reading; take 'max', 'min' or 'median'.")

    def needs(self) -> dict[str, str]:
        """The series, and those that open and close its window."""
        return {"series": self.series, **window_needs(self.since, self.until)}

    @property
    def interval(self) -> Interval:
        """Around the prediction, or strictly within the bounds."""
        if self.predicted is None:
            return between(self.above, self.below, strict=True)
        return near(self.predicted, self.tolerance * (abs(self.predicted) if self.relative else 1.0))

    def words(self, history: History) -> tuple[str, str]:
        """The prediction and its tolerance, or the bounds."""
        unit = history[self.series].series.unit if self.series in history else ""
        if self.predicted is None:
            return worded(self.interval, unit), ""
        near_by = f"{100 * self.tolerance:.4g} %" if self.relative else f"{self.tolerance:.4g}"
        return f"{shown(self.predicted)} {unit}".rstrip(), f"± {near_by}"

    def measure(self, history: History) -> Measured:
        """The statistic of each member's finite readings."""
        span = bounds(history, self.window, self.since, self.until)
        found, _, belongs, steps = within(history, self.series, self.component, span)
        values = np.full(len(belongs), np.nan)
        for member, (row, mine) in enumerate(zip(found, belongs, strict=True)):
            whole = mine & np.isfinite(row)
            # The state of a member that has diverged is no number, so it has no last reading.
            gone = self.statistic == "last" and mine.any() and not np.isfinite(row[mine][-1])
            if whole.sum() >= self.least and not gone:
                values[member] = folded(self.statistic, row[whole])
        skipped = gaps.told(history, self.series, steps, belongs, np.isfinite(found))
        waits = not span.whole and self._open(values)
        told = self._formula(history, (belongs & np.isfinite(found)).sum(axis=1), values)
        return Measured(values, self.interval, *self.words(history), waits, skipped, formula=told)

    def _formula(self, history: History, counts: np.ndarray, values: np.ndarray) -> str:
        """The statistic, of how many readings, and whether it lies where it must."""
        member = formulas.whose(values, self.interval, self.over)
        if member is None:
            return formulas.waiting(history, self.window)
        what = f"{self.statistic} {formulas.symbol(history, self.series, self.component)}"
        value = formulas.judged(float(values[member]), self.interval)
        return f"{formulas.seed(history, member)}{what} of {int(counts[member])} readings = {value}"

    def _open(self, values: np.ndarray) -> bool:
        """Whether what is still to come may carry the statistic to the other side."""
        match self.statistic:
            case "last":
                return True
            case "max" | "min" as extreme:
                known = values[~np.isnan(values)]
                judged = known if self.over == "all" else [middle(known)]
                return not all(self.interval.settled(float(value), extreme) for value in judged)
            case _:
                return False


def window_needs(since: Crossing | None, until: Crossing | None) -> dict[str, str]:
    """The series that a window's crossings read, by key."""
    return {**(since.needs("since") if since else {}), **(until.needs("until") if until else {})}

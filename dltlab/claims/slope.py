"""A power law or an exponential: the slope of a series on logarithmic axes."""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from dltlab.claims import formulas, gaps
from dltlab.claims.abstract import AbstractArmClaim, SeriesName, Span
from dltlab.claims.criteria import near
from dltlab.claims.level import window_needs
from dltlab.claims.verdict import Interval, Measured, shown
from dltlab.claims.windows import Component, Crossing, aligned, bounds, inside
from dltlab.session.history import History


class Slope(AbstractArmClaim, frozen=True, kw_only=True):
    """The least-squares slope of log y on log x, or of log y on x, near a prediction."""

    series: SeriesName
    component: Component = 0
    against: SeriesName | None = None
    """The series on the horizontal axis; the step if none is given."""
    axes: Literal["loglog", "semilog"] = "loglog"
    """The slope of log y on log x, or of log y on x."""
    window: Span = (0.0, 1.0)
    since: Crossing | None = None
    """Where a series crosses something: the window opens there, if that is later."""
    until: Crossing | None = None
    """Where a series crosses something: the window closes there, if that is earlier."""
    predicted: float
    """What theory says."""
    least: Annotated[int, Meta(ge=4, le=1 << 24)] = 4
    """Points that it takes to judge; non-positive ones have no logarithm and are passed over."""

    def needs(self) -> dict[str, str]:
        """The series, the one that it is drawn against, and those of its window."""
        other = {"against": self.against} if self.against else {}
        return {"series": self.series, **other, **window_needs(self.since, self.until)}

    @property
    def interval(self) -> Interval:
        """Around the prediction."""
        return near(self.predicted, self.tolerance)

    @property
    def words(self) -> tuple[str, str]:
        """The slope predicted, and how near."""
        return f"slope {shown(self.predicted)}", f"± {self.tolerance:.4g}"

    def measure(self, history: History) -> Measured:
        """Each member's slope."""
        span = bounds(history, self.window, self.since, self.until)
        found, belongs = inside(history, self.series, self.component, span)
        against = found.steps if self.against is None else aligned(history, self.against, found.steps)
        against = np.broadcast_to(np.asarray(against, np.float64), found.values.shape)
        across = np.log(against) if self.axes == "loglog" else against
        up = np.log(found.values)
        values = np.full(len(belongs), np.nan)
        for member, mine in enumerate(belongs):
            whole = mine & np.isfinite(across[member]) & np.isfinite(up[member])
            if whole.sum() >= self.least:
                values[member] = least_squares(across[member][whole], up[member][whole])
        skipped = gaps.told(history, self.series, found.steps, belongs, np.isfinite(found.values))
        told = self._formula(history, belongs & np.isfinite(across) & np.isfinite(up), values)
        return Measured(values, self.interval, *self.words, False, skipped, formula=told)

    def _formula(self, history: History, counted: np.ndarray, values: np.ndarray) -> str:
        """What is fitted against what, through how many readings."""
        member = formulas.whose(values, self.interval, self.over)
        if member is None:
            return formulas.waiting(history, self.window)
        against = "t" if self.against is None else formulas.symbol(history, self.against)
        against = f"ln {against}" if self.axes == "loglog" else against
        what = f"slope of ln {formulas.symbol(history, self.series, self.component)} on {against}"
        value = formulas.judged(float(values[member]), self.interval)
        return f"{formulas.seed(history, member)}{what} through {int(counted[member].sum())} readings = {value}"


def least_squares(x: np.ndarray, y: np.ndarray) -> float:
    """The slope of the line through points; NaN where all share their x."""
    apart = x - x.mean()
    spread = float(apart @ apart)
    return float(apart @ (y - y.mean())) / spread if spread > 0 else float("nan")

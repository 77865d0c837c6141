"""A series passes a number or another series, in its time."""

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from dltlab.claims import formulas
from dltlab.claims.abstract import AbstractArmClaim, SeriesName
from dltlab.claims.criteria import between
from dltlab.claims.verdict import NEVER, Interval, Measured
from dltlab.claims.windows import Component, Crossing, crossings, readings, step_of
from dltlab.session.divergence import members
from dltlab.session.history import History

Place = Annotated[float, Meta(ge=0)]


class Crosses(AbstractArmClaim, frozen=True, kw_only=True):
    """The step at which a series first passes a level, between two others."""

    series: SeriesName
    crosses: float | SeriesName
    """A number, or the name of a series."""
    component: Component = 0
    direction: Literal["up", "down"] = "up"
    """Whether it rises above, or falls below."""
    after: Place = 0.0
    """From when on it may cross: up to 1 a fraction of the planned steps, above it a step."""
    before: Place = 1.0
    """Up to 1 fractions of the steps planned, above it steps."""

    def needs(self) -> dict[str, str]:
        """The series, and the one that it crosses."""
        other = {"crosses": self.crosses} if isinstance(self.crosses, str) else {}
        return {"series": self.series, **other}

    def interval(self, history: History) -> Interval:
        """From the one step to the other."""
        return between(step_of(history, self.after), step_of(history, self.before))

    @property
    def words(self) -> tuple[str, str]:
        """The level, and when."""
        level = self.crosses if isinstance(self.crosses, str) else f"{self.crosses:.4g}"
        return (
            f"{'above' if self.direction == 'up' else 'below'} {level}",
            f"{_place(self.after)} … {_place(self.before)}",
        )

    def measure(self, history: History) -> Measured:
        """Each member's step of crossing."""
        wanted = Crossing(series=self.series, crosses=self.crosses, direction=self.direction, component=self.component)
        before, at = crossings(history, wanted)
        late = step_of(history, self.before)
        over = history.step >= late or (history.footer is not None and history.footer.reason == "finished")
        if over:
            # Who has diverged, or was never read, may not be said never to cross.
            read = np.isfinite(readings(history, self.series, self.component).values)
            for member in set(range(len(at))) - members(history).keys():
                if np.isnan(at[member]) and read[member].any():
                    at[member] = NEVER
        return Measured(at, self.interval(history), *self.words, formula=self._formula(history, before, at))

    def _formula(self, history: History, before: np.ndarray, at: np.ndarray) -> str:
        """Between which two readings it crosses, and between which steps it must."""
        first, last = (f"{step_of(history, place):,.0f}" for place in (self.after, self.before))
        level = formulas.symbol(history, self.crosses) if isinstance(self.crosses, str) else f"{self.crosses:.4g}"
        way = "rises above" if self.direction == "up" else "falls below"
        what = f"{formulas.symbol(history, self.series, self.component)} {way} {level}"
        member = formulas.whose(at, self.interval(history), self.over)
        if member is None:
            return f"{what}: not yet; it must from step {first} to {last}"
        if not np.isfinite(at[member]):
            return f"{formulas.seed(history, member)}{what}: never, and it must from step {first} to {last}"
        no = "" if float(at[member]) in self.interval(history) else "not "
        between = f"between steps {before[member]:,.0f} and {at[member]:,.0f}"
        return f"{formulas.seed(history, member)}{what} {between}, {no}from {first} to {last}"


def _place(place: float) -> str:
    return f"{100 * place:.3g} %" if place <= 1 else f"step {place:.6g}"

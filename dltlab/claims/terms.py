"""One number of a series in one arm, and several of them side by side."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct

from dltlab.claims import arms, formulas
from dltlab.claims.abstract import ArmName, SeriesName, Span
from dltlab.claims.verdict import Found, Measured, middle
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
    step_of,
)
from dltlab.session import divergence
from dltlab.session.history import History


class Term(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One number of a series: a statistic over a window, or its reading at a moment."""

    series: SeriesName
    arm: ArmName | None = None
    """The arm in which it is read; the claim's own without it."""
    component: Component = 0
    statistic: Statistic = "median"
    """What is taken of the readings in the window."""
    window: Span = (0.0, 1.0)
    at: Literal["first", "last"] | Crossing | None = None
    """The moment; the window and the statistic count only without it."""

    def needs(self, key: str) -> dict[str, str]:
        """The series that it reads, by key."""
        more = self.at.needs(f"{key}.at") if isinstance(self.at, Crossing) else {}
        return {f"{key}.series": self.series, **more}

    def values(self, history: History) -> tuple[np.ndarray, bool]:
        """One number a member of a history without arms, and whether it is still to come."""
        if isinstance(self.at, Crossing):
            return self._at(history, crossings(history, self.at)[1]), False
        if self.at is not None:
            row = readings(history, self.series, self.component).values
            waits = self.at == "last" and not reached(history, history.header.steps)
            return self._folded(self.at, row, np.ones(row.shape, bool)), waits
        span = bounds(history, self.window)
        found, belongs = inside(history, self.series, self.component, span)
        # Two numbers are compared when both are what they will be: half a window says nothing of an order.
        waits = self.statistic != "first" and not span.whole
        return self._folded(self.statistic, found.values, belongs), waits

    def told(self, history: History, member: int = 0) -> str:
        """What it is called in a formula: first λ₁, λ₁ at step 520, median loss of steps 3,000 to 6,000."""
        what = formulas.symbol(history, self.series, self.component)
        if isinstance(self.at, Crossing):
            step = crossings(history, self.at)[1]
            return f"{what} at step {step[member]:,.0f}" if np.isfinite(step[member : member + 1]).all() else what
        if self.at is not None:
            return f"{self.at} {what}"
        first, last = (step_of(history, place) for place in self.window)
        whole = self.window == (0.0, 1.0)
        return f"{self.statistic} {what}" + ("" if whole else f" of steps {first:,.0f} to {last:,.0f}")

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


class Gathered(NamedTuple):
    """Terms side by side: values of shape (terms, members)."""

    values: np.ndarray
    pending: bool
    members: int
    dead: int
    note: str
    """What a verdict says of the way they are compared, where that is not seed by seed."""
    names: tuple[str, ...] = ()
    """What formulas call the terms, the arm with each where they are of several."""

    def found(self, measured: Measured, arm: str = "") -> Found:
        """What a claim made of them."""
        return Found(measured, self.members, self.dead, arm)


def places(history: History, terms: Sequence[Term], arm: str | None) -> list[str | None]:
    """Where terms are compared: once if each names its arm, else wherever their claim must hold."""
    return [arm] if all(term.arm for term in terms) else arms.places(history, arm)


def gather(history: History, terms: Sequence[Term], arm: str | None = None) -> Gathered:
    """Read each term in its own arm, or else in this one."""
    views = {name: arms.view(history, name) for name in dict.fromkeys(term.arm or arm for term in terms)}
    told = [term.values(views[term.arm or arm]) for term in terms]
    missing = [arms.title(history, name) for name in views if name is not None and arms.absent(history, name)]
    members = max(len(values) for values, _ in told)
    # Where arms differ in their seeds, only their medians can be compared.
    matched = all(len(values) == members for values, _ in told)
    note = "; ".join(sorted(missing)) or ("" if matched else "medians of each arm's seeds")
    rows = [values if matched else np.array([_most(values)]) for values, _ in told]
    dead = set().union(*(divergence.members(alone) for alone in views.values()))
    several = len(views) > 1
    names = tuple(
        term.told(views[term.arm or arm]) + (f" ({arms.title(history, term.arm or arm)})" if several else "")
        for term in terms
    )
    return Gathered(np.stack(rows), any(waits for _, waits in told), members, len(dead), note, names)


def _most(values: np.ndarray) -> float:
    """The median of the seeds, where more than half of them have a number."""
    known = values[~np.isnan(values)]
    return middle(known) if 2 * len(known) > len(values) else np.nan

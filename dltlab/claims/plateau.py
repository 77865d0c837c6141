"""A series settles at its theory, and settles again wherever a knob takes the theory.

Cohen et al. 2021 (arXiv:2103.00065): the sharpness climbs to 2/η and hovers there.
"""

from typing import Annotated

import numpy as np
from msgspec import Meta

from dltlab.claims import formulas, gaps
from dltlab.claims.abstract import AbstractArmClaim, Positive, SeriesName, Span
from dltlab.claims.criteria import near
from dltlab.claims.verdict import Interval, Measured, shown
from dltlab.claims.windows import Component, Readings, aligned, readings, step_of
from dltlab.session.history import History


class Plateau(AbstractArmClaim, frozen=True, kw_only=True):
    """The median of a series divided by its theory, over the window and since the last turn of a knob."""

    series: SeriesName
    component: Component = 0
    relative_to: SeriesName | None = None
    """The series to divide by; ``NAME.theory`` if none is given."""
    window: Span = (0.5, 1.0)
    predicted: float = 1.0
    """What the ratio should be."""
    entry: Annotated[float, Meta(gt=0)] = 0.1
    """How near the ratio must have come again, after a turn, before readings count."""
    least: Positive = 10
    """Readings that it takes to judge."""

    @property
    def theory(self) -> str:
        """The series that it divides by."""
        return self.relative_to or f"{self.series}.theory"

    def needs(self) -> dict[str, str]:
        """The series and its theory."""
        return {"series": self.series, "relative_to": self.theory}

    @property
    def interval(self) -> Interval:
        """Around the prediction."""
        return near(self.predicted, self.tolerance)

    @property
    def words(self) -> tuple[str, str]:
        """The ratio predicted, and how near."""
        return f"{shown(self.predicted)} × {self.theory}", f"± {self.tolerance:.4g}"

    def measure(self, history: History) -> Measured:
        """Each member's median ratio, once enough readings count."""
        turns = history.turns()
        turn = turns[-1].step if turns else None
        low, high = (step_of(history, place) for place in self.window)
        first = low if turn is None else turn + 1
        found = readings(history, self.series, self.component, first, high)
        ratios = found.values / aligned(history, self.theory, found.steps, self.component)
        counted = np.isfinite(ratios) & (found.steps >= low)
        if turn is not None:
            counted &= np.array([self._settled(row) for row in ratios]).reshape(ratios.shape)
        values = np.full(len(ratios), np.nan)
        for member, (row, mine) in enumerate(zip(ratios, counted, strict=True)):
            if mine.sum() >= self.least:
                values[member] = np.median(row[mine])
        entered = found.steps[counted.any(axis=0)]
        since = int(entered[0]) if turn is not None and len(entered) else turn
        looked = np.broadcast_to(found.steps >= low, found.values.shape)
        skipped = gaps.told(history, self.series, found.steps, looked, np.isfinite(found.values))
        told = self._formula(history, found, ratios, counted, values)
        return Measured(values, self.interval, *self.words, False, skipped, since, formula=told)

    def _formula(
        self, history: History, found: Readings, ratios: np.ndarray, counted: np.ndarray, values: np.ndarray
    ) -> str:
        """The ratio of the latest reading written out, and the median that is judged."""
        member = formulas.whose(values, self.interval, self.over)
        read = np.flatnonzero(np.isfinite(ratios[member or 0])) if len(ratios) else ratios
        told = ""
        if len(read):
            at = int(read[-1])
            value, ratio, step = (
                float(found.values[member or 0, at]),
                float(ratios[member or 0, at]),
                int(found.steps[at]),
            )
            bound = value / ratio if ratio else 0.0
            told = formulas.quotient(history, self.series, self.component, value, self.theory, bound, step)
            told = f"{told} at step {step:,}"
        if member is None:
            least = f"{int(counted.sum(axis=1).max(initial=0))} of {self.least} readings that it takes"
            return "; ".join(filter(None, (told, formulas.waiting(history, self.window) or least)))
        median = formulas.judged(float(values[member]), self.interval)
        return f"{formulas.seed(history, member)}{told}; median of {int(counted[member].sum())} readings {median}"

    def _settled(self, ratios: np.ndarray) -> np.ndarray:
        """Which readings after a turn count: those since the ratio has come back to the prediction.

        Within the tolerance it has come back. Within ``entry`` it has too, unless it is still on
        its way: a climb that goes on is no plateau, so it cannot be a wrong one either.
        """
        apart = np.abs(ratios - self.predicted)
        for reach in (self.tolerance, self.entry):
            near_by = apart <= reach
            if near_by.any():
                since = np.arange(len(ratios)) >= near_by.argmax()
                return since if reach == self.tolerance or not _nearing(apart[since]) else np.zeros_like(since)
        return np.zeros(len(ratios), bool)


def _nearing(apart: np.ndarray) -> bool:
    """Whether a distance still shrinks, by more than its readings scatter."""
    apart = apart[np.isfinite(apart)]
    if len(apart) < 4:
        return True
    half = len(apart) // 2
    scatter = np.median(np.abs(np.diff(apart)))
    return bool(np.median(apart[:half]) - np.median(apart[half:]) > 2 * scatter)

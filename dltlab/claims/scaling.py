"""A power law across arms: a number of each arm against the value that the arm stands for.

Weights that move as m^(−1/2) with the width m give the slope −1/2 of log ‖θ−θ₀‖ on log m.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from dltlab.claims import formulas
from dltlab.claims.abstract import AbstractClaim, ArmName
from dltlab.claims.arms import unknown
from dltlab.claims.criteria import between, near, one_of, worded
from dltlab.claims.slope import least_squares
from dltlab.claims.terms import Term, gather
from dltlab.claims.verdict import Found, Interval, Measured, shown
from dltlab.session.history import History

LEAST = 3
"""Arms that it takes: through two points there is always a line."""


class Scaling(AbstractClaim, frozen=True, kw_only=True):
    """The least-squares slope of a term's logarithm on that of the arms' values, near a prediction or within bounds."""

    term: Term
    """What is read of each arm."""
    against: Term | None = None
    """What stands on the horizontal axis in place of the arms' values."""
    axes: Literal["loglog", "semilogx", "semilogy"] = "loglog"
    """Which of the two are taken as (natural) logarithms."""
    arms: Annotated[tuple[ArmName, ...], Meta(min_length=LEAST, max_length=64)] | None = None
    """The arms that are compared; without it all that have a value."""
    predicted: float | None = None
    """The slope that theory says; or else one of the bounds below."""
    at_least: float | None = None
    """The smallest slope that will do."""
    at_most: float | None = None
    """The largest slope that will do."""

    def __post_init__(self) -> None:
        one_of(predicted=self.predicted, at_least=self.at_least, at_most=self.at_most)
        for key, given in {"arm": self.arm, "term.arm": self.term.arm, "against.arm": _arm_of(self.against)}.items():
            if given is not None:
                raise ValueError(f"a claim of scaling compares arms, so it takes no {key!r}; name them in 'arms'.")

    def needs(self) -> dict[str, str]:
        """The series of the term, and of what it is drawn against."""
        return {**self.term.needs("term"), **(self.against.needs("against") if self.against else {})}

    def arm_faults(self, arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
        """The arms that are not there; or too few with a value that can stand on the axis."""
        named = {f"arms.{place}": arm for place, arm in enumerate(self.arms or ())}
        faults = list(unknown(named, arms))
        yield from faults
        if faults:
            return
        for key, arm in named.items():
            if not self._fits(arms[arm]):
                yield key, f"the arm {arm!r} has no {self._wanted} to stand at; give it one."
        if self.arms is None and len(self._chosen(arms)) < LEAST:
            yield "kind", f"it takes {LEAST} arms with a {self._wanted}; this scenario has {len(self._chosen(arms))}."

    def _fits(self, value: float | None) -> bool:
        """Whether an arm with this value can stand on the horizontal axis."""
        return self.against is not None or (value is not None and (value > 0 or self.axes == "semilogy"))

    @property
    def _wanted(self) -> str:
        return "'value'" if self.axes == "semilogy" else "positive 'value'"

    def _chosen(self, arms: Mapping[str, float | None]) -> list[str]:
        """The arms that are compared: those that are named, else all that can stand on the axis."""
        return list(self.arms or (arm for arm, value in arms.items() if self._fits(value)))

    @property
    def interval(self) -> Interval:
        """Around the prediction, or within the bounds."""
        if self.predicted is None:
            return between(self.at_least, self.at_most)
        return near(self.predicted, self.tolerance)

    @property
    def words(self) -> tuple[str, str]:
        """The slope predicted and how near, or its bounds."""
        if self.predicted is None:
            return f"slope {worded(self.interval)}", ""
        return f"slope {shown(self.predicted)}", f"± {self.tolerance:.4g}"

    def found(self, history: History) -> Sequence[Found]:
        """Each member's slope, or that of the medians where arms have different numbers of seeds."""
        standing = {arm.name: arm.value for arm in history.header.arms}
        chosen = self._chosen(standing)
        if len(chosen) < LEAST:
            empty = np.full(len(history.header.seeds), np.nan)
            note = f"it takes {LEAST} arms with a value"
            return [Found(Measured(empty, self.interval, *self.words, note=note), len(empty), 0)]
        terms = [replace(term, arm=arm) for term in (self.term, self.against) if term for arm in chosen]
        gathered = gather(history, terms)
        up = gathered.values[: len(chosen)]
        across = np.array([standing.get(arm) for arm in chosen], np.float64)[:, None]
        across = gathered.values[len(chosen) :] if self.against else np.broadcast_to(across, up.shape)
        slopes = self._slopes(across, up)
        note = [_span(len(chosen), across), gathered.note]
        if (member := formulas.whose(slopes, self.interval, "median")) is not None:
            note.append(f"{self._line(history, across, up, member)} = {shown(float(slopes[member]))}")
        formula = ""
        if (member := formulas.whose(slopes, self.interval, self.over)) is not None:
            value = formulas.judged(float(slopes[member]), self.interval)
            formula = f"{self._line(history, across, up, member)} = {value}"
        said = "; ".join(filter(None, note))
        told = Measured(slopes, self.interval, *self.words, gathered.pending, note=said, formula=formula)
        return [gathered.found(told)]

    def _line(self, history: History, across: np.ndarray, up: np.ndarray, member: int) -> str:
        """A member's points from left to right, and what is fitted through them."""
        order = np.argsort(across[:, member], kind="stable")
        points = ", ".join(f"({shown(float(across[at, member]))}, {shown(float(up[at, member]))})" for at in order)
        whose = formulas.seed(history, member) if up.shape[1] > 1 else ""
        fitted = {"loglog": "ln y on ln x", "semilogx": "y on ln x", "semilogy": "ln y on x"}[self.axes]
        return f"{whose}{points}: slope of {fitted}"

    def _slopes(self, across: np.ndarray, up: np.ndarray) -> np.ndarray:
        """One slope a member; NaN where an arm is missing, or has no logarithm."""
        across = across if self.axes == "semilogy" else np.log(across)
        up = up if self.axes == "semilogx" else np.log(up)
        whole = np.all(np.isfinite(across) & np.isfinite(up), axis=0)
        slopes = np.full(up.shape[1], np.nan)
        for member in np.flatnonzero(whole):
            slopes[member] = least_squares(across[:, member], up[:, member])
        return slopes


def _arm_of(term: Term | None) -> str | None:
    return None if term is None else term.arm


def _span(arms: int, across: np.ndarray) -> str:
    """How many arms, over how much of the axis: a slope is worth the decades that it spans."""
    decades = np.log10(np.nanmax(across) / np.nanmin(across)) if np.isfinite(across).any() else np.nan
    width = f" over {decades:.2g} decades" if np.isfinite(decades) else ""
    return f"{arms} arms{width}"

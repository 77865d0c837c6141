"""Two numbers stand in a ratio: how far a series rose, how much smaller it is in another arm."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from dltlab.claims import formulas
from dltlab.claims.abstract import AbstractClaim
from dltlab.claims.arms import title, unknown
from dltlab.claims.criteria import between, near, one_of, worded
from dltlab.claims.terms import Term, gather, places
from dltlab.claims.verdict import Found, Interval, Measured, shown
from dltlab.session.history import History


class Ratio(AbstractClaim, frozen=True, kw_only=True):
    """A numerator over a denominator, near a prediction or within bounds."""

    numerator: Term
    """What is divided."""
    denominator: Term
    """What it is divided by."""
    predicted: float | None = None
    """What theory says; or else one of the bounds below."""
    at_least: float | None = None
    """The smallest ratio that will do."""
    at_most: float | None = None
    """The largest ratio that will do."""

    def __post_init__(self) -> None:
        one_of(predicted=self.predicted, at_least=self.at_least, at_most=self.at_most)

    def needs(self) -> dict[str, str]:
        """The series of both."""
        return {**self.numerator.needs("numerator"), **self.denominator.needs("denominator")}

    def arm_faults(self, arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
        """The arms that it or a term names and that are not there."""
        named = {"arm": self.arm, "numerator.arm": self.numerator.arm, "denominator.arm": self.denominator.arm}
        return unknown(named, arms)

    @property
    def interval(self) -> Interval:
        """Around the prediction, or within the bounds."""
        if self.predicted is None:
            return between(self.at_least, self.at_most)
        return near(self.predicted, self.tolerance)

    @property
    def words(self) -> tuple[str, str]:
        """The prediction and its tolerance, or the bounds."""
        if self.predicted is None:
            return worded(self.interval), ""
        return shown(self.predicted), f"± {self.tolerance:.4g}"

    def found(self, history: History) -> Sequence[Found]:
        """Each member's own ratio; that of the medians where the two arms have different numbers of seeds."""
        both = self.numerator, self.denominator
        return [self._found(history, arm) for arm in places(history, both, self.arm)]

    def _found(self, history: History, arm: str | None) -> Found:
        terms = gather(history, (self.numerator, self.denominator), arm)
        above, below = terms.values
        ratios = np.where(below == 0, np.nan, above / below)
        formula = ""
        if (member := formulas.whose(ratios, self.interval, self.over)) is not None:
            numbers = f"{shown(float(above[member]))} / {shown(float(below[member]))}"
            whose = formulas.seed(history, member) if len(ratios) > 1 else ""
            value = formulas.judged(float(ratios[member]), self.interval)
            formula = f"{whose}{' / '.join(terms.names)} = {numbers} = {value}"
        told = Measured(ratios, self.interval, *self.words, terms.pending, note=terms.note, formula=formula)
        return terms.found(told, title(history, arm))

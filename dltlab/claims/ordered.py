"""Numbers come in an order: more width, less drift; more noise, a flatter minimum."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from dltlab.claims import formulas
from dltlab.claims.abstract import AbstractClaim
from dltlab.claims.arms import title, unknown
from dltlab.claims.terms import Gathered, Term, gather, places
from dltlab.claims.verdict import Found, Interval, Measured, middle, shown
from dltlab.session.history import History


class Ordered(AbstractClaim, frozen=True, kw_only=True):
    """The smallest step from one term to the next in a direction: above nothing, or by a factor at least."""

    terms: Annotated[tuple[Term, ...], Meta(min_length=2, max_length=64)]
    """What is put in order, from the first to the last."""
    direction: Literal["falls", "rises"] = "falls"
    """Whether each term is smaller, or larger, than the one before."""
    factor: Annotated[float, Meta(gt=1)] | None = None
    """By how much each term is larger or smaller than the one before; without it, by anything at all."""

    def needs(self) -> dict[str, str]:
        """The series of every term."""
        return {
            key: name for place, term in enumerate(self.terms) for key, name in term.needs(f"terms.{place}").items()
        }

    def arm_faults(self, arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
        """The arms that it or a term names and that are not there."""
        return unknown({"arm": self.arm, **{f"terms.{n}.arm": term.arm for n, term in enumerate(self.terms)}}, arms)

    @property
    def interval(self) -> Interval:
        """Above nothing (less the tolerance), or from the factor on."""
        return Interval(-self.tolerance, strict=True) if self.factor is None else Interval(self.factor - self.tolerance)

    @property
    def words(self) -> tuple[str, str]:
        """The direction, and by how much."""
        size = "" if self.factor is None else f" × {self.factor:.4g}"
        return f"{self.direction}{size}, each time", f"± {self.tolerance:.4g}" if self.tolerance else ""

    def found(self, history: History) -> Sequence[Found]:
        """Each member's smallest step, or that of the medians where arms have different numbers of seeds."""
        return [self._found(history, arm) for arm in places(history, self.terms, self.arm)]

    def _found(self, history: History, arm: str | None) -> Found:
        terms = gather(history, self.terms, arm)
        values = self._smallest(terms.values)
        formula = ""
        if (member := formulas.whose(values, self.interval, self.over)) is not None:
            value = formulas.judged(float(values[member]), self.interval)
            formula = f"{self._row(history, terms, member)} {value}"
        note = "; ".join(filter(None, (terms.note, self._example(history, terms, values))))
        told = Measured(values, self.interval, *self.words, terms.pending, note=note, formula=formula)
        return terms.found(told, title(history, arm))

    def _example(self, history: History, terms: Gathered, values: np.ndarray) -> str:
        """The terms of the member whose step is nearest the median, with that step; what there is while some lack."""
        member = formulas.whose(values, self.interval, "median")
        if member is None:
            return ", ".join(shown(middle(row[~np.isnan(row)])) for row in terms.values)
        return f"{self._row(history, terms, member)} {shown(float(values[member]))}"

    def _row(self, history: History, terms: Gathered, member: int) -> str:
        """A member's terms in their order, and what is read off them."""
        row = ", ".join(shown(float(value)) for value in terms.values[:, member])
        whose = formulas.seed(history, member) if terms.values.shape[1] > 1 else ""
        return f"{whose}{row}: smallest {'difference' if self.factor is None else 'factor'}"

    def _smallest(self, values: np.ndarray) -> np.ndarray:
        """The smallest difference (ratio, where there is a factor) between neighbours, one a member."""
        before, after = values[:-1], values[1:]
        if self.direction == "falls":
            before, after = after, before
        if self.factor is None:
            return np.min(after - before, axis=0)
        # A factor is a word of positive numbers.
        return np.min(np.where((before > 0) & (after > 0), after / before, np.nan), axis=0)

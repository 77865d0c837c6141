"""Interpolation: every example is fitted."""

from collections.abc import Iterable
from typing import Final, final

import numpy as np

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.chapter import Chapter
from dltlab.chapters.series import figure, losses
from dltlab.session.tables import of_kind

FITTED: Final = 1e-4
"""Of the loss at the start, where no claim says how small: the residuals of a square loss are a hundredth then."""
_LASTS: Final = 5
"""Readings in a row for which it must hold."""


@final
class Interpolation(AbstractDetector):
    """The training error is zero (Zhang et al. 2017, arXiv:1611.03530); without an accuracy, the loss is next to it.

    Where the scenario reads the training accuracy it opens when that reaches 1; else when the training loss falls
    below what a claim of the scenario asks of its end, or, without one, a ten-thousandth of its first reading. In each
    case it must stay there for five readings. A problem without examples has nothing to interpolate.
    """

    def __init__(self) -> None:
        self._name: str | None = None
        self._accuracy = False
        self._first: float | None = None
        self._claimed: float | None = None
        self._next = 0
        self._done = False

    def look(self, member: Member) -> Iterable[Chapter]:
        """Once a session."""
        if self._name is None:
            self._choose(member)
        before = min(self._next, _LASTS - 1)
        steps, values = member.leading(self._name or "", self._next - before)
        if self._done or len(steps) <= before:
            return
        self._next += len(steps) - before
        if self._first is None:
            whole = values[np.isfinite(values)]
            self._first = float(whole[0]) if len(whole) else None
        if self._first is None or (self._first >= 1 if self._accuracy else self._first <= 2 * self._level(self._first)):
            return
        with np.errstate(invalid="ignore"):
            fitted = values >= 1 if self._accuracy else (values >= 0) & (values < self._level(self._first))
        if len(fitted) < _LASTS:
            return
        lasting = np.lib.stride_tricks.sliding_window_view(fitted, _LASTS).all(axis=1)
        if lasting.any():
            self._done, at = True, int(lasting.argmax())
            yield self._chapter(member, int(steps[at]), float(values[at]), int(steps[at + _LASTS - 1]))

    def _choose(self, member: Member) -> None:
        problem = member.history.header.scenario.get("problem")
        if not isinstance(problem, dict) or "data" not in problem:
            self._name = ""
            return
        accuracies = [name for name in of_kind(member.history.header, "probes", "accuracy") if name in member.history]
        self._accuracy = bool(accuracies)
        self._name = next(iter(accuracies or losses(member)), "")
        self._claimed = None if self._accuracy else _claimed(member, self._name)

    def _level(self, first: float) -> float:
        return FITTED * first if self._claimed is None else self._claimed

    def _chapter(self, member: Member, step: int, value: float, known: int) -> Chapter:
        if self._accuracy:
            text = "Interpolation: every training example is classified correctly."
        else:
            began = f"the {figure(self._first or 0.0)} that it began at"
            less = f"less than a ten-thousandth of {began}" if self._claimed is None else f"below {self._claimed:g}"
            text = f"Interpolation: the training loss is {figure(value)}, {less}."
        return Chapter(step, "interpolation", "interpolation reached", text, self._name or "", member.arm, known)


def _claimed(member: Member, name: str) -> float | None:
    """What the training loss must end below, by a claim about this arm."""
    claims = member.history.header.scenario.get("claims")
    for claim in claims if isinstance(claims, list | tuple) else ():
        match claim:
            case {"kind": "level", "series": str(series), "statistic": "last", "below": float(below)} if (
                series == name and below > 0 and claim.get("arm") in (None, member.arm)
            ):
                return below
            case _:
                continue
    return None

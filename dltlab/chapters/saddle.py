"""Saddles that are left, as the probes of a problem with known saddles tell."""

from collections.abc import Iterable, Iterator
from typing import Final, final

import numpy as np

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.chapter import Chapter
from dltlab.session.tables import of_kind

_PROBES: Final = ("exits", "escape")
_MOST: Final = 1000
"""Saddles that are told of."""


@final
class SaddleEscaped(AbstractDetector):
    """A saddle is left for good: the k-th of the octopus (Du et al. 2017, arXiv:1705.10412), or the only one.

    The probes ``exits`` and ``escape`` read, per saddle, the first step at which the iterate is far along its way out.
    """

    def __init__(self) -> None:
        self._names: list[str] | None = None
        self._next: dict[str, int] = {}
        self._told: dict[str, int] = {}
        """Per series, how many of its saddles were left."""
        self._since = 0

    def look(self, member: Member) -> Iterable[Chapter]:
        """Each saddle once, when a reading first knows of it."""
        if self._names is None:
            header = member.history.header
            named = [name for kind in _PROBES for name in of_kind(header, "probes", kind)]
            self._names = [name for name in named if name in member.history]
        for name in self._names:
            first = self._next.get(name, 0)
            steps, values = member.readings(name, first)
            if len(steps):
                self._next[name] = first + len(steps)
                yield from self._left(member, name, steps, np.asarray(values, np.float64).reshape(len(steps), -1))

    def _left(self, member: Member, name: str, steps: np.ndarray, values: np.ndarray) -> Iterator[Chapter]:
        """Saddles are left in their order, so only those not yet left are looked at."""
        for saddle in range(self._told.get(name, 0), min(values.shape[1], _MOST)):
            left = np.isfinite(values[:, saddle])
            if not left.any():
                break
            row = int(left.argmax())
            known = int(steps[row])
            step = int(min(max(float(values[row, saddle]), 0.0), known))
            self._told[name] = saddle + 1
            # Who begins beyond a saddle has not escaped it.
            if step > 0:
                yield self._chapter(member, name, saddle if values.shape[1] > 1 else None, step, known)
                self._since = step

    def _chapter(self, member: Member, name: str, saddle: int | None, step: int, known: int) -> Chapter:
        predicted = self._predicted(member, name, saddle or 0, known)
        theory = f"; theory says step {predicted:,.0f}" if np.isfinite(predicted) else ""
        if saddle is None:
            text = f"The saddle is escaped at step {step:,}{theory}."
            return Chapter(step, "saddle", "saddle escaped", text, name, member.arm, known)
        text = f"Saddle {saddle + 1} is escaped at step {step:,}{theory}. It held for {step - self._since:,} steps."
        return Chapter(step, "saddle", f"saddle {saddle + 1} escaped", text, name, member.arm, known)

    def _predicted(self, member: Member, name: str, saddle: int, known: int) -> float:
        """The escape step of theory, as far as it was read by then."""
        steps, values = member.readings(f"{name}.theory")
        last = int(np.searchsorted(steps, known, "right"))
        if not last or saddle >= values[0].size:
            return np.nan
        return float(values[last - 1].reshape(-1)[saddle])

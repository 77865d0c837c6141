"""Kernel drift: the tangent kernel is no longer that of the start, so that features are learned."""

from collections.abc import Iterable
from typing import Final, final

import numpy as np

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.chapter import Chapter
from dltlab.session.tables import of_kind

LEVELS: Final = {0.1: "training is no longer lazy", 1.0: "more than it was itself, features are learned"}
"""Of ‖K(t)−K(0)‖/‖K(0)‖: where a chapter opens, and what that says."""
_WELL_BELOW: Final = 0.7
"""Of a level, where the drift must have been before it: what scatters around a level does not rise above it."""
_LASTS: Final = 2
"""Readings in a row; kernels are dear, and read seldom."""


@final
class KernelDrift(AbstractDetector):
    """‖K(t)−K(0)‖/‖K(0)‖ rises above a tenth, and above 1 (Chizat, Oyallon & Bach 2019, arXiv:1812.07956)."""

    def __init__(self) -> None:
        self._name: str | None = None
        self._next = 0
        self._below: set[float] = set()
        self._told: set[float] = set()

    def look(self, member: Member) -> Iterable[Chapter]:
        """Each level once, provided that the drift was once well below it; of two in one reading the higher."""
        if self._name is None:
            names = [f"{name}.drift" for name in of_kind(member.history.header, "probes", "ntk")]
            self._name = next((name for name in names if name in member.history), "")
        before = min(self._next, _LASTS - 1)
        steps, values = member.leading(self._name, self._next - before)
        if len(steps) <= before:
            return
        self._next += len(steps) - before
        found: dict[int, Chapter] = {}
        for level, says in LEVELS.items():
            if level in self._told:
                continue
            below = np.flatnonzero(values < _WELL_BELOW * level)
            if level not in self._below and not len(below):
                continue
            first = 0 if level in self._below else int(below[0])
            self._below.add(level)
            above = np.isfinite(values) & (values >= level)
            lasting = above[first:-1] & above[first + 1 :]
            if lasting.any():
                self._told.add(level)
                at = first + int(lasting.argmax())
                step, value, known = int(steps[at]), float(values[at]), int(steps[at + 1])
                found[step] = self._chapter(member, step, value, level, says, known)
        yield from found.values()

    def _chapter(self, member: Member, step: int, value: float, level: float, says: str, known: int) -> Chapter:
        text = f"The tangent kernel has changed by ‖K(t)−K(0)‖ = {value:.3g} ‖K(0)‖, above {level:g}: {says}."
        return Chapter(step, "kernel drift", f"kernel drift above {level:g}", text, self._name or "", member.arm, known)

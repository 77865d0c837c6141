"""The catapult: steps too large for the start throw the iterate to where the loss is flatter."""

from collections.abc import Iterable
from typing import Final, final

import numpy as np

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.chapter import Chapter
from dltlab.chapters.meeting import MOVED
from dltlab.chapters.series import figure, losses, sharp, standing, title

ROSE: Final = 1.5
"""Times the loss at the start that it must have risen to."""
FLATTER: Final = 0.9
"""Of the sharpness at the start, what it must have fallen to."""
_OPENING: Final = 3
"""Readings under a threshold by which the sharpness must be above it: later on, that is the edge."""


@final
class Catapult(AbstractDetector):
    """For 2/η < λ < 4/η the loss first rises, then settles where λ < 2/η (Lewkowycz et al. 2020, arXiv:2003.02218).

    It is looked for wherever a threshold begins: at the start, and where a knob took it below the sharpness. It opens
    where the loss begins to rise, once the loss is back below where it was and the sharpness below its threshold.
    """

    def __init__(self) -> None:
        self._sharp: str | None = None
        self._loss = ""
        self._from = 0
        """The first reading of the sharpness under the present threshold, or the last seen under the one before."""
        self._next = 0
        self._thrown = -1
        """The reading at which the sharpness was first above the threshold; −1 where it was not at the beginning."""
        self._settled = -1
        self._seen = 0
        """The first reading of the loss of which nobody knows whether it is back down."""
        self._over = False
        """Whether there is nothing more to find under this threshold."""

    def look(self, member: Member) -> Iterable[Chapter]:
        """At most one under each threshold."""
        if self._sharp is None:
            self._sharp = next((name for name in sharp(member) if f"{name}.theory" in member.history), "")
            self._loss = next(iter(losses(member)), "")
        before = min(self._next, 1)
        steps, values = member.leading(self._sharp if self._loss else "", self._next - before)
        if len(steps) <= before:
            yield from self._landed(member, None)
            return
        levels = standing(steps, member, f"{self._sharp}.theory")
        with np.errstate(all="ignore"):
            jumps = 1 + np.flatnonzero(np.abs(levels[1:] / levels[:-1] - 1) > MOVED)
        base = self._next - before
        self._next += len(steps) - before
        begin = before
        for end in (*jumps, len(steps)):
            self._throw(base, begin, int(end), values, levels)
            last = int(steps[end]) if end < len(steps) else None
            yield from self._landed(member, last)
            if end < len(steps):
                self._from, self._thrown, self._settled, self._seen = base + int(end), -1, -1, 0
                self._over = False
            begin = int(end)

    def _throw(self, base: int, begin: int, end: int, values: np.ndarray, levels: np.ndarray) -> None:
        """Find where the sharpness is first above its threshold, and then the first of three readings below it."""
        if self._over:
            return
        above = values[begin:end] > levels[begin:end]
        if self._thrown < 0:
            opening = above[: max(self._from + _OPENING - base - begin, 0)]
            if opening.any():
                self._thrown = base + begin + int(opening.argmax())
            elif base + end >= self._from + _OPENING:
                self._over = True
        if self._thrown >= 0 and self._settled < 0:
            first = max(self._thrown - base, begin)
            below = values[first:end] < levels[first:end]
            if below.any():
                self._settled = base + first + int(below.argmax())

    def _landed(self, member: Member, last: int | None) -> Iterable[Chapter]:
        """Once the sharpness is below its threshold: whether the loss has been up, and is back down."""
        if self._over or self._settled < 0:
            return
        at, values = member.leading(self._sharp or "", self._thrown, self._settled + 1)
        steps, _ = member.readings(self._loss)
        start = max(int(np.searchsorted(steps, at[0], "right")) - 1, 0)
        stop = len(steps) if last is None else int(np.searchsorted(steps, last))
        back = max(int(np.searchsorted(steps, at[-1])), self._seen)
        if start >= stop or back >= stop:
            return
        self._seen = stop
        _, (begun, *_) = member.leading(self._loss, start, start + 1)
        _, fresh = member.leading(self._loss, back, stop)
        with np.errstate(all="ignore"):
            down = np.flatnonzero(fresh < begun)
        if not len(down):
            return
        known = back + int(down[0])
        self._over = True
        _, way = member.leading(self._loss, start, known + 1)
        top = int(np.nanargmax(way))
        lowest, peak = start + int(np.nanargmin(way[: max(top, 1)])), float(way[top])
        if not (peak >= ROSE * begun > 0 and values[-1] <= FLATTER * values[0]):
            return
        threshold = float(standing(at[:1], member, f"{self._sharp}.theory")[0])
        limit = title(member, f"{self._sharp}.theory", "its threshold")
        text = (
            f"A catapult: with the sharpness at {figure(values[0])}, above {limit} = {figure(threshold)}, the loss "
            f"rises from {figure(begun)} to {figure(peak)} and is back by step {steps[known]:,}, where "
            f"it is flatter: the sharpness is {figure(values[-1])}."
        )
        yield Chapter(int(steps[lowest]), "catapult", "catapult", text, self._loss, member.arm, int(steps[known]))

"""Progressive sharpening: below its threshold the sharpness climbs while the loss falls."""

from collections.abc import Iterable
from typing import Final, final

import numpy as np

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.chapter import Chapter
from dltlab.chapters.meeting import MOVED
from dltlab.chapters.series import figure, sharp, standing, title

GROWN: Final = 1.4
"""Times its least value that the sharpness must have grown to."""
_SMOOTH: Final = 3
"""Readings whose median is looked at, so that one reading alone shows nothing."""


@final
class Sharpening(AbstractDetector):
    """The sharpness climbs from its least value while it is below its threshold (Cohen et al. 2021, section 3.1).

    It opens at the least reading, once the sharpness has grown to 1.4 times that: once a session, and once more after
    a knob has moved the threshold.
    """

    def __init__(self) -> None:
        self._name: str | None = None
        self._next = 0
        self._since = 0
        """The first reading under this threshold."""
        self._least = np.inf
        self._at = 0
        self._told = False

    def look(self, member: Member) -> Iterable[Chapter]:
        """The first climb under each threshold."""
        if self._name is None:
            self._name = next(iter(sharp(member)), "")
        # The median of a reading and the two before it, and the threshold of the one before.
        first = max(self._next - _SMOOTH, 0)
        steps, values = member.leading(self._name, first)
        fresh = self._next - first
        if len(steps) <= fresh:
            return
        self._next += len(steps) - fresh
        levels = standing(steps, member, f"{self._name}.theory")
        with np.errstate(all="ignore"):
            jumps = fresh + np.flatnonzero(np.abs(levels[max(fresh, 1) :] / levels[max(fresh, 1) - 1 : -1] - 1) > MOVED)
        begin = fresh
        for end in (*(jumps + (fresh == 0)), len(steps)):
            # Readings under another threshold say nothing of this one: they lie before the turn that moved it.
            since = max(self._since - first, 0)
            own = (steps[since:], values[since:], levels[since:])
            yield from self._climb(member, *own, begin - since, int(end) - since)
            if end < len(steps):
                self._least, self._told, self._since = np.inf, False, first + int(end)
            begin = int(end)

    def _climb(
        self, member: Member, steps: np.ndarray, values: np.ndarray, levels: np.ndarray, begin: int, end: int
    ) -> Iterable[Chapter]:
        """What the readings from ``begin`` to before ``end`` show, under one threshold."""
        if self._told or begin >= end:
            return
        early = np.full(max(_SMOOTH - 1 - begin, 0), np.nan)
        padded = np.concatenate([early, values[max(begin - _SMOOTH + 1, 0) : end]])
        windows = np.lib.stride_tricks.sliding_window_view(padded, _SMOOTH)
        smooth = np.median(windows, axis=1)
        smooth = np.where(np.isfinite(smooth) & (smooth > 0), smooth, np.nan)
        with np.errstate(all="ignore"):
            least = np.fmin.accumulate(np.concatenate([[self._least], smooth]))[1:]
            # What lies beyond the threshold is no longer on its way to it.
            reached = np.where(np.isnan(smooth), np.nan, np.fmin(smooth, levels[begin:end]))
            grown = np.flatnonzero(reached >= GROWN * least)
        last = int(grown[0]) + 1 if len(grown) else end - begin
        lower = np.flatnonzero(least[:last] < np.concatenate([[self._least], least[: last - 1]]))
        if len(lower):
            place = int(lower[-1])
            self._least = float(least[last - 1])
            self._at = int(steps[max(begin + place - _SMOOTH + 1 + int(np.argmin(windows[place])), 0)])
        if len(grown):
            self._told = True
            yield self._chapter(
                member, int(steps[begin + last - 1]), float(reached[last - 1]), levels[begin + last - 1]
            )

    def _chapter(self, member: Member, known: int, value: float, level: float) -> Chapter:
        limit = title(member, f"{self._name}.theory", "its threshold")
        towards = f", towards {limit} = {figure(level)}" if np.isfinite(level) else ""
        text = (
            f"Progressive sharpening: the sharpness climbs from {figure(self._least)} to {figure(value)} "
            f"by step {known:,}, {value / self._least:.2g}-fold{towards}."
        )
        return Chapter(self._at, "sharpening", "progressive sharpening", text, self._name or "", member.arm, known)

"""Running means: each of the readings within half a window of where it stands, before and behind alike.

So that nothing is shifted in time; a mean is drawn where its whole window has been read, and
never changes afterwards. The readings themselves are always drawn below it.
"""

import math
from typing import Final

import numpy as np

from dltlab.terminal.drawing.numbers import count, short
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.thinning import Run

LENGTHS: Final = {"none": 0.0, "short": 0.02, "long": 0.1}
"""Windows, as fractions of what is seen of the step axis."""
_PLACES: Final = 512
_ENOUGH: Final = 3
"""Readings that a window holds on average, for a mean to say more than they do."""


def wide(span: Span, length: str) -> float:
    """A window as a fraction of the axis: 1, 2 or 5 times a power of ten of steps where the axis is linear."""
    share = LENGTHS.get(length, 0.0)
    if not share or span.log:
        return share
    steps = max(share * span.steps, 1.0)
    power = 10.0 ** math.floor(math.log10(steps))
    return min((round_one * power for round_one in (1, 2, 5, 10)), key=lambda n: abs(n - steps)) / span.steps


def said(span: Span, share: float) -> str:
    """A window in words: so many steps, or a factor between them."""
    if not span.log:
        return f"{count(share * span.steps)} steps"
    return f"×{short(max(span.last / max(span.first, 1), 1.0) ** share)}"


class Mean:
    """The running means of some tracks along a span, as far as they are known: a Track like the readings' own."""

    def __init__(self, span: Span, share: float, tracks: int) -> None:
        self._at = (np.arange(_PLACES) + 0.5) / _PLACES
        places = [[span.step(float(at) + half) for at in self._at] for half in (-share / 2, share / 2)]
        self._low, self._high = (np.array(one, np.int64) for one in places)
        self._inside = self._low >= int(span.log)
        self.values = np.full((_PLACES, tracks), np.nan)
        self._known = 0
        self.unfinite = self.unlogged = np.zeros(tracks, np.int64)

    def needed(self, steps: np.ndarray) -> tuple[int, int, int]:
        """How many of the places can be known by now, and which readings tell of the new ones: from, to before."""
        if not len(steps):
            return self._known, 0, 0
        known = int(np.searchsorted(self._high, int(steps[-1]), "right"))
        if known <= self._known:
            return self._known, 0, 0
        first, end = np.searchsorted(steps, (self._low[self._known], self._high[known - 1] + 1)).tolist()
        return known, first, end

    def extend(self, known: int, steps: np.ndarray, values: np.ndarray) -> None:
        """Take in the readings, shape (n,) and (n, tracks), that tell of the places up to before ``known``."""
        which = slice(self._known, known)
        low = np.searchsorted(steps, self._low[which])
        high = np.searchsorted(steps, self._high[which], "right")
        self._known = known
        full = (high > low) & self._inside[which]
        finite = np.isfinite(values)
        pairs = np.stack([low, high], axis=1).ravel()
        nothing = np.zeros((1, values.shape[1]))
        with np.errstate(all="ignore"):
            # One row more, so that a window may end with the last reading.
            total, number = (
                np.add.reduceat(np.concatenate([one, nothing]), pairs, axis=0)[::2]
                for one in (np.where(finite, values, 0.0), finite.astype(np.float64))
            )
            mean = np.where((number > 0) & full[:, None], total / number, np.nan)
        self.values[which] = np.where(np.isfinite(mean), mean, np.nan)

    def _shown(self, track: int, *, log: bool) -> np.ndarray:
        values = self.values[:, track]
        return np.isfinite(values) & ((values > 0) | (not log))

    def extent(self, track: int, *, log: bool) -> tuple[float, float] | None:
        """The least and the largest mean that the axis can show, if there is one."""
        values = self.values[self._shown(track, log=log), track]
        return (float(values.min()), float(values.max())) if len(values) else None

    def runs(self, track: int, columns: int, *, log: bool) -> list[Run]:
        """Its unbroken pieces."""
        places = np.flatnonzero(self._shown(track, log=log))
        pieces = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
        across = self._at * max(columns - 1, 1)
        return [Run(across[piece], self.values[piece, track]) for piece in pieces if len(piece)]


def enough(steps: np.ndarray, span: Span, share: float) -> bool:
    """Whether so many readings lie in a span that a mean over such windows says more than they do."""
    low, high = np.searchsorted(steps, (span.first, span.last + 1))
    if high <= low:
        return False
    ends = [min(max(span.at(int(steps[at])), 0.0), 1.0) for at in (low, high - 1)]
    return int(high - low) * share >= _ENOUGH * max(ends[1] - ends[0], share)

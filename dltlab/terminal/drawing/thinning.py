"""Long series at the price of short ones: minimum and maximum of equal stretches of steps.

The step axis spans the steps that are planned, so the stretches are known beforehand and a
reading costs the same whenever it comes: a million readings and a hundred draw alike.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

STRETCHES: Final = 1024
_SLICE: Final = 1 << 16
Point = tuple[float, float]


class Run(NamedTuple):
    """An unbroken piece of a thinned curve: at most two points a column."""

    columns: np.ndarray
    values: np.ndarray
    apart: np.ndarray | None = None
    """For each point how far the reading before it lies, as a fraction of the axis; 0 where no step was between."""
    led: tuple[bool, bool] = (False, False)
    """Whether its first and its last point lie on the way to a reading beyond the axis, and are none themselves."""


class Stretches:
    """Minimum and maximum of some tracks in equal stretches of the step axis.

    A stretch without finite readings holds NaN; ``positive`` is the least positive reading,
    for logarithmic axes. With ``first`` the step axis is logarithmic from that step on, and so
    are the stretches; earlier readings have no place on it. With ``start`` it is a window from
    that step on: of what lies outside of it the nearest readings are kept, to which its curves lead.
    """

    def __init__(self, planned: int, tracks: int, count: int = STRETCHES, first: int = 0, start: int = 0) -> None:
        self.start = max(start, first)
        self.planned = max(planned, self.start + 1)
        self.count = count
        self.first = first
        self._before: tuple[int, np.ndarray] | None = None
        self._after: tuple[int, np.ndarray] | None = None
        self.low = np.full((count, tracks), np.nan)
        self.high = np.full((count, tracks), np.nan)
        self.positive = np.full((count, tracks), np.nan)
        self.broken = np.zeros((count, tracks), bool)
        """Whether the stretch held a NaN or an infinity."""
        self.unlogged = np.zeros(tracks, np.int64)
        """Finite readings that no logarithm takes."""
        self.unfinite = np.zeros(tracks, np.int64)
        """Readings that are no finite number, and should be."""
        self.since = np.zeros(count)
        """The largest number of steps from one reading to the next, in the stretch of the next."""
        self._last: int | None = None

    def extend(self, steps: np.ndarray, values: np.ndarray, absent: np.ndarray | None = None) -> None:
        """Take in readings, shape (n,) and (n, tracks), at increasing steps; ``absent`` ones need not be numbers."""
        for start in range(0, len(steps), _SLICE):
            part = slice(start, start + _SLICE)
            self._extend(steps[part], values[part], np.False_ if absent is None else absent[part])

    def _places(self, steps: np.ndarray) -> np.ndarray:
        """The stretch that each step lies in."""
        if self.first:
            at = np.log(steps / self.first) / np.log(max(self.planned / self.first, 1 + 1e-9))
            return np.clip((at * self.count).astype(np.int64), 0, self.count - 1)
        if self.planned - self.start < self.count:
            # Few steps lie where the axis has them: the last one at its end.
            return np.rint((steps - self.start) * ((self.count - 1) / (self.planned - self.start))).astype(np.int64)
        return np.clip((steps - self.start) * self.count // (self.planned - self.start + 1), 0, self.count - 1)

    def needed(self, steps: np.ndarray) -> tuple[int, int]:
        """Which of the readings at some steps, increasing, have a place here or lead to it: from, to before."""
        low = int(np.searchsorted(steps, self.start)) if self.start else 0
        return max(low - 1, 0), int(np.searchsorted(steps, self.planned, "right")) + 1

    def _extend(self, steps: np.ndarray, values: np.ndarray, absent: np.ndarray | np.bool_) -> None:
        if self.start or (len(steps) and steps[-1] > self.planned):
            # What is drawn over a shorter session ends where its axis does.
            low, high = (int(at) for at in np.searchsorted(steps, (self.start, self.planned + 1)))
            if low and not self.first:
                self._before, self._last = (int(steps[low - 1]), values[low - 1].copy()), int(steps[low - 1])
            if high < len(steps) and self._after is None:
                self._after = int(steps[high]), values[high].copy()
            steps, values = steps[low:high], values[low:high]
            absent = absent[low:high] if isinstance(absent, np.ndarray) else absent
        if not len(steps):
            return
        at = self._places(steps)
        starts = np.flatnonzero(np.r_[True, at[1:] != at[:-1]])
        where = at[starts]
        finite = np.isfinite(values)
        kept = np.where(finite, values, np.nan)
        above = np.where(kept > 0, kept, np.nan)
        self.low[where] = np.fmin(self.low[where], np.fmin.reduceat(kept, starts, axis=0))
        self.high[where] = np.fmax(self.high[where], np.fmax.reduceat(kept, starts, axis=0))
        self.positive[where] = np.fmin(self.positive[where], np.fmin.reduceat(above, starts, axis=0))
        self.broken[where] |= np.logical_or.reduceat(~finite, starts, axis=0)
        since = np.diff(steps, prepend=steps[0] if self._last is None else self._last)
        self.since[where] = np.fmax(self.since[where], np.maximum.reduceat(since, starts))
        self._last = int(steps[-1])
        self.unfinite += (~finite & ~absent).sum(axis=0)
        self.unlogged += (kept <= 0).sum(axis=0)

    def extent(self, track: int, *, log: bool) -> tuple[float, float] | None:
        """The least and the largest reading that the axis can show, if there is one."""
        low = self.positive[:, track] if log else self.low[:, track]
        shown = np.isfinite(low)
        if not shown.any():
            beside = [float(one[1][track]) for one in (self._before, self._after) if one is not None]
            beside = [value for value in beside if np.isfinite(value) and (value > 0 or not log)]
            return (min(beside), max(beside)) if len(beside) == 2 else None
        return float(low[shown].min()), float(self.high[shown, track].max())

    def extent_until(self, step: int, track: int, *, log: bool) -> tuple[float, float] | None:
        """The least and the largest reading up to a step, if there is one."""
        last = int(self._places(np.array([min(max(step, self.start), self.planned)]))[0]) + 1
        low = (self.positive if log else self.low)[:last, track]
        shown = np.isfinite(low)
        return (float(low[shown].min()), float(self.high[:last, track][shown].max())) if shown.any() else None

    def runs(self, track: int, columns: int, *, log: bool) -> list[Run]:
        """The curve in so many columns, broken where no reading was finite."""
        columns = max(min(columns, self.count), 1)
        low = self.positive[:, track] if log else self.low[:, track]
        high = np.where(np.isfinite(low), self.high[:, track], np.nan)
        lost = self.broken[:, track] | (np.isfinite(self.low[:, track]) & np.isnan(low))
        starts = _starts(self.count, columns)
        low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
        gap = np.logical_or.reduceat(lost, starts) & np.isnan(low)
        shown = np.flatnonzero(np.isfinite(low))
        apart = self._apart(starts)
        piece = np.cumsum(gap)[shown]
        parts = np.split(shown, np.flatnonzero(np.diff(piece)) + 1) if gap.any() else [shown]
        runs = [_strokes(part, low[part], high[part], apart[part]) for part in parts if len(part)]
        if self._before is None and self._after is None:
            return runs
        first, last = (shown[0], shown[-1]) if len(shown) else (columns, 0)
        whole = not gap[:first].any(), not gap[last:].any()
        return self._led(runs, track, columns, whole, log=log)

    def _led(self, runs: list[Run], track: int, columns: int, whole: tuple[bool, bool], *, log: bool) -> list[Run]:
        """The pieces with the ways to the readings that lie nearest outside of the window."""
        before, after = (
            self._outside(one, track, columns, log=log) if unbroken else None
            for one, unbroken in zip((self._before, self._after), whole, strict=True)
        )
        if not runs:
            if before is None or after is None:
                return runs
            ends = np.array([before, after])
            edges = np.array([0.0, columns - 1.0])
            return [Run(edges, _between(ends, edges, log=log), np.array([0.0, 1.0]), (True, True))]
        if before is not None:
            first = runs[0]
            ends = np.array([before, (float(first.columns[0]), float(first.values[0]))])
            runs[0] = _joined(first, 0, _between(ends, np.zeros(1), log=log), 0.0)
        if after is not None:
            last = runs[-1]
            ends = np.array([(float(last.columns[-1]), float(last.values[-1])), after])
            apart = (after[0] - ends[0, 0]) / columns
            runs[-1] = _joined(last, columns - 1, _between(ends, np.array([columns - 1.0]), log=log), apart)
        return runs

    def _outside(self, one: tuple[int, np.ndarray] | None, track: int, columns: int, *, log: bool) -> Point | None:
        """The column, beyond all of the window's, and the value of a reading outside of it."""
        if one is None or self.first or not np.isfinite(one[1][track]) or (log and one[1][track] <= 0):
            return None
        return (one[0] - self.start) / (self.planned - self.start) * (columns - 1), float(one[1][track])

    def spans(self, track: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest reading of each of so many columns; NaN where there is none."""
        starts = _starts(self.count, max(min(columns, self.count), 1))
        return np.fmin.reduceat(self.low[:, track], starts), np.fmax.reduceat(self.high[:, track], starts)

    def _apart(self, starts: np.ndarray) -> np.ndarray:
        """How far before each column's first reading the one before it lies, as a fraction of the axis."""
        since = np.maximum.reduceat(self.since, starts)
        # Between neighbouring steps there is nothing to be measured.
        since = np.where(since > 1, since, 0.0)
        if not self.first:
            return since / (self.planned - self.start)
        width = np.log(max(self.planned / self.first, 1 + 1e-9))
        at = self.first * np.exp((starts + 0.5) / self.count * width)
        return np.log(at / np.clip(at - since, min(self.first, at[0]), at)) / width


@lru_cache(maxsize=64)
def _starts(count: int, columns: int) -> np.ndarray:
    """The first stretch of each column."""
    return -(-np.arange(columns) * count // columns)


def _between(ends: np.ndarray, at: np.ndarray, *, log: bool) -> np.ndarray:
    """Values at some columns on the straight way between two points, rows of ``ends``: straight as it is drawn."""
    heights = np.log10(ends[:, 1]) if log else ends[:, 1]
    found = np.interp(at, ends[:, 0], heights)
    return 10.0**found if log else found


def _joined(run: Run, column: int, value: np.ndarray, apart: float) -> Run:
    """A piece with a point more at its beginning, if that is at the first column, or else at its end."""
    at = 0 if column == 0 else len(run.columns)
    gaps = np.zeros(len(run.columns)) if run.apart is None else run.apart
    led = (True, run.led[1]) if column == 0 else (run.led[0], True)
    return Run(np.insert(run.columns, at, column), np.insert(run.values, at, value), np.insert(gaps, at, apart), led)


def _strokes(columns: np.ndarray, low: np.ndarray, high: np.ndarray, apart: np.ndarray | None = None) -> Run:
    """Both extremes of each column, in the order that the curve passes them."""
    middle = low / 2 + high / 2
    rising = np.r_[middle[1:] >= middle[:-1], True] if len(middle) > 1 else np.array([True])
    pairs = np.stack([np.where(rising, low, high), np.where(rising, high, low)], axis=1).ravel()
    twice = np.repeat(columns, 2)
    once = np.ones(len(pairs), bool)
    once[1::2] = low != high
    return Run(twice[once], pairs[once], None if apart is None else np.repeat(apart, 2)[once])


def thin(x: np.ndarray, y: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Points with x in [0, 1], increasing, to at most two a column, extremes kept."""
    if len(x) <= 2 * columns:
        return x, y
    at = np.clip((x * columns).astype(np.int64), 0, columns - 1)
    starts = np.flatnonzero(np.r_[True, at[1:] != at[:-1]])
    run = _strokes(at[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts))
    return (run.columns + 0.5) / columns, run.values

"""A history, thinned for drawing as it grows.

A series becomes tracks: one for a number, one a component for a vector (five at most), and
for an ensemble the median of its members with their minimum, maximum and quartiles. In a
session with arms each arm has tracks of its own.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from dltlab.records import Arm, Footer, Series
from dltlab.session import arms, divergence, errorbars, readings, theories
from dltlab.session.history import History
from dltlab.session.quantiles import quantiles
from dltlab.terminal.drawing.smoothing import Mean, enough
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.thinning import STRETCHES, Stretches

_SPANS: Final = 4
"""Spans of steps that a series is kept thinned for."""
_SLICE: Final = 1 << 16
BAND: Final = ("low", "high", "lower quartile", "upper quartile")
"""The tracks of an ensemble of numbers that follow its median."""
ENDS: Final = ("lower end", "upper end", "beyond")
"""The tracks of a curve's error bars: their ends, and the readings whose bars are beyond the tolerance."""


class Witness(NamedTuple):
    """What tells how far readings can be trusted: readings of the same shape and their bars."""

    values: np.ndarray
    bars: np.ndarray
    tolerance: float
    own: bool
    """Whether the bars are those of the readings themselves."""


class Trace:
    """One series of one arm, thinned: its tracks and their latest values.

    Behind its curves and the band come, where there are error bars, three tracks a curve: value −
    bar and value + bar (of an ensemble's median, with the largest bar of its members), and the
    values of which some member's bar is beyond the tolerance.
    """

    def __init__(self, series: Series, span: Span, *, barred: bool = False, count: int = STRETCHES) -> None:
        self.series = series
        self.seeds = bool(series.axes) and series.axes[0] == "seed"
        size = int(np.prod(series.shape[1:] if self.seeds else series.shape, dtype=np.int64))
        self.lines = min(size, readings.MOST)
        """Tracks that are curves of their own; a band's follow them."""
        self.band = self.seeds and size == 1 and series.shape[0] > 1
        self.barred = barred
        drawn = self.lines + (len(BAND) if self.band else 0)
        tracks = drawn + (len(ENDS) * self.lines if barred else 0)
        first = max(span.first, 1) if span.log else 0
        self.stretches = Stretches(span.last, tracks, count, first=first, start=span.first)
        self.latest = np.full(self.stretches.low.shape[1], np.nan)
        self.bars = np.zeros(self.lines)
        """The latest error bars, 0 where there are none."""
        self.beyond = 0
        """Readings, of all members, whose bars are beyond the tolerance."""
        self.length = 0

    def ends(self, track: int) -> int:
        """The first of the tracks of a curve's error bars."""
        return self.lines + (len(BAND) if self.band else 0) + len(ENDS) * track

    def extend(self, steps: np.ndarray, values: np.ndarray, witness: Witness | None = None) -> None:
        """Take in the readings that came since."""
        first, end = self.stretches.needed(steps)
        for start in range(max(self.length, first), min(end, len(steps)), _SLICE):
            part = slice(start, min(start + _SLICE, end, len(steps)))
            tracks, absent = self._read(values, part, witness)
            self.stretches.extend(steps[part], tracks, absent)
            self.latest = tracks[-1]
        if len(steps) and (end < len(steps) or first >= len(steps)):
            # What came last lies beyond the window, and is the latest all the same.
            beyond = self.beyond
            self.read(values, len(steps) - 1, witness)
            self.beyond = beyond
        self.length = len(steps)

    def read(self, values: np.ndarray, index: int, witness: Witness | None = None) -> None:
        """Take one of the readings for the latest."""
        self.latest = self._read(values, slice(index, index + 1), witness)[0][-1]
        self.length = index + 1

    def _read(self, values: np.ndarray, part: slice, witness: Witness | None) -> tuple[np.ndarray, np.ndarray | None]:
        """The tracks of some readings, and which of them are absent for a reason."""
        members = self._members(values[part])
        tracks = self._tracks(members)
        if not self.barred or witness is None:
            return tracks, None
        return self._judged(members, tracks, witness, part)

    def _members(self, values: np.ndarray) -> np.ndarray:
        """Readings as (n, members, lines)."""
        members = self.series.shape[0] if self.seeds else 1
        return values.astype(np.float64).reshape(len(values), members, -1)[:, :, : self.lines]

    def _tracks(self, members: np.ndarray) -> np.ndarray:
        if not self.seeds:
            return members[:, 0]
        if self.band:
            return quantiles(members[:, :, 0], (0.5, 0.0, 1.0, 0.25, 0.75))
        return quantiles(members, (0.5,))[:, 0]

    def _judged(
        self, members: np.ndarray, tracks: np.ndarray, witness: Witness, part: slice
    ) -> tuple[np.ndarray, np.ndarray]:
        """The tracks with those of the error bars behind them, and which readings are absent for a reason."""
        values, bars = (self._members(_padded(one[part], len(members))) for one in witness[:2])
        beyond = errorbars.beyond(values, bars, witness.tolerance)
        self.beyond += int(beyond.sum())
        middle = tracks[:, : self.lines]
        # fmax leaves out what is no number: another member's bar may be one.
        widest: np.ndarray = np.fmax.reduce(np.abs(bars), axis=1) if witness.own else np.zeros_like(middle)
        absent = np.all(errorbars.absent(values, bars), axis=1)
        self.bars = np.where(absent[-1], 0.0, widest[-1])
        with np.errstate(all="ignore"):
            ends = np.stack([middle - widest, middle + widest, np.where(beyond.any(axis=1), middle, np.nan)], axis=2)
        whole = np.concatenate([tracks, ends.reshape(len(tracks), -1)], axis=1)
        missing = np.ones(whole.shape, bool)
        missing[:, : tracks.shape[1]] = absent
        return whole, missing

    def tracks(self, values: np.ndarray) -> np.ndarray:
        """Readings as its curves, shape (n, lines)."""
        return self._tracks(self._members(values))[:, : self.lines]

    def label(self, track: int) -> str:
        """The name of a curve among its likes: λ₂, or 2."""
        if self.lines == 1:
            return ""
        return readings.label(readings.axes(self.series), track)


def _forget(kept: dict[Any, Any], key: tuple[Any, ...]) -> None:
    """Make room for what is drawn over another span: of one series only the last few are looked at again."""
    alike = [other for other in kept if other[:2] == key[:2]]
    if len(alike) >= _SPANS:
        del kept[alike[0 if alike[0][2].first or len(alike) == 1 else 1]]


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    """Readings with NaN for those that a broken-off recording lacks."""
    lacking = max(length - len(values), 0)
    return np.concatenate([values, np.full((lacking, *values.shape[1:]), np.nan)]) if lacking else values


class Traces:
    """Every series of a history, thinned when it is first drawn and kept up from then on."""

    def __init__(self, history: History, planned: int = 0) -> None:
        self.history = history
        self._planned = planned or history.header.steps
        """The steps that an axis spans: another session's, where this one is drawn over it."""
        self.arms: dict[str, Arm] = {arm.name: arm for arm in history.header.arms}
        self._traces: dict[tuple[str, str, Span], Trace] = {}
        self._means: dict[tuple[str, str, Span, float], Mean] = {}
        self._lost: dict[str, str] = {}
        self._heard: tuple[int, Footer | None] = (0, None)
        self._calm: int | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.history

    def __getitem__(self, name: str) -> Trace:
        return self.trace(name)

    def trace(self, name: str, arm: str = "", span: Span | None = None) -> Trace:
        """A series of one arm (the first, if none is named), over a span of steps (all that are planned)."""
        span = span or Span(0, self._planned)
        key = (name, self._arm(name, arm), span)
        column = self.history[name]
        trace = self._traces.get(key)
        if trace is None:
            trace = Trace(self.series(name, arm), span, barred=errorbars.of(self.history, name) is not None)
            _forget(self._traces, key)
            self._traces[key] = trace
        if trace.length < len(column):
            trace.extend(column.steps, self.of_arm(name, column.values, arm), self._witness(name, arm))
        return trace

    def reading(self, name: str, arm: str, step: int) -> Trace | None:
        """A series of one arm whose latest reading is that at a step, or the last before it; None before all."""
        column = self.history[name]
        index = int(np.searchsorted(column.steps, step, "right")) - 1
        if index < 0:
            return None
        trace = Trace(self.series(name, arm), Span(0, 1), barred=errorbars.of(self.history, name) is not None, count=1)
        trace.read(self.of_arm(name, column.values, arm), index, self._witness(name, arm))
        return trace

    def mean(self, name: str, arm: str, span: Span, share: float) -> Mean | None:
        """The running means of a series' curves over windows of a share of a span; None of too few readings."""
        column = self.history[name]
        if not share or not enough(column.steps, span, share):
            return None
        key = (name, self._arm(name, arm), span, share)
        trace, mean = self.trace(name, arm, span), self._means.get(key)
        if mean is None:
            mean = Mean(span, share, trace.lines)
            _forget(self._means, key)
            self._means[key] = mean
        known, first, end = mean.needed(column.steps)
        if end > first:
            values = self.of_arm(name, column.values[first:end], arm)
            mean.extend(known, column.steps[first:end], trace.tracks(values))
        return mean

    def _witness(self, name: str, arm: str) -> Witness | None:
        told = errorbars.of(self.history, name)
        if told is None:
            return None
        values, bars = (self.of_arm(one, self.history[one].values, arm) for one in told)
        tolerance = self.history[told.readings].series.tolerance
        return Witness(values, bars, tolerance, told.readings == name)

    def barred(self, name: str) -> bool:
        """Whether a series has error bars of its own."""
        return bool(errorbars.own(self.history, name))

    def tolerance(self, name: str) -> float:
        """The error bar, relative to its reading, beyond which readings of a series are not to be trusted."""
        told = errorbars.of(self.history, name)
        return self.history[told.readings].series.tolerance if told else 0.0

    def bar(self, name: str, arm: str = "", member: int | None = None) -> np.ndarray | None:
        """The latest error bars of a series: a member's, or the largest of all members; None where it has none."""
        bars = errorbars.own(self.history, name)
        members = self.now(bars, arm) if bars else np.empty(0)
        if not len(members):
            return None
        return np.fmax.reduce(np.abs(members), axis=0) if member is None else members[min(member, len(members) - 1)]

    def _arm(self, name: str, arm: str) -> str:
        """The arm that is meant; none where the series has no axis of arms."""
        meant = readings.arm_of(self.history.header, self.history[name].series, arm)
        return meant.name if meant else ""

    def series(self, name: str, arm: str = "") -> Series:
        """A series as if its arm had run alone."""
        return readings.alone(self.history.header, self.history[name].series, arm)

    def of_arm(self, name: str, values: np.ndarray, arm: str = "") -> np.ndarray:
        """Readings (n, arms, seeds, …) of a series, those of one arm: (n, its seeds, …). A view."""
        return readings.of_arm(self.history.header, self.history[name].series, values, arm)

    def now(self, name: str, arm: str = "") -> np.ndarray:
        """The latest reading of every member, shape (members, *reading); no members while there is none."""
        latest = self.at(name, slice(-1, None), arm)
        return latest[0] if len(latest) else latest.reshape(0, *latest.shape[2:])

    def at(self, name: str, which: slice | np.ndarray, arm: str = "") -> np.ndarray:
        """Some readings of every member, shape (n, members, *reading)."""
        values = self.of_arm(name, self.history[name].values, arm)[which]
        alone = self.series(name, arm).axes[:1] != ("seed",)
        return np.asarray(values[:, None] if alone else values, np.float64)

    def alive(self, name: str, arm: str = "") -> int:
        """The first member whose latest reading holds a finite number; the first of all where there is none."""
        return readings.alive(self.now(name, arm))

    def axes(self, name: str) -> tuple[str, ...]:
        """The axes of one member's reading."""
        return readings.axes(self.history[name].series)

    def median(self, name: str, arm: str = "") -> np.ndarray | None:
        """The median of the members' latest readings, component by component; None while there is none."""
        members = self.now(name, arm)
        if not len(members):
            return None
        flat = members.reshape(len(members), -1).T
        return quantiles(flat, (0.5,))[:, 0].reshape(members.shape[1:]) if flat.size else members[0]

    def title(self, arm: str) -> str:
        """What legends call an arm."""
        return arms.title(self.history.header, arm)

    def lost(self, arm: str) -> str:
        """How many members of an arm have diverged, in words."""
        now = len(self.history.events), self.history.footer
        if now != self._heard:
            self._heard, self._lost = now, {}
        if arm not in self._lost:
            self._lost[arm] = arms.lost(self.history, arm)
        return self._lost[arm]

    def told(self, arm: str) -> str:
        """An arm's title with what became of its members."""
        lost = self.lost(arm)
        return f"{self.title(arm)} ({lost})" if lost else self.title(arm)

    @property
    def calm(self) -> int | None:
        """The step up to which a session that diverged was calm: its axes go by that; None for all others."""
        footer = self.history.footer
        if footer is None or footer.reason != "diverged":
            return None
        if self._calm is None:
            self._calm = divergence.calm(self.history) or 0
        return self._calm or None

    def theory_of(self, name: str) -> str | None:
        """The series that predicts another: ``sharpness.theory`` for ``sharpness``."""
        return theories.theory_of(self.history, name)

    def is_theory(self, name: str) -> bool:
        """Whether a series is a prediction rather than a reading."""
        return theories.is_theory(self.history.header, name)

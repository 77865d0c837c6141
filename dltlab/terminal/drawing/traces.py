"""A history, thinned for drawing as it grows.

A series becomes tracks: one for a number, one a component for a vector (five at most), and
for an ensemble the median of its members with their minimum, maximum and quartiles. In a
session with arms each arm has tracks of its own.
"""

from typing import Final

import numpy as np
from msgspec.structs import replace

from dltlab.records import Arm, Series
from dltlab.session.history import History
from dltlab.terminal.drawing.thinning import Stretches
from dltlab.text import one_line

MOST: Final = 5
_SLICE: Final = 1 << 16
SUBSCRIPT: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
BAND: Final = ("low", "high", "lower quartile", "upper quartile")
"""The tracks of an ensemble of numbers that follow its median."""


class Trace:
    """One series of one arm, thinned: its tracks and their latest values."""

    def __init__(self, series: Series, planned: int, first: int = 0) -> None:
        self.series = series
        self.seeds = bool(series.axes) and series.axes[0] == "seed"
        size = int(np.prod(series.shape[1:] if self.seeds else series.shape, dtype=np.int64))
        self.lines = min(size, MOST)
        """Tracks that are curves of their own; a band's follow them."""
        self.band = self.seeds and size == 1 and series.shape[0] > 1
        self.stretches = Stretches(planned, self.lines + (len(BAND) if self.band else 0), first=first)
        self.latest = np.full(self.stretches.low.shape[1], np.nan)
        self.length = 0

    def extend(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Take in the readings that came since."""
        for start in range(self.length, len(steps), _SLICE):
            tracks = self._tracks(values[start : start + _SLICE])
            self.stretches.extend(steps[start : start + _SLICE], tracks)
            self.latest = tracks[-1]
        self.length = len(steps)

    def _tracks(self, values: np.ndarray) -> np.ndarray:
        flat = values.astype(np.float64).reshape(len(values), -1)
        if not self.seeds:
            return flat[:, : self.lines]
        members = flat.reshape(len(values), self.series.shape[0], -1)[:, :, : self.lines]
        if self.band:
            return quantiles(members[:, :, 0], (0.5, 0.0, 1.0, 0.25, 0.75))
        return np.stack([quantiles(members[:, :, at], (0.5,))[:, 0] for at in range(self.lines)], axis=1)

    def label(self, track: int) -> str:
        """The name of a curve among its likes: λ₂, or 2."""
        if self.lines == 1:
            return ""
        axes = self.series.axes[1:] if self.seeds else self.series.axes
        number = str(track + 1)
        return f"λ{number.translate(SUBSCRIPT)}" if axes and axes[0] == "eigenvalue" else number


def quantiles(members: np.ndarray, wanted: tuple[float, ...]) -> np.ndarray:
    """Quantiles over axis 1 of what is finite, shape (n, len(wanted)); NaN where nothing is."""
    # np.nanquantile takes a slow path a row; sorting puts NaN last.
    ordered = np.sort(np.where(np.isfinite(members), members, np.nan), axis=1)
    last = np.maximum(np.isfinite(ordered).sum(axis=1) - 1, 0)
    rows = np.arange(len(ordered))
    found = []
    for quantile in wanted:
        at = quantile * last
        below = at.astype(np.int64)
        share = at - below
        low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, last)]
        # Halves of huge readings, so that no sum overflows.
        found.append(2 * (low / 2 * (1 - share) + high / 2 * share))
    return np.stack(found, axis=1)


class Traces:
    """Every series of a history, thinned when it is first drawn and kept up from then on."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.arms: dict[str, Arm] = {arm.name: arm for arm in history.header.arms}
        self._places = {name: place for place, name in enumerate(self.arms)}
        self._traces: dict[tuple[str, str, int], Trace] = {}
        self._dead: dict[str, set[str]] = {}
        self._heard = 0

    def __contains__(self, name: str) -> bool:
        return name in self.history

    def __getitem__(self, name: str) -> Trace:
        return self.trace(name)

    def trace(self, name: str, arm: str = "", first: int = 0) -> Trace:
        """A series of one arm (the first, if none is named); ``first`` opens a logarithmic step axis."""
        key = (name, self._arm(name, arm), first)
        column = self.history[name]
        trace = self._traces.get(key)
        if trace is None:
            trace = self._traces[key] = Trace(self.series(name, arm), self.history.header.steps, first)
        if trace.length < len(column):
            trace.extend(column.steps, self.of_arm(name, column.values, arm))
        return trace

    def _arm(self, name: str, arm: str) -> str:
        """The arm that is meant; none where the series has no axis of arms."""
        if self.history[name].series.axes[:2] != ("arm", "seed"):
            return ""
        return arm if arm in self.arms else next(iter(self.arms), "")

    def series(self, name: str, arm: str = "") -> Series:
        """A series as if its arm had run alone."""
        series, arm = self.history[name].series, self._arm(name, arm)
        if not arm:
            return series
        return replace(series, axes=series.axes[1:], shape=(self._members(series, arm), *series.shape[2:]))

    def of_arm(self, name: str, values: np.ndarray, arm: str = "") -> np.ndarray:
        """Readings (n, arms, seeds, …) of a series, those of one arm: (n, its seeds, …). A view."""
        arm = self._arm(name, arm)
        return values[:, self._places[arm], : self._members(self.history[name].series, arm)] if arm else values

    def _members(self, series: Series, arm: str) -> int:
        return max(min(self.arms[arm].seeds, series.shape[1]), 1)

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
        members = self.now(name, arm)
        if not members.size:
            return 0
        return int(np.isfinite(members.reshape(len(members), -1)).any(axis=1).argmax())

    def axes(self, name: str) -> tuple[str, ...]:
        """The axes of one member's reading."""
        series = self.series(name)
        return series.axes[1:] if series.axes[:1] == ("seed",) else series.axes

    def median(self, name: str, arm: str = "") -> np.ndarray | None:
        """The median of the members' latest readings, component by component; None while there is none."""
        members = self.now(name, arm)
        if not len(members):
            return None
        flat = members.reshape(len(members), -1).T
        return quantiles(flat, (0.5,))[:, 0].reshape(members.shape[1:]) if flat.size else members[0]

    def title(self, arm: str) -> str:
        """What legends call an arm."""
        return one_line(self.arms[arm].title or arm) if arm in self.arms else ""

    def lost(self, arm: str) -> str:
        """How many members of an arm have diverged, in words."""
        dead = self.diverged(arm) if arm in self.arms else 0
        return f"{dead} of {self.arms[arm].seeds} diverged" if dead else ""

    def told(self, arm: str) -> str:
        """An arm's title with what became of its members."""
        lost = self.lost(arm)
        return f"{self.title(arm)} ({lost})" if lost else self.title(arm)

    def diverged(self, arm: str) -> int:
        """How many members of an arm have diverged."""
        if self.history.footer is not None and self.history.footer.reason == "diverged":
            return self.arms[arm].seeds
        events = self.history.events
        for event in events[self._heard :]:
            if event.what == "diverged" and "seed" in event.data:
                self._dead.setdefault(str(event.data.get("arm", "")), set()).add(str(event.data["seed"]))
        self._heard = len(events)
        return len(self._dead.get(arm, ()))

    def theory_of(self, name: str) -> str | None:
        """The series that predicts another: ``sharpness.theory`` for ``sharpness``."""
        theory = f"{name}.theory"
        return theory if theory in self.history else None

    def is_theory(self, name: str) -> bool:
        """Whether a series is a prediction rather than a reading."""
        theories, probes = (self.history.header.scenario.get(key) for key in ("theories", "probes"))
        first = name.split(".")[0]
        predicted = isinstance(theories, dict) and first in theories
        return name.endswith(".theory") or (predicted and not (isinstance(probes, dict) and first in probes))

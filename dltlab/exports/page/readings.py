"""The readings of one arm as curves: the median of its members, what lies around it, error bars, theory."""

import math
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from dltlab.records import Arm, Header, Series
from dltlab.session import errorbars
from dltlab.session.history import History
from dltlab.text import component, one_line

MOST: Final = 5
"""Components of a vector that become curves."""


class Read(NamedTuple):
    """A series of one arm."""

    series: Series
    """As if the arm had run alone: its axes without "arm"."""
    steps: np.ndarray
    """Shape (n,)."""
    values: np.ndarray
    """Shape (n, members, k), k numbers a reading."""

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of one member's reading."""
        return self.series.axes[1:] if self.series.axes[:1] == ("seed",) else self.series.axes

    def label(self, track: int) -> str:
        """What tells a component from the others: λ₂, or 2; empty where there is but one."""
        if self.values.shape[2] == 1:
            return ""
        return component(("eigenvalue",) if self.axes[:1] == ("eigenvalue",) else (), track)


def read(history: History, name: str, arm: str = "") -> Read:
    """The readings of a series in an arm (the first, if none is named); a view where it can be."""
    column, header = history[name], history.header
    series, values = column.series, column.values
    if series.axes[:2] == ("arm", "seed") and header.arms:
        place = next((at for at, one in enumerate(header.arms) if one.name == arm), 0)
        members = max(min(header.arms[place].seeds, series.shape[1]), 1)
        values = values[:, place, :members]
        series = replace(series, axes=series.axes[1:], shape=(members, *series.shape[2:]))
    seeded = series.axes[:1] == ("seed",)
    members = series.shape[0] if seeded else 1
    size = math.prod(series.shape[1:] if seeded else series.shape)
    return Read(series, column.steps, values.reshape(len(values), members, size))


def quantile(members: np.ndarray, share: float) -> np.ndarray:
    """A quantile over axis 1 of what is finite, shape (n, k) of (n, members, k); NaN where nothing is."""
    ordered = np.sort(np.where(np.isfinite(members), members, np.nan).astype(np.float64), axis=1)
    at = share * np.maximum(np.isfinite(ordered).sum(axis=1, keepdims=True) - 1, 0)
    below = at.astype(np.int64)
    low = np.take_along_axis(ordered, below, axis=1)
    high = np.take_along_axis(ordered, np.minimum(below + 1, ordered.shape[1] - 1), axis=1)
    # Where only one side is a number the other has no share.
    high = np.where(at > below, high, low)
    return (low * (1 - (at - below)) + high * (at - below))[:, 0]


def middle(members: np.ndarray) -> np.ndarray:
    """The median of the members, shape (n, k); of a single one its own reading, finite or not."""
    return np.asarray(members[:, 0], np.float64) if members.shape[1] == 1 else quantile(members, 0.5)


def bars(history: History, name: str, arm: str) -> np.ndarray | None:
    """The error bars of a series' components: of several members the largest, shape (n, k); None where it has none."""
    own = errorbars.own(history, name)
    if not own:
        return None
    found, readings = read(history, own, arm), len(history[name])
    widest = np.fmax.reduce(np.abs(np.asarray(found.values, np.float64)), axis=1)
    lacking = max(readings - len(widest), 0)
    return np.concatenate([widest, np.full((lacking, widest.shape[1]), np.nan)])[:readings]


def theory_of(history: History, name: str) -> str | None:
    """The series that predicts another: ``sharpness.theory`` for ``sharpness``."""
    theory = f"{name}.theory"
    return theory if theory in history else None


def is_theory(header: Header, name: str) -> bool:
    """Whether a series is a prediction rather than a reading."""
    first = name.split(".")[0]
    return name.endswith(".theory") or (first in tables(header, "theories") and first not in tables(header, "probes"))


def tables(header: Header, key: str) -> dict:
    """A table of the scenario, as its recording holds it."""
    found = header.scenario.get(key)
    return found if isinstance(found, dict) else {}


def arm_title(arm: Arm) -> str:
    """What legends call an arm."""
    return one_line(arm.title or arm.name)


def told(history: History, arm: str) -> str:
    """An arm's title, and how many of its members diverged; empty for no arm."""
    known = next((one for one in history.header.arms if one.name == arm), None)
    if known is None:
        return ""
    lost = {e.data["seed"] for e in history.events if e.what == "diverged" and e.data.get("arm") == arm and
            isinstance(e.data.get("seed"), int)}  # fmt: skip
    return arm_title(known) + (f" ({len(lost)} of {known.seeds} diverged)" if lost else "")

"""The readings of one arm, as if it had run alone."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from dltlab.records import Arm, Header, Series
from dltlab.session import errorbars
from dltlab.session.history import History
from dltlab.text import component

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
        return axes(self.series)

    def label(self, track: int) -> str:
        """What tells a component from the others; empty where there is but one."""
        return label(self.axes, track) if self.values.shape[2] > 1 else ""


def read(history: History, name: str, arm: str = "") -> Read:
    """The readings of a series in an arm (the first, if none is named); a view where it can be."""
    column, header = history[name], history.header
    series, values = alone(header, column.series, arm), of_arm(header, column.series, column.values, arm)
    members = math.prod(series.shape[: _lead(series)])
    return Read(series, column.steps, values.reshape(len(values), members, math.prod(shape(series))))


def alone(header: Header, series: Series, arm: str = "") -> Series:
    """A series as if this arm (the first, if none is named) had run alone."""
    if (meant := arm_of(header, series, arm)) is None:
        return series
    return replace(series, axes=series.axes[1:], shape=(_members(series, meant), *series.shape[2:]))


def of_arm(header: Header, series: Series, values: np.ndarray, arm: str = "") -> np.ndarray:
    """Readings (n, arms, seeds, …) of a series, those of one arm: (n, its seeds, …). A view."""
    if (meant := arm_of(header, series, arm)) is None:
        return values
    return values[:, header.arms.index(meant), : _members(series, meant)]


def arm_of(header: Header, series: Series, arm: str) -> Arm | None:
    """The arm that is meant, the first if none is named; None where the series has no axis of arms."""
    if series.axes[:2] != ("arm", "seed"):
        return None
    return next((one for one in header.arms if one.name == arm), next(iter(header.arms), None))


def axes(series: Series) -> tuple[str, ...]:
    """The axes of one member's reading."""
    return series.axes[_lead(series) :]


def shape(series: Series) -> tuple[int, ...]:
    """The shape of one member's reading."""
    return series.shape[_lead(series) :]


def label(own: Sequence[str], track: int) -> str:
    """What tells a component of a reading with these axes from the others: λ₂, or 2."""
    return component(("eigenvalue",) if own[:1] == ("eigenvalue",) else (), track)


def alive(members: np.ndarray) -> int:
    """The first member, of readings (members, …), that holds a finite number; the first of all where none does."""
    return int(np.isfinite(members.reshape(len(members), -1)).any(axis=1).argmax()) if members.size else 0


def bars(history: History, name: str, arm: str) -> np.ndarray | None:
    """The error bars of a series' components: of several members the largest, shape (n, k); None where it has none."""
    own = errorbars.own(history, name)
    if not own:
        return None
    found, readings = read(history, own, arm), len(history[name])
    widest = np.fmax.reduce(np.abs(np.asarray(found.values, np.float64)), axis=1)
    lacking = max(readings - len(widest), 0)
    return np.concatenate([widest, np.full((lacking, widest.shape[1]), np.nan)])[:readings]


def _lead(series: Series) -> int:
    """How many of its axes tell members apart: arms and seeds, or seeds alone, come first."""
    return 2 if series.axes[:2] == ("arm", "seed") else int(series.axes[:1] == ("seed",))


def _members(series: Series, arm: Arm) -> int:
    return max(min(arm.seeds, series.shape[1]), 1)

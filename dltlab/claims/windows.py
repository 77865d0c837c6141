"""Where in a session a claim looks: fractions of what is planned, crossings, aligned series."""

from typing import Annotated, Literal, NamedTuple

import numpy as np
from msgspec import Meta, Struct

from dltlab.claims.abstract import SeriesName, Span
from dltlab.session.history import History

Statistic = Literal["last", "first", "median", "mean", "max", "min"]
Component = Annotated[int, Meta(ge=0, le=1 << 24)]
"""Which number of a vector (a matrix is read row by row); of a scalar there is only one, whatever is asked for."""
Components = Component | Literal["all"]
"""Or every one of them."""


class Crossing(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first time that a series passes a number or another series; each seed has its own."""

    series: SeriesName
    crosses: float | SeriesName
    """The number or the series that it crosses."""
    direction: Literal["up", "down"] = "up"
    """Whether it rises above, or falls below."""
    component: Component = 0

    def needs(self, key: str) -> dict[str, str]:
        """The series that it reads, by key."""
        other = {f"{key}.crosses": self.crosses} if isinstance(self.crosses, str) else {}
        return {f"{key}.series": self.series, **other}


class Readings(NamedTuple):
    """Readings of one component of a series: steps of shape (n,), values of shape (members, n)."""

    steps: np.ndarray
    values: np.ndarray


def readings(history: History, name: str, component: int = 0, low: float = 0.0, high: float = np.inf) -> Readings:
    """The readings of a series from step ``low`` to step ``high``, of every member of the ensemble.

    A series that is not there has no readings; a component that is not there reads NaN.
    """
    members = len(history.header.seeds)
    if name not in history:
        return Readings(np.empty(0, np.int64), np.empty((members, 0)))
    column = history[name]
    first, last = np.searchsorted(column.steps, low, "left"), np.searchsorted(column.steps, high, "right")
    steps, values = column.steps[first:last], column.values[first:last]
    if column.series.axes[:1] != ("seed",) or column.series.shape[:1] != (members,):
        values = values[:, None]
    further = values.shape[2:]
    if further and component >= np.prod(further, dtype=np.int64):
        return Readings(steps, np.full((members, len(steps)), np.nan))
    # Only the component is copied: a recording may hold long vectors.
    place = np.unravel_index(component, further) if further else ()
    table = np.ascontiguousarray(values[:, :, *place].T, np.float64)
    return Readings(steps, np.broadcast_to(table, (members, len(steps))))


def aligned(history: History, name: str, steps: np.ndarray, component: int = 0) -> np.ndarray:
    """Another series at these steps, shape (members, n): interpolated, NaN outside its readings."""
    low, high = (float(steps[0]), float(steps[-1])) if len(steps) else (0.0, 0.0)
    column = history[name].steps if name in history else np.empty(0)
    # One reading more on each side, so that the ends can be interpolated too.
    low = column[max(np.searchsorted(column, low, "right") - 1, 0)] if len(column) else low
    high = column[min(np.searchsorted(column, high, "left"), len(column) - 1)] if len(column) else high
    other = readings(history, name, component, float(low), float(high))
    if np.array_equal(other.steps, steps):
        return other.values
    found = np.full((len(other.values), len(steps)), np.nan)
    for row, values in zip(found, other.values, strict=True):
        whole = np.isfinite(values)
        if whole.any():
            row[:] = np.interp(steps, other.steps[whole], values[whole], left=np.nan, right=np.nan)
    return found


def crossings(history: History, crossing: Crossing, after: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Per member the last step before the first crossing after a step, and the step of it; NaN where none is yet."""
    steps, values = readings(history, crossing.series, crossing.component, after)
    level = (
        aligned(history, crossing.crosses, steps, crossing.component)
        if isinstance(crossing.crosses, str)
        else crossing.crosses
    )
    apart = values - level if crossing.direction == "up" else level - values
    before, at = (np.full(len(values), np.nan) for _ in range(2))
    for member, row in enumerate(apart):
        whole = np.flatnonzero(~np.isnan(row))
        over = row[whole] > 0
        turned = np.flatnonzero(over[1:] & ~over[:-1])
        if len(turned):
            before[member], at[member] = steps[whole[turned[0]]], steps[whole[turned[0] + 1]]
    return before, at


def step_of(history: History, place: float) -> float:
    """A place in the session as a step."""
    return place * history.header.steps if place <= 1 else place


def reached(history: History, step: float) -> bool:
    """Whether no reading at or before this step can still come: a stopped session may be continued."""
    over = history.footer is not None and history.footer.complete
    return over or history.step >= step


class Bounds(NamedTuple):
    """The steps between which each member is looked at; NaN where a crossing has not come yet."""

    low: np.ndarray
    high: np.ndarray
    whole: bool
    """Whether everything between them has been read."""


def bounds(history: History, window: Span, since: Crossing | None = None, until: Crossing | None = None) -> Bounds:
    """A window, cut to what lies after one crossing and before another.

    A knob that is turned moves the thresholds: what follows a crossing follows the first one since then.
    """
    members = len(history.header.seeds)
    low, high = (np.full(members, step_of(history, place)) for place in window)
    whole = reached(history, high[0])
    if since is not None:
        turns = history.turns()
        low = np.maximum(low, crossings(history, since, turns[-1].step + 1 if turns else 0.0)[1])
    if until is not None:
        high = np.minimum(high, crossings(history, until)[0])
        whole = whole or bool(np.all(~np.isnan(high)))
    return Bounds(low, high, whole)


def inside(history: History, name: str, component: int, span: Bounds) -> tuple[Readings, np.ndarray]:
    """The readings of a series within bounds, and per member which of them belong."""
    known = ~np.isnan(span.low) & ~np.isnan(span.high)
    if not known.any():
        found = readings(history, name, component, 1, 0)
    else:
        found = readings(history, name, component, span.low[known].min(), span.high[known].max())
    belongs = (found.steps >= span.low[:, None]) & (found.steps <= span.high[:, None])
    return found, belongs


def components(history: History, name: str, asked: Components) -> range:
    """The components of a series that are asked for; never none, so that there is something to be missing."""
    if asked != "all":
        return range(asked, asked + 1)
    series = history[name].series if name in history else None
    further = () if series is None else series.shape[series.axes[:1] == ("seed",) :]
    return range(max(int(np.prod(further, dtype=np.int64)), 1))


class Within(NamedTuple):
    """Readings of all components asked for, one after the other, all but the steps of shape (members, n)."""

    values: np.ndarray
    beside: np.ndarray
    """Those of another series, or a number."""
    belongs: np.ndarray
    """Which of them lie within the bounds."""
    steps: np.ndarray
    """Shape (n,)."""


def within(history: History, name: str, asked: Components, span: Bounds, other: str | float | None = None) -> Within:
    """The readings within bounds, and those of another series (or a number) beside them."""
    values, beside, belongs, steps = [], [], [], []
    for component in components(history, name, asked):
        found, mine = inside(history, name, component, span)
        theirs = aligned(history, other, found.steps, component) if isinstance(other, str) else other
        values.append(found.values)
        belongs.append(mine)
        steps.append(found.steps)
        beside.append(np.broadcast_to(np.float64(np.nan if theirs is None else theirs), found.values.shape))
    return Within(np.hstack(values), np.hstack(beside), np.hstack(belongs), np.hstack(steps))


def firsts(history: History, name: str, asked: Components, shape: tuple[int, int]) -> np.ndarray:
    """The first finite reading of every member and component, in the places of what :func:`within` gives."""
    places = components(history, name, asked)
    each = shape[1] // len(places)
    first = [
        np.array([folded("first", row) for row in readings(history, name, component).values]) for component in places
    ]
    return np.hstack([np.repeat(values[:, None], each, axis=1) for values in first])


def folded(kind: Statistic, values: np.ndarray) -> float:
    """A statistic of the finite readings; NaN of none."""
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan
    match kind:
        case "last":
            return float(values[-1])
        case "first":
            return float(values[0])
        case "median":
            return float(np.median(values))
        case "mean":
            return float(np.mean(values))
        case "max":
            return float(np.max(values))
        case "min":
            return float(np.min(values))

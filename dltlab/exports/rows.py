"""A session as rows: one a step at which anything was read, in order, a piece of a chunk at a time.

What comes out is what a :class:`~dltlab.session.history.History` would hold, and takes the memory of a
chunk, as the recording has it. Only a recording that goes back in its steps (its engine was killed and
continued, and some series is read more often since) is folded first.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from dltlab.errors import UsageError
from dltlab.exports.exported import Exported
from dltlab.records import Event, Footer, Frames, Series
from dltlab.session.history import History
from dltlab.text import one_line

LARGEST: Final = 1 << 18
"""Numbers that are held at a time, unless one row has more."""
_LONGEST: Final = 1 << 14
"""Rows that are held at a time, however few numbers each has."""
_Taken = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""By series the steps of its readings, in order, and their values."""


class Readings(NamedTuple):
    """The readings of one series in some rows."""

    there: np.ndarray
    """Whether it was read at the row's step, shape (rows,)."""
    values: np.ndarray
    """Its readings, shape (rows, *shape of a reading), of the series' dtype; zeros where it was not read."""


class Rows(NamedTuple):
    """Some rows, in order of their steps."""

    steps: np.ndarray
    """Shape (rows,), increasing, also from one chunk to the next."""
    walls: np.ndarray
    """Seconds since the session started, shape (rows,): a chunk's are shared out evenly among its steps."""
    columns: dict[str, Readings]
    """By series, in the order of the header."""


def chosen(session: Exported, names: Sequence[str] | None) -> tuple[Series, ...]:
    """The series that are wanted; all if none is named.

    Raises:
        UsageError: The session has no series of that name.
    """
    there = {series.name: series for series in session.header.series}
    for name in names or ():
        if name not in there:
            known = one_line(", ".join(there)) or "none"
            raise UsageError(f"{one_line(name)}: the session has no such series; it has {known}.")
    return tuple(there[name] for name in dict.fromkeys(names)) if names else session.header.series


def told(
    session: Exported, series: Sequence[Series], progress: Callable[[float], None]
) -> Iterator[Rows | Event | Footer]:
    """Rows, and what happened between them, as the session tells them."""
    in_order = _in_order(session, series, lambda share: progress(share / 3))

    def later(share: float) -> None:
        progress(1 / 3 + share * 2 / 3)

    if not in_order:
        yield from _folded(session.history, series, later)
        return
    table = _Table(series)
    for record in session.records(later):
        if isinstance(record, Frames):
            yield from table.rows(record)
        elif isinstance(record, Event | Footer):
            yield record


def _in_order(session: Exported, series: Sequence[Series], progress: Callable[[float], None]) -> bool:
    """Whether every row comes after all rows before it."""
    table, last = _Table(series), -1
    for record in session.records(progress):
        if isinstance(record, Frames) and len(steps := table.take(record)[0]):
            if steps[0] <= last:
                return False
            last = int(steps[-1])
    return True


class _Table:
    """Joins the readings of frames into rows, and drops those that were there already, as a Column does."""

    def __init__(self, series: Sequence[Series]) -> None:
        self._series = {one.name: one for one in series}
        self._last = dict.fromkeys(self._series, -1)
        self._step, self._wall = 0, 0.0

    def rows(self, frames: Frames) -> Iterator[Rows]:
        """The rows of one record, a few at a time."""
        every, taken = self.take(frames)
        walls = np.interp(every, (self._step, max(frames.step, self._step + 1)), (self._wall, frames.wall))
        self._step, self._wall = frames.step, frames.wall
        yield from _cut(tuple(self._series.values()), every, walls, taken)

    def take(self, frames: Frames) -> tuple[np.ndarray, _Taken]:
        """The steps at which one record reads anything anew, and what it reads."""
        pieces: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        for part in frames.parts:
            steps = part.steps()
            for name in part.columns.keys() & self._series.keys() if len(steps) else ():
                fresh = steps > self._last[name]
                self._last[name] = max(self._last[name], int(steps[-1]))
                if fresh.any():
                    pieces.setdefault(name, []).append((steps[fresh], part.columns[name].numpy()[fresh]))
        taken = {
            name: (np.concatenate([steps for steps, _ in found]), np.concatenate([values for _, values in found]))
            for name, found in pieces.items()
        }
        return _every(taken), taken


def _every(taken: _Taken) -> np.ndarray:
    """The steps at which anything was read."""
    return np.unique(np.concatenate([np.empty(0, np.int64), *(steps for steps, _ in taken.values())]))


def _cut(series: Sequence[Series], every: np.ndarray, walls: np.ndarray, taken: _Taken) -> Iterator[Rows]:
    """Rows at these steps, so few at a time that a wide series which is seldom read takes no more than others."""
    width = sum(math.prod(one.shape) for one in series)
    many = min(max(LARGEST // max(width, 1), 1), _LONGEST)
    nothing = np.empty(0, np.int64)
    for start in range(0, len(every), many):
        some = every[start : start + many]
        columns = {}
        for one in series:
            steps, values = taken.get(one.name, (nothing, nothing))
            first, end = np.searchsorted(steps, (some[0], some[-1] + 1))
            columns[one.name] = _spread(one, some, steps[first:end], values[first:end])
        yield Rows(some, walls[start : start + many], columns)


def _spread(series: Series, every: np.ndarray, steps: np.ndarray, values: np.ndarray) -> Readings:
    """The readings of a series in their rows among all rows."""
    if len(steps) == len(every):
        return Readings(np.ones(len(every), np.bool_), values.astype(series.dtype, copy=False))
    there, spread = np.zeros(len(every), np.bool_), np.zeros((len(every), *series.shape), series.dtype)
    if len(steps):
        places = np.searchsorted(every, steps)
        there[places], spread[places] = True, values
    return Readings(there, spread)


def _folded(
    history: History, series: Sequence[Series], progress: Callable[[float], None]
) -> Iterator[Rows | Event | Footer]:
    """The same from a history: its rows, then its events."""
    taken = {one.name: (history[one.name].steps, history[one.name].values) for one in series}
    every = _every(taken)
    walls = np.interp(every, (0, max(history.step, 1)), (0.0, history.wall))
    done = 0
    for rows in _cut(series, every, walls, taken):
        yield rows
        progress(done / len(every))
        done += len(rows.steps)
    yield from history.events
    if history.footer is not None:
        yield history.footer

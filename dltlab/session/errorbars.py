"""Error bars: how far the readings of a session can be trusted, and which of them cannot.

A series that names another as its ``bar`` has there a half-width for each of its numbers, in
the unit of the reading. A reading is *beyond* when that exceeds the series' ``tolerance``
times its own size, and *absent* when both are NaN: a quantity that is not tracked now, which
is no fault of the run.
"""

from typing import NamedTuple

import numpy as np
from msgspec import Struct

from dltlab.records import Series
from dltlab.session.history import History

_SLICE = 1 << 16


class ErrorBar(Struct, frozen=True):
    """The largest error bar of a series in a run, in proportion to its reading, and what lies beyond the tolerance.

    Over all arms, seeds and components. Where it occurred: ``step``, ``arm`` (None without arms),
    ``seed``, and ``component`` of the flattened reading, counted from 0.
    """

    series: str
    relative: float
    """bar / |value|: infinite for a bar that is no number, or about a reading of zero."""
    bar: float
    """Its half-width, in the unit of the reading."""
    value: float
    """The reading that it belongs to."""
    component: int
    step: int
    seed: int
    arm: str | None
    readings: int
    """Finite numbers that were read."""
    beyond: int
    """Those whose bar exceeds ``tolerance`` times their size."""
    tolerance: float
    """0 for none: then nothing lies beyond."""


class Barred(NamedTuple):
    """The series whose bars tell which readings to trust, and the series of these bars."""

    readings: str
    bars: str


def relative(values: np.ndarray, bars: np.ndarray) -> np.ndarray:
    """Error bars in proportion to their readings; NaN for what is no reading, infinite for a bar that is no number."""
    with np.errstate(all="ignore"):
        sizes, widths = np.abs(np.asarray(values, np.float64)), np.abs(np.asarray(bars, np.float64))
        shares = np.where(widths == 0, 0.0, np.where(np.isnan(widths), np.inf, widths) / sizes)
        return np.where(np.isfinite(sizes), shares, np.nan)


def beyond(values: np.ndarray, bars: np.ndarray, tolerance: float) -> np.ndarray:
    """Which readings have a bar beyond the tolerance; none where there is no tolerance."""
    if tolerance <= 0:
        return np.zeros(np.shape(values), bool)
    return relative(values, bars) > tolerance


def absent(values: np.ndarray, bars: np.ndarray) -> np.ndarray:
    """Which readings are not there for a reason: neither they nor their bars are numbers."""
    return np.isnan(values) & np.isnan(bars)


def of(history: History, name: str) -> Barred | None:
    """The bars that tell of a series: its own, or those of what the same probe read in the same shape."""
    own = history[name].series
    kin = [own, *(one for one in history.header.series if one.source == own.source != "" and one.shape == own.shape)]
    return next((Barred(one.name, one.bar) for one in kin if one.name in history and _fits(history, one)), None)


def own(history: History, name: str) -> str:
    """The series of a series' own error bars; empty if it has none."""
    series = history[name].series
    return series.bar if _fits(history, series) else ""


def _fits(history: History, series: Series) -> bool:
    """Whether a recording holds the bars that it promises."""
    return series.bar in history and history[series.bar].series.shape == series.shape


def largest(history: History) -> list[ErrorBar]:
    """For every series with error bars its largest one, over the whole run; none where nothing finite was read."""
    found = (_largest(history, name) for name in history.columns if own(history, name))
    return [one for one in found if one is not None]


def _largest(history: History, name: str) -> ErrorBar | None:
    column, bars = history[name], history[own(history, name)]
    count = min(len(column), len(bars))
    tolerance, readings, doubtful = column.series.tolerance, 0, 0
    worst, place = -1.0, (0, 0)
    for start in range(0, count, _SLICE):
        # A bounded piece at a time: a recording may hold millions.
        part = slice(start, min(start + _SLICE, count))
        shares = relative(column.values[part], bars.values[part]).reshape(part.stop - start, -1)
        known = ~np.isnan(shares)
        readings += int(known.sum())
        doubtful += int((shares > tolerance).sum()) if tolerance > 0 else 0
        if known.any() and (top := float(np.nanmax(shares))) > worst:
            at, within = np.unravel_index(int(np.nanargmax(shares)), shares.shape)
            worst, place = top, (start + int(at), int(within))
    if not readings:
        return None
    arm, seed, component = _member(history, column.series, place[1])
    value, bar = (float(one.values[place[0]].reshape(-1)[place[1]]) for one in (column, bars))
    step = int(column.steps[place[0]])
    return ErrorBar(name, worst, bar, value, component, step, seed, arm, readings, doubtful, tolerance)


def _member(history: History, series: Series, place: int) -> tuple[str | None, int, int]:
    """Arm, seed and component of a number in a reading, by its place in the flattened reading."""
    armed, seeded = series.axes[:2] == ("arm", "seed"), "seed" in series.axes[:2]
    members = series.shape[: 2 if armed else 1 if seeded else 0]
    size = int(np.prod(series.shape[len(members) :], dtype=np.int64))
    member, component = divmod(place, max(size, 1))
    seeds, arms = history.header.seeds, history.header.arms
    arm = arms[member // members[1]].name if armed and arms else None
    seed = seeds[member % members[-1]] if members and seeds else seeds[0] if seeds else 0
    return arm, seed, component

"""How a reading grows with what the arms stand for: widths, scales, sample sizes."""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import numpy as np
from msgspec import Meta

from dltlab.panels import Scaling
from dltlab.session.quantiles import quantiles
from dltlab.terminal.drawing import plot
from dltlab.terminal.drawing.legend import MARKERS, Curve
from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.drawing.tracks import Points, Ranges
from dltlab.terminal.panels.panel import Look, blank, heading_of, numbered
from dltlab.text import one_line

Fraction = Annotated[float, Meta(ge=0, le=1)]
_ENOUGH: Final = 1024
"""Readings whose median or mean is drawn in the stead of those of a long window."""
_BRIEF: Final = 4
"""Letters of a symbol that a power is written of."""
_FOLDS: Final = {"median": np.median, "mean": np.mean, "max": np.max, "min": np.min}


class _Measured(NamedTuple):
    """A series' readings at the arms' values, each of shape (arms,)."""

    x: np.ndarray
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def logarithms(self) -> tuple[np.ndarray, np.ndarray]:
        """Logarithms of the values and of the readings, of what has both."""
        shown = (self.x > 0) & (self.middle > 0) & np.isfinite(self.middle)
        return np.log(self.x[shown]), np.log(self.middle[shown])

    def fit(self) -> tuple[float, float] | None:
        """Slope and intercept of log reading on log value by least squares; None for fewer than two values."""
        x, y = self.logarithms()
        away = x - x.mean() if len(x) else x
        if not np.any(np.abs(away) > 1e-9):
            return None
        slope = float((away * y).sum() / (away**2).sum())
        return slope, float(y.mean() - slope * x.mean())


def _marker(slot: int) -> str:
    return MARKERS[slot % len(MARKERS)]


def draw(panel: Scaling, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    shown = panel.shown_arms(traces.history.header)
    arms = [arm for arm in shown if arm in traces.arms and (traces.arms[arm].value or 0) > 0]
    if not arms:
        return blank(panel, "no arm of this session stands for a positive value", traces, width, height, look)
    values = np.array([traces.arms[arm].value for arm in arms], np.float64)
    low, high = float(values.min()), float(values.max())
    # A little room at both ends, so that no point lies on an axis.
    margin = max(0.05 * np.log10(high / low), 0.05)
    across = Scale("log", float(np.log10(low) - margin), float(np.log10(high) + margin))
    # A line that overflows lies outside of the picture; a member that diverged folds to what is not finite.
    with np.errstate(all="ignore"):
        curves = _curves(panel, traces, arms, values, across)
    extents = [extent for curve in curves if (extent := curve.stretches.extent(curve.track, log=True))]
    up = around("log", min(low for low, _ in extents), max(high for _, high in extents)) if extents else None
    points = [curve.stretches for curve in curves if curve.role == "points" and curve.label is not None]
    dropped = sum(int(one.unlogged.sum() + one.unfinite.sum()) for one in points)
    note = f"({dropped} arm{'s' * (dropped > 1)} without a positive reading)" if dropped and up else ""
    heading = numbered(heading_of(panel, traces, arms), look)
    name = one_line(panel.value) or "value"
    return plot.draw(heading, curves, across, up, width, height, look.glyphs, note=note, name=name, legend=2)


def _curves(panel: Scaling, traces: Traces, arms: Sequence[str], values: np.ndarray, across: Scale) -> list[Curve]:
    curves: list[Curve] = []
    names, places = [name for name in panel.series if name in traces], list(traces.arms)
    for slot, name in enumerate(names):
        found = _measured(panel, traces, name, arms, values)
        said = one_line(traces.series(name).title or name) if len(names) > 1 else ""
        fitted = found.fit()
        label = f"{_power(panel, fitted[0])} {said}".strip() if fitted else said or "one point"
        points = Points(values, found.middle, across)
        if len(names) == 1:
            # Each point as its arm looks in the other panels.
            for at, arm in enumerate(arms):
                point, place = Points(values[at : at + 1], found.middle[at : at + 1], across), places.index(arm)
                curves.append(Curve(point, 0, None, None, place, "points", _marker(place), armed=True))
        marker = _marker(slot) if len(names) > 1 else ""
        curves.append(Curve(points, 0, label, None, slot, "points", marker, armed=True))
        curves.append(Curve(Ranges(values, found.low, found.high, across), 0, None, None, slot, "range"))
        if fitted:
            line = Points(values, np.exp(fitted[1] + fitted[0] * np.log(values)), across)
            curves.append(Curve(line, 0, None, None, slot, "second"))
            if panel.slope is not None and slot == 0:
                x, y = found.logarithms()
                middle = np.exp(y.mean() - panel.slope * x.mean())
                line = Points(values, middle * values**panel.slope, across)
                curves.append(Curve(line, 0, _power(panel, panel.slope), None, 0, "reference"))
        theory = traces.theory_of(name)
        if panel.theory and theory is not None and theory not in panel.series:
            predicted = _measured(panel, traces, theory, arms, values).middle
            said = one_line(traces.series(theory).title or "theory") if slot == 0 else None
            curves.append(Curve(Points(values, predicted, across), 0, said, None, slot, "theory"))
    return curves


def _power(panel: Scaling, slope: float) -> str:
    """A power law in few letters: m^-0.5."""
    name = one_line(panel.value)
    return f"{name}^{slope:.3g}" if 0 < len(name) <= _BRIEF else f"slope {slope:.3g}"


def _measured(panel: Scaling, traces: Traces, name: str, arms: Sequence[str], values: np.ndarray) -> _Measured:
    members = [_folded(panel, traces, name, arm) for arm in arms]
    spread = np.concatenate([quantiles(one[None, :], (0.5, 0.0, 1.0)) for one in members])
    return _Measured(values, spread[:, 0], spread[:, 1], spread[:, 2])


def _folded(panel: Scaling, traces: Traces, name: str, arm: str) -> np.ndarray:
    """The statistic of every member, shape (members,); one NaN while there is none."""
    steps, planned = traces.history[name].steps, traces.history.header.steps
    first, last = (
        np.searchsorted(steps, planned * at, side) for at, side in zip(panel.window, ("left", "right"), strict=True)
    )
    if first >= last:
        return np.full(1, np.nan)
    which: slice = {"last": slice(last - 1, last), "first": slice(first, first + 1)}.get(
        panel.statistic,
        # The extremes of all readings, the middle of enough of them.
        slice(first, last, 1 if panel.statistic in ("max", "min") else max((last - first) // _ENOUGH, 1)),
    )
    read = traces.at(name, which, arm)
    flat = read.reshape(*read.shape[:2], -1)
    if panel.component >= flat.shape[2]:
        return np.full(1, np.nan)
    return _FOLDS.get(panel.statistic, np.max)(flat[:, :, panel.component], axis=0)

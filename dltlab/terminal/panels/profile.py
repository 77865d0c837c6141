"""Vector series now, against their index: spectra, residuals by mode, a function on a grid."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from dltlab.panels import Profile
from dltlab.session.quantiles import quantiles
from dltlab.terminal.drawing import plot
from dltlab.terminal.drawing.legend import MARKERS, Curve
from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.drawing.tracks import Points
from dltlab.terminal.panels.panel import Look, blank, heading_of, numbered
from dltlab.text import one_line

_MARKED: Final = 24
"""Components of a vector that get a marker each."""
_LONGEST: Final = 1 << 14


class _Vector(NamedTuple):
    """A vector series of an arm: its components now, of every member."""

    name: str
    arm: str
    x: np.ndarray
    """Places of the components, shape (k,)."""
    members: np.ndarray
    """Shape (members, k)."""


def draw(panel: Profile, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    names = [name for name in panel.series if name in traces]
    if not names:
        return blank(panel, f"this session has none of {', '.join(panel.series)}.", traces, width, height, look)
    arms = panel.shown_arms(traces.history.header)
    vectors = [_vector(panel, traces, name, arm) for name in names for arm in arms]
    across = _across(panel, vectors)
    curves = _curves(panel, traces, vectors, across, alone=len(arms) == 1)
    kind = panel.axis(traces.history.header)
    kind = {"log": "linear"}.get(kind, "log") if look.other else kind
    up = _up(curves, kind)
    if kind == "log" and up is None:
        up = _up(curves, "linear")
    read = max((int(traces.history[name].steps[-1]) for name in names if len(traces.history[name])), default=0)
    note = f"step {count(read)}"
    axis = one_line(next(iter(traces.axes(names[0])), ""))
    axis = one_line(traces.history[panel.against].series.title or axis) if panel.against in traces else axis
    heading = numbered(heading_of(panel, traces), look)
    return plot.draw(heading, curves, across, up, width, height, look.glyphs, note=note, name=axis, legend=4)


def _vector(panel: Profile, traces: Traces, name: str, arm: str) -> _Vector:
    members = traces.now(name, arm)
    members = members.reshape(len(members), math.prod(members.shape[1:]))[:, :_LONGEST]
    x = np.arange(1.0, members.shape[1] + 1)
    if panel.against in traces:
        given = traces.median(panel.against, arm)
        x = np.full(len(x), np.nan) if given is None else np.append(given.reshape(-1), np.full(len(x), np.nan))
    return _Vector(name, arm, x[: members.shape[1]], members)


def _across(panel: Profile, vectors: Sequence[_Vector]) -> Scale:
    x = np.concatenate([vector.x for vector in vectors])
    x = x[np.isfinite(x) & ((x > 0) | (panel.x == "linear"))]
    low, high = (float(x.min()), float(x.max())) if len(x) else (1.0, 2.0)
    if panel.against:
        return around(panel.x, low, high)
    high = max(high, 2.0)
    return Scale("log", 0.0, float(np.log10(high))) if panel.x == "log" else Scale("linear", 1.0, high)


def _curves(panel: Profile, traces: Traces, vectors: Sequence[_Vector], across: Scale, *, alone: bool) -> list[Curve]:
    places = {name: place for place, name in enumerate(traces.arms)}
    curves, companions = [], []
    for number, one in enumerate(vectors):
        # An arm keeps its ink in every panel; several series of the same arms are told apart by their place.
        slot = number if alone or len(panel.series) > 1 else places[one.arm]
        members = one.members.T if len(one.members) else np.full((len(one.x), 1), np.nan)
        points = Points(one.x, quantiles(members, (0.5, 0.0, 1.0, 0.25, 0.75)), across)
        said = one_line(traces.series(one.name).title or one.name)
        label = said if alone else traces.told(one.arm) + (f", {said}" if len(panel.series) > 1 else "")
        role = "theory" if traces.is_theory(one.name) else "curve"
        curve = Curve(points, 0, label, None, slot, role, MARKERS[slot % len(MARKERS)], armed=True)
        if len(one.x) <= _MARKED:
            # With a marker on every component there are none between them.
            companions.append(curve._replace(label=None, marker=""))
            curve = curve._replace(role="points" if role == "curve" else role)
        curves.append(curve)
        theory = traces.theory_of(one.name)
        if panel.theory and theory is not None and theory not in panel.series:
            predicted = _vector(panel, traces, theory, one.arm)
            middle = quantiles(predicted.members.T, (0.5,)) if len(predicted.members) else np.empty((0, 1))
            line = Points(predicted.x[: len(middle)], middle, across)
            said = one_line(traces.series(theory).title or "theory") if number == 0 else None
            companions.append(Curve(line, 0, said, None, slot, "theory", armed=len(vectors) > 1))
        if len(vectors) == 1 and len(one.members) > 1:
            band = curve._replace(track=1, role="band", marker="", label=f"{len(one.members)} seeds")
            companions += [band, band._replace(track=2, label=None)]
            if len(one.members) >= 4:
                companions.append(band._replace(track=3, other=4, role="shade", label=None))
    return [*curves, *companions]


def _up(curves: Sequence[Curve], kind: str) -> Scale | None:
    extents = [extent for curve in curves if (extent := curve.stretches.extent(curve.track, log=kind == "log"))]
    return around(kind, min(low for low, _ in extents), max(high for _, high in extents)) if extents else None

"""Neurons, iterates and landscapes in two dimensions, on equal axes, at a choice of steps."""

from typing import Any, Final

import numpy as np

from dltlab.exports.page import sentences
from dltlab.exports.page.frames import left_out, moments
from dltlab.exports.page.packing import numbers
from dltlab.exports.page.plot import Plot, curve_ink
from dltlab.panels import Plane
from dltlab.session import readings
from dltlab.session.arms import told
from dltlab.session.history import History
from dltlab.session.matrices import levels
from dltlab.text import one_line

_WAY: Final = 1500
"""Readings that stand for a way."""
_MOST: Final = 512
"""Points that are drawn."""


def plot(history: History, panel: Plane) -> Plot:
    """The plane of a panel; of several seeds the first one that is left."""
    arms = panel.shown_arms(history.header)
    main = arms[0]
    points = _frames(history, panel.points, main, history[panel.points].steps) if panel.points in history else None
    count = min(points.shape[1] // 2, _MOST) if points is not None else 0
    named = [name for name in (panel.points, panel.path, panel.mark, panel.direction) if name in history]
    steps = moments(history, named or panel.names, 2 * count + 8)
    look: dict[str, Any] = {
        "steps": numbers(np.asarray(steps, np.float64)),
        "x": one_line(panel.x_label), "y": one_line(panel.y_label),
        "circle": panel.circle, "trails": panel.trails, "starts": panel.starts, "ways": [],
    }  # fmt: skip
    extents: list[np.ndarray] = []
    for key, name in (("points", panel.points), ("marks", panel.mark), ("ways out", panel.direction),
                      ("arrows", panel.arrows)):  # fmt: skip
        if name in history:
            found = _frames(history, name, main, steps)[:, : 2 * _MOST]
            look[key] = numbers(found)
            look[f"{key} are"] = one_line(history[name].series.title or name)
            if key != "ways out":
                extents.append(found.reshape(-1, 2) if found.shape[1] % 2 == 0 else np.empty((0, 2)))
    if panel.sign in history and count:
        signs = _frames(history, panel.sign, main, steps[-1:], _left(history, panel.points, main))[0]
        look["signs"] = np.sign(np.nan_to_num(signs)).astype(int).tolist()
        look["signs are"] = one_line(history[panel.sign].series.title or panel.sign)
    places = {arm.name: place for place, arm in enumerate(history.header.arms)}
    for arm in arms if panel.path in history else ():
        found = readings.read(history, panel.path, arm)
        which = np.unique(np.linspace(0, max(len(found.steps) - 1, 0), _WAY).astype(np.int64))[: len(found.steps)]
        way = _pairs(np.asarray(found.values[which, _left(history, panel.path, arm)], np.float64))
        look["ways"].append({
            "label": told(history, arm) or "the iterate", "ink": curve_ink(places.get(arm, 0)),
            "steps": numbers(np.asarray(found.steps[which], np.float64)), "way": numbers(way),
        })  # fmt: skip
        extents.append(way)
    _field(history, panel, main, look)
    look["limits"] = _limits(history, panel, main, extents)
    said = sentences.of_plane(history, panel, arms)
    notes = left_out(history, named, steps)
    known = next(name for name in panel.names if name in history)
    if readings.read(history, known, main).values.shape[1] > 1:
        notes.append(f"Of the seeds the first one that is left: {history.header.seeds[_left(history, known, main)]}.")
    return Plot("plane", panel.heading(history.header), said, panel.names, look, notes=notes)


def _left(history: History, name: str, arm: str) -> int:
    """The first member that is left at the end."""
    values = readings.read(history, name, arm).values
    return readings.alive(values[-1]) if len(values) else 0


def _frames(history: History, name: str, arm: str, steps: np.ndarray, member: int | None = None) -> np.ndarray:
    """A member's readings (those of the first that is left) at these steps, or before them: shape (steps, k)."""
    found = readings.read(history, name, arm)
    if not len(found.steps):
        return np.full((len(steps), found.values.shape[2]), np.nan)
    places = np.searchsorted(found.steps, steps, "right") - 1
    member = _left(history, name, arm) if member is None else min(member, found.values.shape[1] - 1)
    return np.asarray(found.values[np.maximum(places, 0), member], np.float64)


def _pairs(values: np.ndarray) -> np.ndarray:
    """The first two numbers of each reading; of a single one the second is zero."""
    return values[:, :2] if values.shape[1] > 1 else np.pad(values[:, :1], ((0, 0), (0, 1)))


def _field(history: History, panel: Plane, arm: str, look: dict[str, Any]) -> None:
    """The landscape below it all: in how many levels, and over which rectangle."""
    if panel.field not in history or not len(history[panel.field]):
        return
    column = history[panel.field]
    shape = column.series.shape[-2:]
    field = _frames(history, panel.field, arm, column.steps[-1:])[0].reshape(shape)
    known = field[np.isfinite(field)]
    if len(shape) == 2 and known.size:
        at = levels(field, panel.contours, panel.levels)
        banded = np.where(np.isfinite(field), np.searchsorted(at, field, "right"), -1)
        look["field"] = {"rows": shape[0], "columns": shape[1], "bands": banded.astype(int).reshape(-1).tolist(),
                         "levels": len(at) + 1}  # fmt: skip


def _limits(history: History, panel: Plane, arm: str, extents: list[np.ndarray]) -> list[float]:
    """What is seen: x_low, x_high, y_low, y_high."""
    if panel.extent in history and len(history[panel.extent]):
        given = _frames(history, panel.extent, arm, history[panel.extent].steps[-1:])[0]
        if len(given) == 4 and np.isfinite(given).all() and given[0] < given[1] and given[2] < given[3]:
            return [float(one) for one in given]
    if panel.limits is not None and panel.limits[0] < panel.limits[1] and panel.limits[2] < panel.limits[3]:
        return list(panel.limits)
    data = np.concatenate([np.zeros((0, 2)), *extents])
    data = data[np.isfinite(data).all(axis=1)]
    if panel.circle:
        data = np.concatenate([data, np.array([[-1.0, -1.0], [1.0, 1.0]]) * panel.circle])
    if not len(data):
        return [-1.0, 1.0, -1.0, 1.0]
    low, high = data.min(axis=0), data.max(axis=0)
    margin = np.maximum(0.06 * (high - low), 1e-9 + 1e-9 * np.abs(high))
    low, high = low - margin, high + margin
    return [float(low[0]), float(high[0]), float(low[1]), float(high[1])]

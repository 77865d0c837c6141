"""A matrix series as squares of more and less colour, at a choice of steps."""

from typing import Any, Final

import numpy as np

from dltlab.exports.page import sentences
from dltlab.exports.page.frames import left_out, moments
from dltlab.exports.page.packing import numbers
from dltlab.exports.page.plot import Plot
from dltlab.panels import Heat
from dltlab.session import readings
from dltlab.session.history import History
from dltlab.session.matrices import averaged, trimmed
from dltlab.text import one_line

_MOST: Final = 24
"""Rows, and columns, of a plot; larger matrices are averaged over blocks."""


def plot(history: History, panel: Heat) -> Plot | None:
    """The readings of the first member of an ensemble that is left; None where none of them is finite."""
    name = next(name for name in panel.series if name in history)
    arm = panel.shown_arms(history.header)[0]
    found = readings.read(history, name, arm)
    shape = readings.shape(found.series)
    rows = shape[0] if len(shape) > 1 else 1
    steps = moments(history, [name], min(rows, _MOST) * min(found.values.shape[2] // rows, _MOST))
    if not len(steps):
        return None
    alive = readings.alive(found.values[-1])
    # One at a time: a matrix may be as large as the memory that it takes.
    shown = [found.values[place, alive].reshape(rows, -1) for place in np.searchsorted(found.steps, steps)]
    high, wide = (max(sides) for sides in zip(*(trimmed(matrix).shape for matrix in shown), strict=True))
    fitted = np.stack([_fitted(matrix[:high, :wide]) for matrix in shown])
    shades = _shades(fitted, log=panel.scale == "log")
    if shades is None:
        return None
    axes = [one_line(axis) for axis in found.axes] if len(found.axes) == 2 else ["", ""]
    look = {
        **shades,
        "steps": numbers(np.asarray(steps, np.float64)),
        "rows": fitted.shape[1],
        "columns": fitted.shape[2],
        "y": axes[0],
        "x": axes[1],
        "size": f"{high} × {wide}{', averaged' if fitted.shape[1:] != (high, wide) else ''}",
    }
    said = sentences.of_matrix(history, name, arm)
    return Plot("heat", panel.heading(history.header), said, [name], look, notes=left_out(history, [name], steps))


def _fitted(matrix: np.ndarray) -> np.ndarray:
    return averaged(averaged(matrix.astype(np.float64), _MOST).T, _MOST).T


def _shades(values: np.ndarray, *, log: bool) -> dict[str, Any] | None:
    """How much colour each number gets, −1 to 1, NaN where none can be told, and the ends of that scale.

    The scale is the same at all steps. Where numbers lie below zero, zero gets none; a logarithmic scale takes
    what is positive.
    """
    taken = np.isfinite(values) & ((values > 0) | (not log))
    if not taken.any():
        return None
    low, high = float(values[taken].min()), float(values[taken].max())
    most = max(-low, high) or 1.0
    if low < 0:
        low, high = -most, most
    told = np.where(taken, values, high)
    # In units of the largest, so that nothing overflows on its way.
    inner, first, last = (
        (np.log(told), np.log(low), np.log(high)) if log else (told / most, max(low, 0.0) / most, high / most)
    )
    shades = (inner - first) / (last - first) if last > first else np.full_like(inner, float(high > 0))
    whole = np.where(taken, values, np.nan).reshape(len(values), -1)
    return {
        "shades": numbers(np.where(taken, np.clip(shades, -1.0, 1.0), np.nan)),
        "low": low,
        "high": high,
        "least": numbers(np.fmin.reduce(whole, axis=1)),
        "greatest": numbers(np.fmax.reduce(whole, axis=1)),
        "unknown": "not above zero, or no number" if log else "no finite number",
    }

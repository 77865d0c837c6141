"""What is seen at one moment and not over time: profiles, scalings, bars and tables, at a choice of steps."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from dltlab.exports.page import sentences
from dltlab.exports.page.packing import numbers
from dltlab.exports.page.plot import Plot, curve_ink
from dltlab.panels import Bars, Profile, Readout, Scaling, Table
from dltlab.session import readings
from dltlab.session.arms import told
from dltlab.session.history import History
from dltlab.session.quantiles import middle, quantiles
from dltlab.session.theories import is_theory, theory_of
from dltlab.text import component, one_line

_ROOM: Final = 10_000
"""Numbers of one plot."""
_MOST: Final = 120
"""Moments of one plot."""
_LONGEST: Final = 2048
"""Components of a vector."""
_FOLDS: Final = {"median": np.median, "mean": np.mean, "max": np.max, "min": np.min}


def moments(history: History, names: Sequence[str], each: int) -> np.ndarray:
    """The steps at which a plot is shown: as many as there is room for, the first and the last among them."""
    steps = max((history[name].steps for name in names if name in history), key=len, default=np.empty(0, np.int64))
    most = int(np.clip(_ROOM // max(each, 1), 2, _MOST))
    if len(steps) <= most:
        return np.array(steps)
    return np.asarray(steps[np.unique(np.linspace(0, len(steps) - 1, most).round().astype(np.int64))])


def left_out(history: History, names: Sequence[str], steps: np.ndarray) -> list[str]:
    """A sentence on the readings that are not on the page."""
    most = max((len(history[name]) for name in names if name in history), default=0)
    return [f"Shown at {len(steps):,} of {most:,} readings, evenly spaced."] if len(steps) < most else []


def at(history: History, name: str, arm: str, steps: np.ndarray) -> np.ndarray:
    """The median of the members at these steps, or at the last reading before each: shape (steps, k)."""
    found = readings.read(history, name, arm)
    values = found.values[:, :, :_LONGEST]
    if not len(found.steps):
        return np.full((len(steps), values.shape[2]), np.nan)
    places = np.searchsorted(found.steps, steps, "right") - 1
    shown = middle(values[np.maximum(places, 0)])
    shown[places < 0] = np.nan
    return shown


def profile(history: History, panel: Profile) -> Plot:
    """Vector series against their index, or against another one."""
    names = [name for name in panel.series if name in history]
    arms = panel.shown_arms(history.header)
    shapes = [min(readings.read(history, name, arms[0]).values.shape[2], _LONGEST) for name in names]
    longest = max(shapes)
    steps = moments(history, names, longest * len(names) * len(arms))
    lines: list[dict[str, Any]] = []
    shown = [(name, arm) for name in names for arm in arms]
    for slot, (name, arm) in enumerate(shown):
        title = one_line(history[name].series.title or name)
        label = ", ".join(
            part for part in (told(history, arm) if len(arms) > 1 else "", title if len(names) > 1 else "")
            if part
        )  # fmt: skip
        role = "theory" if is_theory(history.header, name) else "marked" if longest <= 24 else "curve"
        ink = "theory" if role == "theory" and len(arms) == 1 else curve_ink(slot)
        lines.append(_row(label or title, ink, role, _wide(at(history, name, arm, steps), longest)))
        theory = theory_of(history, name) if panel.theory else None
        if theory is not None and theory not in panel.series:
            said = one_line(history[theory].series.title or "theory")
            ink = "theory" if len(shown) == 1 else curve_ink(slot)
            lines.append(_row(said, ink, "theory", _wide(at(history, theory, arm, steps), longest)))
    x = np.arange(1.0, longest + 1)
    if panel.against in history:
        x = _wide(at(history, panel.against, arms[0], steps[-1:]), longest)[0]
    own = readings.read(history, names[0], arms[0]).axes
    along = history[panel.against].series.title if panel.against in history else next(iter(own), "component")
    look = {
        "log": panel.axis(history.header) == "log",
        "xlog": panel.x == "log",
        "x": one_line(along),
        "y": sentences.axis(history, names),
        "steps": numbers(np.asarray(steps, np.float64)),
        "places": numbers(x),
        "rows": lines,
    }
    said = sentences.of_moment(history, panel, names, arms)
    return Plot("frames", panel.heading(history.header), said, names, look, notes=left_out(history, names, steps))


def scaling(history: History, panel: Scaling) -> Plot | None:
    """A reading of each arm against the arm's value, on logarithmic axes; None where no arm has a value."""
    known = {arm.name: arm for arm in history.header.arms}
    arms = [name for name in panel.shown_arms(history.header) if name in known and (known[name].value or 0) > 0]
    names = [name for name in panel.series if name in history]
    if not arms:
        return None
    arms.sort(key=lambda name: known[name].value or 0.0)
    x = np.array([known[name].value for name in arms], np.float64)
    fixed = panel.statistic == "first"
    steps = moments(history, names, 40 * len(arms) * len(names))[-1 if fixed else 0 :]
    value = one_line(panel.value) or "value of the arm"
    lines = []
    for slot, name in enumerate(names):
        rows = np.array([_folded(history, panel, name, arms, int(step)) for step in steps])
        said = one_line(history[name].series.title or name)
        lines.append(_row(said, curve_ink(slot), "points", rows[:, :, 0]))
        if slot == 0 and panel.slope is not None:
            line = np.array([_reference(x, row, panel.slope) for row in rows[:, :, 0]])
            lines.append(_row(f"theory: slope {panel.slope:g}", "theory", "theory", line))
        theory = theory_of(history, name) if panel.theory else None
        if theory is not None and theory not in panel.series:
            predicted = np.array([_folded(history, panel, theory, arms, int(step)) for step in steps])
            label = one_line(history[theory].series.title or "theory")
            lines.append(_row(label, "theory", "theory points", predicted[:, :, 0]))
    look = {
        "log": True, "xlog": True, "x": value, "y": sentences.axis(history, names), "rows": lines, "fit": value,
        "steps": numbers(np.asarray(steps, np.float64)), "places": numbers(x),
    }  # fmt: skip
    said = sentences.of_scaling(history, panel, names, value)
    notes = [] if fixed else left_out(history, names, steps)
    return Plot("frames", panel.heading(history.header), said, names, look, notes=notes)


def _folded(history: History, panel: Scaling, name: str, arms: Sequence[str], step: int) -> np.ndarray:
    """The statistic of each arm up to a step, shape (arms, 1): the median of its members."""
    steps, planned = history[name].steps, history.header.steps
    first = int(np.searchsorted(steps, planned * panel.window[0], "left"))
    last = int(np.searchsorted(steps, min(planned * panel.window[1], step), "right"))
    if first >= last:
        return np.full((len(arms), 1), np.nan)
    which = {"last": slice(last - 1, last), "first": slice(first, first + 1)}.get(panel.statistic, slice(first, last))
    if panel.statistic in ("median", "mean"):
        which = slice(first, last, max((last - first) // 1024, 1))
    found = np.full((len(arms), 1), np.nan)
    for place, arm in enumerate(arms):
        values = readings.read(history, name, arm).values[which]
        if panel.component < values.shape[2]:
            with np.errstate(all="ignore"):
                members = _FOLDS.get(panel.statistic, np.max)(values[:, :, panel.component], axis=0)
            found[place] = quantiles(members[None], (0.5,))[0]
    return found


def _reference(x: np.ndarray, y: np.ndarray, slope: float) -> np.ndarray:
    """A power law of this slope through the middle of the points."""
    good = (y > 0) & np.isfinite(y)
    if not good.any():
        return np.full(len(x), np.nan)
    middle = np.log(y[good]).mean() - slope * np.log(x[good]).mean()
    with np.errstate(all="ignore"):
        return np.exp(middle + slope * np.log(x))


def bars(history: History, panel: Bars) -> Plot:
    """A bar a component of a vector, or an arm of a number."""
    name = next(name for name in panel.series if name in history)
    arms = panel.shown_arms(history.header)
    axes = readings.read(history, name, arms[0]).axes
    theory = theory_of(history, name) if panel.theory else None
    over = not panel.arm and len(arms) > 1 and not axes
    arms = arms if over or panel.arms else arms[:1]
    groups = []
    steps = moments(history, [name], 2 * len(arms) * 16)
    columns = [_limited(at(history, name, arm, steps)) for arm in arms]
    predicted = [_limited(at(history, theory, arm, steps)) for arm in arms] if theory else None
    places = {arm.name: place for place, arm in enumerate(history.header.arms)}
    if over:
        labels = [told(history, arm) for arm in arms]
        rows = np.concatenate(columns, axis=1)
        groups.append({"label": "", "inks": [curve_ink(places[arm]) for arm in arms], "values": numbers(rows)})
        if predicted:
            groups[0]["theory"] = numbers(np.concatenate(predicted, axis=1))
    else:
        labels = [component(axes, index) for index in range(columns[0].shape[1])]
        for place, arm in enumerate(arms):
            group = {"label": told(history, arm), "inks": [curve_ink(place)], "values": numbers(columns[place])}
            if predicted:
                group["theory"] = numbers(np.broadcast_to(predicted[place], columns[place].shape))
            groups.append(group)
    look = {
        "steps": numbers(np.asarray(steps, np.float64)), "labels": labels, "groups": groups,
        "log": panel.scale == "log", "y": sentences.axis(history, [name]),
    }  # fmt: skip
    said = sentences.of_moment(history, panel, [name], arms)
    return Plot("bars", panel.heading(history.header), said, [name], look, notes=left_out(history, [name], steps))


def table(history: History, panel: Readout | Table) -> Plot:
    """Arms against series, as numbers, each with its theory; of a vector its first component."""
    names = [name for name in panel.series if name in history]
    arms = panel.shown_arms(history.header)
    steps = moments(history, names, 2 * len(names) * len(arms))
    foretold = isinstance(panel, Readout) or panel.theory
    theories = [theory_of(history, name) if foretold else None for name in names]
    theories = [None if name in panel.series else name for name in theories]
    look = {
        "steps": numbers(np.asarray(steps, np.float64)),
        "rows": [told(history, arm) or "reading" for arm in arms],
        "heads": [sentences.axis(history, [name]) for name in names],
        "cells": numbers(_cells(history, names, arms, steps)),
    }
    said = ["Every arm’s readings at the step that the slider stands at."]
    if any(theories):
        look["theory"] = numbers(_cells(history, theories, arms, steps))
        said.append("In parentheses: what theory says.")
    return Plot("table", panel.heading(history.header), said, names, look, notes=left_out(history, names, steps))


def _cells(history: History, names: Sequence[str | None], arms: Sequence[str], steps: np.ndarray) -> np.ndarray:
    """The readings of series in arms, shape (steps, arms, names); NaN for no series."""
    nothing = np.full(len(steps), np.nan)
    columns = [[at(history, name, arm, steps)[:, 0] if name else nothing for name in names] for arm in arms]
    return np.moveaxis(np.array(columns), 2, 0)


def _row(label: str, ink: str, role: str, values: np.ndarray) -> dict[str, Any]:
    return {"label": label, "ink": ink, "role": role, "values": numbers(values)}


def _wide(values: np.ndarray, width: int) -> np.ndarray:
    """Rows filled up with NaN to a width."""
    lacking = width - values.shape[1]
    return np.pad(values, ((0, 0), (0, lacking)), constant_values=np.nan) if lacking > 0 else values[:, :width]


def _limited(values: np.ndarray) -> np.ndarray:
    return values[:, :32]

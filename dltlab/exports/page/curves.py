"""Series over the steps: lines, theory dashed, bands of ensembles, error bars; arms side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dltlab.exports.page import sentences
from dltlab.exports.page.packing import table
from dltlab.exports.page.plot import Band, Line, Plot, curve_ink
from dltlab.panels import Curves
from dltlab.session import divergence, errorbars, readings
from dltlab.session.arms import told
from dltlab.session.history import History
from dltlab.session.quantiles import middle, quantiles
from dltlab.session.readings import Read
from dltlab.session.theories import is_theory, theory_of
from dltlab.text import one_line

_BANDED = 2
"""Curves whose bands can be told apart."""


class _Builder:
    """The tables, lines and bands of one plot as they come together."""

    def __init__(self, history: History, panel: Curves) -> None:
        self.history = history
        self.panel = panel
        self.plot = Plot("curves", panel.heading(history.header), [], list(panel.series))

    def add(self, name: str, arm: str, inks: Sequence[str], label: str, role: str, *, banded: bool) -> None:
        """A series of an arm: a line for each of its components, as far as there are inks."""
        found = readings.read(self.history, name, arm)
        curves = middle(found.values)[:, : len(inks)]
        bars = readings.bars(self.history, name, arm)
        columns = [curves[:, track] for track in range(curves.shape[1])]
        place, several = len(self.plot.tables), found.values.shape[1] > 1
        unit = one_line(found.series.unit)
        for track in range(curves.shape[1]):
            said = " ".join(part for part in (label, found.label(track)) if part) or one_line(found.series.title)
            if bars is not None and track < bars.shape[1]:
                columns.append(bars[:, track])
            bar = len(columns) - 1 if bars is not None and track < bars.shape[1] else None
            self.plot.lines.append(Line(said, inks[track], role, place, track, bar, found.series.tolerance, unit))
        if several and banded and curves.shape[1] == 1:
            columns += self._band(found, inks[0], place, len(columns))
        self.plot.tables.append(table(found.steps, columns))

    def _band(self, found: Read, ink: str, place: int, first: int) -> list[np.ndarray]:
        members = found.values.shape[1]
        self.plot.bands.append(Band(f"{members} seeds: least to greatest", ink, place, first, first + 1))
        return list(quantiles(found.values[:, :, 0], (0.0, 1.0)).T)


def plot(history: History, panel: Curves) -> Plot:
    """The curves of a panel, before their tables are thinned."""
    builder = _Builder(history, panel)
    names = [name for name in panel.series if name in history]
    arms = panel.shown_arms(history.header)
    if len(arms) == 1:
        _of_one(builder, names, arms[0])
    else:
        _of_arms(builder, names, arms)
    made = builder.plot
    made.look.update(_look(history, panel, names))
    made.sentences.extend(sentences.of_curves(history, panel, names, arms))
    made.notes.extend(_doubts(history, names))
    return made


def _of_one(builder: _Builder, names: Sequence[str], arm: str) -> None:
    history, taken, predicted = builder.history, 0, 0
    for name in names:
        theory = theory_of(history, name) if builder.panel.theory else None
        title = one_line(history[name].series.title or name)
        count = min(readings.read(history, name, arm).values.shape[2], readings.MOST)
        label = title if len(names) > 1 or count == 1 else ""
        if is_theory(history.header, name):
            # The first ink of theory is that of the curve's own prediction.
            inks = ["theory" if not predicted + at else curve_ink(4 + predicted + at) for at in range(count)]
            predicted += count
            builder.add(name, arm, inks, label, "theory", banded=False)
            continue
        builder.add(name, arm, [curve_ink(taken + at) for at in range(count)], label, "curve", banded=name == names[0])
        taken += count
        if theory is not None and theory not in builder.panel.series:
            said = one_line(history[theory].series.title or "theory")
            builder.add(theory, arm, ["theory" if not predicted else curve_ink(4 + predicted)], said, "theory",
                        banded=False)  # fmt: skip
            predicted += 1


def _of_arms(builder: _Builder, names: Sequence[str], arms: Sequence[str]) -> None:
    history = builder.history
    places = {arm.name: place for place, arm in enumerate(history.header.arms)}
    for number, name in enumerate(names):
        theory = theory_of(history, name) if builder.panel.theory else None
        role = "theory" if is_theory(history.header, name) else "second" if number else "curve"
        for at, arm in enumerate(arms):
            ink = curve_ink(places[arm] if len(names) <= 2 else number * len(arms) + at)
            title = one_line(history[name].series.title or name)
            said = told(history, arm) + (f", {title}" if len(names) > 1 else "")
            builder.add(name, arm, [ink], said, role, banded=len(names) * len(arms) <= _BANDED)
            if theory is not None and theory not in names:
                said = f"{told(history, arm)}, {one_line(history[theory].series.title or 'theory')}"
                builder.add(theory, arm, [ink], said, "theory", banded=False)


def _look(history: History, panel: Curves, names: Sequence[str]) -> dict[str, Any]:
    return {
        "log": panel.axis(history.header) == "log",
        "xlog": panel.x == "log",
        "low": panel.y_min,
        "high": panel.y_max,
        "calm": divergence.calm(history),
        "x": "step (logarithmic)" if panel.x == "log" else "step",
        "y": sentences.axis(history, names),
    }


def _doubts(history: History, names: Sequence[str]) -> list[str]:
    """How many readings have an error bar beyond their tolerance."""
    notes = []
    if history.footer is not None and history.footer.reason == "diverged":
        notes.append("The session diverged; what came of it may leave the plot; the values above tell it.")
    for name in names:
        own, series = errorbars.own(history, name), history[name].series
        if own and series.tolerance > 0:
            count = min(len(history[name]), len(history[own]))
            beyond = errorbars.beyond(history[name].values[:count], history[own].values[:count], series.tolerance)
            if lost := int(beyond.sum()):
                said = "reading has" if lost == 1 else "readings have"
                notes.append(f"{lost:,} {said} an error bar beyond ±{100 * series.tolerance:.3g} %, marked “?” below.")
    return notes

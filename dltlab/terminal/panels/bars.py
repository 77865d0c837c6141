"""A vector series now: one bar a component, its theory a stroke across the bar.

plotext's bars stand upright and leave no room for names and numbers; these lie, so that each
has its name, its value and its prediction on one line.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from dltlab.panels import Bars
from dltlab.terminal.drawing.blocks import bars, beads
from dltlab.terminal.drawing.legend import INKS, MARKERS, Sign, top
from dltlab.terminal.drawing.lines import Picture, frame, width_of
from dltlab.terminal.drawing.numbers import count, short
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.strokes import plain_sign
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import Look, blank, heading_of, numbered
from dltlab.text import component

_LONGEST: Any = 1 << 16
_DECADES: Final = 12
"""A logarithmic bar is at most so many decades long: what lies below is nothing beside the rest."""


class _Group(NamedTuple):
    """The bars of one arm, or of all arms where a reading is one number."""

    label: str
    slot: int
    values: np.ndarray
    predicted: np.ndarray | None
    errors: np.ndarray
    """Their error bars; 0 for none."""


def draw(panel: Bars, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    name = panel.series[0]
    column = traces.history[name]
    if not len(column):
        return blank(panel, "nothing to draw yet", traces, width, height, look)
    arms = panel.shown_arms(traces.history.header)
    over = not panel.arm and len(arms) > 1 and not traces.axes(name)
    if over:
        groups, labels = [_over(panel, traces, arms)], [traces.told(arm) for arm in arms]
    else:
        arms = arms if panel.arms else arms[:1]
        groups = _shortened([_group(panel, traces, arm) for arm in arms])
        labels = [component(traces.axes(name), index) for index in range(len(groups[0].values))]
    scale = _scale(groups) if panel.scale == "log" else None
    notes = [f"step {count(int(column.steps[-1]))}"]
    notes += [f"log {short(10**scale.low)} to {short(10**scale.high)}"] if scale else []
    heading = numbered(heading_of(panel, traces, arms), look)
    # The title is said before the axis.
    while len(notes) > 1 and width_of(heading) + len(", ".join(notes)) + 5 > width:
        notes.pop()
    room = min(2 if len(groups) > 1 else 1, max(height - 1 - len(labels), 0))
    crowded = len(groups) > 1 and 1 + room + len(labels) * len(groups) > height
    signs = _signs(groups, look, "theory" if crowded else "(theory)")
    head = top(heading, signs, width, look.glyphs, ", ".join(notes), room)
    # What has no reading while the session goes on may have one yet.
    absent = "not yet" if traces.history.footer is None and not any(map(traces.lost, arms)) else "—"
    values = np.stack([group.values for group in groups], axis=1)
    known = list(traces.arms)
    slots = [known.index(arm) for arm in arms] if over else [group.slot for group in groups]
    inks = [f"curve{slot % INKS}" for slot in slots]
    letters = [_letter(slot, look) for slot in slots] if len(slots) > 1 else []
    if crowded:
        lines = beads(labels, values.T, width, look.glyphs, groups[0].predicted, scale, inks, letters, absent)
    else:
        predicted = None
        if any(group.predicted is not None for group in groups):
            nothing = np.full(len(values), np.nan)
            predicted = np.stack([nothing if g.predicted is None else g.predicted for g in groups], axis=1).ravel()
        errors = np.stack([group.errors for group in groups], axis=1).ravel()
        each = [one for label in labels for one in (label, *[""] * (len(groups) - 1))]
        lines = bars(each, values.ravel(), width, look.glyphs, predicted, scale, inks, letters, absent, errors)
    return frame((*head, *lines), width, height)


def _over(panel: Bars, traces: Traces, arms: Sequence[str]) -> _Group:
    """One number an arm."""
    theory = traces.theory_of(panel.series[0]) if panel.theory else None
    values, predicted = (
        np.array([_flat(traces, name, arm)[0] for arm in arms]) if name else None for name in (panel.series[0], theory)
    )
    assert values is not None
    errors = np.array([_errors(traces, panel.series[0], arm, 1)[0] for arm in arms])
    return _Group("", 0, values, predicted, errors)


def _group(panel: Bars, traces: Traces, arm: str) -> _Group:
    """The components of one arm."""
    theory = traces.theory_of(panel.series[0]) if panel.theory else None
    values = _flat(traces, panel.series[0], arm)
    predicted = _resized(_flat(traces, theory, arm), len(values)) if theory else None
    slot = list(traces.arms).index(arm) if panel.arms else 0
    errors = _errors(traces, panel.series[0], arm, len(values))
    return _Group(traces.told(arm) if arm else "", slot, values, predicted, errors)


def _shortened(groups: Sequence[_Group]) -> list[_Group]:
    """Without the components that no arm has: one that is shorter than the longest is filled up with NaN."""
    known = np.zeros(len(groups[0].values), bool)
    for group in groups:
        known |= ~np.isnan(group.values) | (False if group.predicted is None else ~np.isnan(group.predicted))
    told = np.flatnonzero(known)
    last = int(told[-1]) + 1 if len(told) and groups[0].label else len(known)
    return [
        g._replace(
            values=g.values[:last],
            predicted=None if g.predicted is None else g.predicted[:last],
            errors=g.errors[:last],
        )
        for g in groups
    ]


def _signs(groups: Sequence[_Group], look: Look, theory: str) -> list[Sign]:
    """Whose bars they are, and what the stroke and the parenthesis say."""
    plain = look.glyphs == "ascii"
    signs = []
    for group in groups if len(groups) > 1 else ():
        letter = _letter(group.slot, look)
        signs.append(Sign(letter, f"curve{group.slot % INKS}", group.label, letter))
    told = any(group.predicted is not None and np.isfinite(group.predicted).any() for group in groups)
    return [*signs, Sign("|" if plain else "┃", "theory", theory)] if told else signs


def _letter(slot: int, look: Look) -> str:
    """An arm's marker."""
    return plain_sign(slot) if look.glyphs == "ascii" else MARKERS[slot % len(MARKERS)]


def _flat(traces: Traces, name: str, arm: str) -> np.ndarray:
    """The median of the members' latest readings; one NaN while there is none."""
    found = traces.median(name, arm)
    return np.full(1, np.nan) if found is None or not found.size else found.reshape(-1)[:_LONGEST]


def _errors(traces: Traces, name: str, arm: str, length: int) -> np.ndarray:
    """The largest of the members' latest error bars, component by component; 0 where there are none."""
    bars = traces.bar(name, arm)
    return np.zeros(length) if bars is None or not bars.size else _resized(bars.reshape(-1), length)


def _resized(predicted: np.ndarray, length: int) -> np.ndarray:
    """One prediction for every component, or one each."""
    if len(predicted) == 1:
        return np.repeat(predicted, length)
    return np.append(predicted, np.full(max(length - len(predicted), 0), np.nan))[:length]


def _scale(groups: Sequence[_Group]) -> Scale | None:
    both = np.concatenate([one for group in groups for one in (group.values, group.predicted) if one is not None])
    both = both[np.isfinite(both) & (both > 0)]
    if not len(both):
        return None
    scale = around("log", float(both.min()), float(both.max()))
    return scale._replace(low=max(scale.low - 1, scale.high - _DECADES))

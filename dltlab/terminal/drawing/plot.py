"""A plot: curves on their canvas, round axes around it, the legend in the title line."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from rich.cells import cell_len

from dltlab.terminal.drawing import chart
from dltlab.terminal.drawing.lines import Line, Picture, Span, between, centred, fit, frame, width_of
from dltlab.terminal.drawing.numbers import short
from dltlab.terminal.drawing.scales import Scale
from dltlab.terminal.drawing.thinning import Stretches

_GUTTER: Final = 6
_WIDEST: Final = 9
_SYMBOL: Final = 8
"""Cells that a name may take to be kept where room is scarce: a symbol says more than another curve's number."""
_DASH: Final = {"braille": (4, 2), "block": (4, 2), "ascii": (2, 1)}
"""Dots drawn and left out of a dashed line."""
SIGNS: Final = {"curve": "━", "theory": "╍", "band": "░"}
_PLAIN_SIGNS: Final = {"curve": "*o+x#", "theory": "-", "band": ":"}


class Curve(NamedTuple):
    """One track to draw, and its place in the legend."""

    stretches: Stretches
    track: int
    label: str
    latest: float | None
    """Its last reading; None for none."""
    slot: int = 0
    """Its colour among the curves."""
    role: str = "curve"
    """curve, theory (dashed) or band (the edge of an ensemble)."""

    @property
    def ink(self) -> str:
        """Its colour."""
        # A second theory in one plot takes a curve's colour, and stays dashed.
        own = self.role == "curve" or (self.role == "theory" and self.slot > 0)
        return f"curve{self.slot % 5}" if own else self.role


class Mark(NamedTuple):
    """Something that happened at a step, shown on the step axis."""

    fraction: float
    glyph: str


def draw(
    title: Sequence[Span],
    curves: Sequence[Curve],
    across: Scale,
    up: Scale | None,
    width: int,
    height: int,
    glyphs: str,
    *,
    marks: Iterable[Mark] = (),
    note: str = "",
) -> Picture:
    """The whole plot in height lines of width cells; ``up`` is None while there is no data."""
    if width < 16 or height < 4:
        return frame([title_line(title, curves, width, glyphs)], width, height)
    top = title_line(title, curves, width, glyphs, note)
    foot = 2 if height >= 7 else 1
    rows = height - 1 - foot
    ticks = up.ticks(max((rows + 2) // 3, 2)) if up else []
    gutter = min(max([_GUTTER, *(len(label) for _, label in ticks)]), _WIDEST)
    columns = width - gutter - 1
    if up is None:
        return (
            top,
            *centred("nothing to draw yet", width, rows),
            *_step_axis(across, width, gutter, foot, glyphs, marks),
        )
    try:
        cells = chart.canvas(_strokes(curves, up, columns, glyphs), columns, rows, glyphs)
    except chart.ChartError as fault:
        return (top, *centred(str(fault), width, height - 1, "wrong"))
    labels = {rows - 1 - round(at * (rows - 1)): label for at, label in ticks}
    wall, notch = ("|", "+") if glyphs == "ascii" else ("│", "┤")
    body: list[Line] = []
    for row, line in enumerate(cells):
        label = labels.get(row, "")
        edge = ((f"{label:>{gutter}}"[:gutter], "tick"), (notch if label else wall, "rule"))
        inked = [(text, curves[slot].ink if 0 <= slot < len(curves) else "text") for text, slot in line]
        body.append(fit((*edge, *inked), width))
    return (top, *body, *_step_axis(across, width, gutter, foot, glyphs, marks))


def _strokes(curves: Sequence[Curve], up: Scale, columns: int, glyphs: str) -> list[chart.Stroke]:
    """Bands below, curves above them, dashes on top: the last one drawn keeps a cell, and dashes leave gaps."""
    dots = columns * chart.DOTS[glyphs][0]
    order = {"band": 0, "curve": 1, "theory": 2}
    # Among curves the first is the most important and is drawn last.
    indexed = sorted(enumerate(curves), key=lambda item: (order[item[1].role], -item[0]))
    strokes = []
    for slot, curve in indexed:
        joined = curve.role == "curve"
        for run in curve.stretches.runs(curve.track, dots, log=up.kind == "log"):
            last = max(min(dots, curve.stretches.count) - 1, 1)
            x, y = run.columns / last, up.fraction(run.values)
            if not joined:
                x, y = _dashed(x, y, dots, _DASH[glyphs] if curve.role == "theory" else (1, 1))
            glyph = "" if joined else _PLAIN_SIGNS[curve.role]
            strokes.append(chart.Stroke(x, y, slot, joined, glyph or _PLAIN_SIGNS["curve"][curve.slot % 5]))
    return strokes


def _dashed(x: np.ndarray, y: np.ndarray, dots: int, dash: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Dots along a curve, in dashes: told from a line without any colour."""
    first, last = round(x[0] * (dots - 1)), round(x[-1] * (dots - 1))
    at = np.arange(first, last + 1)
    at = at[at % sum(dash) < dash[0]]
    where = at / max(dots - 1, 1)
    return where, np.interp(where, x, y)


def title_line(title: Sequence[Span], curves: Sequence[Curve], width: int, glyphs: str, note: str = "") -> Line:
    """The title, and at the right end every curve with its sign, its name and its value."""
    rule = ("-", "rule") if glyphs == "ascii" else ("─", "rule")
    entries = [_entry(curve, glyphs) for curve in curves if curve.label or curve.role != "band"]
    named = [(text, ink) for text, ink in title]
    if note:
        named += [(f" {note}", "faint")]
    legend = _legend(entries, width - min(width_of(named), width // 3) - 5)
    most = max(width - width_of(legend) - 5, width // 3)
    if width_of(named) > most:
        named = list(fit(named, most))
    return between([*named, (" ", "text")], [*legend, (" ", "text"), rule] if legend else [], width, rule)


def _legend(entries: Sequence[list[Span]], room: int) -> list[Span]:
    """Signs, names and values of the curves: where room is scarce long names go first, then the last curves."""
    entries = [list(entry) for entry in entries]
    while entries and sum(width_of(entry) for entry in entries) > room:
        longest = max(entries, key=lambda entry: cell_len(entry[1][0]))
        if cell_len(longest[1][0]) > _SYMBOL or (len(entries) == 1 and longest[1][0]):
            longest[1] = ("", "text")
        else:
            entries.pop()
    return [span for entry in entries for span in entry if span[0]]


def _entry(curve: Curve, glyphs: str) -> list[Span]:
    if glyphs == "ascii":
        signs = _PLAIN_SIGNS[curve.role]
        sign = signs[curve.slot % 5] if curve.role == "curve" else signs * 2
    else:
        sign = SIGNS[curve.role]
    value = "" if curve.role == "band" or curve.latest is None else f" {short(curve.latest)}"
    label = f" {curve.label}" if curve.label else ""
    return [(f"  {sign}", curve.ink), (label, "text"), (value, "strong")]


def _step_axis(across: Scale, width: int, gutter: int, foot: int, glyphs: str, marks: Iterable[Mark]) -> list[Line]:
    columns = width - gutter - 1
    corner, line, notch = ("+", "-", "+") if glyphs == "ascii" else ("└", "─", "┴")
    ticks = across.ticks(max(columns // 9, 2))
    places = [(round(at * (columns - 1)), label) for at, label in ticks]
    rule = [(line, "rule")] * columns
    for at, _ in places:
        rule[at] = (notch, "rule")
    for mark in marks:
        rule[round(mark.fraction * (columns - 1))] = (mark.glyph, "event")
    labels = [" "] * width
    end = -1
    for at, label in places:
        start = min(max(gutter + 1 + at - len(label) // 2, 0), width - len(label))
        if start > end:
            labels[start : start + len(label)] = label
            end = start + len(label)
    axis: Line = ((" " * gutter, "text"), (corner, "rule"), *_joined(rule))
    written: Line = (("".join(labels), "tick"),)
    return [axis, fit(written, width)][-foot:] if foot > 1 else [axis]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Neighbours of one ink as one span."""
    merged: list[Span] = []
    for text, ink in spans:
        if merged and merged[-1][1] == ink:
            merged[-1] = (merged[-1][0] + text, ink)
        else:
            merged.append((text, ink))
    return merged

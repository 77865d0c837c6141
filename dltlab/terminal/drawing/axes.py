"""Axes around a drawing: numbers at its left, numbers and a name below it."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from rich.cells import cell_len

from dltlab.terminal.drawing.grid import Grid, joined
from dltlab.terminal.drawing.lines import Line, Picture, centred, fit
from dltlab.terminal.drawing.scales import Scale
from dltlab.terminal.drawing.strokes import DOTS, cells, rows_at

_GUTTER: Final = 6
_WIDEST: Final = 9


class Mark(NamedTuple):
    """Something that happened at a step, shown on the step axis."""

    fraction: float
    glyph: str


class Cursor(NamedTuple):
    """The place on an axis at which everything is read."""

    fraction: float
    label: str


class Room(NamedTuple):
    """What is left for a drawing between its axes."""

    width: int
    gutter: int
    """Cells of the numbers at its left."""
    columns: int
    rows: int
    foot: int
    """Lines of the axis below."""
    ticks: Sequence[tuple[float, str]]


def room(width: int, height: int, head: int, up: Scale | None) -> Room:
    """The room in height lines of width cells below so many lines of heading."""
    foot = 2 if height >= 7 else 1
    rows = max(height - head - foot, 1)
    ticks = up.ticks(max((rows + 2) // 3, 2)) if up else []
    gutter = min(max([_GUTTER, *(len(label) for _, label in ticks)]), _WIDEST)
    return Room(width, gutter, max(width - gutter - 1, 1), rows, foot, ticks)


def enclose(
    head: Sequence[Line],
    body: Sequence[Line] | str,
    within: Room,
    across: Scale,
    glyphs: str,
    *,
    marks: Iterable[Mark] = (),
    name: str = "",
    cursor: Cursor | None = None,
) -> Picture:
    """The heading, the drawing (or a sentence in its place) and its axes."""
    below = _across(across, within, glyphs, marks, name, cursor)
    if isinstance(body, str):
        return (*head, *centred(body, within.width, within.rows), *below)
    # A tick stands in the row in which a curve of its value is drawn.
    rows = rows_at(np.array([at for at, _ in within.ticks]), within.rows, DOTS[glyphs][1]).tolist()
    labels = dict(zip(rows, (label for _, label in within.ticks), strict=True))
    wall, notch = ("|", "+") if glyphs == "ascii" else ("│", "┤")
    lines: list[Line] = []
    for row, line in enumerate(body):
        label = labels.get(row, "")
        edge = ((f"{label:>{within.gutter}}"[: within.gutter], "tick"), (notch if label else wall, "rule"))
        lines.append(fit((*edge, *line), within.width))
    return (*head, *lines, *below)


def between(picture: Picture) -> range:
    """The columns of a drawing between its axes; none where it has no axes."""
    for line in reversed(picture[-2:]):
        text = "".join(part for part, _ in line)
        at = next((text.find(f" {corner}") for corner in "└+" if f" {corner}" in text[: _WIDEST + 2]), -1)
        if at >= 0 and not text[:at].strip():
            return range(at + 2, cell_len(text))
    return range(0)


def _across(
    across: Scale, within: Room, glyphs: str, marks: Iterable[Mark], name: str, cursor: Cursor | None = None
) -> list[Line]:
    """The axis below: its line with what happened on it, then its numbers and, before the last one, its name."""
    width, gutter, columns = within.width, within.gutter, within.columns
    corner, line, notch = ("+", "-", "+") if glyphs == "ascii" else ("└", "─", "┴")
    ticks = across.ticks(max(columns // 9, 2))
    dots = DOTS[glyphs][0]
    places = [(int(cells(np.asarray(at), columns, dots)), label) for at, label in ticks]
    rule = [(line, "rule")] * columns
    for at, _ in places:
        rule[at] = (notch, "rule")
    for mark in marks:
        rule[int(cells(np.asarray(mark.fraction), columns, dots))] = (mark.glyph, "event")
    here = -1 if cursor is None else int(cells(np.asarray(cursor.fraction), columns, dots))
    if here >= 0:
        rule[here] = ("^" if glyphs == "ascii" else "┻", "strong")
    axis: Line = ((" " * gutter, "text"), (corner, "rule"), *joined(rule))
    if within.foot < 2:
        return [axis]
    labels = Grid(width, 1)
    end, last = -1, width
    if cursor is not None:
        # Where one looks is said before what stands around it.
        start = min(max(gutter + 1 + here - len(cursor.label) // 2, 0), max(width - len(cursor.label), 0))
        labels.write(0, start, cursor.label, "strong")
    for at, label in places:
        start = min(max(gutter + 1 + at - len(label) // 2, 0), width - len(label))
        first = max(start - 1, 0)
        free = cursor is None or labels.vacant(0, first, min(start + len(label) + 1, width) - first)
        if start > end and free:
            labels.write(0, start, label, "tick")
            end, last = start + len(label), start
    # At the right end, where the last number leaves room for it.
    name = name if cell_len(name) == len(name) else ""
    for start in (width - len(name), last - len(name) - 1):
        if name and labels.vacant(0, start - 1, len(name) + 2 if start + len(name) < width else len(name) + 1):
            labels.write(0, start, name, "faint")
            break
    return [axis, fit(labels.lines()[0], width)]

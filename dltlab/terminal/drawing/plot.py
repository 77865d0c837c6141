"""A plot: curves on their canvas, round axes around it, the legend in the title line."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from dltlab.terminal.drawing import chart, dots, measuring
from dltlab.terminal.drawing.axes import Cursor, Mark, enclose, room
from dltlab.terminal.drawing.field import Field
from dltlab.terminal.drawing.grid import Cells, Grid
from dltlab.terminal.drawing.legend import PLAIN_SIGNS, SIGNS, Curve, Sign, title_line, top
from dltlab.terminal.drawing.lines import Line, Picture, Span, centred, frame
from dltlab.terminal.drawing.scales import Scale
from dltlab.terminal.drawing.strokes import DOTS, Stroke, cells, dashed, plain_sign, rows_at

__all__ = ["Cursor", "Curve", "Mark", "draw", "title_line"]

_FEW: Final = 5
"""Curves that plotext draws in time."""
_SHORT: Final = 1000
"""Dots that plotext draws in time: it takes 5 ms for a thousand, and noise fills whole columns with them."""
_DASH: Final = {"braille": (4, 2), "block": (4, 2), "ascii": (2, 1)}
"""Dots drawn and left out of a dashed line."""
_DASHED: Final = ("theory", "reference")
_MEASURED: Final = ("curve", "guest", "raw")
_APART: Final = 24
"""Cells between two markers of a curve."""
_ORDER: Final = {
    "shade": 0, "band": 1, "guest": 2, "raw": 3, "bar": 4, "reference": 5, "theory": 6, "range": 7, "second": 8,
    "curve": 9, "points": 9, "beyond": 10,
}  # fmt: skip
"""What is drawn above what: what was measured is seen where it meets its theory or its bound, and all lines of the
session above those of others."""


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
    name: str = "step",
    legend: int = 0,
    signs: Sequence[Sign] = (),
    remarks: Sequence[Sign] = (),
    cursor: Cursor | None = None,
) -> Picture:
    """The whole plot in height lines of width cells; ``up`` is None while there is no data.

    ``name`` is what the axis across is called, ``legend`` how many lines the legend may take below
    the title; ``signs`` open it, ``remarks`` close it. At ``cursor`` a line stands behind the curves.
    """
    curves = _told(curves, up, width, height, glyphs)
    if width < 16 or height < 4:
        return frame([title_line(title, curves, width, glyphs)], width, height)
    # What is read at the cursor is said, if that takes a line more.
    most = min(legend + (cursor is not None), (height - 5) // 3)
    head = top(title, [*signs, *curves, *remarks], width, glyphs, note, most, valued=cursor is not None)
    within = room(width, height, len(head), up)
    if up is None:
        return enclose(head, "nothing to draw yet", within, across, glyphs, marks=marks, name=name, cursor=cursor)
    try:
        body = _body(curves, Field(up, within.columns, within.rows, glyphs), cursor)
    except chart.ChartError as fault:
        return (*head, *centred(str(fault), width, height - len(head), "wrong"))
    return enclose(head, body, within, across, glyphs, marks=marks, name=name, cursor=cursor)


def _told(curves: Sequence[Curve], up: Scale | None, width: int, height: int, glyphs: str) -> list[Curve]:
    """The curves without error bars that could not be seen; of those that can, the first is in the legend."""
    nearly = None if up is None else Field(up, max(width - 7, 1), max(height - 3, 1), glyphs)
    shown = [c for c in curves if c.role != "bar" or (nearly and len(measuring.bars(c, 0, nearly).x))]
    first = next((curve for curve in shown if curve.role == "bar"), None)
    return [c._replace(label=None) if c.role == "bar" and c is not first else c for c in shown]


def _body(curves: Sequence[Curve], field: Field, cursor: Cursor | None = None) -> list[Line]:
    """The curves; shades and the cursor where there is room, markers above all."""
    strokes = _strokes(curves, field)
    rows: list[Cells]
    # Error bars are many short strokes.
    few = len({stroke.slot for stroke in strokes}) <= _FEW and not any(curve.role == "bar" for curve in curves)
    if few and dots.length(strokes, field.columns, field.rows, field.glyphs) <= _SHORT:
        rows = chart.canvas(strokes, field.columns, field.rows, field.glyphs)
    else:
        rows = dots.canvas(strokes, field.columns, field.rows, field.glyphs)
    inks = [curve.ink for curve in curves]
    shades = [curve for curve in curves if curve.role == "shade"]
    marked = [curve for curve in curves if curve.marker]
    doubtful = [curve for curve in curves if curve.role == "beyond"]
    if not shades and not marked and not doubtful and cursor is None:
        return [tuple((text, inks[slot] if slot >= 0 else "text") for text, slot in row) for row in rows]
    grid = Grid.of(rows, inks)
    if cursor is not None:
        column = int(cells(np.asarray(cursor.fraction), field.columns, DOTS[field.glyphs][0]))
        for row in range(field.rows):
            if grid.vacant(row, column):
                grid.put(row, column, "|" if field.glyphs == "ascii" else "│", "tick")
    for curve in shades:
        _shade(grid, curve, field)
    # The first curve is the most important one, so that its markers come last.
    for place, curve in reversed(list(enumerate(marked))):
        _mark(grid, curve, place, len(marked), field)
    for curve in reversed(doubtful):
        for row, column in measuring.beyond(curve, field):
            grid.put(row, column, SIGNS["beyond"], curve.ink)
    return grid.lines()


def _strokes(curves: Sequence[Curve], field: Field) -> list[Stroke]:
    """Bands below, theory above them, on top what was measured: the last one drawn keeps a cell."""
    # Among curves the first is the most important and is drawn last.
    indexed = sorted(enumerate(curves), key=lambda item: (_ORDER[item[1].role], -item[0]))
    return [stroke for slot, curve in indexed for stroke in _of(curve, slot, field)]


def _of(curve: Curve, slot: int, field: Field) -> list[Stroke]:
    """The strokes of one curve."""
    if curve.role in ("shade", "points", "beyond"):
        return []
    if curve.role == "bar":
        return [measuring.bars(curve, slot, field)]
    dots_across = field.columns * DOTS[field.glyphs][0]
    solid = curve.role in ("curve", "guest", "raw", "range")
    strokes = []
    runs = curve.stretches.runs(curve.track, dots_across, log=field.up.kind == "log")
    last = max(min(dots_across, getattr(curve.stretches, "count", dots_across)) - 1, 1)
    for run, part in [(one, part) for one in runs for part in field.up.within(one.values)]:
        x, y = run.columns[part] / last, field.up.fraction(run.values[part])
        if not solid:
            x, y = dashed(x, y, dots_across, _DASH[field.glyphs] if curve.role in _DASHED else (1, 1))
        glyph = PLAIN_SIGNS.get(curve.role, "") or plain_sign(curve.slot)
        whole = Stroke(x, y, slot, solid, glyph)
        apart = None if run.apart is None or curve.role not in _MEASURED else run.apart[part]
        led = run.led[0] and part.start == 0, run.led[1] and part.stop == len(run.values)
        strokes += [whole] if apart is None else measuring.told_apart(whole, apart, field, led)
    return strokes


def _heights(curve: Curve, track: int, field: Field) -> tuple[np.ndarray, np.ndarray]:
    """The columns that a track passes, and the row of each."""
    last = max(min(field.columns, getattr(curve.stretches, "count", field.columns)) - 1, 1)
    columns, heights = [np.empty(0, np.int64)], [np.empty(0)]
    for run in curve.stretches.runs(track, field.columns, log=field.up.kind == "log"):
        where = run.columns * ((field.columns - 1) / last)
        columns.append(np.arange(round(where[0]), round(where[-1]) + 1))
        heights.append(np.interp(columns[-1], where, field.up.fraction(run.values)))
    return np.concatenate(columns), rows_at(np.concatenate(heights), field.rows, DOTS[field.glyphs][1])


def _shade(grid: Grid, curve: Curve, field: Field) -> None:
    """Fill the empty cells between two tracks."""
    letter = ":" if field.glyphs == "ascii" else "░"
    at, low = _heights(curve, curve.track, field)
    above, high = _heights(curve, curve.other, field)
    tops = dict(zip(above.tolist(), high.tolist(), strict=True))
    for column, bottom in zip(at.tolist(), low.tolist(), strict=True):
        highest = tops.get(column, bottom)
        # A shade of a row or two would be a speck beside the curve.
        for row in range(highest, bottom + 1):
            if bottom - highest >= 2 and grid.vacant(row, column):
                grid.put(row, column, letter, curve.ink)


def _mark(grid: Grid, curve: Curve, place: int, of: int, field: Field) -> None:
    """Set a curve's marker on it here and there, each curve's elsewhere; of points, on every one."""
    letter = plain_sign(curve.slot) if field.glyphs == "ascii" else curve.marker
    if curve.role == "points":
        for run in curve.stretches.runs(curve.track, field.columns, log=field.up.kind == "log"):
            across, down = DOTS[field.glyphs]
            rows = rows_at(field.up.fraction(run.values), field.rows, down)
            columns = cells(run.columns / max(field.columns - 1, 1), field.columns, across)
            for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
                grid.put(row, column, letter, curve.ink)
        return
    first = _APART * (2 * place + 1) // (2 * of)
    for stroke in _of(curve, curve.slot, field):
        columns, rows = dots.cells_of(stroke, field.columns, field.rows, field.glyphs)
        for column in range(first, field.columns, _APART):
            # On the curve, wherever it is: half way up where it is steep.
            if len(here := np.sort(rows[columns == column])):
                grid.put(int(here[len(here) // 2]), column, letter, curve.ink)

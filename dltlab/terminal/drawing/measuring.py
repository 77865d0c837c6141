"""What was measured, how well, and where: error bars, doubtful readings, and the gaps between readings.

A line that joins readings which lie further apart than the picture resolves would show what
nobody measured: there each reading is a dot of its own, and only a trail of single dots leads
from one to the next.
"""

from typing import Final

import numpy as np

from dltlab.terminal.drawing.field import Field
from dltlab.terminal.drawing.legend import Curve
from dltlab.terminal.drawing.strokes import DOTS, Stroke, cells, dashed, rows_at
from dltlab.terminal.drawing.thinning import Stretches

_TRAIL: Final = {"braille": (1, 2), "block": (1, 2), "ascii": (1, 1)}
"""Dots drawn and left out between readings."""
_SPOT: Final = ((0, 0), (1, 0), (0, -1), (1, -1))
_READING: Final = {"braille": _SPOT, "block": _SPOT, "ascii": _SPOT[:1]}
"""The dots of a reading, across and up."""
_BETWEEN: Final = 2
"""Cells between two error bars, and between two signs of doubt: the curve is seen between them."""


def bars(curve: Curve, slot: int, field: Field) -> Stroke:
    """Error bars as vertical lines from the lowest to the highest end, at most one in two cells: their envelope there.

    Empty where no bar reaches a dot beyond its curve.
    """
    across, down = field.dots
    track, none = curve.stretches, np.empty(0)
    if not isinstance(track, Stretches):
        return Stroke(none, none, slot)
    low, high = (field.up.fraction(end) for end in track.spans(curve.track, across))
    # Below zero there is no logarithm, but an axis that ends.
    bottom = np.where(np.isfinite(high), 0.0, np.nan) if field.up.kind == "log" else np.nan
    ends = track.spans(curve.other, across)[0], track.spans(curve.other + 1, across)[1]
    below, above = (field.up.fraction(end) for end in ends)
    below = np.where(np.isnan(below), np.where(np.isnan(above), np.nan, bottom), below)
    seen = np.fmax(low - below, above - high) * max(down - 1, 1) >= 1
    at = np.flatnonzero(seen)
    if not len(at):
        return Stroke(none, none, slot)
    group = at // (_BETWEEN * DOTS[field.glyphs][0])
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    below, above = np.fmin.reduceat(below[at], starts), np.fmax.reduceat(above[at], starts)
    x = at[starts] / max(len(low) - 1, 1)
    # What is no number lifts the pen.
    lift = np.full(len(x), np.nan)
    return Stroke(np.repeat(x, 3), np.stack([below, above, lift], axis=1).ravel(), slot, True, "|")


def beyond(curve: Curve, field: Field) -> list[tuple[int, int]]:
    """The cells, row and column, of readings that are not to be trusted; of close ones every second."""
    across, down = DOTS[field.glyphs]
    found: list[tuple[int, int]] = []
    for run in curve.stretches.runs(curve.track, field.dots[0], log=field.up.kind == "log"):
        last = max(min(field.dots[0], getattr(curve.stretches, "count", field.dots[0])) - 1, 1)
        rows = rows_at(field.up.fraction(run.values), field.rows, down)
        columns = cells(run.columns / last, field.columns, across)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if not found or column >= found[-1][1] + _BETWEEN:
                found.append((row, column))
    return found


def told_apart(whole: Stroke, apart: np.ndarray, field: Field, led: tuple[bool, bool] = (False, False)) -> list[Stroke]:
    """A curve in pieces: lines where its readings are dense, dots with a trail between them where they are not.

    ``apart`` says for each point how far the reading before it lies, as a fraction of the axis; ``led`` whether the
    first and the last point are on the way to readings that are not seen.
    """
    columns, rows = field.dots
    wide = 2 * DOTS[field.glyphs][0] / max(columns, 1)
    sparse = (apart[1:] >= wide) & (np.diff(whole.x) > 0)
    if not sparse.any():
        return [whole]
    strokes: list[Stroke] = []
    edges = np.flatnonzero(np.diff(sparse.astype(np.int8))) + 1
    for first, end in zip([0, *edges.tolist()], [*edges.tolist(), len(sparse)], strict=True):
        x, y = whole.x[first : end + 1], whole.y[first : end + 1]
        if not sparse[first]:
            strokes.append(whole._replace(x=x, y=y))
            continue
        trail = dashed(x, y, columns, _TRAIL[field.glyphs])
        strokes.append(whole._replace(x=trail[0], y=trail[1], joined=False, glyph="."))
        begin, end = int(led[0] and first == 0), int(led[1] and end == len(sparse))
        x, y = x[begin : len(x) - end], y[begin : len(y) - end]
        right, up = np.array(_READING[field.glyphs]).T
        spots = x[:, None] + right / max(columns - 1, 1), y[:, None] + up / max(rows - 1, 1)
        strokes.append(whole._replace(x=spots[0].ravel(), y=spots[1].ravel(), joined=False))
    return strokes

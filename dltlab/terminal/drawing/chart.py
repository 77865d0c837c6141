"""The only place that touches plotext.

It is given strokes in the unit square and returns rows of glyphs with the number of the
stroke that made them; axes, ticks and titles are drawn around it. plotext keeps one global
figure, so build in one thread only. What reaches it is finite, inside the square and at
most two points a column; whatever it still raises becomes a line of text in the plot's place.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import plotext

from dltlab.terminal.drawing.grid import Cells
from dltlab.terminal.drawing.strokes import DOTS, Stroke, dots_at, plain_sign
from dltlab.terminal.drawing.thinning import thin
from dltlab.text import one_line

_MARKERS: Final = {"braille": "braille", "block": "hd"}
_SLOT: Final = 16
_SGR: Final = re.compile(r"\x1b\[([0-9;]*)m")


class ChartError(Exception):
    """plotext could not draw; the message is one line."""


def canvas(strokes: Sequence[Stroke], width: int, height: int, glyphs: str) -> list[Cells]:
    """Draw strokes, later ones above earlier ones, into height rows of width cells.

    Raises:
        ChartError: plotext failed.
    """
    across, down = DOTS[glyphs]
    fed = 0
    try:
        plotext.clear_figure()
        plotext.limit_size(False, False)
        plotext.plot_size(width, height)
        plotext.frame(False)
        plotext.xaxes(False, False)
        plotext.yaxes(False, False)
        plotext.xticks([], [])
        plotext.yticks([], [])
        plotext.canvas_color("default")
        plotext.axes_color("default")
        plotext.xlim(0, 1)
        plotext.ylim(0, 1)
        for stroke in strokes:
            x, y = _fit(stroke, width * across)
            # On the middles of dots, where no rounding of plotext's moves them.
            x, y = (dots_at(at, many) / max(many - 1, 1) for at, many in ((x, width * across), (y, height * down)))
            if len(x):
                fed += len(x)
                marker = _MARKERS.get(glyphs) or stroke.glyph or plain_sign(stroke.slot)
                draw = plotext.plot if stroke.joined else plotext.scatter
                draw(x.tolist(), y.tolist(), marker=marker, color=_SLOT + stroke.slot)
        return _cells(plotext.build(), width, height) if fed else [[(" " * width, -1)] for _ in range(height)]
    except Exception as fault:  # plotext raises bare exceptions of many kinds
        raise ChartError(one_line(f"this plot could not be drawn ({type(fault).__name__}: {fault}).")) from fault


def _fit(stroke: Stroke, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """What may reach plotext of a stroke."""
    x, y = np.asarray(stroke.x, np.float64), np.asarray(stroke.y, np.float64)
    finite = np.isfinite(x) & np.isfinite(y)
    return thin(np.clip(x[finite], 0, 1), np.clip(y[finite], 0, 1), columns)


def _cells(built: str, width: int, height: int) -> list[Cells]:
    """The escape sequences of plotext as runs of cells."""
    rows: list[Cells] = []
    for row in built.split("\n")[:height]:
        cells: Cells = []
        slot, parts = -1, _SGR.split(row)
        for index, part in enumerate(parts):
            if index % 2:
                codes = part.split(";")
                slot = int(codes[2]) - _SLOT if codes[:2] == ["38", "5"] else -1 if codes[0] != "48" else slot
            elif part:
                cells.append((part, slot))
        short = width - sum(len(text) for text, _ in cells)
        if short > 0:
            cells.append((" " * short, -1))
        rows.append(cells)
    return rows + [[(" " * width, -1)] for _ in range(height - len(rows))]

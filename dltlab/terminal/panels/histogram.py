"""How the components of a vector series are distributed now.

plotext's histogram chooses its own axes at every call and lets no column be narrower than its
frame asks; these columns stand on axes that keep still.
"""

import math
from typing import Any

import numpy as np

from dltlab.panels import Histogram
from dltlab.session.quantiles import quantiles
from dltlab.terminal.drawing.axes import enclose, room
from dltlab.terminal.drawing.blocks import columns
from dltlab.terminal.drawing.lines import Picture, frame
from dltlab.terminal.drawing.numbers import count, short
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import Look, blank, heading_of, numbered
from dltlab.text import one_line

_LONGEST: Any = 1 << 18


def draw(panel: Histogram, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    name = panel.series[0]
    (arm,) = panel.shown_arms(traces.history.header)
    everything = traces.now(name, arm).reshape(-1)[:_LONGEST]
    values = everything[np.isfinite(everything)]
    if not len(values):
        return blank(panel, "nothing to draw yet", traces, width, height, look)
    lost = int(np.isinf(everything).sum())
    middle = float(quantiles(values[None, :], (0.5,))[0, 0])
    note = f"step {count(int(traces.history[name].steps[-1]))}  median {short(middle)}"
    note += f"  ({lost} not finite)" if lost else ""
    head = [title_line(numbered(heading_of(panel, traces), look), (), width, look.glyphs, note)]
    if width < 16 or height < 4:
        return frame(head, width, height)
    across = around("linear", float(values.min()), float(values.max()))
    bins = panel.bins or max(math.ceil(2 * len(values) ** (1 / 3)), 4)
    # The numbers at the left depend on the counts, and the counts on the room that they leave.
    bins = min(bins, max(width - 10, 1))
    counts = np.bincount(_bin(values, across, bins), minlength=bins)
    up = around("linear", 0.0, float(counts.max()))
    within = room(width, height, 1, up)
    drawn = columns(up.fraction(counts), within.columns, within.rows, look.glyphs, "curve0")
    axis = one_line(traces.series(name, arm).title or name)
    return enclose(head, drawn.lines(), within, across, look.glyphs, name=axis if len(axis) < width // 4 else "")


def _bin(values: np.ndarray, across: Scale, bins: int) -> np.ndarray:
    return np.minimum((across.fraction(values) * bins).astype(np.int64), bins - 1)

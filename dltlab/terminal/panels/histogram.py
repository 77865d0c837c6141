"""How the components of a vector series are distributed now.

plotext's histogram chooses its own axes at every call and lets no column be narrower than its
frame asks; these columns stand on axes that keep still.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from dltlab.session.quantiles import quantiles
from dltlab.terminal.drawing.axes import enclose, room
from dltlab.terminal.drawing.blocks import columns
from dltlab.terminal.drawing.lines import Picture, frame
from dltlab.terminal.drawing.numbers import count, short
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Look, Named, Title, numbered
from dltlab.text import one_line

_LONGEST: Any = 1 << 18


@dataclass(frozen=True)
class Histogram(AbstractPanel):
    """The latest reading of a vector series, counted in equal bins; the members of an ensemble together."""

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    title: Title = ""
    bins: Annotated[int, Meta(ge=0, le=400)] = 0
    """How many; 0 chooses as many as the readings are worth."""
    arm: Named = ""

    ALONE = True

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        name = self.series[0]
        (arm,) = self.shown_arms(traces)
        everything = traces.now(name, arm).reshape(-1)[:_LONGEST]
        values = everything[np.isfinite(everything)]
        if not len(values):
            return self.blank("nothing to draw yet", traces, width, height, look)
        lost = int(np.isinf(everything).sum())
        middle = float(quantiles(values[None, :], (0.5,))[0, 0])
        note = f"step {count(int(traces.history[name].steps[-1]))}  median {short(middle)}"
        note += f"  ({lost} not finite)" if lost else ""
        head = [title_line(numbered(self.heading(traces), look), (), width, look.glyphs, note)]
        if width < 16 or height < 4:
            return frame(head, width, height)
        across = around("linear", float(values.min()), float(values.max()))
        bins = self.bins or max(math.ceil(2 * len(values) ** (1 / 3)), 4)
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

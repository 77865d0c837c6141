"""A vector series now: one bar a component."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from dltlab.terminal.drawing.blocks import bars
from dltlab.terminal.drawing.lines import Picture, centred, frame
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Look, Named, Title, numbered

_LONGEST: Any = 1 << 16


@dataclass(frozen=True)
class Bars(AbstractPanel):
    """The latest reading of a vector series, one bar a component, or of a number, one bar an arm; an ensemble's median.

    The theory of a series (``NAME.theory``) is drawn beside each bar.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    title: Title = ""
    scale: Literal["linear", "log"] = "linear"
    theory: bool = True
    arm: Named = ""

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        column = traces.history[self.series[0]]
        heading = numbered(self.heading(traces), look)
        if not len(column):
            top = title_line(heading, (), width, look.glyphs)
            return frame((top, *centred("nothing to draw yet", width, height - 1)), width, height)
        values = np.asarray(column.values[-1], np.float64)
        if column.series.axes[:1] == ("seed",):
            values = np.median(values, axis=0)
        values = values.reshape(-1)[:_LONGEST]
        axis = column.series.axes[-1] if column.series.axes else ""
        labels = [f"{axis} {index + 1}".strip() for index in range(len(values))]
        note = f"step {count(int(column.steps[-1]))}"
        top = title_line(heading, (), width, look.glyphs, note)
        return frame((top, *bars(labels, values, width, look.glyphs)), width, height)

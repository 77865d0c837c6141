"""A matrix series now: a kernel, a weight matrix, overlaps."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Look, Named, Title


@dataclass(frozen=True)
class Heat(AbstractPanel):
    """The latest reading of a matrix series as shades; of the first member of an ensemble."""

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    title: Title = ""
    scale: Literal["linear", "log"] = "linear"
    arm: Named = ""

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        return self.blank("nothing to draw yet", traces, width, height, look)

"""How the components of a vector series are distributed now."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Look, Named, Title


@dataclass(frozen=True)
class Histogram(AbstractPanel):
    """The latest reading of a vector series, counted in equal bins; the members of an ensemble together."""

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    title: Title = ""
    bins: Annotated[int, Meta(ge=0, le=400)] = 0
    """How many; 0 chooses as many as there is room for."""
    arm: Named = ""

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        return self.blank("nothing to draw yet", traces, width, height, look)

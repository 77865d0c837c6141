"""Arms against series, as numbers."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Arms, Look, Title


@dataclass(frozen=True)
class Table(AbstractPanel):
    """The latest readings: a row an arm (the median of its members), or a row a seed where there are no arms.

    The theory of a series (``NAME.theory``) stands in parentheses after it.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=16)]
    title: Title = ""
    theory: bool = True
    arms: Arms = ()

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        return self.blank("nothing to draw yet", traces, width, height, look)

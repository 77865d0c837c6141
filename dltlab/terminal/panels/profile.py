"""Vector series now, against their index: spectra, residuals by mode, a function on a grid."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Arms, Look, Named, Title


@dataclass(frozen=True)
class Profile(AbstractPanel):
    """The latest readings of vector series against their index 1, 2, …; of an ensemble the median.

    The theory of a series (``NAME.theory``) is drawn beside it, dashed. ``against`` is a vector
    series that gives the places along the axis in the index's stead.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=8)]
    title: Title = ""
    scale: Literal["auto", "linear", "log"] = "auto"
    x: Literal["linear", "log"] = "linear"
    against: Named = ""
    theory: bool = True
    arm: Named = ""
    arms: Arms = ()

    KEYS = ("series", "against")

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        return self.blank("nothing to draw yet", traces, width, height, look)

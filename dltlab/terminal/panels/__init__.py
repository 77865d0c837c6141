"""The drawers of the panels: each draws the tables of one kind. A new kind of panel is a line here too."""

from collections.abc import Callable
from typing import Any, Final

from dltlab.panels import AbstractPanel, Bars, Curves, Heat, Histogram, Plane, Profile, Readout, Scaling, Table
from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import bars, curves, heat, histogram, plane, profile, readout, scaling, table
from dltlab.terminal.panels.panel import Look, apology

DRAWERS: Final[dict[type[AbstractPanel], Callable[[Any, Traces, int, int, Look], Picture]]] = {
    Bars: bars.draw,
    Curves: curves.draw,
    Heat: heat.draw,
    Histogram: histogram.draw,
    Plane: plane.draw,
    Profile: profile.draw,
    Readout: readout.draw,
    Scaling: scaling.draw,
    Table: table.draw,
}


def draw(panel: AbstractPanel, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    instead = apology(panel, traces, width, height, look)
    return DRAWERS[type(panel)](panel, traces, width, height, look) if instead is None else instead

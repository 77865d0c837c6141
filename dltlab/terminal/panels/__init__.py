"""Panels: immutable views of series. A new kind is one file and one line here."""

from typing import Final

from dltlab.terminal.panels.bars import Bars
from dltlab.terminal.panels.curves import Curves
from dltlab.terminal.panels.heat import Heat
from dltlab.terminal.panels.histogram import Histogram
from dltlab.terminal.panels.panel import AbstractPanel
from dltlab.terminal.panels.plane import Plane
from dltlab.terminal.panels.profile import Profile
from dltlab.terminal.panels.readout import Readout
from dltlab.terminal.panels.scaling import Scaling
from dltlab.terminal.panels.table import Table

PANELS: Final[dict[str, type[AbstractPanel]]] = {
    "bars": Bars,
    "curves": Curves,
    "heat": Heat,
    "histogram": Histogram,
    "plane": Plane,
    "profile": Profile,
    "readout": Readout,
    "scaling": Scaling,
    "table": Table,
}

"""Panels: immutable views of series. A new kind is one file and one line here."""

from typing import Final

from dltlab.terminal.panels.bars import Bars
from dltlab.terminal.panels.curves import Curves
from dltlab.terminal.panels.panel import AbstractPanel
from dltlab.terminal.panels.readout import Readout

PANELS: Final[dict[str, type[AbstractPanel]]] = {
    "bars": Bars,
    "curves": Curves,
    "readout": Readout,
}

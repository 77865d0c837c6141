"""Panels: what a ``[[panels]]`` table asks for, the same in every room. A new kind is one file and one line here.

Who shows panels draws them by their types: ``terminal/panels`` on the bench, ``exports/page`` on a page,
``exports/panels.py`` in a report.
"""

from typing import Final

from dltlab.panels.abstract import AbstractPanel
from dltlab.panels.bars import Bars
from dltlab.panels.curves import Curves
from dltlab.panels.heat import Heat
from dltlab.panels.histogram import Histogram
from dltlab.panels.plane import Plane
from dltlab.panels.profile import Profile
from dltlab.panels.readout import Readout
from dltlab.panels.scaling import Scaling
from dltlab.panels.table import Table

__all__ = [
    "PANELS", "AbstractPanel", "Bars", "Curves", "Heat", "Histogram", "Plane", "Profile", "Readout", "Scaling", "Table",
]  # fmt: skip

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

"""The plots of a page: the panels of the session, as the bench shows them. A new kind of panel is a line here too."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from dltlab.exports.page import curves, frames, heat, histogram, plane
from dltlab.exports.page.plot import Plot
from dltlab.panels import AbstractPanel, Bars, Curves, Heat, Histogram, Plane, Profile, Readout, Scaling, Table, chosen
from dltlab.session.history import History

DRAWN: Final[dict[type[AbstractPanel], Callable[[History, Any], Plot | None]]] = {
    Bars: frames.bars,
    Curves: curves.plot,
    Heat: heat.plot,
    Histogram: histogram.plot,
    Plane: plane.plot,
    Profile: frames.profile,
    Readout: frames.table,
    Scaling: frames.scaling,
    Table: frames.table,
}
_MOST: Final = 24
"""Plots of a page."""


def shown(history: History, only: Sequence[str] = ()) -> tuple[list[AbstractPanel], list[str]]:
    """The panels of a page in their order, or one of each of some series; and what is to be said of the others."""
    if only:
        return [chosen.plain(history[name].series) for name in only], []
    panels, _ = chosen.with_standard(history.header)
    notes = [
        f"The panel {name} of the scenario is not understood by this version, and is not shown."
        for name in chosen.unknown(history.header)
    ]
    if (more := len(panels) - _MOST) > 0:
        notes.append(f"{more:,} more panels of the session are not on this page.")
    return panels[:_MOST], notes


def plotted(history: History, panel: AbstractPanel) -> Plot | None:
    """A panel's plot; None where there is nothing that it could show."""
    if not any(name in history for name in panel.names):
        return None
    try:
        # What overflows lies outside of every picture.
        with np.errstate(all="ignore"):
            return DRAWN[type(panel)](history, panel)
    except (ValueError, IndexError, KeyError, OverflowError):
        # A panel that asks for what its series are not must not take the page with it.
        return None

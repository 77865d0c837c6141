"""Which plots a page shows: those of the scenario's ``[[panels]]``, then loss, sharpness and weight movement."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, field

from dltlab.records import Header
from dltlab.session.history import History
from dltlab.session.tables import of_kind
from dltlab.session.theories import is_theory
from dltlab.text import one_line

STANDARD: Final = {
    "loss": ("Training loss", "loss"),
    "sharpness": ("Sharpness", "sharpness"),
    "weight_movement": ("Weight movement ‖θ − θ₀‖", "movement"),
}
"""By the kind of the probe: the title of its plot and the usual name of its series."""


class Panel(Struct, frozen=True):
    """What a page understands of a ``[[panels]]`` table; the keys of all kinds together."""

    kind: str = "curves"
    series: list[str] = field(default_factory=list)
    title: str = ""
    scale: str = "auto"
    x: str = "step"
    y_min: float | None = None
    y_max: float | None = None
    theory: bool = True
    arm: str = ""
    arms: list[str] = field(default_factory=list)
    against: str = ""
    statistic: Literal["last", "first", "median", "mean", "max", "min"] = "last"
    window: tuple[float, float] = (0.0, 1.0)
    component: int = 0
    slope: float | None = None
    bins: int = 0
    value: str = ""
    points: str = ""
    sign: str = ""
    trails: bool = False
    path: str = ""
    arrows: str = ""
    mark: str = ""
    direction: str = ""
    circle: float | None = None
    field: str = ""
    extent: str = ""
    limits: tuple[float, float, float, float] | None = None
    x_label: str = ""
    y_label: str = ""

    @property
    def names(self) -> list[str]:
        """All series that it reads."""
        single = (self.points, self.path, self.field, self.arrows, self.mark, self.direction, self.sign, self.extent)
        return [*self.series, *(name for name in (self.against, *single) if name)]

    def shown_arms(self, header: Header) -> list[str]:
        """The arms that it shows, or all; one without a name in a session without arms."""
        known = [arm.name for arm in header.arms]
        wanted = [name for name in (self.arm, *self.arms) if name in known]
        return wanted or known or [""]

    def heading(self, history: History) -> str:
        """The title that it was given, or its first series' own."""
        name = next(iter(self.names), "")
        own = history[name].series.title if name in history else name
        return one_line(self.title or own or name)


def shown(history: History) -> tuple[list[Panel], list[str]]:
    """The panels of a page in their order, and a sentence on each table that no page understands."""
    panels, notes = [], []
    given = history.header.scenario.get("panels")
    for number, table in enumerate(given if isinstance(given, list) else [], 1):
        panel = _panel(table)
        if panel is None:
            notes.append(f"Panel {number} of the scenario is not understood by this version, and is not shown.")
        elif any(name in history for name in panel.names):
            panels.append(panel)
    own = panels or [one for name in history.columns if (one := _plain(history, name))]
    leads = {name for panel in own if panel.kind == "curves" for name in panel.series[:1]}
    more = [panel for panel in standard(history) if panel.series[0] not in leads]
    return ([*own, *more] if panels else [*more, *own])[:24], notes


def plain(history: History, names: Sequence[str]) -> list[Panel]:
    """A panel for each of these series, by its shape alone."""
    return [_of_shape(history, name) for name in names]


def standard(history: History) -> list[Panel]:
    """Loss, sharpness and weight movement, as far as the session reads them."""
    found = []
    for kind, (title, usual) in STANDARD.items():
        name = next((one for one in of_kind(history.header, "probes", kind) if one in history), usual)
        if name in history:
            found.append(Panel("curves", [name], title))
    return found


def _panel(table: Any) -> Panel | None:
    if not isinstance(table, dict):
        return None
    series = table.get("series", [])
    known = {**table, "series": [series] if isinstance(series, str) else series}
    if isinstance(known.get("arms"), str):
        known["arms"] = [known["arms"]]
    try:
        return msgspec.convert(known, Panel, strict=False)
    except msgspec.ValidationError:
        return None


def _plain(history: History, name: str) -> Panel | None:
    """A panel for a series of a session whose scenario names none; none for predictions and error bars."""
    header = history.header
    bars = {one.bar for one in header.series}
    probed = {panel.series[0] for panel in standard(history)}
    if is_theory(header, name) or name in bars or name in probed:
        return None
    return _of_shape(history, name)


def _of_shape(history: History, name: str) -> Panel:
    """Numbers over the steps, vectors and all else against their index."""
    series = history[name].series
    own = series.axes[2:] if series.axes[:2] == ("arm", "seed") else series.axes[series.axes[:1] == ("seed",) :]
    return Panel("profile" if own else "curves", [name])

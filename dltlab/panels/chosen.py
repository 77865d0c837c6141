"""Which panels a session shows: its scenario's own, or ones that follow from its series."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from dltlab import catalog
from dltlab.errors import ScenarioError
from dltlab.panels import PANELS, AbstractPanel, Bars, Curves, Heat, Profile
from dltlab.panels.abstract import listed
from dltlab.records import Header, Series
from dltlab.session import readings
from dltlab.session.tables import of_kind
from dltlab.session.theories import is_theory
from dltlab.text import one_line

STANDARD: Final = {
    "loss": ("loss", "Loss"),
    "sharpness": ("sharpness", "Sharpness"),
    "movement": ("weight_movement", "‖θ − θ₀‖"),
}
"""The plots that are always one key away: their series, the probe's kind and the title."""
_BARS: Final = 16
"""Components that are read better as bars than as a profile."""
_FLOW: Final = {"loss": "loss", "sharpness": "sharpness", "movement": "distance"}


def build(tables: Iterable[object], places: catalog.Places | None = None) -> list[AbstractPanel]:
    """Panels from the ``[[panels]]`` tables of a scenario.

    Raises:
        ScenarioError: With every table's fault.
    """
    panels, faults = tried(tables, places)
    if faults:
        raise ScenarioError(*faults)
    return [panel for panel in panels if panel is not None]


def tried(
    tables: Iterable[object], places: catalog.Places | None = None
) -> tuple[list[AbstractPanel | None], list[str]]:
    """Panels from the ``[[panels]]`` tables of a scenario, None where one is faulty; and every fault."""
    panels: list[AbstractPanel | None] = []
    faults: list[str] = []
    for index, table in enumerate(tables):
        panel = None
        try:
            panel = catalog.make(PANELS, table, noun="panel", at=("panels", index), places=places)
        except ScenarioError as found:
            faults += found.faults
        panels.append(panel)
    return panels, faults


def strangers(
    panels: Sequence[AbstractPanel | None],
    series: Collection[str] | None,
    arms: Collection[str] | None,
    places: catalog.Places,
    unread: Collection[str] = (),
) -> list[str]:
    """Faults of panels that name series or arms which the scenario has not.

    Args:
        panels: The panels in the order of their tables; None for one that is not judged.
        series: The series that there are; None if nobody knows them.
        arms: The arms that there are; None if nobody knows them.
        places: Words faults with their place in the file.
        unread: Probes and theories that may have more series than these.
    """
    faults = []
    for index, panel in enumerate(panels):
        if panel is None:
            continue
        # The engine refuses strangers under "series" itself.
        wanted = [("series", key, series, unread) for key in panel.KEYS if key != "series"]
        wanted += [("arm", "arm", arms, ()), ("arm", "arms", arms, ())]
        for noun, key, known, more in wanted:
            for name in listed(getattr(panel, key, "")):
                if known is not None and name not in known and name.split(".")[0] not in more:
                    fault = f"no {noun} {name!r}; {catalog.near_miss(name, [*known, *sorted(more)])}"
                    faults.append(places.fault(("panels", index, key), fault))
    return faults


def of(header: Header) -> list[AbstractPanel]:
    """The panels of a session, in the order in which they are shown."""
    return [panel for panel in _own(header) if panel is not None] or default(header)


def unknown(header: Header) -> list[str]:
    """What the panels of a recording are called that this version does not understand: their titles, or numbers."""
    found = []
    for number, (table, panel) in enumerate(zip(_tables(header), _own(header), strict=True), 1):
        title = one_line(str(table.get("title") or "")) if isinstance(table, dict) else ""
        found += [] if panel else [f"“{title}”" if title else f"number {number}"]
    return found


def with_standard(header: Header) -> tuple[list[AbstractPanel], int]:
    """The panels of a session and how many they are, then the standard plots that they lack."""
    panels = of(header)
    own = len(panels)
    shown = {panel.names[0] for panel in panels}
    return [*panels, *(panel for panel in standard(header).values() if panel.names[0] not in shown)], own


def default(header: Header) -> list[AbstractPanel]:
    """Standard plots first, then every other series that is neither a prediction nor the error bars of another."""
    panels = list(standard(header).values())
    shown = {name for panel in panels for name in panel.names} | {series.bar for series in header.series}
    others = (series for series in header.series if series.name not in shown and not is_theory(header, series.name))
    return [*panels, *map(plain, others)]


def plain(series: Series) -> AbstractPanel:
    """A panel by the shape of a series alone: numbers as curves, vectors as bars, matrices as shades."""
    shape = readings.shape(series) if readings.axes(series) else ()
    if len(shape) == 2:
        return Heat([series.name])
    if not shape:
        return Curves([series.name])
    return Bars([series.name]) if shape[0] <= _BARS else Profile([series.name])


def standard(header: Header) -> dict[str, AbstractPanel]:
    """Loss, sharpness and weight movement, as far as the session reads them."""
    found: dict[str, AbstractPanel] = {}
    names = {series.name for series in header.series}
    for word, (kind, title) in STANDARD.items():
        name = next((one for one in of_kind(header, "probes", kind) if one in names), word)
        if name in names:
            flow = f"flow.{_FLOW[word]}"
            found[word] = Curves([name, flow] if flow in names else [name], title)
    return found


def _own(header: Header) -> list[AbstractPanel | None]:
    """The scenario's own panels, None for a table of which this version knows nothing."""
    return tried(_tables(header))[0]


def _tables(header: Header) -> Sequence[object]:
    tables = header.scenario.get("panels")
    return tables if isinstance(tables, list | tuple) else ()

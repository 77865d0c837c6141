"""Laws of the rooms that show panels: the bench, the page and the report understand the same of every table."""

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from dltlab import catalog, scenario
from dltlab.exports import panels as report
from dltlab.exports.page import panels as page
from dltlab.panels import PANELS, AbstractPanel, Curves, Heat, chosen
from dltlab.records import FORMAT, Arm, Array, Frames, Header, Part, Series
from dltlab.session.arms import told
from dltlab.session.history import History
from dltlab.terminal.drawing.lines import plain
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import DRAWERS, draw
from dltlab.terminal.panels.panel import Look

STEPS = 40
SHAPES = {
    "number": (), "other": (), "vector": (5,), "places": (5,), "matrix": (3, 3), "points": (6, 2), "sign": (6,),
    "path": (2,), "far": (2,), "mark": (2,), "direction": (2,), "arrows": (3, 2), "field": (5, 4), "extent": (4,),
}  # fmt: skip
GIVEN = {"series": ["number"], "arms": ["b"], "arm": "b", "title": "Another", "theory": False}
VECTOR = {"series": ["vector"]}
FIELD = {"path": "path", "field": "field", "extent": "extent"}
ALIKE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bars": (VECTOR, {"scale": "log"}),
    "curves": (
        {"series": ["number"]},
        {"series": ["other"], "scale": "linear", "y_min": 1e-2, "y_max": 30.0, "x": "log"},
    ),
    "heat": ({"series": ["matrix"]}, {"series": ["points"], "scale": "log"}),
    "histogram": (VECTOR, {"bins": 300}),
    "plane": (
        {"points": "points", "sign": "sign", "mark": "mark", "direction": "direction", "arrows": "arrows", **FIELD},
        {
            "points": "arrows", "sign": "places", "trails": True, "starts": True, "path": "far", "arrows": "points",
            "mark": "far", "direction": "far", "circle": 9.0, "field": "matrix", "extent": "places", "contours": 3,
            "levels": "equal", "limits": (-9.0, 9.0, -9.0, 9.0), "x_label": "x", "y_label": "y",
        },
    ),
    "profile": (VECTOR, {"scale": "linear", "x": "log", "against": "places", "series": ["places"]}),
    "readout": ({"series": ["number"]}, {"series": ["other"]}),
    "scaling": (
        {"series": ["vector"]},
        {
            "statistic": "max", "window": (0.0, 0.5), "component": 1, "slope": 2.0, "value": "m", "series": ["number"],
            "arms": ["b", "c"],
        },
    ),
    "table": ({"series": ["number"]}, {"series": ["other"]}),
}  # fmt: skip
"""By kind a table, and another value of each of its keys beside those of all kinds."""
KEYS = [(kind, parameter.name) for kind, panel in PANELS.items() for parameter in catalog.parameters(panel)]


def recorded(shapes: dict[str, tuple[int, ...]], tables: dict[str, Any], arms: tuple[Arm, ...]) -> History:
    """A session of two seeds that read these series, above zero, with a theory of each number and vector."""
    lead = (("arm", len(arms)),) * bool(arms) + (("seed", 2),)
    series, columns = [], {}
    for place, (name, own) in enumerate(shapes.items()):
        axes = (*(axis for axis, _ in lead), *("row", "column")[: len(own)])
        shape = (*(size for _, size in lead), *own)
        at = np.arange(1.0, math.prod(shape) + 1).reshape(shape)
        values = np.stack([at * (1 + 0.5 * np.sin(at + step + place)) * 1.1**-step for step in range(STEPS)])
        if name == "extent":
            values = values * 0 + np.array([-50.0, 200.0, -50.0, 150.0])
        alike = [name, f"{name}.theory"] if len(own) < 2 and not name.endswith(".theory") else [name]
        for one in alike:
            if one == name or one not in shapes:
                series.append(Series(one, one, axes, shape, scale="log"))
                columns[one] = Array.of(values if one == name else 1.3 * values)
    header = Header(
        FORMAT, "r", "", "r", tables, "r", STEPS, 1, None, (0, 1), tuple(series), (), 1, "float64", "sgd", {}, {}, 1,
        "", arms=arms,
    )  # fmt: skip
    history = History(header)
    history.extend([Frames(STEPS - 1, (Part(0, 1, STEPS, columns),), 0.0, 0.0)])
    return history


ARMS = tuple(Arm(name, name.upper(), value, 2) for name, value in (("a", 1.0), ("b", 10.0), ("c", 50.0)))


def made(kind: str, table: dict[str, Any]) -> AbstractPanel:
    return catalog.make(PANELS, {"kind": kind, **table}, noun="panel", at=("panels", 0))


def test_every_kind_is_drawn_on_the_bench_and_on_a_page() -> None:
    assert set(DRAWERS) == set(page.DRAWN) == set(PANELS.values())


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_no_key_of_a_table_is_ignored_on_the_bench_or_on_a_page(kind: str, key: str) -> None:
    table, others = ALIKE[kind]
    value = {**GIVEN, **others}[key]
    # What a series says goes before limits.
    table = {"path": "path"} if key == "limits" else table
    assert value != table.get(key)
    history = recorded(SHAPES, {}, ARMS)
    both = [made(kind, table), made(kind, {**table, key: value})]
    plots = [page.plotted(history, panel) for panel in both]
    assert None not in plots
    one, other = (msgspec.json.encode(plot, enc_hook=np.ndarray.tolist) for plot in plots)
    assert one != other
    pictures = [draw(panel, Traces(history), 160, 48, Look()) for panel in both]
    assert pictures[0] != pictures[1]


@pytest.mark.parametrize("key", [key for kind, key in KEYS if kind == "curves"])
def test_no_key_of_curves_is_ignored_in_a_report(key: str) -> None:
    table, others = ALIKE["curves"]
    tables = [{"kind": "curves", **table}, {"kind": "curves", **table, key: {**GIVEN, **others}[key]}]
    one, other = (next(report.of_panels(recorded(SHAPES, {"panels": [table]}, ARMS))) for table in tables)
    assert (one.title, one.lines) != (other.title, other.lines)


@pytest.mark.parametrize("panels", [None, [], "x", [{"kind": "globe", "title": "A globe"}], [{"kind": "heat"}, 7]])
def test_of_a_session_without_panels_every_room_shows_the_same(panels: Any) -> None:
    probes = {"training": {"kind": "loss"}, "sharpness": {"kind": "sharpness"}}
    shapes = {"training": (), "sharpness": (2,), "sharpness.error": (2,), "flow.loss": (), **SHAPES}
    tables = {"probes": probes, "theories": {"sharpness": "stability_threshold", "flow": "gradient_flow"}}
    history = recorded(shapes, tables if panels is None else {**tables, "panels": panels}, ())
    barred = [replace(one, bar="sharpness.error") if one.name == "sharpness" else one for one in history.header.series]
    history.header = replace(history.header, series=tuple(barred))
    shown, own = chosen.with_standard(history.header)
    first, second, *rest = shown
    assert (first.names, first.title, second.names, second.title) == (
        ["training", "flow.loss"], "Loss", ["sharpness"], "Sharpness",
    )  # fmt: skip
    assert own == len(shown)
    others = {panel.names[0]: type(panel).__name__ for panel in rest}
    assert others.keys() == SHAPES.keys()
    assert (others["number"], others["vector"], others["matrix"]) == ("Curves", "Bars", "Heat")
    seen, remarks = page.shown(history)
    assert seen == shown
    assert len(remarks) == (len(panels) if isinstance(panels, list) else 0)
    curves = [panel.heading(history.header) for panel in shown if isinstance(panel, Curves)]
    assert [figure.title.split(" (")[0] for figure in report.of_panels(history)] == curves


def of_scenario(name: str) -> History:
    """A session as a scenario of the gallery would tell it, with made-up readings."""
    document = scenario.read(name)
    sound = scenario.sound(document).scenario
    shapes: dict[str, tuple[int, ...]] = {}
    for panel in chosen.build(sound.panels):
        kind = type(panel).__name__.lower()
        for key in panel.KEYS:
            own = SHAPES.get(key, {"heat": (3, 3), "profile": (5,), "bars": (5,), "histogram": (5,)}.get(kind, ()))
            for series in [getattr(panel, key)] if isinstance(getattr(panel, key), str) else getattr(panel, key):
                shapes.setdefault(series, own)
    shapes.pop("", None)
    arms = tuple(Arm(arm.name, arm.title or arm.name, arm.value, 2) for arm in sound.arms)
    tables = msgspec.to_builtins(sound)
    return recorded(shapes, {key: tables[key] for key in ("panels", "probes", "theories")}, arms)


@pytest.mark.parametrize("name", scenario.gallery())
def test_every_room_understands_the_same_panels_of_a_scenario(name: str) -> None:
    history = of_scenario(name)
    header, traces = history.header, Traces(history)
    panels, own = chosen.with_standard(header)
    assert own == len(header.scenario["panels"])
    shown, remarks = page.shown(history)
    assert (shown, remarks) == (panels, [])
    figures = iter(list(report.of_panels(history)))
    for panel in panels:
        title, arms = panel.heading(header), panel.shown_arms(header)
        names = {one for one in panel.names if one in history}
        picture = plain(draw(panel, traces, 300, 40, Look()))
        assert title in picture
        assert "this session has no" not in picture
        plot = page.plotted(history, panel)
        assert plot is not None
        assert plot.title == title
        assert set(plot.series) == names
        if panel.axis(header) and not isinstance(panel, Heat):
            assert plot.look["log"] == (panel.axis(header) == "log")
        if isinstance(panel, Curves):
            figure = next(figures)
            assert figure.title.startswith(title)
            said = {line.label for line in plot.lines}
            for arm, series in itertools.product(arms, names):
                assert len(arms) < 2 or any(label.startswith(told(history, arm)) for label in said)
                assert len(arms) < 2 or told(history, arm) in picture
                mine = [told(history, arm), series if len(figure.curves) > len(arms) or not header.arms else ""]
                label = " ".join(filter(None, mine))
                assert len(figure.curves) == 6 or any(curve.name.startswith(label) for curve in figure.curves)
    assert next(figures, None) is None
    assert {panel.names[0] for panel in report.left_out(header)} == {
        panel.names[0] for panel in panels[:own] if not isinstance(panel, Curves)
    }

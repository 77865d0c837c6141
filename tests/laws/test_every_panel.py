"""Laws of every panel: it draws whatever the readings are, in exactly the room that it was given."""

import itertools

import numpy as np
import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from dltlab import catalog
from dltlab.panels import PANELS, AbstractPanel
from dltlab.records import FORMAT, Arm, Array, Event, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing.lines import plain
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look

STEPS = 1000
READINGS = {
    "empty": np.empty(0),
    "one point": np.array([0.3]),
    "constant": np.full(50, 2.5),
    "zeros": np.zeros(50),
    "negative": -np.logspace(-3, 3, 50),
    "NaN": np.full(50, np.nan),
    "NaN inside": np.where(np.arange(50) % 7 == 3, np.nan, np.arange(50.0)),
    "infinite": np.full(50, np.inf),
    "infinities inside": np.where(np.arange(50) % 5 == 2, -np.inf, np.exp(-np.arange(50.0))),
    "1e300": np.array([1.0, 1e300, -1e300, 1e-300, 5e-324] * 10),
    "the whole range": np.array([-1.7976931348623157e308, 1.7976931348623157e308] * 25),
    "diverging": np.exp(np.linspace(0, 709, 200)),
}
SHAPES = {
    "number": ((), ()),
    "vector": (("eigenvalue",), (7,)),
    "ensemble": (("seed",), (5,)),
    "ensemble of vectors": (("seed", "layer"), (3, 2)),
    "matrix": (("row", "column"), (2, 3)),
    "arms": (("arm", "seed"), (3, 5)),
    "arms of points": (("arm", "seed", "neuron", "axis"), (3, 5, 6, 2)),
    "arms of fields": (("arm", "seed", "row", "column"), (2, 1, 5, 4)),
}


def of(kind: str, name: str, **more: object) -> AbstractPanel:
    """A panel all of whose keys name one series."""
    named = {key: [name] if key == "series" else name for key in PANELS[kind].KEYS}
    return catalog.make(PANELS, {"kind": kind, **named, **more}, noun="panel", at=("panels", 0))


BARS = {
    "none": lambda values: 0 * values,
    "small": lambda values: 1e-4 * np.abs(values),
    "as large as the reading": np.abs,
    "negative": lambda values: -np.abs(values),
    "unknown": lambda values: np.nan * values,
    "infinite": lambda values: np.inf + 0 * values,
    "huge": lambda values: 0 * values + 1.7e308,
}


def told(
    values: np.ndarray,
    axes: tuple[str, ...],
    shape: tuple[int, ...],
    title: str = "λ",
    scale: str = "log",
    bars: np.ndarray | None = None,
) -> Traces:
    """A session that has told these readings of a series and of its theory; the last arm has a seed less."""
    lead = 2 if axes[:1] == ("arm",) else 0
    series = (Series("s", title, axes, shape, scale=scale), Series("s.theory", "2/η", axes[:lead], shape[:lead]))
    if bars is not None:
        series = (replace(series[0], bar="s.error", tolerance=1e-3), series[1], Series("s.error", "± λ", axes, shape))
    seeds = shape[axes.index("seed")] if "seed" in axes else 1
    arms = tuple(Arm(f"m{m}", f"m = {m}", float(m), max(seeds - (m == 4), 1)) for m in (4, 16, 64)[: lead and shape[0]])
    header = Header(
        FORMAT, "law", "2026-01-01T00:00:00Z", "law", {}, "law", STEPS, 1, None, tuple(range(seeds)), series, (), 1,
        "float64", "gradient_descent", {}, {}, 1, "", arms=arms,
    )  # fmt: skip
    history = History(header)
    if len(values):
        columns = {}
        for one in series:
            told_of_it = bars if bars is not None and one.name == "s.error" else values
            readings = told_of_it.reshape(-1, *(1 for _ in one.shape)) * np.ones(one.shape)
            if arms:
                readings[:, 0, arms[0].seeds :] = np.nan
            columns[one.name] = Array.of(readings)
        history.extend([Frames(len(values) - 1, (Part(0, 1, len(values), columns),), 0.0, 0.0)])
    events = [Event(10, "turn", "η", {"knob": "η", "value": 0.1}), Event(10**9, "mark", "far off")]
    events += [Event(30, "kick", "kicked", {"radius": 0.1, "direction": "random"})]
    events += [Event(40, "diverged", "diverged", {"seed": 1, "arm": arm.name}) for arm in arms[1:]]
    history.extend(events)
    return Traces(history)


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("size", [(20, 5), (200, 60), (40, 12), (1, 1), (7, 3), (400, 9)], ids=str)
def test_draws_anything_in_its_room(kind: str, size: tuple[int, int]) -> None:
    width, height = size
    panel = of(kind, "s")
    for (shaped, (axes, shape)), (name, values) in itertools.product(SHAPES.items(), READINGS.items()):
        for glyphs, scale in (("braille", "log"), ("block", "linear"), ("ascii", "log")):
            if size == (200, 60) and glyphs == "block":
                continue
            picture = draw(panel, told(values, axes, shape, scale=scale), width, height, Look(glyphs))
            widths = [sum(cell_len(text) for text, _ in line) for line in picture]
            assert widths == [width] * height, (shaped, name, glyphs)
            assert "could not be drawn" not in plain(picture), (shaped, name, glyphs, plain(picture))


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize(
    ("size", "glyphs", "shapes"),
    [((20, 5), "ascii", ("number", "arms")), ((60, 14), "braille", ("vector", "ensemble"))],
    ids=["small", "large"],
)
def test_draws_any_error_bar_in_its_room(
    kind: str, size: tuple[int, int], glyphs: str, shapes: tuple[str, ...]
) -> None:
    width, height = size
    panel = of(kind, "s")
    for shaped, values, bars in itertools.product(shapes, READINGS.values(), BARS.values()):
        traces = told(values, *SHAPES[shaped], scale="linear", bars=bars(values))
        picture = draw(panel, traces, width, height, Look(glyphs))
        assert [sum(cell_len(text) for text, _ in line) for line in picture] == [width] * height
        assert "could not be drawn" not in plain(picture)


@pytest.mark.parametrize("kind", PANELS)
def test_shows_hostile_titles_as_text(kind: str) -> None:
    hostile = "[bold]x[/] \x1b]0;owned\x07 \u202e[@click=app.quit]y"
    panel = of(kind, "s", title=hostile)
    for title in ("fine", hostile):
        text = plain(draw(panel, told(np.arange(1.0, 9.0), (), (), title), 120, 12, Look()))
        assert "[bold]x[/] " in text
        assert not {"\x1b", "\x07", "\u202e"} & set(text)


@pytest.mark.parametrize("kind", PANELS)
def test_says_which_series_is_missing(kind: str) -> None:
    panel = of(kind, "nowhere")
    assert "no series nowhere" in plain(draw(panel, told(np.arange(3.0), (), ()), 80, 8, Look()))

"""The plane has equal axes, contours where the field says, and ways that keep what was seen."""

import numpy as np
import pytest

from dltlab.panels import Plane
from dltlab.records import FORMAT, Array, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.session.matrices import levels
from dltlab.terminal.drawing import contours, dots
from dltlab.terminal.drawing.contours import Box
from dltlab.terminal.drawing.grid import Grid
from dltlab.terminal.drawing.lines import plain
from dltlab.terminal.drawing.plane import View, joined_ways, sampled
from dltlab.terminal.drawing.strokes import Stroke
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look

GLYPHS = ("braille", "block", "ascii")


def session(**series: np.ndarray) -> Traces:
    """Readings of each series, shape (n, *reading)."""
    told = tuple(Series(name, name, tuple("abc"[: v.ndim - 1]), v.shape[1:]) for name, v in series.items())
    header = Header(
        FORMAT, "p", "", "p", {}, "p", 1000, 1, None, (0,), told, (), 1, "float64", "sgd", {}, {}, 1, ""
    )  # fmt: skip
    history = History(header)
    for name, values in series.items():
        values = np.asarray(values, np.float64)
        history.extend([Frames(len(values), (Part(0, 1, len(values), {name: Array.of(values)}),), 0.0, 0.0)])
    return Traces(history)


def body(panel: Plane, traces: Traces, width: int = 60, height: int = 24, glyphs: str = "braille") -> list[str]:
    """The rows of the drawing, without its axes."""
    lines = plain(draw(panel, traces, width, height, Look(glyphs))).splitlines()
    return [line.partition("│" if "│" in line else "┤")[2] for line in lines if set("│┤") & set(line)]


@pytest.mark.parametrize(("columns", "rows"), [(40, 12), (120, 12), (30, 40), (200, 60)])
@pytest.mark.parametrize("glyphs", GLYPHS)
def test_a_circle_is_round(columns: int, rows: int, glyphs: str) -> None:
    view = View(Box(-1.5, 1.0, -1.0, 1.0), columns, rows, glyphs)
    cells = dots.canvas([Stroke(*view.circle(0.9), glyph="o")], columns, rows, glyphs)
    grid = np.array([[letter not in " \u2800" for text, _ in row for letter in text] for row in cells])
    high, wide = np.ptp(np.nonzero(grid)[0]) + 1, np.ptp(np.nonzero(grid)[1]) + 1
    assert abs(wide - 2 * high) <= 3
    box = view.box
    assert (box.x_high - box.x_low) / columns == pytest.approx((box.y_high - box.y_low) / (2 * rows))
    assert box.x_low <= -1.5
    assert box.x_high >= 1.0
    assert box.y_low <= -1.0
    assert box.y_high >= 1.0


def test_contours_lie_where_the_field_takes_their_level() -> None:
    x, y = np.linspace(-1, 1, 41), np.linspace(-2, 2, 61)
    field = np.add.outer(y**2, x**2)
    at = levels(field, 5, "equal")
    np.testing.assert_allclose(at, 5 * np.arange(1, 6) / 6)
    seen = Box(-1.5, 1.5, -2.5, 2.5)
    for level, (across, up) in zip(at, contours.dots(field, Box(-1, 1, -2, 2), seen, at, 300, 500), strict=True):
        assert len(across) > 50
        radius = np.hypot(3 * across - 1.5, 5 * up - 2.5)
        np.testing.assert_allclose(radius, np.sqrt(level), atol=0.02)


def test_the_first_row_of_a_field_is_the_lowest() -> None:
    rising = np.repeat(np.exp(np.linspace(0, 5, 30))[:, None], 30, axis=1)
    panel = Plane(field="f", limits=(-1.0, 1.0, -1.0, 1.0), contours=4, levels="equal")
    rows = body(panel, session(f=rising[None]))
    drawn = [row for row, line in enumerate(rows) if line.strip(" \u2800")]
    # An exponential meets equal levels near its top.
    assert max(drawn) < len(rows) / 2


@pytest.mark.parametrize("kind", ["quantiles", "equal", "log"])
def test_levels_lie_inside_of_what_is_finite(kind) -> None:
    field = np.array([[np.nan, 1e-3, 1.0], [np.inf, 50.0, 1e3], [-5.0, 0.0, 7.0]])
    at = levels(field, 6, kind)
    assert len(at) == 6
    assert np.all(np.diff(at) > 0)
    assert at.min() >= -5
    assert at.max() <= 1e3
    assert not len(levels(np.full((3, 3), np.nan), 6, kind))


def test_signs_read_without_colour() -> None:
    points = np.array([[1.0, 1.0], [-1.0, 1.0], [0.0, -1.0]])[None]
    traces = session(points=points, sign=np.array([[2.0, -3.0, 0.0]]))
    rows = body(Plane(points="points", sign="sign"), traces)
    at = {letter: [(r, line.index(letter)) for r, line in enumerate(rows) if letter in line] for letter in "●○•"}
    assert [len(places) for places in at.values()] == [1, 1, 1]
    assert at["●"][0][0] == at["○"][0][0] < at["•"][0][0]
    assert at["○"][0][1] < at["•"][0][1] < at["●"][0][1]
    in_ascii = plain(draw(Plane(points="points", sign="sign"), traces, 60, 24, Look("ascii")))
    assert {"+", "o", "."} <= set(in_ascii)


@pytest.mark.parametrize(("angle", "head"), list(zip(range(0, 360, 45), "→↗↑↖←↙↓↘", strict=True)))
def test_arrows_point_where_they_go(angle: int, head: str) -> None:
    tip = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    traces = session(arrows=tip[None, None], mark=np.zeros((1, 2)), way=tip[None])
    limits = (-1.5, 1.5, -1.5, 1.5)
    for panel in (Plane(arrows="arrows", limits=limits), Plane(mark="mark", direction="way", limits=limits)):
        assert head in "".join(body(panel, traces))
    assert "✕" in "".join(body(Plane(mark="mark", limits=limits), traces))


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_a_mark_and_its_arrow_are_seen_over_contours_and_over_the_iterate(glyphs: str) -> None:
    hill = np.add.outer(np.linspace(-3, 3, 60) ** 2, np.linspace(-3, 3, 60) ** 2)
    there, out = np.zeros((1, 2)), np.array([[0.01, 0.0]])
    plane = Plane(field="f", mark="mark", direction="out", path="path", limits=(-1.0, 1.0, -1.0, 1.0), contours=30)
    cross, both, head = "xX>" if glyphs == "ascii" else "✕⊗→"
    for place, letter in ((there, both), (there + 0.9, cross)):
        traces = session(f=hill[None], mark=there, out=out, path=place)
        rows = plain(draw(plane, traces, 60, 24, Look(glyphs))).splitlines()[2:-2]
        (row,) = [row[7:] for row in rows if letter in row[7:]]
        assert row.index(head) - row.index(letter) >= 3


def test_points_that_turned_to_an_arrow_are_seen_upon_it() -> None:
    tip = np.array([[0.8, 0.0]])
    rows = body(
        Plane(points="points", arrows="arrows", circle=0.9, limits=(-1.0, 1.0, -1.0, 1.0)),
        session(points=tip[None] / 2, arrows=tip[None]),
    )
    (row,) = [row for row in rows if "•" in row]
    assert row.index("→") > row.index("•")


def test_points_are_seen_where_they_began_and_the_axes_have_names() -> None:
    began = np.array([[0.5, 0.5], [-0.5, 0.5], [0.0, -0.5]])
    traces = session(points=np.stack([began, began / 2, began / 4]), sign=np.ones((3, 3)))
    limits = (-1.0, 1.0, -1.0, 1.0)
    for trails in (False, True):
        panel = Plane(points="points", sign="sign", starts=True, trails=trails, limits=limits, x_label="u", y_label="v")
        rows = body(panel, traces)
        assert sum(row.count("∘") for row in rows) == sum(row.count("●") for row in rows) == 3
        assert rows[0].startswith("v")
        text = plain(draw(panel, traces, 60, 24, Look()))
        assert text.splitlines()[-1].rstrip().endswith("u")
        assert all(said in text for said in ("sign > 0", "sign < 0", "∘ start"))
    assert "∘" not in plain(draw(Plane(points="points", limits=limits), traces, 60, 24, Look()))


def test_a_lifted_pen_draws_no_line() -> None:
    ways = np.array([[[0.1, 0.1], [0.9, 0.9]], [[0.4, 0.1], [0.6, 0.9]]])
    line = joined_ways(ways)
    rows = dots.canvas([Stroke(line[:, 0], line[:, 1], glyph="o")], 41, 41, "ascii")
    grid = np.array([[letter == "o" for text, _ in row for letter in text] for row in rows])
    bottom, top = np.flatnonzero(grid[36]), np.flatnonzero(grid[4])
    assert (bottom.min(), bottom.max()) == (4, 16)
    assert (top.min(), top.max()) == (24, 36)
    assert not grid[20].any()


def test_every_dot_between_two_points_is_drawn() -> None:
    random = np.random.default_rng(0)
    for x, y in zip(random.uniform(size=(30, 2)), random.uniform(size=(30, 2)), strict=True):
        rows = dots.canvas([Stroke(x, y, glyph="o")], 50, 50, "ascii")
        places = np.array([[letter == "o" for text, _ in row for letter in text] for row in rows]).nonzero()
        long = max(np.ptp(places[0]), np.ptp(places[1])) + 1
        assert len(places[0]) == long
        slope = np.polyfit(x, y, 1)
        away = np.abs(1 - places[0] / 49 - np.polyval(slope, places[1] / 49)) / np.hypot(1, slope[0])
        assert away.max() <= 1.5 / 49


def test_later_strokes_ink_the_cells_they_share() -> None:
    across, up = Stroke(np.array([0.0, 1.0]), np.array([0.5, 0.5]), 3), Stroke(np.full(2, 0.5), np.array([0.0, 1.0]), 5)
    for glyphs in GLYPHS:
        rows = dots.canvas([across, up], 21, 11, glyphs)
        grid = Grid.of(rows, [str(slot) for slot in range(8)])
        assert [sum(len(text) for text, _ in line) for line in grid.lines()] == [21] * 11
        inks = [ink for text, ink in grid.lines()[5] for _ in text]
        assert inks[10] == "5"
        assert set(inks) >= {"3", "5"}


def test_a_way_keeps_its_ends_and_what_it_kept_before() -> None:
    before: set[int] = set()
    for length in [5, 500, 513, *range(600, 1000, 97)]:
        which = sampled(length, 512, 64)
        assert which[0] == 0
        assert which[-1] == length - 1
        assert len(which) <= 2 * 512
        assert np.all(np.diff(which) > 0)
        assert set(range(max(length - 64, 0), length)) <= set(which.tolist())
        if length > 600:
            assert {i for i in before if i % 4 == 0} <= set(which.tolist())
        before = set(which.tolist())


def test_the_present_place_stands_above_its_way() -> None:
    way = np.stack([np.linspace(-1, 1, 400), np.linspace(-1, 1, 400) ** 2], axis=1)
    rows = body(Plane(path="path"), session(path=way))
    (place,) = [(r, line.index("●")) for r, line in enumerate(rows) if "●" in line]
    assert place[1] == max(len(line.rstrip(" \u2800")) for line in rows) - 1
    assert place[0] == min(r for r, line in enumerate(rows) if line.strip(" \u2800"))


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({}, "nothing to draw"),
        ({"sign": "s", "path": "p"}, "sign says nothing without points"),
        ({"direction": "d", "path": "p"}, "direction says nothing without mark"),
        ({"path": "p", "trails": True}, "trails are those of points"),
        ({"path": "p", "starts": True}, "starts are those of points"),
        ({"field": "f"}, "a field needs its place"),
        ({"path": "p", "limits": (1.0, 1.0, 0.0, 2.0)}, "are empty"),
    ],
)
def test_what_cannot_be_drawn_is_refused(keys, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Plane(**keys)

"""What panels say of numbers that are known: theory beside bars, shades, tables, slopes, counts."""

from typing import Any

import numpy as np
import pytest

from dltlab import catalog
from dltlab.catalog import Nowhere
from dltlab.panels import PANELS, Bars, Curves, Heat, Histogram, Profile, Scaling, Table, chosen
from dltlab.records import FORMAT, Arm, Array, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing.blocks import bars
from dltlab.terminal.drawing.lines import plain, width_of
from dltlab.terminal.drawing.shades import ABOVE, BELOW, Ramp
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look

GLYPHS = ("braille", "block", "ascii")


def header(*series: Series, arms: tuple[Arm, ...] = (), seeds: int = 1, **scenario: object) -> Header:
    return Header(
        FORMAT, "p", "", "p", scenario, "p", 100, 1, None, tuple(range(seeds)), series, (), 1, "float64", "sgd", {}, {},
        1, "", arms=arms,
    )  # fmt: skip


def told(arms: tuple[Arm, ...] = (), seeds: int = 1, **readings: np.ndarray) -> Traces:
    """Readings of each series; the axes are arms and seeds where there are some, then the reading's own."""
    lead = ("arm", "seed") if arms else ("seed",) if seeds > 1 else ()
    own = {name: ("mode", "axis")[: values.ndim - 1 - len(lead)] for name, values in readings.items()}
    series = [Series(name.replace("_", "."), name, (*lead, *own[name]), v.shape[1:]) for name, v in readings.items()]
    history = History(header(*series, arms=arms, seeds=seeds))
    for one, values in zip(series, readings.values(), strict=True):
        column = {one.name: Array.of(np.asarray(values, np.float64))}
        history.extend([Frames(len(values), (Part(0, 1, len(values), column),), 0.0, 0.0)])
    return Traces(history)


@pytest.mark.parametrize("kind", PANELS)
def test_a_panel_of_what_was_not_read_yet_says_so_and_has_no_numbers(kind: str) -> None:
    shapes = {"heat": (2, 3), "plane": (2,), "bars": (3,), "profile": (3,), "histogram": (3,)}
    series = [Series(name, name, ("arm", "seed"), (2, 1, *shapes.get(kind, ()))) for name in ("x", "x.theory")]
    traces = Traces(History(header(*series, arms=(Arm("a", "a", 1.0), Arm("b", "b", 2.0)))))
    table = {"kind": kind, "path": "x"} if kind == "plane" else {"kind": kind, "series": ["x"]}
    text = plain(draw(catalog.make(PANELS, table, noun="panel", at=("panels", 0)), traces, 60, 12, Look()))
    assert "yet" in text
    assert "NaN" not in text


@pytest.mark.parametrize("components", [1, 2, 3, 5])
def test_a_further_theory_has_no_ink_of_what_was_measured(components: int) -> None:
    steps = np.arange(1.0, 51.0)
    measured = np.outer(steps, np.arange(1.0, components + 1))
    traces = told(x=measured, x_theory=steps, flow_theory=2 * steps, other_theory=3 * steps)
    title, *_ = draw(Curves(["x", "flow.theory", "other.theory"]), traces, 400, 20, Look())
    signs = [(text.strip(), ink) for text, ink in title if text.strip() in ("━", "╍")]
    assert [sign for sign, _ in signs].count("━") == components
    assert len({ink for _, ink in signs}) == len(signs) == components + 3
    assert ("╍", "theory") in signs


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_a_bar_ends_at_its_value_and_theory_crosses_at_its_own(glyphs: str) -> None:
    values, theory = np.array([1.0, 0.5, 0.25]), np.array([0.5, 1.0, 0.25])
    lines = bars(["a", "b", "c"], values, 60, glyphs, theory)
    text = [plain((line,)) for line in lines]
    stroke, bar = ("|", "=") if glyphs == "ascii" else ("┃", "━")
    assert [width_of(line) for line in lines] == [60] * 3
    places = [line.index(stroke) for line in text]
    ends = [max(line.rfind(bar), line.rfind(stroke)) for line in text]
    room = ends[0] - 1
    assert [round(4 * (place - 1) / room) for place in places] == [2, 4, 1]
    assert text[1].count(bar) == pytest.approx(room / 2, abs=1)
    assert all(f"({number})" in line for number, line in zip(("0.5", "1", "0.25"), text, strict=True))


@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_bar_that_meets_its_theory_ends_in_the_same_cell(glyphs: str, scale: Any) -> None:
    values = np.array([17.0, 95.0, 491.0, 2510.0, 12800.0])
    traces, alone = told(x=values[None], x_theory=values[None]), told(x=values[None])
    for width in range(30, 80, 7):
        drawn, bare = (
            plain(draw(Bars(["x"], scale=scale), one, width, 9, Look(glyphs))).splitlines()[-8:]
            for one in (traces, alone)
        )
        stroke, bar = ("|", "=") if glyphs == "ascii" else ("┃", "━╸")
        lines = [line for line in drawn if "mode" in line]
        for line, short_of in zip(lines, [line for line in bare if "mode" in line], strict=True):
            assert not set(line[line.index(stroke) + 1 :]) & set(bar)
            assert line.index(stroke) - line.index("mode") >= max(7, line.count(bar[0]) + 7)
            assert set(short_of[7:9]) & {*bar, " "}


def test_what_was_not_reached_is_not_yet_and_the_parenthesis_is_explained() -> None:
    values = np.array([17.0, 95.0, np.nan])
    text = plain(draw(Bars(["x"]), told(x=values[None], x_theory=np.array([[17.0, 95.0, 491.0]])), 60, 9, Look()))
    assert "not yet (491)" in text
    assert "NaN" not in text
    assert "┃ (theory)" in text


@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("size", [(44, 8), (44, 16), (80, 24)])
def test_arms_stand_side_by_side_in_their_own_letters(glyphs: str, size: tuple[int, int]) -> None:
    arms = (Arm("gd", "gradient descent"), Arm("pgd", "perturbed"))
    steps = np.array([[17.0, 95.0, 491.0, np.nan, np.nan], [40.0, 80.0, 120.0, 160.0, 200.0]])[None, :, None]
    traces = told(arms, x=steps, x_theory=np.where(np.isnan(steps), 2510.0, steps))
    text = plain(draw(Bars(["x"], "Exits", "log", arms=("gd", "pgd")), traces, *size, Look(glyphs)))
    letters = "*o" if glyphs == "ascii" else "●▲"
    assert all(f"{letter} {title}" in text for letter, title in zip(letters, ("gradient", "perturbed"), strict=True))
    assert all(str(number) in text for number in (17, 95, 491, 40, 80, 120, 160, 200))
    assert text.count("not yet") == 2
    assert text.count("mode") == 5
    assert ("(2.51k)" in text) == (size[1] > 8)


def test_bars_leave_out_what_a_smaller_arm_has_not() -> None:
    arms = (Arm("s", "small"), Arm("l", "large"))
    values = np.full((1, 2, 1, 4), 2.0)
    values[0, 0, 0, 2:] = np.nan
    traces = told(arms, x=values)
    assert [plain(draw(Bars(["x"], arm=arm), traces, 50, 9, Look())).count("mode") for arm in ("s", "l")] == [2, 4]


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_shades_say_sign_and_size_by_letters_alone(glyphs: str) -> None:
    values = np.linspace(-1, 1, 41)
    ramp = Ramp.over(values, "linear")
    assert ramp is not None
    assert ramp.signed
    letters = [ramp.cell(level, glyphs)[0] for level in ramp.levels(values).tolist()]
    assert set(letters) == set(ABOVE[glyphs]) | set(BELOW[glyphs])
    assert not set(ABOVE[glyphs][1:]) & set(BELOW[glyphs][1:])
    levels = ramp.levels(values)
    assert np.all(np.diff(levels) >= 0)
    np.testing.assert_array_equal(levels, -levels[::-1])
    told_limits = "".join(text for text, _ in ramp.legend(glyphs))
    assert told_limits.startswith("-1 ")
    assert told_limits.endswith(" 1")


def test_a_heat_map_shows_each_entry_in_its_place_and_says_what_is_unknown() -> None:
    matrix = np.array([[1.0, 0.0], [np.nan, -1.0]])
    lines = plain(draw(Heat(["k"]), told(k=matrix[None]), 40, 8, Look())).splitlines()
    rows = [line.strip() for line in lines[1:7]]
    assert [row[:1] for row in rows] == ["█"] * 3 + ["?"] * 3
    assert all("≡" in row for row in rows[3:])
    assert "2×2" in lines[-1]


def test_a_heat_map_that_is_too_large_is_averaged() -> None:
    matrix = np.arange(81.0)[:, None] * np.ones((81, 200))
    lines = plain(draw(Heat(["k"]), told(k=matrix[None]), 60, 10, Look())).splitlines()
    order = [" ░▒▓█".index(line.strip()[:1] or " ") for line in lines[1:-1]]
    assert order == sorted(order)
    assert (order[0], order[-1]) == (0, 4)
    assert "averaged" in lines[-1]


def test_a_table_has_a_row_an_arm_or_a_row_a_seed() -> None:
    arms = (Arm("a", "τ = 0.1", 0.1, 3), Arm("b", "τ = 2", 2.0, 2))
    loss = np.array([[[1.0, 2.0, 30.0], [5.0, 7.0, np.nan]]])
    traces = told(arms, 3, loss=loss, loss_theory=np.full((1, 2, 3), 4.0))
    lines = plain(draw(Table(["loss"]), traces, 60, 8, Look())).splitlines()
    assert lines[2].split()[-2:] == ["2", "(4)"]
    assert lines[3].split()[-2:] == ["6", "(4)"]
    # Titles are cut before theory goes.
    moved = told(arms, 3, displacement=loss, displacement_theory=np.full((1, 2, 3), 4.0))
    narrow = plain(draw(Table(["displacement"]), moved, 20, 8, Look())).splitlines()
    assert narrow[2].split()[-2:] == ["2", "(4)"]
    alone = plain(draw(Table(["loss"]), told(seeds=3, loss=loss[:, 0]), 60, 8, Look())).splitlines()
    assert [line.split() for line in alone[2:5]] == [["seed", "0", "1"], ["seed", "1", "2"], ["seed", "2", "30"]]


@pytest.mark.parametrize("power", [-2.0, -0.5, 1.0])
def test_scaling_finds_the_power_of_a_power_law(power: float) -> None:
    widths = np.array([64.0, 256.0, 1024.0, 4096.0])
    arms = tuple(Arm(f"m{w:.0f}", f"m = {w:.0f}", float(w), 3) for w in widths)
    values = np.broadcast_to((widths**power)[None, :, None] * np.array([0.8, 1.0, 1.3]), (4, 4, 3))
    text = plain(draw(Scaling(["x"], slope=power, value="m"), told(arms, 3, x=values), 70, 16, Look()))
    assert text.count(f"m^{power:g}") == 2
    assert all(marker in "\n".join(text.splitlines()[1:]) for marker in "●▲■◆")
    other = plain(draw(Scaling(["x"], slope=power / 2), told(arms, 3, x=values), 70, 16, Look()))
    assert f"slope {power:.3g}" in other
    assert f"slope {power / 2:g}" in other


def test_scaling_takes_its_statistic_from_its_window() -> None:
    arms = (Arm("a", "a", 1.0), Arm("b", "b", 10.0))
    steps = np.arange(100.0)
    values = np.stack([steps + 1, (steps + 1) * np.where(steps < 50, 10, 100)], axis=1)[:, :, None]
    traces = told(arms, x=values)
    cases: list[tuple[Any, tuple[float, float], int]] = [
        ("max", (0.0, 0.49), 1),
        ("median", (0.5, 1.0), 2),
        ("first", (0.0, 1.0), 1),
    ]
    for statistic, window, slope in cases:
        text = plain(draw(Scaling(["x"], statistic=statistic, window=window), traces, 60, 12, Look()))
        assert f"slope {slope}" in text
    with pytest.raises(ValueError, match="is empty"):
        Scaling(["x"], window=(0.5, 0.5))
    assert "no arm of this session" in plain(draw(Scaling(["x"]), told(x=steps[:, None]), 60, 12, Look()))


def test_a_histogram_counts_every_finite_reading() -> None:
    values = np.concatenate([np.full(30, 1.0), np.full(10, 3.0), [np.nan, np.inf]])
    lines = plain(draw(Histogram(["w"], bins=4), told(w=values[None]), 50, 20, Look())).splitlines()
    heights = [sum(line[column : column + 1] == "█" for line in lines) for column in range(7, 50)]
    assert max(heights) == pytest.approx(3 * sorted(set(heights))[-2], abs=3)
    assert "(1 not finite)" in lines[0]


def test_a_profile_keeps_the_order_of_its_components_and_its_theory() -> None:
    spectrum = 10.0 ** -np.arange(6.0)
    traces = told(s=spectrum[None], s_theory=2 * spectrum[None])
    text = plain(draw(Profile(["s"], scale="log"), traces, 60, 20, Look()))
    body = [line[7:] for line in text.splitlines()[1:-2]]
    places = sorted((line.index("●"), row) for row, line in enumerate(body) if "●" in line)
    assert len(places) == 6
    assert places == sorted(places, key=lambda place: place[1])
    steps = np.diff([column for column, _ in places])
    assert np.ptp(steps) <= 1
    assert "╍ s_theory" in text
    moved = told(s=spectrum[None], at=np.array([[0.0, 0.1, 0.2, 0.3, 0.4, 10.0]]))
    given = plain(draw(Profile(["s"], scale="log", against="at"), moved, 60, 20, Look()))
    last = [line[7:].index("●") for line in given.splitlines()[1:-2] if "●" in line]
    assert last[-1] > 45
    assert max(last[:-1]) < 5


@pytest.mark.parametrize("lead", [(), ("seed",), ("arm", "seed")])
def test_without_panels_every_series_gets_one_that_fits_its_shape(lead: tuple[str, ...]) -> None:
    arms = (Arm("a", "a", seeds=2), Arm("b", "b", seeds=2)) if "arm" in lead else ()
    shape = (2,) * len(lead)
    own = {"number": (), "short": (4,), "long": (40,), "matrix": (3, 4)}
    series = [Series(n, n, (*lead, *("i", "j")[: len(s)]), (*shape, *s)) for n, s in own.items()]
    panels = chosen.default(header(*series, arms=arms, seeds=2))
    kinds = {panel.names[0]: type(panel).__name__ for panel in panels}
    assert kinds == {"number": "Curves", "short": "Bars", "long": "Profile", "matrix": "Heat"}


def test_a_panel_that_names_strangers_is_refused_with_their_place() -> None:
    tables = [
        {"kind": "plane", "points": "neurns", "arrows": "teacher"},
        {"kind": "profile", "series": ["elsewhere"], "against": "grid", "arm": "lazi"},
        {"kind": "curves", "series": ["loss"], "arms": ["lazy", "rich"]},
    ]
    panels = chosen.build(tables)
    known = ["loss", "neurons", "teacher"]
    assert chosen.strangers(panels, known, ["lazy"], Nowhere()) == [
        "panels[0].points: no series 'neurns'; did you mean 'neurons'?",
        "panels[1].against: no series 'grid'; known: loss, neurons, teacher.",
        "panels[1].arm: no arm 'lazi'; did you mean 'lazy'?",
        "panels[2].arms: no arm 'rich'; known: lazy.",
    ]
    assert len(chosen.strangers(panels, None, [], Nowhere())) == 3

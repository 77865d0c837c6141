"""Thinning keeps extremes, curves lie where their values are, and plotext sees little and nothing wild."""

import itertools
import tracemalloc

import numpy as np
import plotext
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dltlab.panels import Curves
from dltlab.records import FORMAT, Array, Frames, Header, Knob, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing import chart, dots, plot, scales
from dltlab.terminal.drawing.ascii import spelled
from dltlab.terminal.drawing.legend import top
from dltlab.terminal.drawing.lines import between, fit, plain, told_apart, width_of, wrap
from dltlab.terminal.drawing.prose import help_page, keys_line
from dltlab.terminal.drawing.sliders import Setting, knob_line, knob_lines, rows, turned
from dltlab.terminal.drawing.thinning import Stretches, thin
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.drawing.tracks import Points
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look
from dltlab.terminal.screens import keys


def history_of(length: int, step: int = 1) -> History:
    series = (Series("loss", "loss", scale="log"),)
    planned = length * step
    header = Header(
        FORMAT, "l", "", "l", {}, "l", planned, step, None, (0,), series, (), 1, "float64", "sgd", {}, {}, 1, ""
    )  # fmt: skip
    history = History(header)
    generator = np.random.default_rng(0)
    for start in range(0, length, 10_000):
        count = min(10_000, length - start)
        values = np.exp(-np.arange(start, start + count) / length * 9 + generator.normal(0, 0.3, count))
        history.extend(
            [Frames((start + count) * step, (Part(start * step, step, count, {"loss": Array.of(values)}),), 0.0, 0.0)]
        )
    return history


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Every batch of points that reaches plotext, or the canvas that takes what is long for it."""
    batches: list[np.ndarray] = []
    for name in ("plot", "scatter"):
        draw = getattr(plotext, name)

        def spy(x, y, *args, draw=draw, **kwargs):
            batches.append(np.array([x, y]))
            return draw(x, y, *args, **kwargs)

        monkeypatch.setattr(plotext, name, spy)
    laid = dots._laid

    def lay(stroke, columns, rows):
        batches.append(np.array([stroke.x, stroke.y]))
        return laid(stroke, columns, rows)

    monkeypatch.setattr(dots, "_laid", lay)
    return batches


@pytest.mark.parametrize("width", [16, 24, 30, 41, 60, 120])
def test_a_legend_that_has_room_shows_every_curve_before_any_long_name(width: int) -> None:
    stretches = Stretches(100, 1)
    names = ("training loss", "loss of gradient flow", "λ₁")
    curves = [plot.Curve(stretches, 0, name, 0.1 + slot, slot) for slot, name in enumerate(names)]
    line = plot.title_line((("Loss", "strong"),), curves, width, "braille")
    text = plain((line,))
    assert width_of(line) == width
    assert text.count("━") == {16: 1, 24: 1}.get(width, 3)
    assert ("…" in text) == (width <= 30)
    # A shorter name is never dropped before a longer one, but with its curve.
    shown = [name in text for name in sorted(names[: text.count("━")], key=len)]
    assert shown == sorted(shown, reverse=True)
    assert all(shown) == (width == 120)
    assert ("λ₁" in text) == (width >= 30)
    assert "Loss" in text


@pytest.mark.parametrize("lines", [0, 1, 2])
@pytest.mark.parametrize("width", [24, 30, 36, 40, 60, 120])
@pytest.mark.parametrize("valued", [False, True])
def test_a_legend_that_leaves_something_out_says_so(lines: int, width: int, valued: bool) -> None:
    curves = [plot.Curve(Stretches(9, 1), 0, f"x{at}", 1234.5, at) for at in range(5)]
    text = plain(tuple(top([("Five", "strong")], curves, width, "braille", "", lines, valued=valued)))
    whole = text.count("1.23k") == 5 and all(f"x{at}" in text for at in range(5))
    assert ("…" in text) != whole, text


@pytest.mark.parametrize("lines", [0, 1, 2, 4])
@pytest.mark.parametrize("armed", [False, True], ids=["plain", "armed"])
def test_no_curve_is_without_its_entry_unless_the_legend_counts_it(lines: int, armed: bool) -> None:
    for many, width in itertools.product((1, 3, 5, 9), (30, 40, 60, 120)):
        curves = [plot.Curve(Stretches(9, 1), 0, f"m = {4**at}", 2.0**at, at, marker="●" * armed) for at in range(many)]
        curves.append(plot.Curve(Stretches(9, 1), 0, "the prediction of theory", None, 0, "theory"))
        head = top([("log₁₀|xⱼ| of gradient descent", "strong")], curves, width, "braille", "", lines)
        text = plain(tuple(head))
        assert len(head) <= 1 + lines
        assert {width_of(line) for line in head} == {width}
        left = [int(words.split()[0]) for words in text.split("… ")[1:] if " more" in words[:8]]
        assert text.count("●" if armed else "━") + text.count("╍") + sum(left) == many + 1, text
        assert "log₁₀" in text


@given(names=st.lists(st.text("ab漢 ⁻¹", max_size=9), max_size=5), width=st.integers(0, 12))
def test_names_take_no_more_cells_than_asked_and_short_ones_stay_whole(names, width) -> None:
    cut = told_apart(names, width)
    assert all(cell_len(one) <= width for one in cut)
    assert all(one == name for one, name in zip(cut, names, strict=True) if cell_len(name) <= width)


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (42, " a one   b two   c three   ? help   q quit"),
        (60, " a one   b two   c three   ? help   q quit"),
        (41, " a one   b two   ? help   q quit"),
        (32, " a one   b two   ? help   q quit"),
        (31, " a one   ? help   q quit"),
        (16, " ? help   q quit"),
        (15, " a one   ? help"),
        (14, " ? help"),
    ],
)
def test_the_keys_that_come_last_give_way_last(width: int, line: str) -> None:
    spans = keys_line([("a", "one"), ("b", "two"), ("c", "three")], width, last=[("?", "help"), ("q", "quit")])
    assert plain((spans,)).rstrip() == line
    assert width_of(spans) == width


@pytest.mark.parametrize("width", [36, 76, 96])
def test_a_page_of_help_says_every_key_in_full(width: int) -> None:
    table = [(key.shown, key.words) for key in keys.KEYS]
    lines = help_page(table, {"On the step axis": [keys.SIGNS]}, width)
    assert all(width_of(line) <= width for line in lines)
    text = " ".join(plain(tuple(lines)).split())
    assert all(" ".join(f"{shown} {words}".split()) in text for shown, words in table)


@pytest.mark.parametrize("height", [24, 40])
def test_of_many_knobs_the_chosen_one_and_its_neighbour_are_seen(height: int) -> None:
    settings = [Setting(Knob(f"knob{at}", f"knob{at}", 1.0, 0.1, 10.0), 1.0, None) for at in range(4)]
    assert rows(4, height) == 2
    for chosen in range(4):
        lines = knob_lines(settings, chosen, 80, 2, live=True)
        text = plain(tuple(lines))
        assert [width_of(line) for line in lines] == [80, 80]
        assert f"▸ knob{chosen} " in text
        assert f"{chosen + 1}/4" in text
        assert text.count(f"knob{chosen}") == 1
        assert text.count("/4") == 1


@pytest.mark.parametrize("length", [1, 2, 3, 500, 5000, 50_000])
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_thinning_keeps_the_extremes_of_every_column(length: int, batch: int) -> None:
    if length / batch > 10_000:
        pytest.skip("the same with fewer batches")
    values = np.random.default_rng(length).normal(size=(length, 1)) ** 3
    stretches = Stretches(length, 1)
    for start in range(0, length, batch):
        stretches.extend(np.arange(start, min(start + batch, length)), values[start : start + batch])
    (run,) = stretches.runs(0, 64, log=False)
    # Fewer steps than stretches lie where the axis has them, the last one planned at its end.
    few = np.rint(np.arange(length) * (1023 / length)).astype(int)
    columns = (few if length < 1024 else np.arange(length) * 1024 // (length + 1)) * 64 // 1024
    for column in np.unique(columns):
        mine = values[columns == column, 0]
        drawn = run.values[run.columns == column]
        assert len(drawn) <= 2
        assert drawn.min() == mine.min()
        assert drawn.max() == mine.max()


def test_a_gap_is_where_nothing_was_finite_and_not_where_nothing_was_read() -> None:
    stretches = Stretches(1000, 1)
    steps = np.arange(0, 1000, 50)
    values = np.ones((len(steps), 1))
    stretches.extend(steps, values)
    assert len(stretches.runs(0, 500, log=False)) == 1
    values[8:12] = np.nan
    broken = Stretches(1000, 1)
    broken.extend(steps, values)
    assert len(broken.runs(0, 500, log=False)) == 2
    assert broken.unfinite[0] == 4


def test_a_log_axis_drops_and_counts_what_has_no_logarithm() -> None:
    stretches = Stretches(100, 1)
    stretches.extend(np.arange(100), np.where(np.arange(100) % 4 == 0, -1.0, 0.5)[:, None])
    assert stretches.unlogged[0] == 25
    assert stretches.extent(0, log=True) == (0.5, 0.5)
    traces = Traces(history_of(100))
    traces["loss"].stretches.unlogged[0] = 25
    assert "(25 not positive)" in plain(draw(Curves(["loss"]), traces, 80, 12, Look()))


def test_thin_leaves_two_points_a_column_with_the_extremes() -> None:
    x, y = np.linspace(0, 1, 9999), np.sin(np.arange(9999.0))
    thinned_x, thinned_y = thin(x, y, 50)
    assert len(thinned_x) <= 100
    assert thinned_y.min() == y.min()
    assert thinned_y.max() == y.max()
    assert np.all(np.diff(thinned_x) >= 0)


def test_a_million_frames_cost_what_a_thousand_do(fed: list[np.ndarray]) -> None:
    tracemalloc.start()
    counts = []
    for length in (2_000, 1_000_000):
        traces = Traces(history_of(length))
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        draw(Curves(["loss"]), traces, 80, 20, Look())
        taken = tracemalloc.get_traced_memory()[1] - before
        assert taken < 16 << 20, f"drawing {length} frames took {taken >> 20} MiB"
        counts.append(sum(batch.shape[1] for batch in fed))
        fed.clear()
        draw(Curves(["loss"]), traces, 80, 20, Look())
        assert sum(batch.shape[1] for batch in fed) == counts[-1]
        fed.clear()
    tracemalloc.stop()
    assert max(counts) <= 2 * 2 * 80
    assert counts[1] >= 100


def test_only_what_is_new_is_read_again() -> None:
    history = history_of(20_000)
    traces = Traces(history)
    taken: list[int] = []
    extend = traces["loss"].stretches.extend
    traces["loss"].stretches.extend = lambda steps, *values: (taken.append(len(steps)), extend(steps, *values))  # type: ignore[method-assign]
    _ = traces["loss"]
    assert taken == []
    more = Part(20_000, 1, 1, {"loss": Array.of(np.ones(1))})
    history.extend([Frames(20_001, (more,), 0.0, 0.0)])
    _ = traces["loss"]
    assert taken == [1]


@pytest.mark.parametrize("glyphs", ["braille", "block", "ascii"])
def test_what_reaches_plotext_is_finite_and_in_the_square(fed: list[np.ndarray], glyphs: str) -> None:
    wild = np.array([np.nan, np.inf, -np.inf, 1e300, -1e300, 0.5, 5e-324])
    rows = chart.canvas([chart.Stroke(np.linspace(-3, 3, 7), wild)], 30, 6, glyphs)
    (points,) = fed
    assert np.isfinite(points).all()
    assert points.min() >= 0
    assert points.max() <= 1
    assert [sum(len(text) for text, _ in row) for row in rows] == [30] * 6


def test_a_failure_inside_plotext_is_a_line_of_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise ZeroDivisionError("\x1b[2Jno")

    monkeypatch.setattr(plotext, "build", broken)
    text = plain(draw(Curves(["loss"]), Traces(history_of(100)), 80, 12, Look()))
    assert "this plot could not be drawn (ZeroDivisionError: \\x1b[2Jno)." in text


@pytest.mark.parametrize("glyphs", ["braille", "block", "ascii"])
@pytest.mark.parametrize("height", [7, 10, 13, 24, 41])
@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("linear", 0.0, 8.0),
        ("linear", -1000.0, 0.0),
        ("linear", 0.0, 10.0),
        ("linear", -3.0, 7.0),
        ("log", 1e-30, 1.0),
        ("log", 1e-3, 10.0),
        ("log", 2.0, 5.0),
    ],
)
def test_a_curve_lies_in_the_row_of_the_tick_of_its_value(glyphs, height: int, kind: str, low, high) -> None:
    scale = scales.around(kind, low, high)
    across = scales.steps(10)
    seen = 0
    for fraction, label in scale.ticks(max((height - 3 + 2) // 3, 2)):
        inner = scale.low + fraction * (scale.high - scale.low)
        value = 10.0**inner if kind == "log" else inner
        for company in (1, 6):
            line = Points(np.array([0.0, 10.0]), np.full(2, value), across)
            curves = [plot.Curve(line, 0, None, None)] * company
            rows = plain(plot.draw((), curves, across, scale, 40, height, glyphs)).splitlines()[1 : height - 2]
            (row,) = [row for row in rows if row[7:].strip(" \u2800")]
            assert row[:6].strip() == label
            seen += 1
    assert seen >= 4


@pytest.mark.parametrize("shape", ["stairs", "jagged", "spike"])
def test_the_markers_of_a_curve_lie_on_it(shape: str) -> None:
    steps = np.arange(1000)
    random = np.random.default_rng(3)
    values = {"stairs": steps // 170, "jagged": random.normal(size=1000), "spike": steps == 500}[shape].astype(float)
    stretches = Stretches(1000, 1)
    stretches.extend(steps, values[:, None])
    across, up = scales.steps(1000), scales.around("linear", float(values.min()), float(values.max()))
    drawn = [
        plain(plot.draw((), [plot.Curve(stretches, 0, None, None, marker=marker)] * 6, across, up, 90, 20, "braille"))
        for marker in ("", "●")
    ]
    covered = [old for old, new in zip(*drawn, strict=True) if new == "●"]
    assert len(covered) >= 3
    assert all("\u2800" < old <= "\u28ff" for old in covered)


@pytest.mark.parametrize("role", ["theory", "reference"])
def test_what_was_measured_covers_its_theory(role: str) -> None:
    across, up = scales.steps(10), scales.around("linear", 0.0, 8.0)
    line = Points(np.array([0.0, 10.0]), np.full(2, 5.0), across)
    curves = [plot.Curve(line, 0, "λ₁", 5.0), plot.Curve(line, 0, "2/η", 5.0, 0, role)]
    body = plot.draw((), curves, across, up, 40, 12, "braille")[1:]
    assert {ink for row in body for text, ink in row if set(text) & {chr(0x2800 + code) for code in range(1, 256)}} == {
        "curve0"
    }


def test_lines_are_as_wide_as_asked() -> None:
    for width in range(40):
        for text in ("漢字 wide", "λ₁ ‖θ−θ₀‖", "", "plain words that go on"):
            assert width_of(fit(((text, "a"), (text, "b")), width)) == width
            assert width_of(fit(((text, "a"), ("", "c"), (text, "b")), width)) == width
            assert width_of(between(((text, "a"),), ((text, "b"),), width)) == width
    assert all(width_of(line) <= 12 for line in wrap("a " + "long" * 20 + " 漢字漢字漢字漢字", 12, "text", "• "))


def test_ascii_keeps_widths() -> None:
    texts = ("λ₁ → 2/η", "‖θ − θ₀‖ ≤ 1", "漢字", "✓ holds ▸ ●━╍░", "é", "θ̂  ½", "──── ∇²L ──│ √m", "m^(−½)   10⁻³")
    for text, before, after in itertools.product(texts, ("", "   "), ("", " ", "     │")):
        line = ((before, "a"), (text, "b"), (after, "c"))
        told = "".join(said for said, _ in spelled(line))
        assert told.isascii()
        assert len(told) == width_of(line)


@pytest.mark.parametrize(
    ("text", "in_full", "in_its_cells"),
    [
        ("✓ calm 0  ≤ 0", "+ calm 0  <= 0", "+ calm 0 <= 0"),
        ("0.1≤λ", "0.1<=lambda", "0.1?l"),
        ("1 ± 0.03", "1 +- 0.03", "1 +-0.03"),
        ("m^(−½)", "m^(-1/2)", "m^(-?)"),
        ("‖θ−θ₀‖/‖θ₀‖", "||theta-theta0||/||theta0||", "|q-q0|/|q0|"),
        ("2·10⁻³", "2*10^-3", "2*1e-3"),
        ("½ Σᵢ xᵢ₊₁²y", "1/2 Sum_i x_{i+1}^2 y", "? Si xi+1?y"),
        ("H∞⁻¹", "H_inf^-1", "H???"),
        ("½∇²L", "(1/2)grad^2 L", "???L"),
        ("1/√m → 0", "1/sqrt m -> 0", "1/?m ->0"),
        ("-.6…-.25", "-.6...-.25", "-.6~-.25"),
    ],
)
def test_in_ascii_no_formula_becomes_another(text: str, in_full: str, in_its_cells: str) -> None:
    assert plain((spelled(((text, ""), (" " * 20, ""))),)).rstrip() == in_full
    assert plain((spelled(((text, ""),)),)).rstrip() == in_its_cells


def test_spelling_out_moves_nothing_behind_a_gap() -> None:
    assert plain((spelled((("λ₁ ≤ 2/η         │ ≥ 2   4", ""),)),)) == "lambda1 <= 2/eta | >= 2  4"
    assert plain((spelled((("6 ‖θ‖ ─────── ● 1/√m ──", ""),)),)) == "6 ||theta|| - o 1/?m --"


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_knob_turns_between_its_bounds_and_moves_each_time(scale: str) -> None:
    knob = Knob("learning_rate", "η", 0.4, 0.05, 1.0, scale)
    for direction, end in ((1, knob.high), (-1, knob.low)):
        value, seen = knob.value, []
        for _ in range(60):
            seen.append(value)
            value = turned(knob, value, direction)
            assert knob.low <= value <= knob.high
        assert value == end
        assert len(set(seen)) >= 10
    for width in (40, 80, 200):
        assert width_of(knob_line(knob, 0.4, 0.2, width, chosen=True)) == width


@pytest.mark.parametrize("glyphs", ["braille", "block", "ascii"])
def test_our_canvas_draws_what_plotext_draws(glyphs: str) -> None:
    """So that a curve may become noisy while one looks, and be drawn by the other, and nobody sees it."""
    generator = np.random.default_rng(3)
    # Vertical and level stretches: there no two ways of rounding a slanted line can differ.
    x = np.repeat(np.linspace(0, 1, 30), 2)
    y = np.repeat(generator.random(31), 2)[1:-1]
    strokes = [chart.Stroke(x, y)]
    ours, theirs = (
        ["".join(text for text, _ in row).replace("\u2800", " ") for row in draw(strokes, 58, 14, glyphs)]
        for draw in (dots.canvas, chart.canvas)
    )
    assert ours == theirs
    assert 500 < dots.length(strokes, 58, 14, "braille") < 5000

"""Error bars on the screen: seen where they can be, doubt marked without colour, nothing drawn that nobody measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from dltlab.panels import Bars, Curves, Readout, Table
from dltlab.records import FORMAT, Arm, Array, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing.lines import Picture, plain
from dltlab.terminal.drawing.numbers import measured
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look

GLYPHS = ("braille", "block", "ascii")
NAN = np.nan
LEFT = 7
"""Cells of the numbers and the wall at the left of a plot."""


def told(
    values: Sequence[float] | np.ndarray,
    bars: Sequence[float] | np.ndarray,
    every: int = 10,
    planned: int = 1000,
    *,
    arms: tuple[Arm, ...] = (),
    tolerance: float = 1e-3,
    scale: str = "linear",
) -> Traces:
    """A session of one series with error bars: its readings are numbers, or eigenvalues of seeds, or of arms."""
    values, bars = np.asarray(values, np.float64), np.asarray(bars, np.float64)
    axes = {1: (), 2: ("eigenvalue",), 3: ("seed", "eigenvalue"), 4: ("arm", "seed", "eigenvalue")}[values.ndim]
    shape = values.shape[1:]
    whole = "probes.s"
    series = (
        Series("s", "λ", axes, shape, scale=scale, source=whole, bar="s.error", tolerance=tolerance),
        Series("s.error", "error bar", axes, shape, source=whole),
        Series("s.relative", "λ / edge", axes, shape, source=whole),
        Series("s.plain", "λ alone", axes, shape, source="probes.other"),
    )
    seeds = shape[axes.index("seed")] if "seed" in axes else 1
    header = Header(
        FORMAT, "e", "", "e", {}, "e", planned, 1, None, tuple(range(seeds)), series, (), 1, "float64", "sgd", {}, {},
        1, "", arms=arms,
    )  # fmt: skip
    history = History(header)
    columns = {"s": values, "s.error": bars, "s.relative": values / 10, "s.plain": values}
    packed = {name: Array.of(column) for name, column in columns.items()}
    history.extend([Frames(every * len(values), (Part(0, every, len(values), packed),), 0.0, 0.0)])
    return Traces(history)


def drawn(
    traces: Traces, glyphs: str = "braille", name: str = "s", size: tuple[int, int] = (100, 30), **more: Any
) -> Picture:
    return draw(Curves([name], **more), traces, *size, Look(glyphs))


def body(picture: Picture) -> list[str]:
    """The rows between the heading and the axis, without the numbers at their left."""
    rows = [line for line in plain(picture).splitlines() if line[LEFT - 1 : LEFT] in "│┤|+"]
    return [row[LEFT:] for row in rows if "└" not in row and "+--" not in row]


def heights(rows: list[str], column: int) -> list[int]:
    """The rows in which something is drawn in a column."""
    return [row for row, line in enumerate(rows) if line[column] not in " \u2800"]


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_a_bar_reaches_from_the_value_less_its_error_to_the_value_and_its_error(glyphs: str) -> None:
    values, bars = np.full(100, 5.0), np.zeros(100)
    values[0], values[99], bars[50] = 0.0, 10.0, 3.0
    rows = body(drawn(told(values, bars, tolerance=0.0), glyphs))
    seen = heights(rows, 46)
    assert [place / (len(rows) - 1) for place in (seen[0], seen[-1])] == pytest.approx([0.2, 0.8], abs=0.05)
    assert len(seen) == seen[-1] - seen[0] + 1
    assert len(heights(rows, 40)) == 1
    assert "error bar" in plain(drawn(told(values, bars), glyphs)).splitlines()[0]


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_bars_too_small_to_be_seen_change_nothing(glyphs: str) -> None:
    values = 5 + 4 * np.sin(np.arange(100) / 9)
    small, none = (drawn(told(values, bars, tolerance=0.0), glyphs) for bars in (np.full(100, 0.02), np.zeros(100)))
    assert small[1:] == none[1:]
    assert "error bar" not in plain(small)


def test_a_bar_below_zero_ends_where_a_logarithmic_axis_ends() -> None:
    values = np.geomspace(1, 1e4, 100)
    bars = np.where(np.arange(100) == 75, 1e6, 0.0)
    rows = body(drawn(told(values, bars, tolerance=0.0), scale="log"))
    assert heights(rows, 69) == list(range(len(rows)))


@pytest.mark.parametrize("glyphs", GLYPHS)
@pytest.mark.parametrize("name", ["s", "s.relative"])
def test_readings_beyond_the_tolerance_are_marked_and_counted(glyphs: str, name: str) -> None:
    values = np.linspace(2, 9, 100)
    bars = np.where(np.isin(np.arange(100), (20, 50, 51, 80)), 2e-3, 5e-4) * values
    picture = drawn(told(values, bars), glyphs, name)
    rows = body(picture)
    columns = [place for row in rows for place, letter in enumerate(row) if letter == "?"]
    # Of two in neighbouring cells one is marked; both are counted.
    assert sorted(columns) == pytest.approx([0.2 * 93, 0.5 * 93, 0.8 * 93], abs=1.5)
    assert "? 4 readings beyond ±0.1 %" in plain(picture)
    assert {ink for line in picture for text, ink in line if "?" in text} == {"doubt"}
    assert {ink for line in picture for text, ink in line if ink == "doubt" and "?" not in text} == set()
    assert "? 4 beyond ±0.1 %" in plain(drawn(told(values, bars), glyphs, name, (40, 12)))
    for calm in (told(values, np.full(100, 1e-4)), told(values, bars, tolerance=0.0)):
        assert "?" not in plain(drawn(calm, glyphs, name))
    assert "?" not in plain(drawn(told(values, bars), glyphs, "s.plain"))


def test_where_all_is_doubtful_the_curve_is_still_seen() -> None:
    picture = drawn(told(np.linspace(2, 9, 100), np.full(100, 0.1)))
    for row in body(picture):
        assert "??" not in row
    inked = "".join(text for line in picture for text, ink in line if ink == "curve0")
    assert len(inked) > 40
    assert "100 readings" in plain(picture)


@pytest.mark.parametrize("name", ["s", "s.relative"])
def test_what_is_not_tracked_is_a_gap_without_a_word(name: str) -> None:
    values = np.linspace(2, 9, 100)[:, None] * np.array([1.0, 0.5, 0.2])
    bars = 1e-5 * values
    values[:40, 1] = bars[:40, 1] = NAN
    values[:, 2] = bars[:, 2] = NAN
    picture = drawn(told(values, bars), name=name)
    head = plain(picture).splitlines()[0]
    assert "not finite" not in head
    assert ("λ₁" in head, "λ₂" in head, "λ₃" in head) == (True, True, False)
    second = [
        place
        for line in picture[1:-2]
        for place, ink in enumerate(ink for text, ink in line for _ in text)
        if ink == "curve1"
    ]
    assert min(second) - LEFT == pytest.approx(0.4 * 93, abs=1.5)
    lost = told(values, np.where(np.isnan(bars), 1.0, bars))
    assert "(140 not finite)" in plain(drawn(lost, name=name))
    # And a value that nobody has now is not told as a number.
    values[60:, 1] = bars[60:, 1] = NAN
    ended = plain(drawn(told(values, bars), name=name))
    assert "NaN" not in ended
    assert "λ₂" in ended
    assert "NaN" not in plain(draw(Readout([name]), told(values, bars), 80, 4, Look()))


@pytest.mark.parametrize("glyphs", GLYPHS)
def test_readings_far_apart_are_dots_and_not_a_line(glyphs: str) -> None:
    values = np.full(1001, 5.0)
    values[:2] = (0.0, 10.0)
    dense = drawn(told(values, 0 * values, every=1), glyphs)
    (solid,) = {row for row in body(dense) if sum(letter not in " \u2800" for letter in row) > 60}
    few = np.full(11, 5.0)
    few[:2] = (0.0, 10.0)
    sparse = body(drawn(told(few, 0 * few, every=100), glyphs))
    row = max(sparse, key=lambda line: sum(letter not in " \u2800" for letter in line))
    for reading in range(3, 10):
        at = round(reading / 10 * (len(row) - 1))
        near = row[at - 1 : at + 2]
        if glyphs == "ascii":
            assert "*" in near
            assert set(row[at + 2 : at + 8]) <= {".", " "}
        else:
            # More dots at a reading than anywhere between.
            assert max(map(weight, near)) > max(map(weight, row[at + 3 : at + 7]))
    assert sum(map(weight, row)) < sum(map(weight, solid)) * (0.7 if glyphs != "ascii" else 1.01)


def weight(letter: str) -> int:
    """How many dots a cell shows."""
    quarters = {" ": 0, **dict.fromkeys("▘▝▖▗", 1), **dict.fromkeys("▀▌▞▚▐▄", 2), **dict.fromkeys("▛▜▙▟", 3), "█": 4}
    return (ord(letter) - 0x2800).bit_count() if 0x2800 <= ord(letter) < 0x2900 else quarters.get(letter, 1)


@pytest.mark.parametrize("axis", ["step", "log"])
def test_between_neighbouring_steps_there_is_nothing_to_measure(axis: str) -> None:
    short_run = drawn(told(np.full(21, 5.0), np.zeros(21), every=1, planned=20), x=axis)
    rows = [row for row in body(short_run) if row.strip(" \u2800")]
    assert len(rows) == 1
    assert {weight(letter) for letter in rows[0].strip("\u2800 ")[:-1]} == {2}


def test_on_a_logarithmic_axis_early_readings_are_dots_and_late_ones_a_line() -> None:
    values = np.where(np.arange(501) % 500 == 0, 0.0, 5.0)
    rows = body(drawn(told(values, 0 * values, every=10, planned=5000), "ascii", x="log"))
    row = max(rows, key=lambda line: line.count("*") + line.count("."))
    assert row.count(".") > 3
    assert set(row[-12:-2]) == {"*"}


def test_an_ensemble_has_its_median_and_its_members_largest_bar() -> None:
    values = np.array([4.0, 5.0, 6.0])[None, :, None] * np.ones((50, 1, 1))
    bars = np.array([1e-4, 1e-4, 0.5])[None, :, None] * np.ones((50, 1, 1))
    traces = told(values, bars)
    trace = traces.trace("s")
    ends = trace.ends(0)
    assert trace.latest[ends : ends + 3].tolist() == [4.5, 5.5, 5.0]
    assert trace.beyond == 50
    assert "5.0 ± 0.5" in plain(drawn(traces))
    bars[:, 2], values[:, 2] = NAN, NAN
    diverged = told(values, bars).trace("s")
    assert (diverged.beyond, diverged.latest[0]) == (0, 4.5)


def test_arms_are_marked_and_have_no_bars() -> None:
    arms = (Arm("a", "a", seeds=2), Arm("b", "b", seeds=1))
    values = np.full((50, 2, 2, 1), 5.0)
    values[:, 1] = 2.0
    bars = np.full(values.shape, 1e-4)
    bars[30, 1, 0] = 1.0
    # Members that an arm does not have.
    values[:, 1, 1], bars[:, 1, 1] = 7.0, NAN
    picture = drawn(told(values, bars, every=20, arms=arms))
    assert sum(row.count("?") for row in body(picture)) == 1
    assert "? 1 reading beyond" in plain(picture)
    assert "error bar" not in plain(picture)


def test_numbers_say_their_error_bar_where_it_matters() -> None:
    values, bars = np.array([[5.00312, 3.0]]), np.array([[0.0021, 1e-9]])
    traces = told(values, bars)
    assert "5.003 ± 0.002  3" in plain(draw(Readout(["s"]), traces, 80, 4, Look()))
    assert "±" not in plain(draw(Table(["s"]), traces, 80, 4, Look()))
    wide = told(values, 20 * bars)
    assert "5.00 ± 0.04" in plain(draw(Table(["s"]), wide, 80, 4, Look()))
    lines = plain(draw(Bars(["s"]), wide, 60, 5, Look())).splitlines()
    assert lines[1].endswith("5.00 ± 0.04")
    assert lines[2].endswith(" 3")


@pytest.mark.parametrize("digits", [3, 5])
def test_a_number_and_its_bar_end_at_the_same_digit_and_lie_where_they_are(digits: int) -> None:
    random = np.random.default_rng(digits)
    seen = 0
    for _ in range(500):
        value, bar = random.normal() * 10 ** random.uniform(-2, 4), 10 ** random.uniform(-6, 3)
        said, _, width = measured(value, bar, digits).partition(" ± ")
        if not width:
            assert bar < 10 ** (np.floor(np.log10(abs(value))) - digits + 1)
            continue
        seen += 1
        assert float(width) == pytest.approx(bar, rel=0.5)
        assert abs(float(said) - value) <= 0.5001 * 10 ** np.floor(np.log10(float(width)))
        assert len(said.partition(".")[2]) == len(width.partition(".")[2])
    assert seen > 100

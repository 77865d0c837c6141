"""Windows of the step axis: detail appears, what is cut off is led to, and nothing is drawn that was not read."""

import numpy as np
import pytest

from dltlab.panels import Curves, Heat, Profile
from dltlab.records import FORMAT, Array, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing import axes, smoothing
from dltlab.terminal.drawing.lines import plain, width_of
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.thinning import Stretches
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.curves import spanned
from dltlab.terminal.panels.panel import Look

PLANNED = 100_000


def history_of(values: np.ndarray, every: int = 1, planned: int = PLANNED, **more: np.ndarray) -> History:
    """A session that read one series, and perhaps its theory or its bars, every so many steps."""
    columns = {"s": values, **{name.replace("_", "."): one for name, one in more.items()}}
    series = tuple(
        Series(name, name, every=every, bar="s.bar" if name == "s" and "s.bar" in columns else "", tolerance=0.5)
        for name in columns
    )
    header = Header(
        FORMAT, "w", "", "w", {}, "w", planned, every, None, (0,), series, (), 1, "float64", "sgd", {}, {}, 1, ""
    )  # fmt: skip
    history = History(header)
    part = Part(0, every, len(values), {name: Array.of(one) for name, one in columns.items()})
    history.extend([Frames((len(values) - 1) * every, (part,), 1.0, 1.0)])
    return history


@pytest.mark.parametrize("batch", [17, 4096, 100_000])
@pytest.mark.parametrize("span", [Span(0, 999), Span(40_000, 44_095), Span(99_000, 100_000)], ids=str)
def test_a_window_is_thinned_from_all_of_its_readings_however_they_came(span: Span, batch: int) -> None:
    values = np.random.default_rng(1).normal(size=(PLANNED + 1, 1))
    alone = Stretches(span.last, 1, start=span.first)
    steps = np.arange(PLANNED + 1)
    first, end = alone.needed(steps)
    for start in range(first, min(end, len(steps)), batch):
        part = slice(start, min(start + batch, end))
        alone.extend(steps[part], values[part])
    inside = values[span.first : span.last + 1, 0]
    assert alone.extent(0, log=False) == (inside.min(), inside.max())
    assert end - first <= span.last - span.first + 3
    lows, highs = alone.spans(0, 64)
    assert np.isfinite(lows).all()
    assert (lows <= highs).all()


def test_what_a_whole_view_blurs_a_window_resolves() -> None:
    steps = np.arange(PLANNED)
    traces = Traces(history_of(np.where(steps % 2, 1.0, -1.0) * (1 + steps / PLANNED)))
    whole = traces.trace("s").stretches.runs(0, 100, log=False)[0]
    near = traces.trace("s", "", Span(50_000, 50_050)).stretches.runs(0, 102, log=False)[0]
    # Two readings a column, the least and the largest of thousands; then every reading by itself.
    assert len(whole.values) == 200
    inside = near.values[1:-1] if near.led == (True, True) else near.values
    assert np.array_equal(inside, (np.where(steps % 2, 1.0, -1.0) * (1 + steps / PLANNED))[50_000:50_051])


def test_a_window_between_two_readings_shows_the_way_between_them_and_no_reading() -> None:
    traces = Traces(history_of(np.arange(200.0), every=500))
    span = Span(1_100, 1_400)
    trace = traces.trace("s", "", span)
    (run,) = trace.stretches.runs(0, 100, log=False)
    assert run.led == (True, True)
    assert run.values == pytest.approx([2.2, 2.8])
    picture = draw(Curves(["s"]), traces, 80, 12, Look(window=span))
    assert "nothing to draw yet" not in plain(picture)
    assert all(width_of(line) == 80 for line in picture)


@pytest.mark.parametrize("log", [False, True])
def test_ways_out_of_a_window_are_straight_as_they_are_drawn(log: bool) -> None:
    values = np.exp(np.linspace(0, 5, 21)) if log else np.linspace(3, 9, 21)
    traces = Traces(history_of(values, every=100, planned=2_000))
    (run,) = traces.trace("s", "", Span(450, 1_250)).stretches.runs(0, 801, log=log)
    truth = np.interp([450, 1_250], np.arange(21) * 100, np.log(values) if log else values)
    assert run.led == (True, True)
    assert (np.log(run.values) if log else run.values)[[0, -1]] == pytest.approx(truth, rel=1e-3)
    assert len(run.values) == 2 + 8


def test_what_is_not_finite_leads_nowhere() -> None:
    values = np.linspace(1, 2, 21)
    values[[3, 14]] = np.nan
    traces = Traces(history_of(values, every=100, planned=2_000))
    (run,) = traces.trace("s", "", Span(350, 1_350)).stretches.runs(0, 200, log=False)
    assert run.led == (False, False)
    between = traces.trace("s", "", Span(310, 350)).stretches
    assert between.extent(0, log=False) is None
    assert between.runs(0, 9, log=False) == []


def test_the_value_axis_keeps_to_the_window_and_the_step_axis_says_it() -> None:
    values = np.linspace(0, 100, PLANNED)
    traces = Traces(history_of(values, s_theory=np.full(PLANNED, 50.0)))
    text = plain(draw(Curves(["s"], y_min=0, y_max=200), traces, 80, 16, Look(window=Span(49_900, 50_100))))
    assert "╍" in text
    labels = [line.replace("│", "┤").split("┤")[0].strip() for line in text.splitlines()[1:-2]]
    assert any(labels)
    assert all(49 <= float(label) <= 51 for label in labels if label)
    assert {"49.95k", "50k", "50.05k"} <= set(text.splitlines()[-1].split())


def test_error_bars_and_doubts_are_those_of_the_window() -> None:
    bars = np.full(1000, 1e-3)
    bars[500] = 2.0
    traces = Traces(history_of(np.full(1000, 3.0), planned=1000, s_bar=bars))
    far = plain(draw(Curves(["s"]), traces, 100, 16, Look(window=Span(100, 300))))
    near = plain(draw(Curves(["s"]), traces, 100, 16, Look(window=Span(450, 550))))
    assert "beyond" not in far
    assert "error bar" not in far
    assert "1 reading beyond" in near
    assert "error bar" in near


def test_while_a_window_follows_the_end_each_reading_is_taken_once() -> None:
    history = history_of(np.zeros(10_000), planned=20_000)
    traces, span = Traces(history), Span(9_000, 11_000)
    taken: list[int] = []
    trace = traces.trace("s", "", span)
    extend = trace.stretches.extend
    trace.stretches.extend = lambda steps, *values: (taken.append(len(steps)), extend(steps, *values))  # type: ignore[method-assign]
    for first in range(10_000, 14_000, 1000):
        more = Part(first, 1, 1000, {"s": Array.of(np.full(1000, float(first)))})
        history.extend([Frames(first + 999, (more,), 1.0, 1.0)])
        assert traces.trace("s", "", span).latest[0] == first
    assert sum(taken) <= 1002


def test_a_mean_is_that_of_the_readings_around_and_is_never_changed() -> None:
    values = np.random.default_rng(0).normal(size=2_000)
    span, share = Span(0, 4_000), smoothing.wide(Span(0, 4_000), "short")
    history = history_of(values, planned=4_000)
    traces = Traces(history)
    mean = traces.mean("s", "", span, share)
    assert mean is not None
    half = round(share * 4_000 / 2)
    known = np.flatnonzero(np.isfinite(mean.values[:, 0]))
    for place in known[:: len(known) // 20].tolist():
        step = (place + 0.5) / len(mean.values) * 4_000
        around = values[max(round(step - half), 0) : round(step + half) + 1]
        assert mean.values[place, 0] == pytest.approx(around.mean(), abs=0.2 * values.std() / np.sqrt(half))
    before = mean.values[known].copy()
    more = Part(2_000, 1, 2_000, {"s": Array.of(np.full(2_000, 1e9))})
    history.extend([Frames(3_999, (more,), 1.0, 1.0)])
    after = traces.mean("s", "", span, share)
    assert after is not None
    assert after is mean
    assert np.array_equal(after.values[known], before)
    assert np.isfinite(after.values).sum() > len(known)


def test_a_constant_is_its_own_mean_and_gaps_are_left_out_of_it() -> None:
    values = np.full(2_000, 7.0)
    values[900:910] = np.nan
    mean = Traces(history_of(values, planned=2_000)).mean("s", "", Span(0, 2_000), 0.1)
    assert mean is not None
    told = mean.values[np.isfinite(mean.values)]
    assert len(told) > 400
    assert told == pytest.approx(7.0)


def test_smoothing_never_hides_the_readings_and_says_its_window() -> None:
    noisy = np.sin(np.arange(5_000) * 1.7) + np.linspace(0, 4, 5_000)
    traces = Traces(history_of(noisy, planned=5_000))
    bare = draw(Curves(["s"]), traces, 90, 20, Look())
    smooth = draw(Curves(["s"]), traces, 90, 20, Look(smoothing="long"))
    assert "500 steps" in plain(smooth)
    assert "500 steps" not in plain(bare)

    def inked(picture: tuple, *inks: str) -> set[tuple[int, int]]:
        cells = set()
        for row, line in enumerate(picture[2:-2]):
            column = 0
            for text, ink in line:
                cells |= {(row, column + at) for at, letter in enumerate(text) if ink in inks and letter not in " ⠀"}
                column += len(text)
        return cells

    # In every column where readings were drawn there are some still, under the mean or beside it.
    columns = {column for _, column in inked(bare, "curve0")}
    assert columns <= {column for _, column in inked(smooth, "curve0", "band0")}
    assert inked(smooth, "band0")
    assert inked(smooth, "curve0")


def test_too_few_readings_have_no_mean() -> None:
    traces = Traces(history_of(np.arange(21.0), every=100, planned=2_000))
    assert traces.mean("s", "", Span(0, 2_000), 0.02) is None
    assert "steps" not in plain(draw(Curves(["s"]), traces, 80, 12, Look(smoothing="short")))


def test_the_other_value_axis_and_back() -> None:
    traces = Traces(history_of(np.logspace(-3, 3, 1000), planned=1000))
    own, other = (plain(draw(Curves(["s"]), traces, 80, 16, Look(other=other))) for other in (False, True))
    assert "0.01" not in own
    assert "0.01" in other
    assert plain(draw(Curves(["s"], scale="log"), traces, 80, 16, Look(other=True))) == own


@pytest.mark.parametrize("panel", [Profile(["v"]), Heat(["m"])], ids=lambda panel: type(panel).__name__)
def test_panels_of_one_moment_have_another_value_axis_too(panel: Profile | Heat) -> None:
    values = np.logspace(-4, 2, 12).reshape(1, 12)
    series = (Series("v", "v", ("i",), (12,)), Series("m", "m", ("i", "j"), (3, 4)))
    header = Header(
        FORMAT, "w", "", "w", {}, "w", 10, 1, None, (0,), series, (), 1, "float64", "sgd", {}, {}, 1, ""
    )  # fmt: skip
    history = History(header)
    columns = {"v": Array.of(values), "m": Array.of(values.reshape(1, 3, 4))}
    history.extend([Frames(1, (Part(0, 1, 1, columns),), 1.0, 1.0)])
    own, other = (draw(panel, Traces(history), 60, 16, Look(other=other)) for other in (False, True))
    assert own != other


@pytest.mark.parametrize("x", ["step", "log"])
def test_the_cursor_is_drawn_where_its_step_is_and_reads_what_was_read_there(x: str) -> None:
    values = np.linspace(1, 2, 1001)
    traces = Traces(history_of(values, planned=1000, s_theory=values + 10))
    panel = Curves(["s"], x=x)  # type: ignore[arg-type]
    for cursor in (1, 250, 999):
        picture = draw(panel, traces, 100, 16, Look(cursor=cursor))
        text = plain(picture).splitlines()
        inside = axes.between(picture)
        column = text[-2].index("┻")
        span = spanned(panel, traces.history.header, None)
        assert (column - inside.start) / (len(inside) - 1) == pytest.approx(span.at(cursor), abs=0.012)
        assert sum(line[column] == "│" for line in text) >= 8
        assert f"{values[cursor]:.3g}" in "".join(text[:2])
        assert f"{values[cursor] + 10:.3g}" in "".join(text[:2])
        assert f"{cursor:,}" in text[-1]
    assert "┻" not in plain(draw(panel, traces, 100, 16, Look(cursor=300, window=Span(500, 700))))


def test_before_the_first_reading_there_is_no_value() -> None:
    history = history_of(np.arange(10.0), every=100, planned=1000)
    assert Traces(history).reading("s", "", -1) is None
    reading = Traces(history).reading("s", "", 250)
    assert reading is not None
    assert reading.latest[0] == 2.0

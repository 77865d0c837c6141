"""The cursor, on a live session and on a recording alike: one step at which every panel is read."""

import itertools

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab.commands import Advance, Pause, Reach, Resume
from dltlab.records import Array, Event, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing import timeline
from dltlab.terminal.drawing.lines import plain
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.looking import Looking, target

MOMENTS = [
    {"kind": "curves", "series": ["loss"]},
    {"kind": "readout", "series": ["movement", "sharpness"], "title": "Numbers"},
    {"kind": "bars", "series": ["movement.layers"], "title": "Bars"},
    {"kind": "table", "series": ["movement"], "title": "Rows"},
    {"kind": "profile", "series": ["sharpness"], "title": "Shape"},
    {"kind": "histogram", "series": ["movement.layers"], "title": "Counts"},
]


@pytest.fixture
def looking(told) -> Looking:
    source = told()
    history = History(source.header)
    history.extend(source.poll())
    return Looking(history, Traces(history))


def test_keys_move_it_and_the_end_lets_go_of_it(watch, told):
    async def script(seen):
        bench = seen.bench
        assert bench.cursor is None
        await seen.press("comma", "comma")
        assert bench.cursor == 397
        await seen.press("less_than_sign")
        before = bench.cursor
        column = round(1000 / (bench._columns() - 1))
        assert before == 397 - column
        await seen.press("greater_than_sign")
        assert bench.cursor == 397
        await seen.press("home")
        assert bench.cursor == 0
        await seen.press("less_than_sign")
        assert bench.cursor == 0
        await seen.press("end")
        assert bench.cursor is None
        await seen.press("comma", "greater_than_sign")
        assert bench.cursor is None
        assert not seen.source.sent

    watch(script, told())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_wherever_one_looks_the_footer_offers_help_and_the_way_out(watch, told, size, tmp_path):
    async def script(seen):
        for keys in ((), ("space",), ("comma",)):
            await seen.press(*keys)
            foot = seen.text().splitlines()[-1]
            assert foot.rstrip().endswith("? help   q quit")
            assert ("F fork here" in foot, "end now" in foot) == (seen.bench.cursor is not None,) * 2

    source = told(Event(399, "mark", "", {}, 1.0))
    source.path = tmp_path / "edge.dltlab.jsonl"
    # What was said is gone by the next look.
    ticks = itertools.count(step=10)
    watch(script, source, size=size, options=Options("braille", "full", 2.0, clock=lambda: float(next(ticks))))


def test_at_the_end_a_full_stop_takes_a_step_and_behind_it_a_reading(watch, told):
    async def script(seen):
        await seen.press("comma", "full_stop")
        assert not seen.source.sent
        assert seen.bench.cursor is None
        await seen.press("full_stop")
        assert seen.source.sent == [Advance(1)]

    watch(script, told())


def test_every_panel_shows_what_it_showed_when_that_step_was_the_last(watch, told, stretch):
    """The law of the cursor: looked back at, a step is drawn as it was when nothing had come after it."""

    shown: list = []

    async def early(seen):
        shown.extend(sheet.picture for sheet in seen.bench._plots[1:6])
        assert all(len(plain(picture).split()) > 5 for picture in shown)

    async def late(seen):
        seen.bench.cursor = 99
        await seen.press()
        assert [sheet.picture for sheet in seen.bench._plots[1:6]] == shown
        seen.bench.cursor = 300
        await seen.press()
        assert all(sheet.picture != before for sheet, before in zip(seen.bench._plots[1:6], shown, strict=True))

    source = told(panels=MOMENTS)
    source._waiting[1:] = [stretch(0, 100)]
    watch(early, source, size=(160, 60))
    watch(late, told(panels=MOMENTS), size=(160, 60))


def test_it_stays_while_the_session_goes_on_and_nothing_of_the_past_is_sent_again(watch, told, stretch):
    async def script(seen):
        seen.bench.cursor = 99
        await seen.press()
        before = [sheet.picture for sheet in seen.bench._plots[1:6]]
        seen.source.say(stretch(400, 100))
        await seen.press()
        assert seen.bench.cursor == 99
        assert [sheet.picture for sheet in seen.bench._plots[1:6]] == before
        assert " 99 ├" in seen.text()

    watch(script, told(panels=MOMENTS), size=(160, 60))


def test_who_lets_a_held_session_go_on_follows_it(watch, told):
    async def script(seen):
        await seen.press("less_than_sign")
        assert seen.bench.cursor is not None
        await seen.press("space")
        assert seen.source.sent == [Resume()]
        assert seen.bench.cursor is None

    watch(script, told(Event(999, "pause", "Paused.")))


@pytest.mark.parametrize("ended", [False, True])
def test_a_recording_is_looked_at_alike(watch, told, ended):
    async def script(seen):
        if ended:
            seen.source.finish()
            await seen.press()
        await seen.press("comma", "z", "tilde", "home", "full_stop")
        assert seen.bench.cursor == 1
        assert "×2" in seen.text()
        assert not seen.source.sent

    watch(script, told(accepts=frozenset() if ended else frozenset({Pause, Resume})))


def test_a_click_looks_where_it_fell(watch, told):
    async def script(seen):
        bench = seen.bench
        line = bench._time
        for step in (100, 250):
            inside = timeline.track(line.size.width, 1000)
            line.post_message(line.Touched(line, 0, inside.start + round(step / 1000 * (len(inside) - 1))))
            await seen.press()
            assert bench.cursor == pytest.approx(step, abs=6)
        plot = bench._plots[0]
        text = ["".join(part for part, _ in row) for row in plot.picture]
        corner = text[-2].index("└")
        plot.post_message(plot.Touched(plot, 4, corner + 1))
        await seen.press()
        assert bench.cursor == 0
        plot.post_message(plot.Touched(plot, 4, 0))
        plot.post_message(plot.Touched(plot, 4, len(text[-2]) - 1))
        await seen.press()
        assert bench.cursor is None

    watch(script, told())


def test_going_somewhere_looks_back_or_runs_there(watch, told):
    source = told(Event(120, "mark", "the turn of the tide"))
    source.answers = False

    async def script(seen):
        bench = seen.bench
        await seen.press("g", "5", "0", "enter")
        assert bench.cursor == 50
        assert "looking back at step 50; end returns to now." in seen.text()
        typed = ""

        def answer(question, given, answered):
            assert "399" not in (question if bench.cursor else given)
            answered(typed)

        bench._ask = answer
        for words, cursor in (("+20", 70), ("-30", 40), ("10%", 100), ("tide", 120), ("", 120), ("399", None)):
            typed = words
            bench.action_go()
            assert bench.cursor == cursor
        assert not seen.source.sent
        typed = "640"
        await seen.press("g")
        assert seen.source.sent == [Reach(640)]
        assert "going on to step 640, to hold there." in seen.text()
        # The engine's answer comes within a tenth of a second.
        source.say(Event(399, "advance", "On from step 399 to step 640.", {"to": 640}))
        await seen.press()
        assert "going on to step 640, to hold there." in seen.text()
        typed = "99999"
        bench.action_go()
        assert seen.source.sent[-1] == Reach(1000)
        typed = "now\x1bhere"
        await seen.press("g")
        assert "is no step" in seen.text()
        assert len(seen.source.sent) == 2

    watch(script, source)


def test_what_has_ended_cannot_be_run_on(watch, told):
    async def script(seen):
        seen.source.ended = "The engine died."
        await seen.press("g", *"640", "enter")
        assert not seen.source.sent
        assert "no farther than 399" in seen.text()

    watch(script, told(accepts=frozenset()))


def test_zoom_log_and_means_are_seen_and_taken_back(watch, told):
    async def script(seen):
        bench = seen.bench
        await seen.press()
        first = [sheet.picture for sheet in bench._plots[:3]]
        await seen.press("z", "z", "z")
        assert bench.looking.window == Span(337, 462)
        assert "×8" in seen.text()
        await seen.press("Z", "Z", "Z")
        assert bench.looking.window is None
        assert [sheet.picture for sheet in bench._plots[:3]] == first
        await seen.press("y")
        assert bench._plots[2].picture != first[2]
        await seen.press("y", "2", "y")
        assert bench.looking.other == {1}
        await seen.press("y", "escape", "tilde")
        assert "20 steps" in seen.text()
        await seen.press("tilde", "tilde")
        assert [sheet.picture for sheet in bench._plots[:3]] == first

    watch(script, told())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_of_all_plots_those_turn_logarithmic_that_can_and_what_one_cannot_show_is_said(watch, told_by, stretch, size):
    panels = [{"kind": "curves", "series": [name]} for name in ("loss", "swing", "movement")]
    panels[1] = {"kind": "curves", "series": ["swing"], "title": "What swings from side to side"}

    def signed(header):
        return replace(
            header, series=(*header.series, Series("swing", "swing")), scenario={**header.scenario, "panels": panels}
        )

    swing = Part(400, 1, 200, {"swing": Array.of(np.cos(np.arange(200.0)))})

    async def script(seen):
        def pictures():
            return [sheet.picture for sheet in seen.bench._plots[:3]]

        seen.source.say(replace(stretch(400, 200), parts=(swing,)))
        await seen.press()
        loss, signs, movement = pictures()
        await seen.press("y")
        assert pictures()[:2] == [loss, signs]
        assert pictures()[2] != movement
        assert "logarithmic, but for plot 2: not all that is read there is above zero." in seen.text()
        await seen.press("y")
        assert pictures() == [loss, signs, movement]
        await seen.press("2", "y")
        assert "(100 not positive)" in seen.text()
        await seen.press("escape")
        assert "(100 not positive)" in seen.text()
        # Where all are logarithmic they become linear.
        await seen.press("y")
        seen.bench._panels = [panel for panel in seen.bench._panels if panel.names[0] == "loss"] * 3
        await seen.press("y")
        assert pictures()[0] != loss

    watch(script, told_by(signed), size=size)


def test_a_zoomed_view_follows_the_end_and_its_axes_rarely_move(watch, told, stretch):
    async def script(seen):
        await seen.press("z", "z")
        windows = set()
        for first in range(400, 900, 50):
            seen.source.say(stretch(first, 50))
            await seen.press()
            assert seen.bench.looking.seen.holds(seen.bench.history.step)
            windows.add(seen.bench.looking.seen)
        assert 3 <= len(windows) <= 7

    watch(script, told(), size=(80, 24))


def test_one_cannot_look_nearer_than_steps_go(looking):
    while looking.zoom(0.5):
        assert looking.seen.steps >= 8
    assert looking.seen.steps < 16
    assert looking.seen.holds(looking.step)


def test_readings_are_those_of_the_series_that_is_read(told_by):
    from msgspec.structs import replace

    source = told_by(lambda header: replace(header, every=1))
    history = History(source.header)
    history.extend(source.poll())
    column = history["loss"]
    history.columns["loss"] = type(column).of(column.series, column.steps[::50], column.values[::50])
    looking = Looking(history, Traces(history))
    seen = []
    for _ in range(4):
        looking.read(-1, ["loss"])
        seen.append(looking.cursor)
    assert seen == [350, 300, 250, 200]
    looking.read(1, ["loss"])
    assert looking.cursor == 250
    looking.read(-1, ["nothing"])
    assert looking.cursor == 250


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("500", 500), ("1,500", 1500), ("+20", 120), ("-20", 80), ("-500", 0), ("50%", 1000), ("end", 2000),
        ("150%", 2000), ("1e3", 1000), ("edge", 7),
    ],
)  # fmt: skip
def test_words_for_steps(text, step):
    assert target(text, 100, 2000, {"edge": 7}.get) == step


@pytest.mark.parametrize("text", ["nan", "inf", "1e99", "x", "%", "+", "--3"])
def test_what_is_no_step_is_said(text):
    assert isinstance(target(text, 100, 2000, lambda _: None), str)


def test_looked_back_at_a_history_shares_its_numbers(looking):
    looking.look_at(120)
    then = looking.traces.history
    assert then.step == 120
    assert np.shares_memory(then["loss"].values, looking._whole.history["loss"].values)
    assert int(then["loss"].steps[-1]) == 120
    assert looking.traces is looking.traces

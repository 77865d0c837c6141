"""The bench: keys become commands, answers become the screen, and nothing brings it down."""

import asyncio
import itertools
import os
import signal

import pytest

from dltlab.commands import Advance, Kick, Mark, Pace, Pause, Resume, Stop, Turn
from dltlab.errors import INTERRUPTED
from dltlab.records import Event
from dltlab.terminal.app import Lab
from dltlab.terminal.fit import Options


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        (["space"], [Pause()]),
        (["space", "space"], [Pause(), Resume()]),
        (["full_stop"], [Advance(1)]),
        (["plus"], [Pace(800.0)]),
        (["minus", "minus"], [Pace(200.0), Pace(100.0)]),
        (["f"], [Pace(None)]),
        (["m", "enter"], [Mark("mark 1")]),
        (["m", "escape"], []),
        (["k", "enter"], [Kick(0.01)]),
        (["K", "home", "shift+end", "2", "enter"], [Kick(2.0, "lowest")]),
        (["k", "home", "shift+end", "0", "enter"], []),
        (["k", "escape"], []),
        (["equals_sign", "home", "shift+end", "0", ".", "2", "enter"], [Turn("learning_rate", 0.2)]),
        (["down", "enter", "home", "shift+end", "0", ".", "5", "enter"], [Turn("momentum", 0.5)]),
        (["equals_sign", "home", "shift+end", "7", "enter"], []),
        (["equals_sign", "home", "shift+end", "x", "enter"], []),
        (["down", "right"], [Turn("momentum", 0.0225)]),
    ],
    ids=lambda value: "-".join(value) if value and isinstance(value[0], str) else None,
)
def test_a_key_sends_its_command(watch, told, keys, sent):
    async def script(seen):
        for key in keys:
            await seen.press(key)
        assert seen.source.sent == sent

    watch(script, told())


def test_arrows_turn_a_knob_and_come_back(watch, told):
    async def script(seen):
        await seen.press("left", "left", "right", "right")
        values = [command.value for command in seen.source.sent]
        assert values[0] < 0.4
        assert values[1] < values[0]
        assert values[3] == pytest.approx(0.4, rel=0.02)
        assert all(0.05 <= value <= 1.0 for value in values)

    watch(script, told())


def test_a_turn_is_shown_as_pending_until_its_event_comes(watch, told):
    source = told()
    source.answers = False

    async def script(seen):
        await seen.press("left")
        asked = seen.source.sent[0].value
        assert f"0.4 → {asked:.4g}" in seen.text()
        seen.source.say(Event(400, "turn", "η turned", {"knob": "learning_rate", "value": asked, "old": 0.4}))
        await seen.press()
        assert "→ 0" not in seen.text()
        assert f"{asked:.4g}" in seen.text()

    watch(script, source)


def test_two_spaces_before_any_answer_pause_and_go_on(watch, told):
    source = told()
    source.answers = False

    async def script(seen):
        await seen.press("space")
        assert "pausing…" in seen.text()
        await seen.press("space", "space")
        assert seen.source.sent == [Pause(), Resume(), Pause()]

    watch(script, source)


def test_a_kick_takes_its_radius_from_the_scenario_and_is_seen(watch, told):
    async def script(seen):
        assert "k kick" in seen.text()
        assert "✶" not in seen.text()
        await seen.press("k")
        await seen.press("K")
        assert seen.source.sent == [Kick(0.02), Kick(0.02, "lowest")]
        assert "kick heard" in seen.text()
        assert "✶" in seen.text()

    watch(script, told(run={"kick": 0.02}))


@pytest.mark.parametrize("run", [3, {"kick": "x"}, {"kick": -1.0}, {"kick": float("nan")}, {}], ids=str)
def test_without_a_radius_a_kick_is_asked_for(watch, told, run):
    async def script(seen):
        assert "k kick" not in seen.text()
        await seen.press("k")
        assert "kick the weights by a vector of length" in seen.text()
        await seen.press("enter")
        assert seen.source.sent == [Kick(0.01)]

    watch(script, told(run=run))


def test_a_source_that_takes_no_kick_offers_none(watch, told):
    async def script(seen):
        await seen.press("question_mark")
        assert "kick the weights" not in seen.text()
        await seen.press("escape")
        await seen.press("k", "K")
        assert not seen.source.sent

    watch(script, told(accepts=frozenset({Pause, Resume, Pace, Advance}), run={"kick": 0.02}))


@pytest.mark.parametrize(("size", "shown"), [((80, 24), 3), ((120, 40), 6), ((200, 60), 9)])
def test_of_many_panels_the_first_ones_are_shown_and_the_others_are_a_key_away(watch, told, size, shown):
    panels = [{"kind": "readout", "series": ["loss"], "title": f"Panel {letter}"} for letter in "ABCDEFGHI"]

    async def script(seen):
        text = seen.text()
        assert [f"Panel {letter}" in text for letter in "ABCDEFGHI"] == [place < shown for place in range(9)]
        assert (f"{shown} of 9 plots" in text) == (shown < 9)
        await seen.press("9")
        assert "Panel I" in seen.text()
        assert "Panel A" not in seen.text()
        await seen.press("tab")
        assert " of 9 plots" not in seen.text()

    watch(script, told(panels=panels, look_for=["Look here."]), size=size)


def test_quit_stops_the_engine_and_detach_does_not(watch, told):
    async def quits(seen):
        await seen.press("q")
        assert seen.source.sent == [Stop()]
        assert seen.app.return_value == 0

    async def detaches(seen):
        await seen.press("d")
        assert seen.source.sent == []
        assert seen.app.return_value == 0
        name = seen.source.header.session
        assert seen.app.parting == f"{name} goes on; `dltlab attach {name}` comes back to it."

    for script in (quits, detaches):
        source = told()
        watch(script, source)
        assert source.closed


def test_a_source_that_accepts_nothing_is_sent_nothing(watch, told):
    async def script(seen):
        await seen.press("space", "full_stop", "left", "plus", "f", "m", "k", "K", "equals_sign", "enter", "q")
        assert seen.source.sent == []
        assert seen.app.return_value == 0

    watch(script, told(accepts=frozenset()))


def test_one_plot_alone_and_back(watch, told):
    async def script(seen):
        assert "1 Loss" in seen.text()
        await seen.press("s")
        assert "Sharpness" in seen.text()
        assert "1 Loss" not in seen.text()
        await seen.press("w")
        assert "‖θ − θ₀‖" in seen.text()
        assert "Sharpness" not in seen.text()
        await seen.press("l")
        assert "1 Loss" in seen.text()
        await seen.press("4")
        assert "layer 1" in seen.text()
        await seen.press("escape")
        assert all(word in seen.text() for word in ("1 Loss", "2 Sharpness", "3 ‖θ − θ₀‖"))

    watch(script, told())


def test_the_standard_plots_are_a_key_away_from_any_panels(watch, told):
    async def script(seen):
        assert "1 Loss" not in seen.text()
        await seen.press("l")
        assert "Loss" in seen.text()

    watch(script, told(panels=[{"kind": "readout", "series": ["movement"]}]))


def test_the_plots_theory_and_state_are_on_the_screen(watch, told):
    async def script(seen):
        text = seen.text()
        assert "╍ 2/η 5" in text
        assert "▶ running" in text
        assert "399 / 1,000" in text
        assert "learning_rate" in text
        seen.source.finish()
        await seen.press()
        assert "● finished" in seen.text()
        assert "The session finished at step 999." in seen.text()
        seen.source.say(Event(999, "pace", "The replay runs flat out.", {"rate": None, "replay": True}))
        await seen.press()
        assert "● finished" in seen.text()
        await seen.press("q")
        assert seen.app.return_value == 0

    watch(script, told())


def test_a_dead_engine_is_said_in_its_own_words(watch, told):
    async def script(seen):
        seen.source.ended = "The engine died at step 399; the recording /data/edge-1 is whole up to there."
        seen.source.accepts = frozenset()
        await seen.press()
        assert "The engine died at step 399; the recording /data/edge-1" in seen.text()
        assert "✗ over" in seen.text()
        assert "1 Loss" in seen.text()

    watch(script, told())


def test_what_goes_on_with_a_dead_engine_is_read_on_any_screen_and_whole_after_it(watch, told):
    said = "`dltlab resume` goes on: the engine died at step 399; the recording is whole up to there."

    async def script(seen):
        seen.source.ended, seen.source.accepts = said, frozenset()
        await seen.press()
        assert "`dltlab resume` goes on: the engine died" in seen.text()
        await seen.press("q")
        assert seen.app.parting == said

    watch(script, told(), size=(80, 24))


def test_after_a_session_that_came_to_its_end_nothing_is_said(watch, told):
    async def script(seen):
        seen.source.finish()
        await seen.press()
        await seen.press("q")
        assert not seen.app.parting

    watch(script, told())


def test_too_small_a_terminal_says_so_and_comes_back(watch, told):
    async def script(seen):
        assert "too small (20x5)" in " ".join(seen.text().split())
        assert "dltlab needs 40x12" in " ".join(seen.text().split())
        await seen.resize(40, 12)
        assert "1 Loss" in seen.text()
        assert "too small" not in seen.text()
        await seen.resize(39, 12)
        assert "too small" in " ".join(seen.text().split())
        await seen.resize(200, 60)
        assert "4 by layer" in seen.text()

    watch(script, told(), size=(20, 5))


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("glyphs", ["braille", "block", "ascii"])
def test_every_size_and_glyph_shows_plot_and_status(watch, told, size, glyphs):
    async def script(seen):
        text = seen.text()
        assert "Loss" in text
        assert "running" in text
        assert text.isascii() == (glyphs == "ascii")
        assert max(map(len, text.splitlines())) <= size[0]

    watch(script, told(look_for=["λ₁ climbs to 2/η."]), size=size, options=Options(glyphs, "full", 2.0))


def test_markup_and_escapes_in_a_recording_are_text(watch, told):
    hostile = "[bold]x[/] \x1b]0;owned\x07[@click=app.quit]y"

    async def script(seen):
        await seen.press("c")
        page = seen.text()
        await seen.press("escape")
        for text in (seen.text(), page):
            assert "[bold]x[/] \\x1b]0;owned\\x07[@click=app.quit]y" in " ".join(text.split())
            assert "\x1b" not in text

    watch(script, told(title=hostile, look_for=[hostile], claims=[{"kind": "plateau", "name": "x", "says": hostile}]))


def test_no_color_draws(watch, told, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def script(seen):
        assert "1 Loss" in seen.text()

    watch(script, told(), options=Options("auto", "auto", 2.0))


def test_sixteen_colours_draw(watch, told):
    async def script(seen):
        assert "1 Loss" in seen.text()
        await seen.press("question_mark")
        assert "Keys of the bench" in seen.text()

    watch(script, told(), options=Options("braille", "16", 2.0))


@pytest.mark.parametrize(
    "scenario",
    [
        {"panels": [{"kind": "nonsense"}]},
        {"panels": 3},
        {"probes": [1], "theories": "x"},
        {"claims": [{}, 3], "look_for": 7, "sources": [{"a": 1}]},
    ],
    ids=str,
)
def test_a_recording_with_a_strange_scenario_still_shows(watch, told, scenario):
    async def script(seen):
        assert "Loss" in seen.text() or "training loss" in seen.text()
        await seen.press("c", "escape", "question_mark", "escape", "s", "tab")

    watch(script, told(Event(5, "turn", "x", {"knob": "learning_rate"}), **scenario))


def test_a_machine_that_stalls_does_not_end_the_painting(watch, told, stretch, monkeypatch):
    moments = itertools.count(0.0, 0.5)

    async def script(seen):
        # Textual skips a timer that it finds late.
        monkeypatch.setattr("textual.timer._time.get_time", lambda: next(moments))
        seen.source.say(stretch(400, 100))
        seen.bench._painting.rest_no_longer()
        seen.bench._poll()
        assert seen.bench._painting.stale
        for _ in range(200):
            await asyncio.sleep(0.005)
            if not seen.bench._painting.stale:
                break
        assert not seen.bench._painting.stale
        assert "499 / 1,000" in seen.text()

    watch(script, told())


def test_nothing_new_paints_no_plot(watch, told):
    async def script(seen):
        before = [sheet.painted for sheet in seen.bench._plots]
        await seen.press()
        await seen.press()
        assert [sheet.painted for sheet in seen.bench._plots] == before
        assert before[0] > 0

    watch(script, told())


def test_export_writes_a_new_file_each_time(watch, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def script(seen):
        await seen.press("e")
        await seen.press("e")
        files = sorted(path.name for path in tmp_path.iterdir())
        assert files == ["dltlab-edge-399-2.svg", "dltlab-edge-399.svg"]
        still = (tmp_path / files[0]).read_text(encoding="utf-8")
        assert ">The edge of stability</text>" in still
        assert "#fbfaf8" not in still
        # It asks nobody for anything.
        assert "url(" not in still
        assert still.count("http") == still.count('xmlns="http://www.w3.org/2000/svg"') == 1

    watch(script, told())


def test_being_told_to_end_leaves_the_session_alone(watch, told):
    async def script(seen):
        os.kill(os.getpid(), signal.SIGTERM)
        await seen.press()
        assert seen.app.return_value == INTERRUPTED
        assert not any(isinstance(command, Stop) for command in seen.source.sent)

    watch(script, told())


def test_ctrl_z_is_asked_of_the_shell(watch, told, monkeypatch):
    asked = []
    monkeypatch.setattr(Lab, "action_suspend_process", lambda _: asked.append("suspend"))

    async def script(seen):
        await seen.press("ctrl+z")
        assert asked == ["suspend"]
        assert not seen.source.sent

    watch(script, told())

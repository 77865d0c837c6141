"""Driving: every act is a command, and the last turn can always be taken back."""

import numpy as np
import pytest
from textual.screen import ModalScreen
from textual.widgets import Input

from dltlab.commands import Kick, Mark, Pace, Stop, Turn
from dltlab.records import Event, Footer
from dltlab.session import live
from dltlab.terminal.app import Lab
from dltlab.terminal.messages import OpenBench
from dltlab.terminal.screens import keys, undoing
from dltlab.terminal.screens.following import Following
from dltlab.terminal.screens.page import Confirm
from dltlab.terminal.screens.undoing import Turned


def turn(knob: str, old: float, value: float, step: int = 100) -> Event:
    return Event(step, "turn", f"{knob} {old:g} → {value:g}.", {"knob": knob, "old": old, "value": value})


def test_undoing_all_turns_comes_back_to_where_it_began():
    """The law of undo: after any acts and any undos the values are those that the turns which stand have set."""
    generator = np.random.default_rng(0)
    for _ in range(200):
        values = {"a": 1.0, "b": 5.0}
        told: list[Turned] = []
        history = [dict(values)]
        for _ in range(generator.integers(1, 20)):
            left = undoing.standing(told)
            assert len(left) == len(history) - 1
            if left and generator.random() < 0.5:
                act = left[-1].back
                history.pop()
            else:
                knob = str(generator.choice(["a", "b"]))
                act = Turned(knob, values[knob], float(generator.random() + 0.1))
                history.append(values | {knob: act.value})
            values[act.knob] = act.value
            told.append(act)
            assert values == history[-1]
        while left := undoing.standing(told):
            values[left[-1].knob] = left[-1].old
            told.append(left[-1].back)
        assert values == {"a": 1.0, "b": 5.0}


def test_what_was_rounded_to_single_precision_is_undone_all_the_same():
    single = float(np.float32(0.1))
    assert undoing.standing([Turned("a", 0.4, 0.1), Turned("a", single, 0.4)]) == []
    assert undoing.standing([Turned("a", 0.4, 0.4)]) == []


def test_odd_events_are_no_turns():
    odd = [Event(1, "turn", "", data) for data in ({}, {"old": "x", "value": 1}, {"old": None, "value": 2.0})]
    assert undoing.turned([*odd, Event(2, "kick", "", {"old": 1.0, "value": 2.0})]) == []


def test_u_walks_back_even_before_the_engine_has_answered(watch, told):
    source = told(turn("learning_rate", 0.4, 0.3), turn("momentum", 0.0, 0.5), turn("learning_rate", 0.3, 0.2))
    source.answers = False

    async def script(seen):
        await seen.press("u", "u", "u")
        wanted = [Turn("learning_rate", 0.3), Turn("momentum", 0.0), Turn("learning_rate", 0.4)]
        assert seen.source.sent == wanted
        seen.source.say(turn("learning_rate", 0.2, 0.3), turn("momentum", 0.5, 0.0), turn("learning_rate", 0.3, 0.4))
        await seen.press()
        await seen.press("u")
        assert seen.source.sent == wanted
        assert "no turn is left to undo" in seen.text()

    watch(script, source)


def test_a_turn_of_what_is_no_knob_is_left_alone(watch, told):
    async def script(seen):
        await seen.press("u")
        assert not seen.source.sent

    watch(script, told(turn("width", 1.0, 2.0)))


ACTS = ("left", "right", "shift+left", "equals_sign", "u", "k", "K")


@pytest.mark.parametrize("key", ACTS)
def test_who_looks_back_acts_on_nothing_and_is_told_why(watch, told, key):
    async def script(seen):
        await seen.press("home", key)
        assert not seen.source.sent
        assert seen.app.screen is seen.bench
        assert "step 0 is past and stays as it was; F forks there, end returns to now." in seen.text()
        await seen.press("end", key)
        assert seen.source.sent or seen.app.screen is not seen.bench

    watch(script, told(turn("learning_rate", 0.5, 0.4), run={"kick": 0.02}), size=(80, 24))


def test_a_recording_undoes_nothing(watch, told):
    async def script(seen):
        await seen.press("u")
        assert not seen.source.sent

    watch(script, told(turn("learning_rate", 0.4, 0.3), accepts=frozenset()))


def test_one_step_a_second_is_the_slowest_and_flat_out_the_fastest(watch, told):
    async def script(seen):
        source = seen.source
        for _ in range(12):
            seen.bench.action_pace(0.5)
            rate = source.sent[-1].rate
            source.say(Event(100, "pace", "", {"rate": rate}))
            seen.bench.following.poll()
        assert source.sent[-1] == Pace(1.0)
        await seen.press("space")
        source.say(Event(399, "pause", "Paused."))
        await seen.press()
        assert "at 1 steps/s" in seen.text()
        source.say(Event(399, "pace", "", {"rate": None}))
        await seen.press()
        assert "flat out" in seen.text()

    watch(script, told())


@pytest.mark.parametrize(("key", "seed"), [("r", None), ("R", 1)])
def test_it_is_run_anew_with_its_seed_or_another(watch, told, monkeypatch, key, seed):
    asked: list[int | None] = []

    def launch(*, seed: int | None = None):
        asked.append(seed)
        raise AssertionError("nobody waits for it here")

    posted: list[OpenBench] = []
    # The app would show it starting.
    monkeypatch.setattr(Lab, "on_open_bench", lambda _, message: posted.append(message))

    async def script(seen):
        seen.bench._relaunch = launch
        await seen.press(key)
        assert "Run it anew? Then this session ends here, and is kept." in seen.text()
        assert "enter run anew   esc go on" in seen.text().splitlines()[-1]
        assert not seen.app.screen.query(Input)
        await seen.press("x")
        assert isinstance(seen.app.screen, Confirm)
        await seen.press("escape")
        assert not posted
        assert not seen.source.closed
        await seen.press(key, "enter")
        assert seen.source.sent == [Stop()]
        with pytest.raises(AssertionError):
            posted[0].launch()
        assert asked == [seed]

    watch(script, told())


@pytest.mark.parametrize("covered", [False, True])
@pytest.mark.parametrize("key", ["r", "R", "enter", "k", "m"])
def test_a_question_that_the_end_answers_closes_and_the_end_is_told(watch, told, monkeypatch, key, *, covered):
    posted: list[object] = []
    monkeypatch.setattr(Lab, "on_open_bench", lambda _, message: posted.append(message))

    async def script(seen):
        seen.bench._relaunch = lambda *, seed=1: posted.append(seed)
        await seen.press(key)
        assert isinstance(seen.app.screen, ModalScreen)
        above = None
        if covered:
            seen.bench.action_help()
            await seen.press()
            above = seen.app.screen
        seen.source.finish()
        await seen.press()
        if covered:
            assert seen.app.screen is above, "what is read is left to its reader"
            await seen.press("escape")
        assert seen.app.screen is seen.bench
        assert "The session finished at step 999." in seen.text()
        assert not posted
        assert not seen.source.sent

    watch(script, told())


@pytest.mark.parametrize("key", ["F", "g", "?"])
def test_what_may_be_asked_of_a_session_that_has_ended_stays_open(watch, told, keep, key):
    source = told()
    source.path = keep("edge-1")

    async def script(seen):
        await seen.press(key)
        asked = seen.app.screen
        assert asked is not seen.bench
        seen.source.finish()
        await seen.press()
        assert seen.app.screen is asked

    watch(script, source)


def test_what_has_ended_is_run_anew_at_once(watch, told, monkeypatch):
    posted: list[OpenBench] = []
    monkeypatch.setattr(Lab, "on_open_bench", lambda _, message: posted.append(message))

    async def script(seen):
        seen.bench._relaunch = lambda: None
        seen.source.finish()
        await seen.press()
        await seen.press("r")
        assert len(posted) == 1

    watch(script, told())


def test_what_cannot_take_another_seed_says_so(watch, told):
    async def script(seen):
        seen.bench._relaunch = lambda: None
        await seen.press("R")
        assert "--seed N" in seen.text()
        assert not seen.source.closed

    watch(script, told())


DRIVING = ["space", "full_stop", "left", "enter", "u", "k", "K", "plus", "f", "m", "P", "F", "b", "r", "R"]


@pytest.mark.parametrize("key", DRIVING)
def test_who_only_watches_is_offered_no_key_that_drives_and_told_so_where_one_is_pressed(watch, told, key):
    async def script(seen):
        foot = seen.text().splitlines()[-1]
        assert not {"pause", "step", "faster", "slower", "mark", "fork", "kick", "turn"} & {*foot.split()}
        await seen.press(key)
        assert "This viewer only watches; `dltlab attach` drives the session." in seen.text()
        assert not seen.source.sent
        shown = {key.shown: key.words for key in keys.offered(seen.bench._able)}
        assert not {"space", "=", "k", "f", "m", "P", "F", "b", "r", "R", "d"} & {*shown}
        assert "run there" not in shown["g"]

    watch(script, told(accepts=frozenset()), size=(80, 24))


@pytest.mark.parametrize(
    ("key", "said"), [("left", "F forks it from there."), ("k", "F forks it"), ("r", "Then this replay ends.")]
)
def test_of_a_recording_a_key_that_changes_it_says_what_goes_instead(watch, told, keep, deaf, key, said):
    source = told(accepts=frozenset(deaf - {Turn, Kick, Mark}))
    source.path = keep("edge-1")

    async def script(seen):
        await seen.press(key)
        assert said in seen.text()
        assert not seen.source.sent

    watch(script, source)


@pytest.mark.parametrize(("key", "seed"), [("r", None), ("R", 1)])
def test_who_comes_back_to_a_session_runs_the_scenario_of_its_recording_anew(watch, told, keep, monkeypatch, key, seed):
    started, posted = [], []
    monkeypatch.setattr(live, "anew", lambda path, *, seed: started.append((path, seed)))
    monkeypatch.setattr(Lab, "on_open_bench", lambda _, message: posted.append(message))
    source = told()
    source.path = keep("edge-1")

    async def script(seen):
        assert {"r", "R"} <= {key.shown for key in keys.offered(seen.bench._able)}
        await seen.press(key, "enter")
        assert seen.source.sent == [Stop()]
        posted[0].launch()
        assert started == [(source.path, seed)]

    watch(script, source)


def test_what_is_recorded_nowhere_is_not_offered_to_be_run_anew(watch, told):
    async def script(seen):
        assert not {"r", "R"} & {key.shown for key in keys.offered(seen.bench._able)}
        await seen.press("r")
        assert "recorded in no file, so it cannot be run anew" in seen.text()

    watch(script, told())


def test_what_was_there_before_is_run_anew_from_its_recording_rather_than_opened_once_more(browse, keep, monkeypatch):
    keep("edge-1", Footer(399, "finished", "", 1.0))
    posted = []
    monkeypatch.setattr(Lab, "on_open_bench", lambda _, message: posted.append(message))

    async def script(seen):
        await seen.press("tab")
        await seen.settle()
        await seen.press("enter")
        assert posted[0].follows

    browse(script)


def test_while_it_runs_to_a_step_it_is_running_and_can_be_paused(watch, told, stretch):
    async def script(seen):
        seen.source.say(Event(399, "advance", "On from step 399 to step 600.", {"to": 600}))
        await seen.press()
        assert "▶ running" in seen.text()
        seen.source.say(stretch(400, 201))
        await seen.press()
        assert "‖ paused" in seen.text()

    watch(script, told())


def test_what_is_done_while_it_holds_is_said_to_be_seen_from_the_next_step_on(told):
    """A step is read once: what is read before a turn or a kick stands, and its plots do not move."""
    source, later = told(), "The plots follow at the next step."
    following = Following(source)

    def said(*events):
        source.say(*events)
        following.poll()
        return following.notice

    kick = Event(399, "kick", "Kicked by 0.1.", {"radius": 0.1, "direction": "random"}, 1.0)
    assert said(turn("momentum", 0.1, 0.2, 399)) == "momentum 0.1 → 0.2."
    assert said(kick, Event(399, "pause", "Paused at step 399.", {}, 1.0)) == "Kicked by 0.1.", "it was read after it"
    assert said(turn("momentum", 0.2, 0.3, 399)) == f"momentum 0.2 → 0.3. {later}"
    assert said(kick) == f"Kicked by 0.1. {later}"
    assert said(turn("sharpness.budget", 1.0, 2.0, 399)) == "sharpness.budget 1 → 2."
    assert said(Event(399, "resume", "Resumed.", {}, 1.0), kick) == "Kicked by 0.1."

"""How a session stands, in a word and in the status line."""

from collections.abc import Callable

import pytest

from dltlab.records import Event, Footer, Frames, Header, Record
from dltlab.session.history import History
from dltlab.terminal.drawing.lines import plain
from dltlab.terminal.drawing.standing import standing, status_line
from dltlab.terminal.screens.following import Following

Stretch = Callable[[int, int], Frames]


def compiling(step: int) -> Event:
    return Event(step, "compiling", "Compiling.", {}, 0.4)


def line(head: Header, *records: Record) -> str:
    history = History(head)
    history.extend(records)
    return " ".join(plain((status_line(standing(history, "", "", 0.0, ""), 120),)).split())


def test_an_engine_that_compiles_is_starting_until_its_first_chunk_is_there(head: Header, stretch: Stretch) -> None:
    begun, stopped = [compiling(0), stretch(0, 10)], Footer(9, "stopped", "", 1.0)
    assert line(head, compiling(0)).startswith("· starting · 0 / ")
    assert "steps/s" not in line(head, compiling(0))
    assert line(head, *begun).startswith("▶ running · 9 / ")
    going_on = [*begun, stopped, Event(9, "continued", "", {}, 1.1), compiling(9)]
    assert line(head, *begun, stopped).startswith("● stopped · 9 / ")
    assert line(head, *going_on).startswith("· starting · 9 / ")
    assert line(head, *going_on, stretch(10, 10)).startswith("▶ running · 19 / ")


@pytest.mark.parametrize("ending", ["finished", "stopped", "failed"])
def test_what_ended_or_was_paused_before_its_first_step_is_not_starting(head: Header, ending: str) -> None:
    assert f" {ending} " in line(head, compiling(0), Footer(0, ending, "", 1.0))
    assert line(head, compiling(0), Event(0, "pause", "Paused.", {}, 1.0)).startswith("‖ paused")


def test_what_was_said_on_the_way_gives_way_to_how_it_ended(told, stretch: Stretch) -> None:
    source = told()
    following = Following(source, lambda: 0.0)
    following.poll()
    source.say(Event(399, "pace", "Flat out.", {}, 4.0))
    following.poll()
    assert following.notice == "Flat out."
    source.say(stretch(400, 600), Footer(999, "finished", "", 10.0))
    following.poll()
    assert not following.notice

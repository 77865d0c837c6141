"""The timeline: every step has one place on it, and what happened, what is seen and where one looks can be read off."""

import numpy as np
import pytest

from dltlab.records import Event
from dltlab.session.history import History
from dltlab.terminal.drawing import timeline
from dltlab.terminal.drawing.ascii import spelled
from dltlab.terminal.drawing.lines import plain, width_of
from dltlab.terminal.drawing.span import Span, panned, window, zoomed
from dltlab.terminal.drawing.timeline import Happening, Time

HAPPENED = [
    Happening(500, "turn", "η 0.2"),
    Happening(2000, "mark", "the edge"),
    Happening(3000, "pause", ""),
    Happening(3500, "diverged", "diverged"),
]
SHOWN = Time(6000, 4000, "running", HAPPENED)


def drawn(time: Time, width: int = 120, height: int = 2, glyphs: str = "braille") -> str:
    picture = timeline.draw(time, width, height, glyphs)
    assert len(picture) == height
    assert all(width_of(line) == width for line in picture)
    return plain(picture)


@pytest.mark.parametrize("height", [1, 2])
@pytest.mark.parametrize("width", [1, 12, 40, 80, 200])
@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_it_fills_its_room_whatever_happened(width: int, height: int, glyphs: str) -> None:
    wild = [Happening(1 << 53, "mark", "x" * 500), Happening(0, "fork", "幅"), *HAPPENED]
    for time in (SHOWN, Time(1, 0, "paused", wild, 0, Span(0, 1)), Time(6000, 4000, "over", wild, 3999, Span(9, 30))):
        text = drawn(time, width, height, glyphs)
        assert glyphs != "ascii" or plain((spelled(((text, ""),)),)).isascii()
        assert width < 40 or len(text.strip()) > 30


def test_everything_stands_in_its_place_in_order() -> None:
    line = drawn(SHOWN).splitlines()[0]
    places = [line.index(sign) for sign in "▲◆‖✗●"]
    assert places == sorted(places)
    inside = timeline.track(120, 6000)
    for sign, step in (("▲", 500), ("◆", 2000), ("●", 4000)):
        share = (line.index(sign) - inside.start) / (len(inside) - 1)
        assert share == pytest.approx(step / 6000, abs=0.5 / (len(inside) - 1) + 1e-9)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_column_means_the_step_that_is_drawn_there(width: int) -> None:
    for column in timeline.track(width, 6000):
        step = timeline.step_at(column, width, 6000)
        line = drawn(Time(6000, 6000, "running", [], step), width, 1)
        assert line[column] == "╋"
    assert timeline.step_at(0, width, 6000) == 0
    assert timeline.step_at(width, width, 6000) == 6000


def test_marks_are_named_below_their_signs_and_on_a_single_line_after_them() -> None:
    line, names = drawn(SHOWN).splitlines()
    assert names.index("the edge") == line.index("◆")
    assert names.index("η 0.2") == line.index("▲")
    (single,) = drawn(SHOWN, height=1).splitlines()
    assert "◆ the edge ━" in single
    narrow = drawn(SHOWN, 40, 1)
    assert "◆" in narrow
    assert "edge" not in narrow


def test_of_names_without_room_that_of_the_place_one_looks_at_comes_first_and_none_is_cut_by_another() -> None:
    crowd = [Happening(1000 + 20 * at, "mark", f"mark {at}") for at in range(6)]
    for cursor in (1000, 1060, 1100):
        names = drawn(Time(6000, 4000, "running", crowd, cursor)).splitlines()[1]
        at = (cursor - 1000) // 20
        assert f"mark {at}" in names
        assert all(word in {"mark", *"012345"} for word in names.split())


def test_what_is_seen_stands_in_brackets_with_its_zoom() -> None:
    line, below = drawn(SHOWN._replace(window=Span(1000, 2500), cursor=1500)).splitlines()
    assert line.index("[") < line.index("╋") < line.index("]")
    assert "×4" in below
    assert "1,500" in line
    assert "┄" in line
    assert "[" not in drawn(SHOWN)


def test_the_cursor_is_told_without_any_colour_even_upon_an_event() -> None:
    onto = timeline.draw(SHOWN._replace(cursor=2000), 120, 2, "braille")
    assert ("◆", "chosen") in onto[0]
    assert "2,000" in plain(onto)


def test_only_what_the_session_did_is_told(head) -> None:
    history = History(head)
    history.extend(
        [
            Event(3, "turn", "η 0.4 → 0.2.", {"knob": "learning_rate", "value": 0.2, "old": 0.4}),
            Event(4, "pause", "The replay is paused.", {"replay": True}),
            Event(5, "price", "dear"),
            Event(-7, "turn", "odd", {"value": "x"}),
            Event(6, "mark", "a\x1b[31mb\u202ec"),
        ]
    )
    found = timeline.of(history)
    assert [(one.step, one.what) for one in found] == [(0, "turn"), (3, "turn"), (6, "mark")]
    assert found[1].name == "η 0.2"
    assert "\x1b" not in drawn(Time(1000, 10, "running", found))
    assert "\u202e" not in drawn(Time(1000, 10, "running", found))


@pytest.mark.parametrize("planned", [8, 1000, 123_457])
def test_a_window_holds_what_it_was_made_around_and_lies_within_the_plan(planned: int) -> None:
    for around in {0, 1, planned // 3, planned}:
        seen = None
        for _ in range(30):
            nearer = zoomed(seen, planned, around, 0.5)
            assert nearer is None or (nearer.holds(around) and 0 <= nearer.first < nearer.last <= planned)
            seen = nearer
        for _ in range(30):
            seen = zoomed(seen, planned, around, 2.0)
        assert seen is None
    assert window(planned, planned, 3) is None


def test_a_window_follows_what_one_looks_at_in_leaps() -> None:
    seen: Span | None = Span(0, 100)
    moved = 0
    for step in range(10_000):
        assert seen is not None
        after = panned(seen, 10_000, step)
        assert after is not None
        assert after.holds(step)
        assert after.steps == 100
        moved += after != seen
        seen = after
    assert 100 <= moved <= 250
    assert panned(Span(0, 100), 10_000, 7777) == panned(panned(Span(0, 100), 10_000, 7777), 10_000, 7777)


@pytest.mark.parametrize("span", [Span(0, 1000), Span(40, 95), Span(1, 10_000, log=True)], ids=str)
def test_a_span_gives_back_the_step_of_its_fraction(span: Span) -> None:
    for step in np.linspace(span.first, span.last, 20).astype(int).tolist():
        assert abs(span.step(span.at(step)) - step) <= 1
        assert span.at(step) == pytest.approx(float(span.scale.fraction(np.asarray(step))), abs=1e-9)


@pytest.mark.parametrize(("what", "sign"), [("turn", "▲"), ("kick", "✶"), ("fork", "Ψ")])
@pytest.mark.parametrize("order", [1, -1])
def test_what_was_done_is_seen_rather_than_what_came_of_it(what: str, sign: str, order: int) -> None:
    at_once = [Happening(2000, what, "done by hand"), Happening(2001, "chapter", "saddle 5 escaped")][::order]
    for width, height in ((80, 1), (120, 2)):
        text = drawn(Time(6000, 4000, "running", at_once), width, height)
        assert sign in text
        assert "done by hand" in text

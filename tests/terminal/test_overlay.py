"""Other sessions over the shown one, forks of it, and what diverged: seen, named, and never mistaken for each other."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab.errors import EngineError
from dltlab.records import SUFFIX, Array, Event, Footer, Frames, Header, Part, Record, encode
from dltlab.session import live, shelf
from dltlab.session.history import History
from dltlab.terminal.drawing import forking, overlaid
from dltlab.terminal.drawing.forking import Wanted
from dltlab.terminal.drawing.lines import Picture, plain
from dltlab.terminal.drawing.marks import SLOTS, sign
from dltlab.terminal.drawing.overlaid import Overlaid
from dltlab.terminal.drawing.roster import Row, matches
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.fit import Options
from dltlab.terminal.panels.bars import Bars
from dltlab.terminal.panels.curves import Curves
from dltlab.terminal.panels.panel import Look
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.screens.overlay import Overlay
from dltlab.terminal.screens.sessions import Sessions

Keep = Callable[..., Path]


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: Header, stretch: Callable[..., Frames]) -> Keep:
    """Write a session to the folder of this test: four hundred frames, and what else it says."""
    monkeypatch.setenv("DLTLAB_DATA_DIR", str(tmp_path))
    (tmp_path / "sessions").mkdir()

    def write(name: str, *more: Record, **fields: object) -> Path:
        path = tmp_path / "sessions" / f"{name}{SUFFIX}"
        said = [replace(head, session=name, **fields), stretch(0, 400), *more]
        path.write_bytes(b"".join(map(encode, said)))
        return path

    return write


def guest(head: Header, values: np.ndarray, slot: int = 4, planned: int = 1000, **more: object) -> Overlaid:
    """A session whose loss reads these values, a step each."""
    history = History(replace(head, steps=len(values)))
    history.extend([Frames(len(values) - 1, (Part(0, 1, len(values), {"loss": Array.of(values)}),), 1.0, 1.0)])
    return Overlaid(Traces(history, planned), f"guest {slot}", slot, **more)  # type: ignore[arg-type]


def drawn(head: Header, *guests: Overlaid, glyphs: str = "braille", scale: str = "log") -> Picture:
    """The shown session's loss, exp(−t/200), with these over it."""
    history = History(head)
    values = np.exp(-np.arange(1000) / 200)
    history.extend([Frames(999, (Part(0, 1, 1000, {"loss": Array.of(values)}),), 1.0, 1.0)])
    return Curves(["loss"], scale=scale).draw(Traces(history), 100, 20, Look(glyphs, "", guests))  # type: ignore[arg-type]


def inks(picture: Picture) -> set[str]:
    """The inks of what is drawn below the heading."""
    return {ink for line in picture[1:] for text, ink in line if text.strip()}


def test_each_session_has_a_colour_a_mark_and_a_name_of_its_own(head):
    guests = [guest(head, np.full(1000, 0.1 * place), slot) for place, slot in enumerate(SLOTS, 2)]
    assert len({one.slot for one in guests}) == len({one.marker for one in guests}) == len(SLOTS)
    assert len({sign(slot, plain=True) for slot in SLOTS}) == len(SLOTS)
    picture = drawn(head, *guests[:2])
    for one in guests[:2]:
        assert f"━{one.marker} {one.title}" in plain(picture[:2])
        assert one.marker in plain(picture[2:])
        assert f"curve{one.slot}" in inks(picture)
    assert "curve4" not in inks(drawn(head))


def test_without_colours_or_unicode_they_are_told_apart_too(head):
    picture = plain(drawn(head, guest(head, np.full(1000, 0.5)), glyphs="ascii"))
    assert picture.isascii() or "─" not in picture
    body = "\n".join(picture.splitlines()[2:])
    assert sign(4, plain=True) in body
    assert "*" in body


def test_a_parent_stays_in_the_background(head):
    picture = drawn(head, guest(head, np.full(1000, 0.5), faint=True))
    assert "band4" in inks(picture)
    assert "curve4" not in inks(picture)


def test_on_its_parent_a_fork_covers_it(head):
    """The prefix is the parent's own: nothing of the parent is seen there but its marks."""
    values = np.exp(-np.arange(1000) / 200)
    picture = drawn(head, guest(head, values, faint=True))
    seen = [text for line in picture[1:] for text, ink in line if ink == "band4"]
    assert seen
    assert not set("".join(seen)) - set(" ━" + sign(4))


def test_a_session_without_the_series_is_not_named(head):
    history = History(replace(head, series=()))
    assert "guest" not in plain(drawn(head, Overlaid(Traces(history, 1000), "guest", 4)))


def test_a_longer_session_ends_where_the_axis_ends(head):
    longer = guest(head, np.where(np.arange(5000) < 1001, 0.5, 1e6))
    (curve,) = overlaid.curves([longer], ["loss"], [""])
    assert curve.stretches.extent(0, log=False) == (0.5, 0.5)


@pytest.mark.parametrize("huge", [1e30, 1.7e308])
def test_what_explodes_does_not_flatten_the_shown_session(huge):
    for shown in ((0.0, 1.0), (3.0, 5.0), (-2.0, -1.0), (0.0, 0.0)):
        low, high = overlaid.widened(shown, (-huge, huge), log=False) or (0.0, 0.0)
        size = max(shown[1] - shown[0], abs(shown[1]), abs(shown[0]), 1e-300)
        assert low <= shown[0] <= shown[1] <= high
        assert high - low <= 8 * size
    assert overlaid.widened((1e-3, 1.0), (1e-300, huge), log=True) == (pytest.approx(1e-6), pytest.approx(1e3))
    assert overlaid.widened(None, (1.0, 2.0), log=False) == (1.0, 2.0)
    assert overlaid.widened((1.0, 2.0), None, log=True) == (1.0, 2.0)


def test_a_panel_that_draws_no_other_session_says_whose_readings_it_shows(head, stretch):
    history = History(head)
    history.extend([stretch(0, 400)])
    one = guest(head, np.full(1000, 0.5))
    panel = Bars(["movement.layers"])
    assert "of this session" in plain(panel.draw(Traces(history), 80, 12, Look("braille", "1", (one,))))
    assert "of this session" not in plain(panel.draw(Traces(history), 80, 12, Look("braille", "1")))


def test_every_word_that_is_typed_must_stand_in_the_row():
    row = Row("20260101-edge", "The edge of stability", "running", 1, 2, "mother")
    assert all(matches(row, words) for words in ("", "EDGE", "edge run", "moth stab"))
    assert not matches(row, "edge finished")


# The list.


def test_sessions_are_pinned_hidden_and_unpinned(watch, told, keep):
    keep("edge-2", Event(300, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4}))
    keep("other", source="octopus", title="The octopus", started="2030-01-01T00:00:00Z")

    async def script(seen):
        await seen.press("o")
        screen = seen.app.screen
        assert isinstance(screen, Sessions)
        screen.take(shelf.kept())
        await seen.press()
        text = seen.text()
        # Those of the same scenario come first, however old they are.
        assert text.index("edge-2") < text.index("other")
        await seen.press("space", "escape")
        assert "━△ η 0.2 at 300" in seen.text() or "η 0.2" in seen.text()
        assert len(seen.bench.branching.overlaid) == 1
        await seen.press("o")
        seen.app.screen.take(shelf.kept())
        await seen.press("tab")
        assert "hidden" in seen.text()
        assert seen.bench.branching.overlaid == ()
        await seen.press("tab", "right")
        assert seen.bench.branching.overlaid[0].slot == SLOTS[1]
        await seen.press("o", "c", "t")
        assert "1 of 2" in seen.text()
        assert "edge-2" not in seen.text()
        await seen.press("backspace", "backspace", "backspace", "enter", "escape")
        assert not seen.bench.branching.overlay.guests

    watch(script, told())


def test_a_running_session_is_followed(watch, told, keep, stretch):
    path = keep("edge-2")

    async def script(seen):
        seen.bench.branching.overlay.pin(path)
        await seen.press()
        before = seen.bench._plots[0].painted
        with path.open("ab") as stream:
            stream.write(encode(stretch(400, 200)))
        await seen.press()
        assert seen.bench.branching.overlay.guests[0].history.step == 599
        assert seen.bench._plots[0].painted > before

    watch(script, told())


def test_there_are_as_many_guests_as_colours(watch, told, keep):
    paths = [keep(f"edge-{n}") for n in range(2, 3 + len(SLOTS))]

    async def script(seen):
        await seen.press("o")
        seen.app.screen.take(shelf.kept())
        for _ in paths:
            await seen.press("space", "down")
        assert len(seen.bench.branching.overlay.guests) == len(SLOTS)
        assert "unpin one" in seen.text()

    watch(script, told())


def test_what_sets_them_apart_is_a_page(watch, told, keep):
    path = keep("edge-2", Event(300, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4}), seeds=(7,))

    async def script(seen):
        await seen.press("D")
        assert "Pin another session" in seen.text()
        await seen.press("escape")
        seen.bench.branching.overlay.pin(path)
        await seen.press("D")
        assert "turn learning_rate" in seen.text()
        assert "0.2 at 300" in seen.text()
        assert "seed 7" in seen.text()

    watch(script, told())


# Forks.


def fork_of(told_by: Callable[..., object], path: Path, **fields: object) -> object:
    """What a fork's engine would say."""
    source = told_by(lambda head: replace(head, session="fork", parent=path.name.removesuffix(SUFFIX), **fields))
    source.path = path.with_name(f"fork{SUFFIX}")  # type: ignore[attr-defined]
    source.path.write_bytes(encode(source.header))  # type: ignore[attr-defined]
    return source


async def another_bench(seen, than: Bench) -> Bench:
    """The bench that comes up in the place of another one."""
    for _ in range(400):
        await asyncio.sleep(0.01)
        if isinstance(seen.app.screen, Bench) and seen.app.screen is not than:
            return seen.app.screen
    raise AssertionError(f"still {seen.app.screen}")


def test_a_fork_opens_over_its_parent_and_escape_goes_back(watch, told, told_by, keep, monkeypatch):
    path, source, asked = keep("edge-1"), told(), []
    source.path = path

    def fork(*args: object, **more: object) -> object:
        asked.append((args, more))
        return fork_of(told_by, path, forked=300)

    monkeypatch.setattr(live, "fork", fork)

    async def script(seen):
        await seen.press("F")
        assert "Fork from here" in seen.text()
        await seen.press("h")
        assert "0.4 → 0.2" in seen.text()
        await seen.press("enter")
        child = await another_bench(seen, seen.bench)
        assert asked == [((path, 399), {"turns": (("learning_rate", 0.2),), "kick": None, "seed": None, "steps": None})]
        (parent,) = child.branching.overlaid
        assert (parent.title, parent.faint) == ("parent", True)
        child._painting.rest_no_longer()
        child._poll()
        while child._painting.stale:
            child._painting.paint_next()
        await seen.press()
        assert "fork at step 300" in seen.text()
        assert "parent" in seen.text()
        await seen.press("escape")
        back = await another_bench(seen, child)
        assert back is seen.bench
        assert [one.path.name for one in back.branching.overlay.guests] == [f"fork{SUFFIX}"]
        assert not seen.source.sent

    watch(script, source)


def test_a_fork_that_cannot_start_says_why_and_the_parent_is_still_there(watch, told, keep, monkeypatch):
    source = told()
    source.path = keep("edge-1")

    def refuse(*_: object, **__: object) -> object:
        raise EngineError("The engine ended before it began.")

    monkeypatch.setattr(live, "fork", refuse)

    async def script(seen):
        await seen.press("F", "enter")
        for _ in range(100):
            await seen.press()
            if "before it began" in seen.text():
                break
        assert "before it began" in seen.text()
        await seen.press("escape")
        assert seen.app.screen is seen.bench

    watch(script, source)


@pytest.mark.parametrize(
    ("parent", "found"),
    [("edge-2", 1), ("../edge-2", 0), ("/etc/passwd", 0), ("nothing", 0), ("edge-1", 0), ("", 0)],
)
def test_a_parents_name_leads_nowhere_else(head, keep, parent, found):
    keep("edge-2")
    overlay = Overlay(History(replace(head, parent=parent, forked=1)))
    overlay.pin_parent(keep("edge-1"))
    assert len(overlay.guests) == found


def test_the_form_asks_for_what_was_chosen_and_refuses_what_cannot_be(watch, told, keep):
    source = told()
    source.path = keep("edge-1")
    chosen = [
        (["h"], Wanted(399, (("learning_rate", 0.2),))),
        (["down", "0", ".", "5"], Wanted(399, (("momentum", 0.5),))),
        (["h", "delete", "up", "8", "0"], Wanted(80)),
    ]

    async def script(seen):
        asked: list[Wanted | None] = []
        for keys, wanted in chosen:
            await seen.press("F")
            form = seen.app.screen
            form._result_callbacks[-1].callback = asked.append
            for key in [*keys, "enter"]:
                if seen.app.screen is form:
                    await seen.press(key)
            assert asked.pop() == wanted
        await seen.press("F", "7", "enter")
        assert "does not lie there" in seen.text()

    watch(script, source)


@pytest.mark.parametrize(
    ("place", "typed", "wanted"),
    [
        (0, "100", Wanted(100)),
        (1, "0.3", Wanted(399, (("learning_rate", 0.3),))),
        (1, "0.4", Wanted(399)),
        (1, "", Wanted(399)),
        (3, "0.1", Wanted(399, (), 0.1)),
        (4, "7", Wanted(399, (), None, 7)),
        (5, "2000", Wanted(399, (), None, None, 2000)),
    ],
)
def test_what_is_typed_is_what_is_asked_for(head, place, typed, wanted):
    made = forking.choices(History(head), 399)
    one = made[place]._replace(typed=typed).settled()
    assert not isinstance(one, str)
    assert forking.wanted([*made[:place], one, *made[place + 1 :]]) == wanted


@pytest.mark.parametrize("typed", ["7", ".", "1e999", "-1", "nan", "inf"])
def test_what_cannot_be_is_refused_with_a_cure(head, typed):
    for place, one in enumerate(forking.choices(History(head), 399)):
        found = one._replace(typed=typed).settled()
        if place in (1, 2):
            assert isinstance(found, str)
        assert isinstance(found, str) or found.low <= (found.now or found.low) <= found.high


def test_where_no_steps_are_left_a_fork_takes_as_many_again(head):
    history = History(head)
    made = forking.choices(history, 1000)
    assert forking.wanted(made) == Wanted(1000, steps=2000)
    assert forking.wanted(forking.choices(history, 999)) == Wanted(999)


def test_what_is_in_no_file_cannot_be_forked(watch, told):
    async def script(seen):
        await seen.press("F")
        assert seen.app.screen is seen.bench
        assert "cannot be forked" in seen.text()

    watch(script, told())


# What diverged.


def test_what_diverged_is_said_aloud_and_one_key_goes_back(watch, told, keep):
    scenario = {"theories": {"sharpness": {"kind": "stability_threshold"}}}
    turn = Event(350, "turn", "η 0.4 → 0.8.", {"knob": "learning_rate", "value": 0.8, "old": 0.4})
    said = (turn, Event(399, "diverged", "The loss stopped being finite.", {"step": 399}))
    source = told(*said, Footer(399, "diverged", "the loss stopped being finite.", 1.0, 398), **scenario)
    source.path = keep("edge-1")
    source.ended, source.accepts = "The session diverged at step 399.", frozenset()

    async def script(seen):
        text, told = seen.text(), " ".join(seen.bench.branching.alarm()[0])
        assert "✗ Diverged" in text
        assert "the loss stopped being finite at step 399; λ₁ was 4.49 against 2/η = 5 at step 399" in told
        assert "with η = 0.8" in told
        assert "b forks from step 399, before it, with η halved" in told
        assert "b rewind" in text
        # The plot keeps its finite part.
        assert "1 Loss" in text
        await seen.press("b")
        assert "Fork from here" in seen.text()
        # Half of the rate with which it diverged, from where the sharpness was last below its threshold.
        assert "0.8 → 0.4" in seen.text()
        await seen.press("escape")
        assert seen.app.screen is seen.bench

    watch(script, source)


def test_where_nothing_diverged_there_is_nothing_to_go_back_to(watch, told):
    async def script(seen):
        assert "Diverged" not in seen.text()
        await seen.press("b")
        assert "nothing diverged here" in seen.text()

    watch(script, told())


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_list_form_and_table_fit_every_terminal(watch, told, keep, glyphs):
    source = told()
    source.path = keep("edge-1")
    path = keep("edge-2", Event(300, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4}))

    async def script(seen):
        seen.bench.branching.overlay.pin(path)
        for size in ((40, 12), (80, 24), (120, 40)):
            await seen.resize(*size)
            for key, word in (("o", "filter"), ("D", "apart"), ("F", "Fork from here")):
                await seen.press(key)
                if isinstance(seen.app.screen, Sessions):
                    seen.app.screen.take(shelf.kept())
                await seen.press()
                text = seen.text()
                assert word in text or size[0] == 40
                assert max(map(len, text.splitlines())) <= size[0]
                assert glyphs == "braille" or text.isascii()
                await seen.press("escape")
                assert seen.app.screen is seen.bench

    watch(script, source, options=Options(glyphs, "full", 2.0))

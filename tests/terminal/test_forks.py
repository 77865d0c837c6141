"""Forks of the shown session, and what diverged: asked for, opened over their parent, and gone back from."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from dltlab.errors import EngineError
from dltlab.records import SUFFIX, Event, Footer, encode
from dltlab.session import live, shelf
from dltlab.session.history import History
from dltlab.terminal.drawing import forking
from dltlab.terminal.drawing.forking import Wanted
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.screens.overlay import Overlay
from dltlab.terminal.screens.sessions import Sessions


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
        await seen.paint(child)
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
        assert "recorded in no file, so it can neither be forked nor noted." in seen.text()

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


def test_where_nothing_diverged_there_is_nothing_to_go_back_to(watch, told, keep):
    source = told()
    source.path = keep("edge-1")

    async def script(seen):
        assert "Diverged" not in seen.text()
        await seen.press("b")
        assert "nothing diverged here" in seen.text()

    watch(script, source)


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

"""A lecture: a question stops the play where its chapter opens, is answered, shown and told; and what is kept of it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from dltlab.commands import Pause, Resume, Turn
from dltlab.records import Event, Footer, Header, encode
from dltlab.session import notes, place
from dltlab.session.replay import Replay
from dltlab.session.source import Source
from dltlab.terminal.app import Lab
from dltlab.terminal.drawing import prompter
from dltlab.terminal.drawing.lines import plain
from dltlab.terminal.drawing.prompter import Prompt
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.screens.lecture import Lecture
from dltlab.terminal.screens.page import Ask
from dltlab.terminal.screens.speaking import Speaking

ASKED = {
    "name": "edge",
    "at": 200,
    "ask": "What will λ₁ do?",
    "choices": ["climb", "hover at 2/η", "fall"],
    "answer": 1,
    "why": "The steps along u₁ push it down again (Damian et al. 2023).",
    "steps": 100,
}
Script = Callable[["Rehearsal"], Awaitable[None]]


def typed(text: str) -> list[str]:
    """The keys of a text."""
    return ["space" if letter == " " else letter for letter in text]


class Rehearsal:
    """A lecture under test, on a clock of its own."""

    def __init__(self, app: Lab, pilot: Pilot[int], passed: list[float], shown: Callable[[Lab], str]) -> None:
        self.app, self.pilot, self._passed, self._shown = app, pilot, passed, shown

    @property
    def lecture(self) -> Lecture:
        """The screen."""
        assert isinstance(self.app.screen, Lecture)
        return self.app.screen

    async def settle(self, seconds: float = 0.0) -> None:
        """Let time pass, and everything be painted."""
        self._passed[0] += seconds
        for screen in self.app.screen_stack:
            if isinstance(screen, Bench):
                screen._poll()
        if isinstance(screen := self.app.screen, Lecture):
            screen._painting.rest_no_longer()
            screen.poll()
            while screen._painting.stale:
                screen._painting.paint_next()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.settle()

    def text(self) -> str:
        """The screen as plain text."""
        return self._shown(self.app)


@pytest.fixture
def recording(tmp_path: Path, head: Header, stretch) -> Callable[..., Path]:
    """Writes a recording with questions, a stretch of frames at a time."""

    def write(*asked: dict, until: int = 1000, events: tuple[Event, ...] = ()) -> Path:
        path = tmp_path / "edge-1.dltlab.jsonl"
        header = replace(head, scenario={**head.scenario, "questions": list(asked)})
        with path.open("wb") as file:
            file.write(encode(header))
            for start in range(0, until, 50):
                file.write(encode(stretch(start, 50)))
            for event in events:
                file.write(encode(event))
            file.write(encode(Footer(until - 1, "finished", "", 3.0)))
        return path

    return write


@pytest.fixture
def rehearse(shown) -> Callable[..., None]:
    """Run a script against a lecture on a source."""

    def run(script: Script, source: Callable[[Callable[[], float]], Source]) -> None:
        async def main() -> None:
            passed = [0.0]
            app = Lab(Options("braille", "full", 0.01, clock=lambda: passed[0]))
            app.lecture = True
            async with app.run_test(size=(120, 40)) as pilot:
                app.show_bench(source(lambda: passed[0]))
                rehearsal = Rehearsal(app, pilot, passed, shown)
                for _ in range(3):
                    await rehearsal.settle()
                await script(rehearsal)

        asyncio.run(main())

    return run


def test_a_question_is_asked_answered_shown_and_told_and_kept(recording, rehearse):
    path = recording(ASKED)
    beside = []

    async def script(seen: Rehearsal) -> None:
        await seen.settle(0.25)
        assert seen.lecture.lesson.phase == "playing"
        await seen.settle(1.0)
        lecture = seen.lecture
        assert lecture.lesson.phase == "asking"
        assert lecture.following.held
        assert lecture.history.step == lecture.step == 200
        assert "Question at step 200" in seen.text()
        assert "right" not in seen.text()
        await seen.settle(5.0)
        assert lecture.history.step == 200, "it waits"
        beside.append(place.read(path))
        await seen.press("3", "1")
        assert (lecture.lesson.phase, lecture.lesson.choice) == ("answered", 0)
        assert "our answer" in seen.text()
        await seen.press("enter")
        assert lecture.lesson.phase == "revealing"
        assert "Our answer: 1, climb" in seen.text()
        await seen.settle(0.1)
        assert lecture.lesson.phase == "revealing"
        await seen.settle(1.0)
        assert lecture.lesson.phase == "told"
        assert lecture.history.step == 300
        assert "The steps along u₁ push it down again" in seen.text()
        await seen.press("tab")
        assert "Why" not in seen.text()
        await seen.press("enter")
        assert lecture.lesson.phase == "playing"
        await seen.settle(0.5)
        assert lecture.history.step > 300
        await seen.press("escape")
        assert isinstance(seen.app.screen, Bench)
        assert seen.app.screen.history is lecture.history
        assert place.read(path) is None

    rehearse(script, lambda clock: Replay(path, clock=clock))
    assert (beside[0].step, beside[0].phase, beside[0].question) == (200, "asking", "edge")
    [answer] = notes.read(path).answers
    assert (answer.question, answer.step, answer.choice) == ("edge", 200, 0)


def test_hands_are_counted_and_the_most_are_the_answer(recording, rehearse):
    path = recording(ASKED)

    async def script(seen: Rehearsal) -> None:
        await seen.settle(1.0)
        await seen.press("c", *typed("3 12"), "enter")
        assert isinstance(ask := seen.app.screen, Ask), "a number is missing: it is asked again"
        assert "with spaces: 3 5 2" in seen.text()
        assert ask.query_one(Input).value == "3 12"
        await seen.press("end", *typed(" 4"), "enter")
        assert seen.lecture.lesson.counts == (3, 12, 4)
        assert seen.lecture.lesson.choice == 1
        await seen.press("enter")
        assert "12 of 19" in seen.text()
        await seen.press("enter")
        await seen.settle()
        assert seen.lecture.lesson.phase == "told"
        assert "✓" in seen.text() or "our answer" in seen.text()

    rehearse(script, lambda clock: Replay(path, clock=clock))
    [answer] = notes.read(path).answers
    assert (answer.choice, answer.counts) == (1, (3, 12, 4))


def test_what_was_noted_is_said_while_a_question_is_open(recording, rehearse):
    path = recording(ASKED)

    async def script(seen: Rehearsal) -> None:
        await seen.settle(1.0)
        await seen.press("s", *typed("slowly"), "enter")
        assert seen.lecture.lesson.phase == "asking"
        assert "noted." in seen.text()

    rehearse(script, lambda clock: Replay(path, clock=clock))


def test_while_it_is_asked_nothing_of_what_comes_can_be_seen(told, rehearse):
    source = told(questions=[{**ASKED, "at": 100}])

    async def script(seen: Rehearsal) -> None:
        lecture = seen.lecture
        assert lecture.history.step == 399
        assert lecture.lesson.phase == "playing", "what opened before the lecture is asked on demand alone"
        await seen.press("a", "tab")
        await seen.settle()
        assert lecture.lesson.phase == "asking"
        assert lecture.step == 100
        assert lecture.looking.traces.history["loss"].steps[-1] == 100
        assert "Loss" in seen.text()
        await seen.press("2", "enter")
        await seen.settle()
        assert lecture.lesson.phase == "told", "all that it is about has been recorded"
        assert lecture.looking.traces.history["loss"].steps[-1] == 399

    rehearse(script, lambda _: source)


def test_of_a_recording_without_questions_plots_are_shown_one_by_one_and_together(recording, rehearse):
    path = recording()

    async def script(seen: Rehearsal) -> None:
        await seen.settle(1.0)
        lecture = seen.lecture
        assert [*lecture._board.shown] == [0]
        await seen.press("right")
        assert [*lecture._board.shown] == [1]
        await seen.press("b", "3")
        assert [*lecture._board.shown] == [1, 2]
        await seen.press("b", "2")
        assert [*lecture._board.shown] == [2]
        await seen.press("0")
        assert len(lecture._board.shown) == len(lecture._panels)
        await seen.press("1")
        assert [*lecture._board.shown] == [0]
        await seen.press("space")
        assert lecture.following.held

    rehearse(script, lambda clock: Replay(path, clock=clock))
    assert notes.read(path).answers == []


def test_a_turn_before_the_class_asks_its_question_and_marks_go_to_the_session(told, rehearse, stretch):
    source = told(questions=[{**ASKED, "at": "turned", "steps": 1000}])

    async def script(seen: Rehearsal) -> None:
        assert seen.lecture.lesson.phase == "playing"
        await seen.press("h")
        assert source.sent == [Turn("learning_rate", 0.2)]
        source.say(
            stretch(400, 20), Event(405, "turn", "η turned", {"knob": "learning_rate", "value": 0.2, "old": 0.4})
        )
        await seen.settle()
        assert seen.lecture.lesson.phase == "asking"
        assert seen.lecture.lesson.opened == 405
        assert source.sent[-1] == Pause()
        await seen.press("2", "enter")
        assert source.sent[-1] == Resume()
        await seen.press("m", "x", "enter")
        assert type(source.sent[-1]).__name__ == "Mark"

    rehearse(script, lambda _: source)


def test_a_lecture_that_is_opened_while_one_looks_back_names_the_step(told, rehearse):
    source = told()

    def label(seen: Rehearsal) -> str:
        (line,) = [line for line in seen.text().splitlines() if line.rstrip().endswith("┤ 1,000")]
        return line.split()[0]

    async def script(seen: Rehearsal) -> None:
        assert label(seen) == "now"
        await seen.press("escape", "comma", "home", "L")
        assert seen.lecture.step == 0
        assert label(seen) == "0"
        await seen.press("space")
        assert label(seen) == "now"

    rehearse(script, lambda _: source)


@pytest.mark.parametrize("key", ["up", "down", "h", "H", "k"])
def test_a_class_that_looks_back_sees_nothing_acted_on(told, rehearse, key):
    source = told(questions=[{**ASKED, "at": 100}], run={"kick": 0.02})

    async def script(seen: Rehearsal) -> None:
        seen.lecture.looking.look_at(50)
        sent = list(source.sent)
        await seen.press(key)
        assert source.sent == sent
        assert "step 50 is past and stays as it was; space goes on." in seen.text()
        await seen.press("space", "a")
        assert seen.lecture.lesson.phase == "asking"
        sent = list(source.sent)
        await seen.press(key)
        assert source.sent == sent
        assert "step 100 is past and stays as it was; space goes on." in seen.text()

    rehearse(script, lambda _: source)


def test_every_size_shows_something_and_nothing_breaks(recording, rehearse):
    path = recording(ASKED)

    async def script(seen: Rehearsal) -> None:
        await seen.settle(1.0)
        for keys in ((), ("1",), ("enter", "0")):
            await seen.press(*keys)
            for size in ((80, 24), (40, 12), (30, 8)):
                await seen.pilot.resize_terminal(*size)
                await seen.settle()
                assert seen.text().strip()
                assert ("too small" in seen.text()) == (size == (30, 8))

    rehearse(script, lambda clock: Replay(path, clock=clock))


def test_the_second_terminal_follows_and_changes_nothing(recording, shown):
    path = recording(ASKED, {**ASKED, "name": "later", "at": 600})
    kept = notes.Notes(path)
    kept.add(150, "past")
    kept.add(250, "", speech="say: look at the bursts")
    kept.answer(200, "edge", 0, (5, 4, 1))
    before = {one: one.read_bytes() for one in path.parent.iterdir()}

    async def main() -> None:
        app = Lab(Options("braille", "full", 1.0))
        async with app.run_test(size=(120, 40)) as pilot:
            screen = Speaking(path, app.options, app.inks, lambda: 1000.0)
            app.push_screen(screen)
            await pilot.pause()

            assert f"`dltlab replay {screen.history.header.session} --lecture` begins a lecture" in shown(app)
            told = place.Announcing(path)
            told._began = 875.0
            told.say(place.Place(200, "asking", "edge"))
            screen.poll()
            await pilot.pause()
            assert "2:05" in shown(app)
            assert "✓ 2 hover at 2/η" in shown(app)
            assert "1 climb · 5 · our answer" in shown(app)
            assert "say: look at the bursts" in shown(app)
            told.say(place.Place(210, "playing"))
            screen.poll()
            await pilot.pause()
            assert "✗ edge: climb (5 4 1)" in shown(app)
            assert "The next question, at step 600" in shown(app)
            told.close()
            screen.poll()
            await pilot.pause()
            assert "the lecture is over" in shown(app)

    asyncio.run(main())
    assert {one: one.read_bytes() for one in path.parent.iterdir()} == before


def test_on_a_narrow_terminal_too_all_is_read_of_how_a_lecture_begins():
    said = "`dltlab replay 20261123-155236-edge-of-stability --lecture` begins a lecture: none is on."
    for width, height in ((80, 24), (100, 30), (140, 40)):
        prompt = Prompt("The edge", place.Place(0), 100, said, "0.0 s", [], [], [], [], [])
        text = plain(prompter.page(prompt, width, height))
        assert said in " ".join(text.split())
        assert len(text.splitlines()) == height

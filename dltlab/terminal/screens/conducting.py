"""What the keys of lecture mode do: questions are asked and answered, plots chosen, chapters gone to."""

import abc
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from rich.style import Style
from textual.screen import Screen

from dltlab.chapters import Chapter
from dltlab.commands import Command, Kick, Mark, Pace, Pause, Reach, Resume, Turn
from dltlab.records import Knob
from dltlab.session.notes import Answer, Notes
from dltlab.session.place import Announcing, Place
from dltlab.session.replay import Replay
from dltlab.terminal.drawing import sliders
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.following import Following
from dltlab.terminal.screens.lesson import Lesson
from dltlab.terminal.screens.looking import Looking, past
from dltlab.terminal.screens.page import Ask

_MOST_HANDS: Final = 100_000


class AbstractConducted(Screen[None]):
    """A screen on which somebody lectures about a session that a bench follows."""

    COVERS: ClassVar[bool] = True
    """Nothing of the bench below is seen."""

    def __init__(
        self,
        following: Following,
        options: Options,
        inks: dict[str, Style],
        chapters: Callable[[], Sequence[Chapter]],
        notes: Notes | None,
        look_at: int | None,
    ) -> None:
        """A lecture on a session: ``chapters`` are those that are known, of a recording also those to come."""
        super().__init__()
        self.following, self.history = following, following.history
        self._options, self._inks, self._known, self._notes = options, inks, chapters, notes
        self.looking = Looking(self.history, following.traces)
        self.looking.look_at(look_at)
        self.lesson = Lesson(self.history.header, self.looking.step)
        path = getattr(following.source, "path", None)
        self._announcing = Announcing(path) if isinstance(path, Path) else None
        self._answer: Answer | None = None
        self._plot = False
        """Whether a question's card gives way to the plot."""

    @abc.abstractmethod
    def lay_out(self) -> None:
        """Show what is to be shown now."""

    @abc.abstractmethod
    def show_series(self, name: str) -> None:
        """See to it that a plot of this series is seen."""

    def begin(self) -> None:
        """Begin, at a pace that a class can follow."""
        header, source = self.history.header, self.following.source
        paced = any(event.what == "pace" and event.data.get("replay") for event in self.history.events)
        if isinstance(source, Replay) and source.speed == 1.0 and header.pace and not paced:
            # What was recorded without a viewer would be over in a moment.
            self.following.send(Pace(header.pace))

    def on_unmount(self) -> None:
        """Nobody lectures here any more."""
        if self._announcing is not None:
            self._announcing.close()

    @property
    def chapters(self) -> list[Chapter]:
        """The chapters that have opened, in order of step."""
        reached = self.history.step
        return [one for one in self._known() if one.step <= reached]

    @property
    def stops(self) -> list[int]:
        """The steps at which a recording is to hold: where a question is asked, and where it is told."""
        return self.lesson.stops(self._known())

    @property
    def step(self) -> int:
        """The step up to which the class sees the session."""
        return self.looking.step

    def take(self) -> None:
        """Take in what the session says, and do what a question asks for."""
        self.following.poll()
        chapters = self.chapters
        if self.lesson.look(self.history, chapters, ended=bool(self.following.source.ended)):
            self._hold()
            self._turned(chapters)
        self.looking.follow()
        self._announce()

    def _turned(self, chapters: Sequence[Chapter]) -> None:
        """Another phase: show as much as the class may see then."""
        phase, here = self.lesson.phase, [one.series for one in chapters if one.step == self.lesson.opened]
        self.looking.cursor = self.lesson.limit if phase in ("asking", "answered") else None
        if phase in ("asking", "revealing") and here and here[-1]:
            self.show_series(here[-1])
        self._plot = False
        self.lay_out()

    def _announce(self) -> None:
        if self._announcing is None:
            return
        question = self.lesson.question
        self._announcing.say(Place(self.step, self.lesson.phase, question.name if question else ""))
        if self._announcing.fault:
            self.following.say(self._announcing.fault, sentence=True)
            self._announcing = None

    def _send(self, command: Command) -> None:
        if type(command) in self.following.source.accepts:
            self.following.send(command, {Pause: "pausing", Resume: "going on"}.get(type(command), ""))

    def _hold(self) -> None:
        if not self.following.held and not self.following.source.ended:
            self._send(Pause())

    def _go_on(self) -> None:
        if self.following.held:
            self._send(Resume())

    # The course of it.

    def action_forward(self) -> None:
        """Reveal, tell, or go on; without a question, to the next chapter."""
        lesson, chapters = self.lesson, self.chapters
        match lesson.phase:
            case "asking" | "answered":
                lesson.reveal()
                self._go_on()
                self._turned(chapters)
            case "revealing":
                self._reach(lesson.end(chapters))
            case "told":
                lesson.close()
                self._turned(chapters)
                self._go_on()
            case _:
                self._next(chapters)

    def _next(self, chapters: Sequence[Chapter]) -> None:
        later = [one.step for one in chapters if one.step > self.step] if self.looking.cursor is not None else []
        if later:
            self.looking.look_at(min(later))
        elif self.looking.cursor is not None:
            self.looking.look_at(None)
            self._go_on()
        elif coming := [one.step for one in self._known() if one.step > self.history.step]:
            self._reach(min(coming))
        else:
            self._go_on()
        self.lay_out()

    def _reach(self, step: int) -> None:
        if step > self.history.step and not self.following.source.ended:
            self._send(Reach(step))
        elif self.lesson.phase == "revealing":
            self.lesson.tell()
            self._turned(self.chapters)

    def action_backward(self) -> None:
        """Look at the chapter before."""
        earlier = [one.step for one in self.chapters if one.step < self.step]
        if self.lesson.phase == "playing" and self.history.step:
            self._hold()
            self.looking.look_at(max(earlier, default=0))
            self.lay_out()

    def action_pause(self) -> None:
        """Pause, or go on."""
        if self.lesson.phase in ("asking", "answered", "told"):
            self.action_forward()
        elif self.looking.cursor is not None and self.lesson.phase == "playing":
            self.looking.look_at(None)
            self._go_on()
        else:
            self._send(Resume() if self.following.held else Pause())

    def action_again(self) -> None:
        """Ask the last question up to here once more."""
        if self.lesson.again(self.history, self.chapters, self.step):
            self._hold()
            self._turned(self.chapters)
        else:
            self.following.say("no question has come up to here.")

    # The class's answer.

    def answer(self, choice: int, counts: Sequence[int] = ()) -> None:
        """Take an answer, and keep it beside the recording."""
        lesson = self.lesson
        if not lesson.answer(choice, counts) or lesson.question is None:
            return
        if self._notes is not None:
            if self._answer is not None and self._answer.question == lesson.question.name:
                self._notes.remove(self._answer)
            self._answer = self._notes.answer(lesson.opened, lesson.question.name, choice, counts)
            self.following.say(self._notes.fault, sentence=True)
        self.lay_out()

    def action_count(self) -> None:
        """Ask for the hands."""
        question = self.lesson.question
        if question is not None and self.lesson.phase in ("asking", "answered"):
            self._ask_hands(len(question.choices), " ".join(map(str, self.lesson.counts)))

    def _ask_hands(self, number: int, given: str) -> None:
        """Ask until it can be read, or until nothing is typed."""

        def said(text: str | None) -> None:
            hands = hands_of(text or "", number)
            if hands:
                self.answer(hands.index(max(hands)), hands)
            elif text and text.strip():
                self._ask_hands(number, text)

        such = " ".join(itertools.islice(itertools.cycle("352014"), number))
        self._ask(f"hands for each of the {number} choices, with spaces: {such}", given, said)

    def _ask(self, question: str, given: str, answered: Callable[[str | None], None]) -> None:
        self.app.push_screen(Ask(question, given, self._inks, plain=self._options.glyphs == "ascii"), answered)

    def action_turn_card(self) -> None:
        """The plot, or the question's card again."""
        self._plot = not self._plot
        self.lay_out()

    # The session, and words beside it.

    def _turnable(self) -> Knob | None:
        return next(iter(self.history.header.knobs), None) if Turn in self.following.source.accepts else None

    def _looks_at_end(self) -> bool:
        """Whether the class sees the session as it stands, so that it may be acted on; where it does not, says so."""
        if self.looking.cursor is not None:
            self.following.say(f"{past(self.step)}; space goes on.", sentence=True)
        return self.looking.cursor is None

    def action_turn(self, notches: int) -> None:
        """Turn the first knob."""
        if (knob := self._turnable()) and self._looks_at_end():
            base = self.following.asked(knob)
            now = self.following.value(knob) if base is None else base
            self.following.turn(knob, sliders.turned(knob, now, notches))

    def action_scale(self, factor: float) -> None:
        """Halve or double the first knob's value."""
        if (knob := self._turnable()) and self._looks_at_end():
            self.following.turn(knob, min(max(self.following.value(knob) * factor, knob.low), knob.high))

    def action_kick(self) -> None:
        """Kick the weights as the scenario says."""
        radius = self.following.kick if Kick in self.following.source.accepts else None
        if radius and self._looks_at_end():
            self._send(Kick(radius))

    def action_pace(self, factor: float) -> None:
        """Faster or slower."""
        now = self.following.standing
        self._send(Pace(float(f"{max((now.pace or now.rate or 100.0) * factor, 0.1):.3g}")))

    def action_note(self) -> None:
        """A mark here."""
        self._ask("a mark here:", "", lambda text: self._noted(text or "", ""))

    def action_speech(self) -> None:
        """Words for the lecturer alone."""
        self._ask("for the second terminal, here:", "", lambda text: self._noted("", text or ""))

    def _noted(self, text: str, speech: str) -> None:
        if not text.strip() and not speech.strip():
            return
        if text and Mark in self.following.source.accepts and self.looking.cursor is None:
            self._send(Mark(text[:200]))
        elif self._notes is not None:
            self._notes.add(self.step, text, speech=speech)
            self.following.say(self._notes.fault or "noted.", sentence=True)
        else:
            said = "this session is not recorded in a file, so no note can stand beside it."
            self.following.say(said, sentence=True)

    def action_leave(self) -> None:
        """Back to the bench."""
        self.dismiss(None)


def hands_of(text: str, number: int) -> list[int]:
    """Hands for each of so many choices, as they were typed; none where that is not what was typed."""
    parts = text.replace(",", " ").split()
    if len(parts) != number or not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        return []
    hands = [min(int(part), _MOST_HANDS) for part in parts]
    return hands if any(hands) else []

"""The course of a lecture: when a question of the scenario is asked, how far the session plays on, when it is told.

A question is asked once, when the session has shown that its chapter has opened; and the class sees no more than what
had been recorded when it opened. It is told when the session has shown what the question is about.
"""

from collections.abc import Sequence
from typing import Final, final

from dltlab import questions
from dltlab.chapters import Chapter
from dltlab.chapters.asked import opening
from dltlab.questions import Question
from dltlab.records import Header
from dltlab.session.history import History
from dltlab.session.place import Phase

_LONGEST: Final = 0.25
"""What a question without steps plays on at most, as a share of all that is planned: no chapter may come."""


@final
class Lesson:
    """Which question is open, and what became of it."""

    def __init__(self, header: Header, begun: int = 0) -> None:
        """A lecture that begins at a step: what opened before it is not asked unless one wants to."""
        self.questions = questions.of(header.scenario)
        self.phase: Phase = "playing"
        self.question: Question | None = None
        self.opened = 0
        """The step at which the open question was asked."""
        self.choice = -1
        """What the class chose; -1 for nothing yet."""
        self.counts: tuple[int, ...] = ()
        self._planned = header.steps
        self._begun = begun
        self._asked: set[str] = set()

    def look(self, history: History, chapters: Sequence[Chapter], *, ended: bool = False) -> bool:
        """See what has come; whether the play is to be held."""
        match self.phase:
            case "playing":
                found = [(step, one) for step, one in self._reached(history, chapters) if one.name not in self._asked]
                due = [(step, one) for step, one in found if step >= self._begun]
                if due:
                    self._ask(*min(due, key=lambda item: item[0]))
                return bool(due)
            case "revealing" if ended or history.step >= self.end(chapters):
                self.phase = "told"
                return True
            case _:
                return False

    def again(self, history: History, chapters: Sequence[Chapter], step: int) -> bool:
        """Ask the question of this step once more, the last one at or before it; whether there is one."""
        found = [(opened, one) for opened, one in self._reached(history, chapters) if opened <= step]
        if found and self.phase == "playing":
            self._ask(*max(found, key=lambda item: item[0]))
        return bool(found)

    def answer(self, choice: int, counts: Sequence[int] = ()) -> bool:
        """Take the class's answer, or another one as long as nothing was revealed; whether it is one."""
        if self.question is None or self.phase not in ("asking", "answered"):
            return False
        if not 0 <= choice < len(self.question.choices):
            return False
        self.choice, self.counts, self.phase = choice, tuple(counts), "answered"
        return True

    def reveal(self) -> None:
        """Let the session show it."""
        if self.phase in ("asking", "answered"):
            self.phase = "revealing"

    def tell(self) -> None:
        """Tell it now."""
        if self.phase == "revealing":
            self.phase = "told"

    def close(self) -> None:
        """Be done with the question."""
        self.phase, self.question, self.choice, self.counts = "playing", None, -1, ()

    def stops(self, chapters: Sequence[Chapter]) -> list[int]:
        """Where the play is to be held: where the open question is told, or the others are asked."""
        if self.phase == "revealing":
            return [self.end(chapters)]
        places = [opening(one, chapters, self._begun) for one in self.questions if one.name not in self._asked]
        return [step for step in places if step is not None and step >= self._begun]

    @property
    def limit(self) -> int | None:
        """The last step that the class may see; None for all."""
        return self.opened if self.phase in ("asking", "answered") else None

    def end(self, chapters: Sequence[Chapter]) -> int:
        """The step at which the open question is told, as far as that is known."""
        if self.question is not None and self.question.steps is not None:
            return min(self.opened + self.question.steps, self._planned)
        last = min(self.opened + max(round(_LONGEST * self._planned), 1), self._planned)
        return min([last, *(one.step for one in chapters if one.step > self.opened)])

    def _ask(self, step: int, question: Question) -> None:
        self.phase, self.question, self.opened = "asking", question, step
        self.choice, self.counts = -1, ()
        self._asked.add(question.name)

    def _reached(self, history: History, chapters: Sequence[Chapter]) -> list[tuple[int, Question]]:
        placed = [(opening(one, chapters, self._begun), one) for one in self.questions]
        return [(step, one) for step, one in placed if step is not None and step <= history.step]

"""What a bench does with the chapters of its session: tells of them as they open, goes to them, holds at them.

They open by themselves, are marked live in the stream, or are noted by hand in the sidecar. Of a
recording those to come are known already, since it can be read ahead.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, final

from rich.style import Style

from dltlab.chapters import Chapter, Following
from dltlab.chapters.noted import contents
from dltlab.commands import Mark, Pause
from dltlab.records import Event
from dltlab.session.notes import Note, Notes
from dltlab.session.replay import Replay
from dltlab.terminal.drawing.contents import Entry
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.timeline import Happening
from dltlab.terminal.screens.contents import Contents
from dltlab.terminal.screens.foretold import Foretold
from dltlab.terminal.screens.page import Ask
from dltlab.text import one_line

if TYPE_CHECKING:
    from dltlab.terminal.screens.bench import Bench

Act = Literal["list", "next", "previous", "hold", "mark"]
_SAID: Final = frozenset({"turned", "kick", "mark", "fork", "note"})
"""Kinds that somebody made by hand, and that are told where they are made."""
_SIGNED: Final = frozenset({"turned", "kick", "mark", "fork", "diverged"})
"""Kinds that have a sign of their own on the timeline."""


@final
class Chaptering:
    """The chapters of a bench's session."""

    def __init__(self, bench: "Bench", inks: dict[str, Style], *, plain: bool) -> None:
        self._bench = bench
        self._inks, self._plain = inks, plain
        source = bench.following.source
        path = getattr(source, "path", None)
        self.notes = Notes(path) if isinstance(path, Path) else None
        self._replay = source if isinstance(source, Replay) else None
        ahead = Foretold(self._replay.path) if self._replay else None
        self._foretold = ahead if ahead and ahead.open else None
        self._following: Following | None = Following()
        self._found: Sequence[Chapter] = ()
        self._step = -1
        """The step that the session had reached at the last look; -1 before the first."""
        self._events = 0
        self.asks: Callable[[], Sequence[int]] = tuple
        """Says at which steps a lecture asks a question: there a recording holds too."""
        self.holding = False
        """Whether the session is held where a chapter opens."""
        self._held_for: Chapter | None = None
        self.entries: Sequence[Entry] = ()
        """The table of contents."""

    # What there is.

    def poll(self) -> None:
        """Look what has opened since, and say so."""
        history = self._bench.history
        if self.notes is not None:
            self.notes.follow()
        self._found = self._look()
        if 0 <= self._step < history.step:
            self._told(self._news(history.step))
        for event in history.events[self._events :]:
            self._heard(event)
        self._events, self._step = len(history.events), history.step
        self._lay_out()

    def _look(self) -> Sequence[Chapter]:
        if self._following is None:
            return self._found
        try:
            if self._foretold is not None:
                self._foretold.read()
            return list(self._following.chapters(self._bench.history))
        except Exception as fault:
            # A chapter that cannot be found must not take the session's viewer with it.
            self._following = None
            self._bench.say(f"no more chapters are looked for ({type(fault).__name__}: {one_line(str(fault))}).")
            return self._found

    def _news(self, step: int) -> Sequence[Chapter]:
        """The chapters that nobody was told of yet: a live one when it is known, of a recording where it opens."""
        if self._foretold is not None:
            found = [one for one in self._foretold.chapters if self._step < one.step <= step]
        else:
            found = [one for one in self._found if self._step < one.known <= step]
        return [one for one in found if one.kind not in _SAID]

    def _lay_out(self) -> None:
        step, looking = self._bench.history.step, self._bench.looking
        ahead = self._foretold.chapters if self._foretold else ()
        chapters = dict.fromkeys([*self._found, *ahead])
        notes = self.notes.notes if self.notes else ()
        self.entries = [Entry(one, note, one.step > step, self._arm(one)) for one, note in contents(chapters, notes)]
        looking.noted = [
            Happening(one.chapter.step, "coming" if one.coming else "chapter", _named(one))
            for one in self.entries
            if one.coming or one.chapter.kind not in _SIGNED
        ]
        if self._replay is not None:
            held = {one.chapter.step for one in self.entries} if self.holding else set[int]()
            self._replay.stops = sorted({*held, *self.asks()})

    def _arm(self, chapter: Chapter) -> str:
        """What legends call the arm that a chapter happens in."""
        return self._bench.following.traces.title(chapter.arm) or one_line(chapter.arm)

    def opened(self) -> list[Chapter]:
        """The chapters that are known, of a recording also those to come; in order of step."""
        return [one.chapter for one in self.entries]

    @property
    def stops(self) -> Sequence[int]:
        """Where a walk halts."""
        return [one.chapter.step for one in self.entries] if self.holding else ()

    # What is said.

    def _told(self, news: Sequence[Chapter]) -> None:
        """A chapter has opened: say it once, and hold if that is wanted."""
        if not news:
            return
        chapter, source = news[-1], self._bench.following.source
        self.say(chapter)
        if self.holding and self._foretold is None and Pause in source.accepts and not self._bench.following.held:
            self._held_for = chapter
            source.send(Pause())

    def say(self, chapter: Chapter, more: str = "") -> None:
        """A chapter's sentence, and what is to be said of it besides."""
        arm = f"{named}: " if (named := self._arm(chapter)) else ""
        self._bench.following.say(f"{arm}{one_line(chapter.text)} {more}", sentence=True)

    def tell(self, step: int) -> None:
        """Say the last of the chapters that open at a step, if any does."""
        here = [one.chapter for one in self.entries if one.chapter.step == step]
        if here:
            self.say(here[-1])

    def _heard(self, event: Event) -> None:
        """A pause: say where it came, if a chapter had asked for it."""
        if event.what != "pause":
            return
        if event.data.get("stop"):
            self.tell(event.step)
        elif (chapter := self._held_for) is not None:
            self._held_for = None
            steps = max(event.step - chapter.step, 0)
            if self._replay is not None:
                # Too large to be read ahead: it has gone on, but one looks where it should have held.
                self._bench.cursor = chapter.step
            there = "" if self._replay is not None else "; [ looks there"
            self.say(chapter, f"Held {count(steps)} step{'s' * (steps != 1)} after it opened{there}.")

    # What the keys do.

    def act(self, act: Act) -> None:
        """Do what a key asks for."""
        match act:
            case "list":
                self._bench.app.push_screen(Contents(self, self._bench, self._inks, plain=self._plain))
            case "next":
                self._beside(1)
            case "previous":
                self._beside(-1)
            case "hold":
                self._toggle()
            case "mark":
                self.mark()

    def _toggle(self) -> None:
        self.holding = not self.holding
        self._lay_out()
        where = "exactly there" if self._foretold else "as soon as one is known, some steps after it opened"
        self._bench.say(f"pausing at chapters, {where}." if self.holding else "no longer pausing at chapters.")

    def _beside(self, by: int) -> None:
        """The chapter after where one looks, or before it."""
        here = self._bench.looking.step
        steps = [one.chapter.step for one in self.entries if (one.chapter.step - here) * by > 0]
        if not steps:
            known = "no chapter has opened yet" if not self.entries else f"no chapter {'after' if by > 0 else 'before'}"
            self._bench.say(f"{known} step {count(here)}." if self.entries else f"{known}.")
            return
        self.go(min(steps) if by > 0 else max(steps))

    def go(self, step: int) -> None:
        """Look at a chapter, and say it; a recording is held there, and one to come is gone on to."""
        self._bench.hold_there(step)
        self.tell(step)

    # Marks and notes.

    def mark(self, at: int | None = None, *, live: bool = True) -> None:
        """Leave a mark where the session stands, if it runs and one looks there; else a note beside it."""
        bench = self._bench
        step = bench.looking.step if at is None else at
        if live and Mark in bench.following.source.accepts and bench.cursor is None:
            given = f"mark {sum(event.what == 'mark' for event in bench.history.events) + 1}"
            bench.ask_while_it_goes_on("a mark here, named:", given, lambda text: self._mark(text or ""))
        elif self.notes is None:
            bench.say("no note can be left here: this session is only watched, or is recorded in no file.")
        else:
            self._ask(f"a note at step {count(step)}:", "", lambda text: self._note(step, text or ""))

    def _ask(self, question: str, given: str, answered: Callable[[str | None], None]) -> None:
        self._bench.app.push_screen(Ask(question, given, self._inks, plain=self._plain), answered)

    def _mark(self, text: str) -> None:
        if text:
            self._bench.following.send(Mark(text[:200]), "marking")

    def _note(self, step: int, text: str) -> None:
        if text.strip() and self.notes is not None:
            self.notes.add(step, text)
            self.written(f"noted at step {count(step)}.")

    def edit(self, note: Note) -> None:
        """Let a note say something else; with nothing to say it is gone."""

        def said(text: str | None) -> None:
            if text is None or self.notes is None:
                return
            if text.strip():
                self.notes.edit(note, text)
            else:
                self.notes.remove(note)
            self.written(f"the note at step {count(note.step)} {'was changed' if text.strip() else 'is gone'}.")

        self._ask(f"the note at step {count(note.step)}:", note.text, said)

    def remove(self, note: Note) -> None:
        """Take a note away."""
        if self.notes is not None:
            self.notes.remove(note)
            self.written(f"the note at step {count(note.step)} is gone.")

    def written(self, done: str) -> None:
        """Show what was done, and say whether it could be written."""
        self._lay_out()
        self._bench.say((self.notes.fault if self.notes else "") or done)

    @property
    def unsaved(self) -> str:
        """What could not be written, for whoever leaves; empty if all was."""
        lost = [one for one in (self.notes.unsaved if self.notes else ()) if isinstance(one, Note)]
        told = "; ".join(f"step {one.step}: {one_line(one.text)}" for one in lost)
        return f"The notes could not be written, so here they are: {told}" if told else ""

    def close(self) -> None:
        """Read ahead no more."""
        if self._foretold is not None:
            self._foretold.close()


def _named(one: Entry) -> str:
    """What the line of time calls it: of an arm, with what legends call that."""
    return f"{one.chapter.title} ({one.arm})" if one.arm else one.chapter.title

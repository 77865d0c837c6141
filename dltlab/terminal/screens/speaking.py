"""Speaker notes: what a lecturer sees on a second terminal while a class sees the first. It changes nothing."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from dltlab.chapters import Following
from dltlab.chapters.asked import opening
from dltlab.session import place
from dltlab.session.history import History
from dltlab.session.notes import Notes
from dltlab.session.place import Place
from dltlab.session.recording import engine_alive, header_of, opened
from dltlab.terminal.drawing import prompter
from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.numbers import seconds
from dltlab.terminal.drawing.prompter import Prompt
from dltlab.terminal.drawing.prose import keys_line
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.lesson import Lesson
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line

_SLICE: Final = 0.03
"""Seconds that one look at the recording takes at most."""


@final
class Speaking(Screen[None]):
    """Follows a session, and the lecture on it, wherever that is held."""

    BINDINGS = (
        Binding("q,escape,ctrl+c", "leave", "leave", show=False),
        Binding("question_mark", "app.keys", "the keys of where you are", show=False, key_display="?"),
    )

    def __init__(
        self, path: Path, options: Options, inks: dict[str, Style], clock: Callable[[], float] = time.time
    ) -> None:
        """Follow the session recorded there. Raises RecordingError where there is none."""
        super().__init__()
        self._path, self._options, self._clock = path, options, clock
        self._follower, first = opened(path)
        self.history = History(header_of(self._follower))
        self.history.extend(first)
        self._lesson = Lesson(self.history.header)
        self._following = Following()
        self._notes = Notes(path)
        self._began = clock()
        self._place = Place(0)
        self._lecture = ""
        self._heard = False
        """Whether a lecture was ever on while this looked."""
        self._asked: set[str] = set()
        self._page = Sheet(self._paint, inks, plain=options.glyphs == "ascii", id="about")
        self._foot = Sheet(self._paint_foot, inks, plain=options.glyphs == "ascii", id="keys")

    def compose(self) -> ComposeResult:
        """A page, and its keys."""
        yield self._page
        yield self._foot

    def on_mount(self) -> None:
        """Begin to follow."""
        self.set_interval(min(0.25, 1 / self._options.fps), self.poll)
        self.poll()

    def on_unmount(self) -> None:
        """Read no more."""
        self._follower.close()

    def poll(self) -> None:
        """Take in what the session, the notes and the lecture say."""
        self.history.extend(self._follower.read_for(_SLICE))
        self._notes.follow()
        self._look()
        self._page.repaint()
        self._foot.repaint()

    def _look(self) -> None:
        """Where the lecture stands; without one, where the engine does."""
        found = place.read(self._path)
        if found is not None:
            self._place, self._lecture, self._heard = found, "", True
            self._began = found.began or self._began
            self._asked |= {found.question} - {""}
        elif self._heard:
            self._lecture = "the lecture is over, or its terminal is gone."
        elif engine_alive(self._path, self.history.header.pid):
            self._place, self._lecture = Place(self.history.step), "no lecture is on: this follows the engine."
        else:
            name = one_line(self.history.header.session)
            self._lecture = f"`dltlab replay {name} --lecture` begins a lecture: none is on."

    @property
    def prompt(self) -> Prompt:
        """What there is to say now."""
        chapters = self._following.chapters(self.history)
        given = {one.question for one in self._notes.answers}
        left = [one for one in self._lesson.questions if one.name not in given | self._asked]
        coming = [(opening(one, chapters), one) for one in left]
        coming = [(at, one) for at, one in coming if at is None or at >= self._place.step]
        coming.sort(key=lambda item: (item[0] is None, item[0] or 0))
        return Prompt(
            one_line(self.history.header.title),
            self._place,
            self.history.header.steps,
            self._lecture,
            seconds(max(self._clock() - self._began, 0.0)),
            chapters,
            self._notes.notes,
            self._notes.answers,
            self._lesson.questions,
            coming,
        )

    def _paint(self, width: int, height: int) -> Picture:
        return prompter.page(self.prompt, width, height)

    def _paint_foot(self, width: int, _: int) -> Picture:
        told = self._notes.damage
        return (keys_line([("q", "leave"), ("?", "keys")], width, ((f"{told} ", "pending"),) if told else ()),)

    def action_leave(self) -> None:
        """Leave; the lecture goes on."""
        self.app.exit(0)

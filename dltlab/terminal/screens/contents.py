"""The chapter list over the bench: choose and the plots look there, Enter stays, escape goes back to where one was."""

from typing import TYPE_CHECKING, ClassVar, Final

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from dltlab.session.notes import Note
from dltlab.terminal.drawing import contents
from dltlab.terminal.drawing.contents import Entry
from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.widgets.sheet import Sheet

if TYPE_CHECKING:
    from dltlab.terminal.screens.bench import Bench
    from dltlab.terminal.screens.chaptering import Chaptering

_AGAIN: Final = 0.5
"""Seconds after which is looked whether another chapter has opened."""
_SIDE: Final = (80, 46)
"""Cells of a screen beside whose plots the list has room, and its least width there."""
_LONGEST: Final = 40


class Contents(ModalScreen[None]):
    """Type to find, Enter goes there, + = and delete are for notes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "go to the chapter", show=False),
        Binding("up", "choose(-1)", "up", show=False),
        Binding("down,tab", "choose(1)", "down", show=False),
        Binding("pageup", "choose(-10)", "ten up", show=False),
        Binding("pagedown", "choose(10)", "ten down", show=False),
        Binding("home", "choose(-1000000)", "the first", show=False),
        Binding("end", "choose(1000000)", "the last", show=False),
        Binding("plus", "note", "a note at the step that is shown", show=False, key_display="+"),
        Binding("equals_sign", "edit", "edit the note", show=False, key_display="="),
        Binding("delete,ctrl+d", "remove", "delete the note", show=False, key_display="del"),
        Binding("ctrl+u", "filter_none", "find all again", show=False),
        Binding("escape", "leave", "back to where you were", show=False),
    ]

    def __init__(self, chaptering: "Chaptering", bench: "Bench", inks: dict[str, Style], *, plain: bool) -> None:
        super().__init__()
        self._chaptering = chaptering
        self._bench = bench
        self._plain = plain
        self._before = bench.cursor
        self._typed = ""
        here = bench.looking.step
        reached = [place for place, one in enumerate(chaptering.entries) if one.chapter.step <= here]
        self._chosen = reached[-1] if reached else 0
        self._sheet = Sheet(self._paint, inks, plain=plain)

    def compose(self) -> ComposeResult:
        """One sheet, at the side."""
        yield self._sheet

    def on_mount(self) -> None:
        """Look now and again what has opened."""
        self.set_interval(_AGAIN, self._sheet.repaint)

    def on_resize(self, event: events.Resize) -> None:
        """Beside the plots where there is room, else over them."""
        wide, least = _SIDE
        width = event.size.width
        self._sheet.styles.width = max(width * 2 // 5, least) if width >= wide else width
        self._sheet.styles.height = contents.lines(len(self._chaptering.entries), event.size.height)

    @property
    def _shown(self) -> list[Entry]:
        return contents.found(self._chaptering.entries, self._typed)

    @property
    def chosen(self) -> Entry | None:
        """The chosen one."""
        shown = self._shown
        return shown[min(self._chosen, len(shown) - 1)] if shown else None

    def _paint(self, width: int, height: int) -> Picture:
        shown = self._shown
        self._chosen = max(min(self._chosen, len(shown) - 1), 0)
        step, of = self._bench.looking.step, len(self._chaptering.entries)
        return contents.panel(shown, self._chosen, self._typed, step, (width, height), of=of, plain=self._plain)

    def on_key(self, event: events.Key) -> None:
        """Letters find."""
        if event.key == "backspace":
            self._typed = self._typed[:-1]
        elif event.is_printable and event.character and event.character not in "+=":
            self._typed = (self._typed + event.character)[:_LONGEST]
        else:
            return
        event.stop()
        event.prevent_default()
        self._chosen = 0
        self._sheet.repaint()

    def on_sheet_touched(self, message: Sheet.Touched) -> None:
        """A click chooses; on the chosen one it goes there."""
        place = contents.place_at(message.line, len(self._shown), self._chosen, self._sheet.size)
        if place == self._chosen:
            self.action_go()
        elif place is not None:
            self.action_choose(place - self._chosen)

    def action_choose(self, by: int) -> None:
        """Another chapter; the plots look there, if it has been reached."""
        shown = self._shown
        self._chosen = max(min(self._chosen + by, len(shown) - 1), 0)
        if shown and not shown[self._chosen].coming:
            self._bench.cursor = shown[self._chosen].chapter.step
        self._sheet.repaint()

    def action_go(self) -> None:
        """Stay there, or go on to there."""
        one = self.chosen
        self.dismiss(None)
        if one is not None:
            self._chaptering.go(one.chapter.step)

    def action_leave(self) -> None:
        """Back to where one looked before."""
        self._bench.cursor = self._before
        self.dismiss(None)

    def action_note(self) -> None:
        """Leave a note at the step that is shown."""
        self._chaptering.mark(self._bench.looking.step, live=False)

    def action_edit(self) -> None:
        """Let the chosen note say something else."""
        if (note := self._note()) is not None:
            self._chaptering.edit(note)

    def action_remove(self) -> None:
        """Take the chosen note away."""
        if (note := self._note()) is not None:
            self._chaptering.remove(note)
            self._sheet.repaint()

    def _note(self) -> Note | None:
        one = self.chosen
        if one is not None and one.note is None:
            self._bench.say("the session itself tells this chapter; + leaves a note beside it.")
        return one.note if one else None

    def action_filter_none(self) -> None:
        """All chapters again."""
        self._typed = ""
        self._sheet.repaint()

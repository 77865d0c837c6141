"""Forking a session from the bench: the form that asks what to change, and the launch that it becomes."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from dltlab.session.source import Source
from dltlab.terminal.drawing import forking
from dltlab.terminal.drawing.forking import Choice, Wanted
from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.prose import keys_line
from dltlab.terminal.widgets.sheet import Sheet


class Fork(ModalScreen[Wanted | None]):
    """Asks what a fork is to change; escape answers with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "never mind", show=False),
        Binding("up", "choose(-1)", "up", show=False),
        Binding("down,tab", "choose(1)", "down", show=False),
        Binding("left", "change(-1)", "less", show=False),
        Binding("right", "change(1)", "more", show=False),
        Binding("shift+left", "change(-4)", "much less", show=False),
        Binding("shift+right", "change(4)", "much more", show=False),
        Binding("h", "halve", "half", show=False),
        Binding("delete,ctrl+u", "leave", "as it is", show=False),
        Binding("enter", "start", "start", show=False),
    ]

    def __init__(self, made: Sequence[Choice], chosen: int, inks: dict[str, Style], *, plain: bool) -> None:
        super().__init__()
        self._made = list(made)
        self._chosen = chosen
        self._fault = ""
        self._sheet = Sheet(self._paint, inks, plain=plain)

    def compose(self) -> ComposeResult:
        """One sheet, at the foot of the screen."""
        yield self._sheet

    def on_mount(self) -> None:
        """As high as its lines are."""
        self._sheet.styles.height = min(len(self._made) + 4, max(self.app.size.height - 2, 3))

    def _paint(self, width: int, height: int) -> Picture:
        body = forking.form(self._made, self._chosen, self._fault, width, height - 1)
        keys = [("enter", "start"), ("←→", "change"), ("0…9", "type"), ("h", "halve"), ("↑↓", "choose"), ("esc", "no")]
        return (*body, keys_line(keys, width))

    def _put(self, choice: Choice | str) -> bool:
        """Take a choice, or say what is wrong with it."""
        self._fault = choice if isinstance(choice, str) else ""
        if not isinstance(choice, str):
            self._made[self._chosen] = choice
        self._sheet.repaint()
        return not self._fault

    def on_key(self, event: events.Key) -> None:
        """Digits are typed."""
        one = self._made[self._chosen]
        if event.key == "backspace":
            self._put(one._replace(typed=(one.typed or "")[:-1]))
        elif event.character and event.character in "0123456789.e-+":
            self._put(one._replace(typed=(one.typed or "") + event.character))
        else:
            return
        event.stop()

    def action_choose(self, by: int) -> None:
        """Another line of the form."""
        if self._put(self._made[self._chosen].settled()):
            self._chosen = (self._chosen + by) % len(self._made)
            self._sheet.repaint()

    def action_change(self, notches: int) -> None:
        """More or less."""
        if self._put(self._made[self._chosen].settled()):
            self._put(self._made[self._chosen].stepped(notches))

    def action_halve(self) -> None:
        """Half of it."""
        self._put(self._made[self._chosen].halved())

    def action_leave(self) -> None:
        """As it was."""
        self._put(self._made[self._chosen]._replace(value=None, typed=None))

    def action_start(self) -> None:
        """Fork."""
        if self._put(self._made[self._chosen].settled()):
            self.dismiss(forking.wanted(self._made))


def launch(path: Path, asked: Wanted) -> Callable[[], Source]:
    """What starts that fork of the session recorded there."""
    from dltlab.session import live

    return partial(live.fork, path, asked.at, turns=asked.turns, kick=asked.kick, seed=asked.seed, steps=asked.steps)

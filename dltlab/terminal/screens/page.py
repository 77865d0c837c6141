"""Pages: text over the whole screen, and a question of one line."""

from collections.abc import Callable, Sequence

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from dltlab.terminal.drawing.lines import Line, Picture, fit, frame, wrap
from dltlab.terminal.drawing.prose import keys_line
from dltlab.terminal.widgets.sheet import Sheet

Writer = Callable[[int], list[Line]]


class Page(Screen[None]):
    """Text that can be scrolled; escape goes back."""

    BINDINGS = (
        Binding("escape,q,question_mark,c,enter", "app.pop_screen", "back", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "up", show=False),
        Binding("pagedown,space", "scroll(10)", "down", show=False),
    )

    def __init__(self, title: str, writer: Writer, inks: dict[str, Style], *, plain: bool) -> None:
        super().__init__()
        self._heading = title
        self._writer = writer
        self._top = 0
        self._sheet = Sheet(self._paint, inks, plain=plain)

    def compose(self) -> ComposeResult:
        """One sheet."""
        yield self._sheet

    def _paint(self, width: int, height: int) -> Picture:
        column = min(width - 4, 96)
        lines = self._writer(column)
        self._top = max(min(self._top, len(lines) - (height - 3)), 0)
        shown = [(("  ", "text"), *line) for line in lines[self._top : self._top + height - 3]]
        foot = [("↑↓", "scroll"), ("esc", "back")] if len(lines) > height - 3 else [("esc", "back")]
        top = fit(((f"  {self._heading}", "strong"),), width)
        return (*frame([top, ()], width, 2), *frame(shown, width, height - 3), keys_line(foot, width))

    def action_scroll(self, lines: int) -> None:
        """Move through the text."""
        self._top += lines
        self._sheet.repaint()


class Ask(ModalScreen[str | None]):
    """A question of one line; escape answers with None."""

    BINDINGS = (Binding("escape", "dismiss(None)", "never mind", show=False),)

    def __init__(self, question: str, given: str, inks: dict[str, Style], *, plain: bool) -> None:
        super().__init__()
        self._question = Sheet(lambda width, _: (fit(((f" {question}", "strong"),), width),), inks, plain=plain)
        self._given = given

    def compose(self) -> ComposeResult:
        """The question, and a line to answer on."""
        yield self._question
        yield Input(self._given, compact=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        self.dismiss(event.value)


def prose(texts: Sequence[str], ink: str = "text") -> Writer:
    """Paragraphs."""

    def write(width: int) -> list[Line]:
        lines: list[Line] = []
        for text in texts:
            lines += [*wrap(text, width, ink), ()]
        return lines

    return write

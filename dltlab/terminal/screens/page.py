"""Pages: text over the whole screen, and questions: of one line, or of a yes or no."""

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
        Binding("escape,q,c,enter", "app.pop_screen", "go back", show=False),
        Binding("up,k", "scroll(-1)", "a line up", show=False),
        Binding("down,j", "scroll(1)", "a line down", show=False),
        Binding("pageup", "scroll(-10)", "ten lines up", show=False),
        Binding("pagedown,space", "scroll(10)", "ten lines down", show=False),
        Binding("home", "scroll(-100000)", "to the beginning", show=False),
        Binding("end", "scroll(100000)", "to the end", show=False),
        Binding("question_mark,h", "keys", "the keys of where you are", show=False, key_display="?"),
    )

    def __init__(self, title: str, writer: Writer, inks: dict[str, Style], *, plain: bool, keys: bool = False) -> None:
        """A page of ``keys`` is left by the key that opens it."""
        super().__init__()
        self._keys = keys
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
        foot = [("esc", "back")] if self._keys else [("esc", "back"), ("?", "keys")]
        foot = [("↑↓", "scroll"), *foot] if len(lines) > height - 3 else foot
        top = fit(((f"  {self._heading}", "strong"),), width)
        return (*frame([top, ()], width, 2), *frame(shown, width, height - 3), keys_line(foot, width))

    def repaint(self) -> None:
        """Write it anew: what it tells may have changed."""
        self._sheet.repaint()

    async def action_keys(self) -> None:
        """The keys of this page; from there back to it."""
        if self._keys:
            self.app.pop_screen()
        else:
            await self.app.run_action("app.keys")

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


class Confirm(ModalScreen[bool]):
    """A question that is answered by a key; escape says no."""

    BINDINGS = (
        Binding("enter,y", "dismiss(True)", "yes", show=False, key_display="enter"),
        Binding("escape,n", "dismiss(False)", "no", show=False, key_display="esc"),
    )

    def __init__(self, question: str, keys: Sequence[tuple[str, str]], inks: dict[str, Style], *, plain: bool) -> None:
        super().__init__()
        self._question, self._offered = question, keys
        self._sheet = Sheet(self._paint, inks, plain=plain)

    def compose(self) -> ComposeResult:
        """One sheet, at the foot of the screen."""
        yield self._sheet

    def on_mount(self) -> None:
        """As high as its lines are."""
        self.on_resize()

    def on_resize(self) -> None:
        """In another width it may take more lines, or fewer."""
        self._sheet.styles.height = len(self._lines(self.app.size.width)) + 1

    def _lines(self, width: int) -> list[Line]:
        return wrap(self._question, max(width - 2, 1), "strong", " ")

    def _paint(self, width: int, height: int) -> Picture:
        return (*frame(self._lines(width), width, height - 1), keys_line(self._offered, width))

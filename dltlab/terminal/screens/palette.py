"""The palette of actions: all that can be done where one stands, found by its words.

Textual's own palette draws with widgets that know neither ASCII nor our inks, and asks providers
in the background; here the bindings of the screen are the list, so nothing is written twice.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from dltlab.terminal.drawing import finding
from dltlab.terminal.drawing.lines import Line, Picture, between, centred, fit
from dltlab.terminal.widgets.sheet import Sheet

_INHERITED: Final = frozenset(b.action for b in Binding.make_bindings([*Screen.BINDINGS, *App.BINDINGS]))
"""What Textual binds on every screen; a screen that gives such a key a meaning of its own names another action."""
_OWN: Final = frozenset({"palette"})
_SIZE: Final = (72, 26)
_LONGEST: Final = 40
_NAMES: Final = {
    "escape": "esc", "enter": "enter", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "pgup",
    "pagedown": "pgdn", "question_mark": "?", "full_stop": ".", "colon": ":",
}  # fmt: skip


class Offer(NamedTuple):
    """An action that can be taken."""

    shown: str
    """Its key."""
    words: str
    action: str
    place: DOMNode
    """Whose action it is."""


def offers(screen: Screen[object]) -> list[Offer]:
    """The actions of a screen and of the app, in the order in which they are bound."""
    found: dict[tuple[str, str], Offer] = {}
    for key, (place, binding, enabled, _) in screen.active_bindings.items():
        if enabled and binding.description and binding.action not in _INHERITED | _OWN:
            shown = binding.key_display or _NAMES.get(key, str(key).replace("ctrl+", "^"))
            found.setdefault(
                (binding.action, binding.description), Offer(shown, binding.description, binding.action, place)
            )
    # What a screen binds anew keeps the place that Textual gave it; where the screen's own table puts it is better.
    bound = [binding.action for binding in Binding.make_bindings(screen.BINDINGS)]
    return sorted(found.values(), key=lambda offer: bound.index(offer.action) if offer.action in bound else len(bound))


class Palette(ModalScreen[Offer | None]):
    """Type to find, Enter does it, escape does nothing."""

    def __init__(self, offers: Sequence[Offer], inks: dict[str, Style], *, plain: bool) -> None:
        super().__init__()
        self._offers = offers
        self._fields = [[(offer.words, 1.0), (offer.shown, 0.5)] for offer in offers]
        self._typed, self._at = "", 0
        self._sheet = Sheet(self._paint, inks, plain=plain)

    def compose(self) -> ComposeResult:
        """One sheet."""
        yield self._sheet

    def on_resize(self, event: events.Resize) -> None:
        """As large as there is room for, and as is needed."""
        self._sheet.styles.width = min(event.size.width, _SIZE[0])
        self._sheet.styles.height = min(event.size.height, _SIZE[1], len(self._offers) + 4)

    @property
    def _shown(self) -> list[Offer]:
        return finding.ranked(self._typed, self._offers, self._fields)

    def on_key(self, event: events.Key) -> None:
        """Type, choose, do."""
        shown = self._shown
        last = max(len(shown) - 1, 0)
        match event.key:
            case "escape" | "ctrl+p" | "ctrl+c":
                self.dismiss(None)
            case "enter":
                if shown:
                    self.dismiss(shown[min(self._at, last)])
            case "up":
                self._at = (min(self._at, last) - 1) % (last + 1)
            case "down":
                self._at = (self._at + 1) % (last + 1)
            case "backspace":
                self._typed, self._at = self._typed[:-1], 0
            case _ if event.is_printable and event.character:
                self._typed, self._at = (self._typed + event.character)[:_LONGEST], 0
            case _:
                return
        event.stop()
        event.prevent_default()
        self._sheet.repaint()

    def on_sheet_touched(self, message: Sheet.Touched) -> None:
        """A click does what it points at."""
        shown, place = self._shown, message.line - 2 + self._first(self._sheet.size.height - 4)
        if message.line >= 2 and place < len(shown):
            self.dismiss(shown[place])

    def _first(self, height: int) -> int:
        return max(self._at - max(height, 1) + 1, 0)

    def _paint(self, width: int, height: int) -> Picture:
        shown, wanted, inner = self._shown, finding.words(self._typed), max(width - 4, 1)
        self._at = min(self._at, max(len(shown) - 1, 0))
        first, room = self._first(height - 4), max(height - 4, 1)
        body: list[Line] = []
        for place, offer in enumerate(shown[first : first + room], first):
            ink = "chosen" if place == self._at else "text"
            words = finding.marked(((offer.words, ink),), wanted, "picked" if place == self._at else "found")
            sign = "▸" if place == self._at else " "
            body.append(
                fit(between(((f"{sign} ", ink), *words), ((f"{offer.shown} ", ink),), inner, (" ", ink)), inner, ink)
            )
        if not shown:
            body = list(centred("no action has these words; backspace takes back", inner, room))
        body += [fit((), inner)] * (room - len(body))
        count = f"{len(shown)} of {len(self._offers)}" if len(shown) > room else ""
        prompt = fit((("› ", "faint"), (self._typed, "pending"), ("▏", "faint")), inner)
        lines = [prompt, fit((("─" * inner, "rule"),), inner), *body]
        return (_edge("╭", "╮", width), *(_sided(line) for line in lines[: height - 2]), _edge("╰", "╯", width, count))


def _edge(left: str, right: str, width: int, said: str = "") -> Line:
    told = f" {said} " if said else ""
    return fit(((left + "─" * max(width - 2 - len(told), 0), "rule"), (told, "faint"), (right, "rule")), width)


def _sided(line: Line) -> Line:
    return (("│ ", "rule"), *line, (" │", "rule"))

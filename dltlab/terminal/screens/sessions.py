"""The sessions that may be drawn over the shown one: typing filters, space pins, escape goes back."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from rich.style import Style
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from dltlab.errors import DltlabError
from dltlab.records import Header
from dltlab.session import shelf
from dltlab.session.shelf import Kept
from dltlab.terminal.drawing import roster
from dltlab.terminal.drawing.lines import Picture, centred, fit
from dltlab.terminal.drawing.prose import keys_line
from dltlab.terminal.drawing.roster import Row
from dltlab.terminal.outcomes import stands
from dltlab.terminal.screens.overlay import Overlay
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line

_AGAIN: Final = 2.0
"""Seconds after which the folder is looked at again."""


class Sessions(Screen[None]):
    """A list of recordings and running sessions."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", show=False),
        Binding("up", "choose(-1)", "up", show=False),
        Binding("down", "choose(1)", "down", show=False),
        Binding("pageup", "choose(-10)", "up", show=False),
        Binding("pagedown", "choose(10)", "down", show=False),
        Binding("space,enter", "pin", "pin or unpin", show=False),
        Binding("tab", "hide", "hide or show", show=False),
        Binding("right,left", "recolour", "another colour", show=False),
        Binding("equals_sign", "compare", "differences", show=False),
        Binding("ctrl+u", "filter_none", "no filter", show=False),
    ]

    def __init__(
        self,
        overlay: Overlay,
        shown: Header,
        compare: Callable[[], None],
        inks: dict[str, Style],
        *,
        plain: bool,
    ) -> None:
        super().__init__()
        self._overlay = overlay
        self._shown = shown
        self._compare = compare
        self._plain = plain
        self._kept: Sequence[Kept] | None = None
        self._filter, self._chosen, self._said = "", 0, ""
        self._fault = ""
        self._sheet = Sheet(self._paint, inks, plain=plain, id="about")

    def compose(self) -> ComposeResult:
        """One sheet."""
        yield self._sheet

    def on_mount(self) -> None:
        """Look what there is, now and again."""
        self._look()
        self.set_interval(_AGAIN, self._look)

    @work(thread=True, exclusive=True, exit_on_error=False)
    def _look(self) -> None:
        try:
            found, fault = shelf.kept(), ""
        except DltlabError as refusal:
            found, fault = [], one_line(str(refusal))
        self.app.call_from_thread(self.take, found, fault)

    def take(self, found: Sequence[Kept], fault: str = "") -> None:
        """Show these: what is kin to the shown session first, then the newest; a ``fault`` is why there are none."""
        chosen, self._fault = self._row_at(), fault
        others = [one for one in found if one.header.session != self._shown.session]
        self._kept = sorted(others, key=self._distance)
        places = [one.path for one in self._matching()]
        self._chosen = places.index(chosen.path) if chosen and chosen.path in places else self._chosen
        self._sheet.repaint()

    def _distance(self, one: Kept) -> int:
        """How near a session is to the shown one; the order of the shelf, newest first, decides among equals."""
        if one.name == self._shown.parent or one.header.parent == self._shown.session:
            return 0
        if self._shown.parent and one.header.parent == self._shown.parent:
            return 1
        if one.header.source == self._shown.source or one.header.title == self._shown.title:
            return 2
        return 3 if {series.name for series in one.header.series} & {s.name for s in self._shown.series} else 4

    def _row(self, one: Kept) -> Row:
        guest = self._overlay.of(one.path)
        kin = {0: "fork of this one", 1: "fork of the same"}.get(self._distance(one), "")
        kin = "parent of this one" if one.name == self._shown.parent else kin
        kin = "no series in common" if self._distance(one) == 4 else kin
        head = one.header
        slot, hidden = (guest.slot, guest.hidden) if guest else (-1, False)
        return Row(one.name, head.title, stands(one), one.step, head.steps, head.parent, head.forked, slot, hidden, kin)

    def _matching(self) -> list[Kept]:
        return [one for one in self._kept or () if roster.matches(self._row(one), self._filter)]

    def _row_at(self) -> Kept | None:
        found = self._matching()
        return found[min(self._chosen, len(found) - 1)] if found else None

    def _paint(self, width: int, height: int) -> Picture:
        found = self._matching()
        self._chosen = max(min(self._chosen, len(found) - 1), 0)
        room = max(height - 4, 1)
        if self._kept is None:
            body = centred("looking for sessions…", width, room)
        elif not found:
            body = centred(self._nothing(), width, room)
        else:
            rows = [self._row(one) for one in found]
            body = roster.listing(rows, self._chosen, width, room, plain=self._plain)
        top = roster.heading(self._filter, len(found), len(self._kept or ()), width)
        return (top, fit((), width), *body, fit(((f" {self._said}", "pending"),), width), keys_line(_KEYS, width))

    def _nothing(self) -> str:
        if self._fault:
            return self._fault
        if self._kept:
            return f"no session has {one_line(self._filter)!r} in its name, title or state; backspace."
        return "no other session is kept yet; F forks this one, dltlab run SCENARIO records another."

    def on_key(self, event: events.Key) -> None:
        """Letters filter."""
        if event.key == "backspace":
            self._filter = self._filter[:-1]
        elif event.is_printable and event.character and event.character not in " =":
            self._filter += event.character
        else:
            return
        event.stop()
        self._chosen = 0
        self._sheet.repaint()

    def action_choose(self, by: int) -> None:
        """Another session."""
        self._chosen = max(min(self._chosen + by, len(self._matching()) - 1), 0)
        self._sheet.repaint()

    def _do(self, what: Callable[..., None], done: str = "") -> None:
        self._said = done
        if (one := self._row_at()) is not None:
            try:
                what(one.path)
            except DltlabError as fault:
                self._said = one_line(str(fault))
        self._sheet.repaint()

    def action_pin(self) -> None:
        """Draw the chosen session over the shown one, or no more."""
        self._do(self._overlay.toggle)

    def action_hide(self) -> None:
        """Hide it, or show it again."""
        self._do(self._overlay.hide)

    def action_recolour(self) -> None:
        """Another colour and mark."""
        self._do(self._overlay.recolour)

    def action_compare(self) -> None:
        """What sets the pinned sessions apart."""
        self._compare()

    def action_filter_none(self) -> None:
        """All sessions again."""
        self._filter = ""
        self._sheet.repaint()


_KEYS: Final = (
    ("space", "pin"),
    ("tab", "hide"),
    ("→", "colour"),
    ("=", "differences"),
    ("type", "to filter"),
    ("esc", "back"),
)

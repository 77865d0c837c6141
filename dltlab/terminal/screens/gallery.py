"""The gallery: every scenario by name, and beside the list what the chosen one is about."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen

from dltlab import scenario
from dltlab.errors import ScenarioError
from dltlab.terminal.drawing.lines import Line, Picture, between, centred, fit, frame, wrap
from dltlab.terminal.drawing.prose import keys_line, rule
from dltlab.terminal.messages import OpenBench
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line

if TYPE_CHECKING:
    # NumPy comes with it, and the first screen is painted without.
    from dltlab.session.source import Source

_NARROW = 60


@functools.cache
def _about(name: str) -> scenario.Scenario | ScenarioError:
    """A scenario's text, or what is wrong with its file."""
    try:
        return scenario.validate(scenario.read(name))
    except ScenarioError as fault:
        return fault


class Gallery(Screen[None]):
    """Type to filter, move with the arrows, Enter opens the bench."""

    def __init__(self, inks: dict[str, Style], *, plain: bool) -> None:
        super().__init__()
        programme = scenario.programme()
        self._names = [name for name, _ in programme]
        self._companions = {name for name, companion in programme if companion}
        self._filter = ""
        self._at = 0
        self._scroll, self._page = 0, 1
        self._list = Sheet(self._paint_list, inks, plain=plain, id="list")
        self._about = Sheet(self._paint_about, inks, plain=plain, id="about")
        self._top = Sheet(self._paint_top, inks, plain=plain, id="title")
        self._foot = Sheet(self._paint_foot, inks, plain=plain, id="keys")

    def compose(self) -> ComposeResult:
        """The list, and the chosen one's page."""
        yield self._top
        with Horizontal():
            yield self._list
            yield self._about
        yield self._foot

    def on_resize(self, event: events.Resize) -> None:
        """Below sixty columns only the list."""
        narrow = event.size.width < _NARROW
        self._about.display = not narrow
        longest = max((cell_len(name) for name in self._names), default=0) + 6
        self._list.styles.width = "1fr" if narrow else min(max(longest, 32), event.size.width * 2 // 5)

    @property
    def _shown(self) -> list[str]:
        return [name for name in self._names if all(word in name for word in self._filter.lower().split())]

    @property
    def _chosen(self) -> str | None:
        shown = self._shown
        return shown[min(self._at, len(shown) - 1)] if shown else None

    def on_key(self, event: events.Key) -> None:
        """Filter, move, open, leave."""
        last, before = max(len(self._shown) - 1, 0), self._chosen
        match event.key:
            case "up":
                self._at = max(min(self._at, last) - 1, 0)
            case "down":
                self._at = min(self._at + 1, last)
            case "home":
                self._at = 0
            case "end":
                self._at = last
            case "pageup":
                self._scroll -= self._page
            case "pagedown":
                self._scroll += self._page
            case "backspace":
                self._filter, self._at = self._filter[:-1], 0
            case "escape" if self._filter:
                self._filter, self._at = "", 0
            case "escape" | "ctrl+c" | "ctrl+q":
                self.app.exit(0)
            case "enter":
                self._open()
            case _ if event.is_printable and event.character:
                self._filter, self._at = (self._filter + event.character)[:40], 0
            case _:
                return
        event.stop()
        event.prevent_default()
        if self._chosen != before:
            self._scroll = 0
        self._repaint()

    def on_sheet_touched(self, message: Sheet.Touched) -> None:
        """A click chooses, a second one opens."""
        if message.sheet is self._list and message.line < len(self._shown):
            index = message.line + self._first(self._list.size.height)
            if index == self._at:
                self._open()
            self._at, self._scroll = index, 0
            self._repaint()

    def _open(self) -> None:
        name = self._chosen
        if name is None or isinstance(_about(name), ScenarioError):
            return

        def launch() -> Source:
            from dltlab.session.live import launch as start

            return start(name, seeds=1)

        self.post_message(OpenBench(launch, name))

    def _repaint(self) -> None:
        for sheet in (self._top, self._list, self._about, self._foot):
            sheet.repaint()

    def _first(self, height: int) -> int:
        return max(min(self._at, len(self._shown) - 1) - height + 1, 0)

    def _paint_top(self, width: int, _: int) -> Picture:
        shown = f"{len(self._shown)} of {len(self._names)} scenarios "
        typed = ((" › ", "faint"), (self._filter, "pending")) if self._filter else ()
        return (between(((" dltlab", "strong"), *typed), ((shown, "faint"),), width),)

    def _paint_list(self, width: int, height: int) -> Picture:
        shown = self._shown
        if not shown:
            text = "no scenario has such a name; backspace takes back" if self._names else "the gallery is empty"
            return centred(text, width, height)
        first = self._first(height)
        lines: list[Line] = []
        for name in shown[first : first + height]:
            chosen = name == self._chosen
            # A filter may hide the scenario that it accompanies.
            inset = "  " if name in self._companions and not self._filter else ""
            lines.append(
                fit(
                    ((f" {'▸' if chosen else ' '} {inset}{one_line(name)}", "chosen" if chosen else "text"),),
                    width,
                    "chosen" if chosen else "text",
                )
            )
        return frame(lines, width, height)

    def _paint_about(self, width: int, height: int) -> Picture:
        name = self._chosen
        if name is None:
            return frame((), width, height)
        about, column = _about(name), min(width - 4, 84)
        lines: list[Line] = []
        if isinstance(about, ScenarioError):
            lines += [((f"{name} cannot be run", "wrong"),), ()]
            for fault in about.faults:
                lines += wrap(fault, column, "text", "✗ ")
        else:
            lines += [*wrap(about.title, column, "strong"), (), *wrap(about.abstract, column)]
            for heading, texts in (("Look for", about.look_for), ("Sources", about.sources)):
                lines += [(), rule(heading, column)] if texts else []
                for text in texts:
                    lines += wrap(text, column, "text" if heading == "Look for" else "faint", "• ")
        return self._scrolled([(("  ", "text"), *line) for line in lines], width, height)

    def _scrolled(self, lines: list[Line], width: int, height: int) -> Picture:
        """The page from where it is scrolled to; what is above or below is counted."""
        self._page = max(height - 3, 1)
        self._scroll = min(max(self._scroll, 0), max(len(lines) - height, 0))
        if self._scroll:
            above = ((f"  … {self._scroll + 1} lines above", "faint"),)
            lines = [above, *lines[self._scroll + 1 :]]
        return frame(lines, width, height)

    def _paint_foot(self, width: int, _: int) -> Picture:
        keys = [
            ("↑↓", "choose"),
            ("enter", "open"),
            ("type", "to filter"),
            ("pgdn", "read on"),
            ("esc", "clear" if self._filter else "quit"),
        ]
        return (keys_line(keys, width),)

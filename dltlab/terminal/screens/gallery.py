"""The gallery: every scenario and every session by name, and beside the list what the chosen one is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.style import Style
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import get_current_worker

from dltlab import scenario
from dltlab.terminal import outcomes
from dltlab.terminal.drawing import cards
from dltlab.terminal.drawing.lines import Line, Picture, Span, between, centred, frame
from dltlab.terminal.drawing.prose import keys_line
from dltlab.terminal.fit import Options
from dltlab.terminal.messages import OpenBench
from dltlab.terminal.screens.catalogue import Scenarios
from dltlab.terminal.screens.kept import Sessions
from dltlab.terminal.screens.reading import Drawable, Judged, Known, Reader
from dltlab.terminal.screens.section import Section
from dltlab.terminal.widgets.sheet import Sheet

if TYPE_CHECKING:
    # NumPy comes with it, and the first screen is painted without.
    from dltlab.session.source import Source

_NARROW: Final = 60
_DWELL: Final = 0.12
"""Seconds for which a choice stands before its recording is read."""
_SETTLE: Final = 0.05
"""Seconds after the first picture: what is read then keeps nobody waiting."""
_HINTS: Final = (
    " New here? enter runs what is chosen, ? tells the keys of wherever you are, esc leaves.",
    " New here? enter runs it, ? tells the keys, esc leaves.",
    " enter runs it, ? tells the keys",
)
_LONGEST: Final = 40


class Gallery(Screen[None]):
    """Type to filter, move with the arrows, Enter opens the bench."""

    HELP = (
        "Letters find: every word that you type is looked for in names, titles, tags and abstracts (of sessions in "
        "names, titles and how they stand), the best match first. ✓ ✗ · beside a scenario count the claims that held, "
        "failed or were not shown in its newest recording. In the sessions enter attaches to one that runs and replays "
        "one that was kept."
    )
    BINDINGS: list[BindingType] = [  # noqa: RUF012 (Textual's word)
        Binding("enter", "open", "open the chosen one on the bench", show=False),
        Binding("up", "move(-1)", "the one above", show=False),
        Binding("down", "move(1)", "the one below", show=False),
        Binding("home", "move(-10000)", "the first", show=False),
        Binding("end", "move(10000)", "the last", show=False),
        Binding("pagedown", "read(1)", "read on", show=False),
        Binding("pageup", "read(-1)", "read back", show=False),
        Binding("right,left", "turn_page", "list or page, where there is room for one", show=False, key_display="← →"),
        Binding("tab,shift+tab", "section", "scenarios, or the sessions that were kept and those that run", show=False),
        Binding("ctrl+r", "resume", "continue a stopped or killed session from where it was", show=False),
        Binding("backspace", "erase", "take back a letter", show=False),
        Binding("escape", "leave", "clear what was typed; else quit", show=False),
        Binding("ctrl+c,ctrl+q", "quit", "quit", show=False, key_display="^c"),
    ]

    def __init__(
        self,
        inks: dict[str, Style],
        options: Options,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__()
        self._options = options
        self._scenarios = Scenarios(options.glyphs, now)
        self._sessions = Sessions(options.glyphs, now)
        self._section: Section = self._scenarios
        self._scroll, self._page = 0, 1
        self._narrow, self._reading = False, False
        self._dwell: Timer | None = None
        self._new = False
        plain = options.glyphs == "ascii"
        self._top = Sheet(self._paint_top, inks, plain=plain, id="title")
        self._list = Sheet(self._paint_list, inks, plain=plain, id="list")
        self._about = Sheet(self._paint_about, inks, plain=plain, id="about")
        self._hint = Sheet(self._paint_hint, inks, plain=plain, id="hint")
        self._hint.display = False
        self._foot = Sheet(self._paint_foot, inks, plain=plain, id="keys")

    def compose(self) -> ComposeResult:
        """The list, and the chosen one's page."""
        yield self._top
        with Horizontal():
            yield self._list
            yield self._about
        yield self._hint
        yield self._foot

    def on_screen_resume(self) -> None:
        """Look what was kept, when the picture stands; again when one comes back from a bench."""
        self.call_after_refresh(lambda: self.set_timer(_SETTLE, self._look))

    def on_resize(self, event: events.Resize) -> None:
        """Below sixty columns either the list or the page."""
        self._lay_out(event.size.width)

    def _lay_out(self, width: int) -> None:
        self._narrow = width < _NARROW
        self._list.display = not (self._narrow and self._reading)
        self._about.display = self._reading or not self._narrow
        longest = max((cell_len(name) for name in self._scenarios.names), default=0) + 11
        # Of sessions there is more to say in a line.
        wide = width * 2 // 5 if self._section is self._scenarios else width // 2
        least = 32 if self._section is self._scenarios else 52
        self._list.styles.width = "1fr" if self._narrow else min(max(longest, least), wide)

    # What threads find.

    @work(thread=True, exclusive=True, group="looking", exit_on_error=False)
    def _look(self) -> None:
        worker = get_current_worker()
        reader = Reader(self.post_message)
        kept = reader.look()
        newest = outcomes.newest(kept, self._scenarios.names, scenario.folder())
        chosen = self._scenarios.chosen
        names = sorted(newest, key=lambda name: name != chosen)
        ended = [newest[name] for name in names] + list(kept[: self._sessions.MOST])
        reader.judge([one for one in ended if one.state != "running"], lambda: worker.is_cancelled)

    @work(thread=True, exclusive=True, group="reading", exit_on_error=False)
    def _read(self) -> None:
        worker = get_current_worker()
        section = self._section
        if (one := section.recording) is not None:
            Reader(self.post_message).draw(section, one, lambda: worker.is_cancelled)

    def on_known(self, message: Known) -> None:
        """Which sessions there are."""
        self._scenarios.take(message.kept)
        self._sessions.take(message.kept, message.fault)
        self._new = not message.met
        self._hint.display = self._new
        self._dwell_on()
        self._repaint()

    def on_judged(self, message: Judged) -> None:
        """What became of one."""
        self._scenarios.tell(message.name, message.outcome)
        self._sessions.tell(message.name, message.outcome)
        self._repaint()

    def on_drawable(self, message: Drawable) -> None:
        """One can be drawn."""
        message.section.previews.keep(message.name, message.drawn)
        self._about.repaint()

    def _dwell_on(self) -> None:
        """Read the chosen one's recording if the choice stands for a moment."""
        if self._dwell is not None:
            self._dwell.stop()
        one = self._section.recording
        if one is not None and one.name not in self._section.previews:
            self._dwell = self.set_timer(_DWELL, self._read)

    # What the keys do.

    def on_key(self, event: events.Key) -> None:
        """Letters filter. Any key says that the hint was read."""
        if self._new:
            self._new = self._hint.display = False
            outcomes.meet()
        typed = event.is_printable and event.character and event.key not in ("question_mark", "colon")
        if typed and event.character:
            self._filter((self._section.typed + event.character)[:_LONGEST])
            event.stop()
            event.prevent_default()

    def _filter(self, typed: str) -> None:
        with_before = self._section.chosen
        self._section.typed, self._section.at = typed, 0
        self._changed(with_before)

    def _changed(self, before: str | None) -> None:
        if self._section.chosen != before:
            self._scroll = 0
            self._dwell_on()
        self._repaint()

    def action_move(self, by: int) -> None:
        """Another one."""
        before = self._section.chosen
        self._section.move(by)
        self._changed(before)

    def action_read(self, by: int) -> None:
        """Further through the page."""
        self._scroll += by * self._page
        self._repaint()

    def action_turn_page(self) -> None:
        """Where there is room for one of them only: the list, or the page."""
        self._reading = self._narrow and not self._reading
        self._lay_out(self.size.width)
        self._repaint()

    def action_section(self) -> None:
        """Scenarios, or sessions."""
        self._section = self._sessions if self._section is self._scenarios else self._scenarios
        self._lay_out(self.size.width)
        self._changed(None)

    def action_erase(self) -> None:
        """A letter less."""
        self._filter(self._section.typed[:-1])

    def action_leave(self) -> None:
        """What is narrower is left first."""
        if self._section.typed:
            self._filter("")
        elif self._reading and self._narrow:
            self.action_turn_page()
        elif self._section is self._sessions:
            self.action_section()
        else:
            self.app.exit(0)

    def action_quit(self) -> None:
        """Leave, whatever was typed."""
        self.app.exit(0)

    def action_open(self) -> None:
        """The bench on the chosen one."""
        if (launch := self._section.launch()) is not None:
            follows = self._section is self._sessions
            self.post_message(OpenBench(launch, self._section.title, follows=follows))
        else:
            self._repaint()

    def action_resume(self) -> None:
        """Continue a session that was stopped or killed."""
        one = self._section.recording
        if self._section is not self._sessions or one is None or one.state not in ("stopped", "died"):
            return
        path = one.path

        def launch() -> Source:
            from dltlab.session.live import resume

            return resume(path)

        self.post_message(OpenBench(launch, self._section.title, follows=True))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """What means nothing here is not offered."""
        if action == "resume":
            one = self._section.recording if self._section is self._sessions else None
            return one is not None and one.state in ("stopped", "died")
        return self._narrow if action == "turn_page" else True

    def on_sheet_touched(self, message: Sheet.Touched) -> None:
        """A click chooses, a second one opens; on the title it turns to the other section."""
        if message.sheet is self._top:
            self.action_section()
        elif message.sheet is self._list:
            index = message.line + self._first(self._list.size.height)
            if index == self._section.at:
                self.action_open()
            elif index < len(self._section.shown):
                self.action_move(index - self._section.at)

    # What is painted.

    def _repaint(self) -> None:
        for sheet in (self._top, self._list, self._about, self._foot):
            sheet.repaint()

    def _first(self, height: int) -> int:
        return max(self._section.at - height + 1, 0)

    def _paint_top(self, width: int, _: int) -> Picture:
        running = self._sessions.running
        count = len(self._sessions.names)
        told = (
            f" Sessions {count}{f', {running} running' if running else ''} "
            if width >= _NARROW and count
            else " Sessions "
        )
        here = self._section is self._scenarios
        tabs: list[Span] = [(" dltlab ", "strong"), (" Scenarios ", "chosen" if here else "faint")]
        tabs.append((told, "faint" if here else "chosen"))
        typed: list[Span] = [(" › ", "faint"), (self._section.typed, "pending")] if self._section.typed else []
        shown = f"{len(self._section.shown)} of {len(self._section.names)}"
        words = f"{shown} {self._section.NOUN} " if width >= _NARROW else f"{shown} "
        return (between((*tabs, *typed), ((words, "faint"),), width),)

    def _paint_list(self, width: int, height: int) -> Picture:
        shown = self._section.shown
        if not shown:
            return centred(self._section.nothing, width, height)
        first = self._first(height)
        return frame([self._section.row(name, width) for name in shown[first : first + height]], width, height)

    def _paint_about(self, width: int, height: int) -> Picture:
        column = min(width - 4, 92)
        lines = self._section.page(column, height) if self._section.chosen and column > 0 else []
        self._page = max(height - 3, 1)
        indented: list[Line] = [(("  ", "text"), *line) for line in lines]
        picture, self._scroll = cards.scrolled(indented, self._scroll, width, height)
        return picture

    def _paint_hint(self, width: int, _: int) -> Picture:
        hint = next((hint for hint in _HINTS if len(hint) <= width), _HINTS[-1])
        return frame([((hint, "pending"),)], width, 1)

    def _paint_foot(self, width: int, _: int) -> Picture:
        choose, do, typing = ("↑↓", "choose"), ("enter", self._section.verb), ("type", "to find")
        other = ("tab", "scenarios" if self._section is self._sessions else "sessions")
        leave = ("esc", "clear" if self._section.typed else "quit")
        resume = [("^r", "continue it")] if self.check_action("resume", ()) else []
        actions, help_ = (":", "actions"), ("?", "keys")
        if self._narrow:
            turn = ("→", "list" if self._reading else "page")
            return (keys_line([do, turn, other, *resume, actions, leave], width, last=[help_]),)
        shown = [choose, do, *resume, other, typing, ("pgdn", "read on"), actions]
        return (keys_line(shown, width, last=[help_, leave]),)

"""The app holds nothing: it chooses colours and moves between screens."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import work
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.theme import Theme

from dltlab import guard
from dltlab.errors import INTERRUPTED, DltlabError
from dltlab.terminal.drawing.inks import ACCENT, GROUNDS, TEXT, palette
from dltlab.terminal.drawing.inks import Theme as Ground
from dltlab.terminal.drawing.prose import help_page
from dltlab.terminal.fit import Options, settled
from dltlab.terminal.messages import CloseBench, Launch, OpenBench, Refused
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.terminal.wire.driver import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType
    from textual.screen import Screen

    # NumPy comes with it, and the first screen is painted without.
    from dltlab.session.source import Source

_THEMES = {
    name: Theme(
        f"dltlab-{name}", ACCENT[name], background=ground, surface=ground, foreground=TEXT[name], dark=name == "dark"
    )
    for name, ground in GROUNDS.items()
}


class Lab(App[int]):
    """The gallery and the bench."""

    CSS_PATH: ClassVar[str] = "app.tcss"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p,colon", "palette", "find an action by its words", show=False, key_display=":"),
        Binding("question_mark", "keys", "the keys of where you are", show=False, key_display="?"),
        Binding("ctrl+t", "other_ground", "dark or light", show=False, key_display="^t"),
        Binding("ctrl+z", "suspend_process", "put dltlab aside; fg brings it back", show=False, key_display="^z"),
    ]

    def __init__(self, options: Options) -> None:
        self.options = settled(options)
        self.parting = ""
        """What is said once the terminal is given back."""
        self.lecture = False
        """Whether the next bench opens as a lecture."""
        self.refusal: DltlabError | None = None
        """Why there was nothing to show."""
        ansi = self.options.colours in ("16", "none")
        super().__init__(ansi_color=ansi, driver_class=Wire)
        self._ground: Ground = "light" if self.options.theme == "light" else "dark"
        self.inks: dict[str, Style] = {}
        """What every sheet paints with; another ground changes it in place."""
        for theme in _THEMES.values():
            self.register_theme(theme)
        self._take_ground()

    def _take_ground(self) -> None:
        colours = self.options.colours
        self.inks.update(palette(self._ground, "full" if colours == "auto" else colours))
        self.theme = f"ansi-{self._ground}" if colours in ("16", "none") else _THEMES[self._ground].name

    def action_other_ground(self) -> None:
        """From dark to light, and back."""
        self._ground = "light" if self._ground == "dark" else "dark"
        self._take_ground()
        for screen in self.screen_stack:
            screen.refresh(recompose=False)
            for sheet in screen.query(Sheet):
                sheet.refresh()

    @work
    async def action_palette(self) -> None:
        """Every action of where one stands, by its words."""
        from dltlab.terminal.screens.palette import Palette, offers

        chosen = await self.push_screen_wait(Palette(offers(self.screen), self.inks, plain=self._plain))
        if chosen is not None:
            await self.run_action(chosen.action, chosen.place)

    def action_keys(self) -> None:
        """The keys of where one stands."""
        from dltlab.terminal.screens.page import Page
        from dltlab.terminal.screens.palette import offers

        table = [(offer.shown, offer.words) for offer in offers(self.screen)]
        notes = {"Here": [self.screen.HELP]} if self.screen.HELP else {}
        page = Page("Keys", lambda width: help_page(table, notes, width), self.inks, plain=self._plain, keys=True)
        self.push_screen(page)

    @property
    def _plain(self) -> bool:
        return self.options.glyphs == "ascii"

    def on_mount(self) -> None:
        """Leave in order when told to end: the terminal is given back, and the session goes on."""
        # A hang-up is left to the system: there is no terminal any more to give back.
        with contextlib.suppress(NotImplementedError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit, INTERRUPTED)

    def _display(self, screen: Screen, renderable: RenderableType | None) -> None:
        """Hand what was composed to the wire, which sends what of it differs."""
        wire = self._driver
        if isinstance(wire, Wire) and isinstance(renderable, CompositorUpdate) and not self._batch_count:
            if self._running and not self._closed:
                wire.show(renderable, self.console)
        else:
            super()._display(screen, renderable)

    @property
    def drained(self) -> bool:
        """Whether the terminal shows all that was drawn."""
        return not isinstance(self._driver, Wire) or self._driver.drained

    def take_lecture(self) -> bool:
        """Whether the bench that asks opens as a lecture; the next one will not."""
        wanted, self.lecture = self.lecture, False
        return wanted

    def show_bench(self, source: Source, relaunch: Launch | None = None) -> None:
        """Open the bench on a source."""
        from dltlab.terminal.screens.bench import Bench

        self.push_screen(Bench(source, self.options, self.inks, relaunch))

    def on_open_bench(self, message: OpenBench) -> None:
        """Start an engine, then open the bench on it."""
        from dltlab.terminal.screens.starting import Starting

        screen = Starting(message.launch, message.title, self.options, self.inks, follows=message.follows)
        if message.instead:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def on_refused(self, message: Refused) -> None:
        """Where there is a gallery or a bench to go back to the screen says why; else the command line does."""
        if self._above_another:
            message.tell()
        else:
            self.refusal = message.fault
            self.exit(message.fault.exit_code)

    def on_close_bench(self, message: CloseBench) -> None:
        """Back to the gallery, or from a fork to its parent's bench, if there is one below; else out."""
        if self._above_another:
            self.pop_screen()
        else:
            self.parting = message.parting
            self.exit(0)

    @property
    def _above_another(self) -> bool:
        from dltlab.terminal.screens.bench import Bench
        from dltlab.terminal.screens.gallery import Gallery

        return any(isinstance(screen, Gallery | Bench) for screen in self.screen_stack[:-1])


def gallery(options: Options) -> int:
    """Show the gallery until the user leaves; the exit code."""
    from dltlab.terminal.screens.gallery import Gallery

    return _shown(options, lambda app: app.push_screen(Gallery(app.inks, app.options)))


def bench(source: Source, options: Options, relaunch: Launch | None = None, *, lecture: bool = False) -> int:
    """Show a session, or lecture on it, until the user leaves; the exit code."""
    return _shown(options, lambda app: app.show_bench(source, relaunch), lecture=lecture)


def start(launch: Launch, title: str, options: Options, *, lecture: bool = False) -> int:
    """Start an engine with a line that says so, then show its session, or lecture on it; the exit code.

    Raises:
        DltlabError: The engine did not start.
    """
    return _shown(options, lambda app: app.post_message(OpenBench(launch, title)), lecture=lecture)


def speak(path: Path, options: Options) -> int:
    """Show what a lecturer says about a session, beside the screen that the class sees; the exit code."""
    from dltlab.terminal.screens.speaking import Speaking

    return _shown(options, lambda app: app.push_screen(Speaking(path, app.options, app.inks)))


def _shown(options: Options, first: Callable[[Lab], object], *, lecture: bool = False) -> int:
    app = Lab(options)
    app.lecture = lecture
    app.call_later(first, app)
    # What Textual says when it fails quotes anything; without colours the guard leaves it legible.
    with contextlib.redirect_stderr(guard.plain(sys.stderr)):
        code = app.run()
    if app.refusal is not None:
        raise app.refusal
    if app.parting:
        print(app.parting, file=sys.stderr)
    return code or app.return_code or 0

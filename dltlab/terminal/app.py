"""The app holds nothing: it chooses colours and moves between screens."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.app import App
from textual.binding import Binding, BindingType
from textual.theme import Theme

from dltlab.errors import INTERRUPTED, DltlabError
from dltlab.terminal.drawing.inks import GROUND, palette
from dltlab.terminal.fit import Options, settled
from dltlab.terminal.messages import Launch, OpenBench, Refused

if TYPE_CHECKING:
    # NumPy comes with it, and the first screen is painted without.
    from dltlab.session.source import Source

_THEME = Theme("dltlab", primary="#5cb8f0", background=GROUND, surface=GROUND, foreground="#c9d1d9", dark=True)


class Lab(App[int]):
    """The gallery and the bench."""

    CSS_PATH: ClassVar[str] = "app.tcss"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", "put aside", show=False)]

    def __init__(self, options: Options) -> None:
        self.options = settled(options)
        self.refusal: DltlabError | None = None
        """Why there was nothing to show."""
        ansi = self.options.colours == "16"
        super().__init__(ansi_color=ansi)
        self.inks: dict[str, Style] = palette(ansi=ansi)
        if ansi:
            self.theme = "ansi-dark"
        else:
            self.register_theme(_THEME)
            self.theme = "dltlab"

    def on_mount(self) -> None:
        """Leave in order when told to end: the terminal is given back, and the session goes on."""
        # A hang-up is left to the system: there is no terminal any more to give back.
        with contextlib.suppress(NotImplementedError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit, INTERRUPTED)

    def show_bench(self, source: Source, relaunch: Launch | None = None) -> None:
        """Open the bench on a source."""
        from dltlab.terminal.screens.bench import Bench

        self.push_screen(Bench(source, self.options, self.inks, relaunch))

    def on_open_bench(self, message: OpenBench) -> None:
        """Start an engine, then open the bench on it."""
        from dltlab.terminal.screens.starting import Starting

        screen = Starting(message.launch, message.title, self.options, self.inks)
        if message.instead:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def on_refused(self, message: Refused) -> None:
        """Where there is a gallery to go back to the screen says why; else the command line does."""
        if self._above_gallery:
            message.tell()
        else:
            self.refusal = message.fault
            self.exit(message.fault.exit_code)

    def on_close_bench(self) -> None:
        """Back to the gallery if there is one below; else out."""
        if self._above_gallery:
            self.pop_screen()
        else:
            self.exit(0)

    @property
    def _above_gallery(self) -> bool:
        from dltlab.terminal.screens.gallery import Gallery

        return any(isinstance(screen, Gallery) for screen in self.screen_stack[:-1])


def gallery(options: Options) -> int:
    """Show the gallery until the user leaves; the exit code."""
    from dltlab.terminal.screens.gallery import Gallery

    return _shown(options, lambda app: app.push_screen(Gallery(app.inks, plain=app.options.glyphs == "ascii")))


def bench(source: Source, options: Options, relaunch: Launch | None = None) -> int:
    """Show a session until the user leaves; the exit code."""
    return _shown(options, lambda app: app.show_bench(source, relaunch))


def start(launch: Launch, title: str, options: Options) -> int:
    """Start an engine with a line that says so, then show its session; the exit code.

    Raises:
        DltlabError: The engine did not start.
    """
    return _shown(options, lambda app: app.post_message(OpenBench(launch, title)))


def _shown(options: Options, first: Callable[[Lab], object]) -> int:
    app = Lab(options)
    app.call_later(first, app)
    code = app.run()
    if app.refusal is not None:
        raise app.refusal
    return code or app.return_code or 0

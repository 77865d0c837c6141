"""While an engine starts: one line; and if it does not, why."""

from rich.style import Style
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.worker import get_current_worker

from dltlab.commands import Stop
from dltlab.errors import DltlabError, EngineError
from dltlab.session.source import Source
from dltlab.terminal.drawing.lines import Line, Picture, centred, frame, wrap
from dltlab.terminal.drawing.prose import keys_line
from dltlab.terminal.fit import Options
from dltlab.terminal.messages import CloseBench, Launch, Refused
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line


class Starting(Screen[None]):
    """Waits for an engine's first record in a thread."""

    BINDINGS = (
        Binding("r,enter", "retry", "try again", show=False),
        Binding("escape,q,ctrl+c", "leave", "go back", show=False),
    )

    def __init__(
        self, launch: Launch, title: str, options: Options, inks: dict[str, Style], *, follows: bool = False
    ) -> None:
        """``follows`` what was there before, so that to launch it once more would start nothing anew."""
        super().__init__()
        self._launch = launch
        self._follows = follows
        self._heading = title
        self._options = options
        self._faults: list[str] = []
        self._left = False
        self._arrived: Source | None = None
        self._sheet = Sheet(self._paint, inks, plain=options.glyphs == "ascii", id="about")

    def compose(self) -> ComposeResult:
        """One sheet."""
        yield self._sheet

    def on_mount(self) -> None:
        """Start."""
        self._start()

    @work(thread=True, exit_on_error=False)
    def _start(self) -> None:
        worker = get_current_worker()
        try:
            source = self._launch()
        except DltlabError as fault:
            if not worker.is_cancelled:
                self.app.call_from_thread(self._failed, fault)
            return
        except Exception as fault:
            # A thread's error would be lost, and the line that waits would stand for ever.
            if not worker.is_cancelled:
                self.app.call_from_thread(self._failed, EngineError(f"{type(fault).__name__}: {one_line(str(fault))}"))
            return
        if self._left or worker.is_cancelled:
            _unwanted(source)
        else:
            self.app.call_from_thread(self._started, source)

    def _started(self, source: Source) -> None:
        """Open the bench, unless one has left meanwhile; where a page stands above, once that has gone."""
        if self._left or not self.is_attached:
            _unwanted(source)
        elif self.app.screen is self:
            self._open(source)
        else:
            self._arrived = source

    def on_screen_resume(self) -> None:
        """The page that stood above has gone."""
        if (source := self._arrived) is not None:
            self._arrived = None
            self._open(source)

    def on_unmount(self) -> None:
        """What was not opened is not wanted."""
        if self._arrived is not None:
            _unwanted(self._arrived)

    def _open(self, source: Source) -> None:
        from dltlab.terminal.screens.bench import Bench

        relaunch = None if self._follows else self._launch
        self.app.switch_screen(Bench(source, self._options, self._sheet.inks, relaunch))

    def _failed(self, fault: DltlabError) -> None:
        self._faults = str(fault).splitlines()
        self.post_message(Refused(fault, self._sheet.repaint))

    def action_retry(self) -> None:
        """Once more, now that something may have been mended."""
        if self._faults:
            self._faults = []
            self._sheet.repaint()
            self._start()

    def action_leave(self) -> None:
        """Do not wait."""
        self._left = True
        self.post_message(CloseBench())

    def _paint(self, width: int, height: int) -> Picture:
        keys = [("esc", "back"), ("?", "keys")]
        if not self._faults:
            body = centred(f"{self._heading}: starting the engine…", width, height - 1)
        else:
            keys.insert(0, ("r", "try again"))
            lines: list[Line] = [(), ((f"  {self._heading} cannot be run", "strong"),), ()]
            for fault in self._faults:
                lines += [(("  ", "text"), *line) for line in wrap(fault, width - 4, "text", "✗ ")]
            cure = "Mend what stands above and press r, or esc to go back; dltlab doctor says what dltlab stands on."
            lines += [(), *((("  ", "text"), *line) for line in wrap(cure, width - 4, "pending"))]
            body = frame(lines, width, height - 1)
        return (*body, keys_line(keys, width))


def _unwanted(source: Source) -> None:
    """Nobody waits for it any more."""
    source.send(Stop())
    source.close()

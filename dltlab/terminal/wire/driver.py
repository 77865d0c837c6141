"""The terminal, from our side: what is shown, what is typed, and how it is left.

Textual's own driver draws whole lines, blocks when the terminal takes no more, spins when it is
gone, and starts anew when a stopped process goes on. This one sends differences, one flight at a
time (:mod:`dltlab.terminal.wire.pacing`), and leaves in order however the terminal ends.
"""

import asyncio
import codecs
import contextlib
import os
import select
import signal
import termios
import threading
import time
from collections.abc import Iterable
from typing import Any, Final, final

from rich.console import Console
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from dltlab.errors import INTERRUPTED
from dltlab.terminal.wire.allowed import allowed
from dltlab.terminal.wire.cells import Cells
from dltlab.terminal.wire.pacing import QUESTION, Pacing, answers_in
from dltlab.terminal.wire.writer import Writer

_SETTLING: Final = 0.5
"""Seconds that leaving waits for the last answer: one that comes later would be typed into the shell."""
_LEAVING: Final = 1.0
"""Seconds that a terminal which takes nothing can hold up the leave."""
_LONGEST_END: Final = 5.0
"""Seconds after which a process whose terminal is gone ends, whatever it is at."""
_ANSWERS: Final = 4
"""Rows at the foot of the screen where keys are answered: they come first."""


@final
class Wire(LinuxDriver):
    """Textual's driver for Linux and macOS, with a differential output that never queues."""

    def __init__(self, app: Any, **given: Any) -> None:
        super().__init__(app, **given)
        self.cells = Cells()
        self.pacing = Pacing(time.monotonic)
        self._writer: Writer | None = None
        self._showing = False
        """Whether the terminal is ours."""
        self._ours: list[Any] | None = None
        """The terminal's settings while it is ours."""
        self._late: asyncio.TimerHandle | None = None
        self._answered = threading.Event()
        self._lost = False
        self._ending: threading.Timer | None = None
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self._loop.add_signal_handler(number, self._told_to_end, number)

    # What is shown.

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own size. What COLUMNS and LINES say was so when somebody exported them."""
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(self.fileno)
            if size.columns and size.lines:
                return size
        return super()._get_terminal_size()

    @property
    def drained(self) -> bool:
        """Whether all that was drawn has left."""
        return not self.cells.stale

    @property
    def _free(self) -> bool:
        return self._writer is not None and self._writer.idle and not self.pacing.wait

    def show(self, update: CompositorUpdate, console: Console) -> None:
        """Take in what Textual has composed, and send what of it differs when it can be sent."""
        self.cells.system = console._color_system
        self.cells.resize(*self._app.size)
        if not taken(self.cells, update):
            self.write(update.render_segments(console))
            self.cells.forget()
        self._fly()

    def redraw(self) -> None:
        """Draw all of it anew."""
        self.cells.forget()
        self._fly()

    def _fly(self) -> None:
        """Send the next flight, if the one before has arrived; else see to it that it is sent then."""
        if not self._showing or not self.cells.stale:
            return
        if not self._free:
            if self._late is None and (wait := self.pacing.wait):
                self._late = self._loop.call_later(wait + 0.01, self._fly_late)
            return
        height = self._app.size.height
        data = self.cells.difference(self.pacing.most, range(height - _ANSWERS, height))
        if data:
            whole = len(data) > 256 and getattr(self._app, "_sync_available", False)
            said = f"{SYNC_START}{data}{SYNC_END}" if whole else data
            self._put(said + QUESTION if self.pacing.leave(len(said)) else said)

    def _fly_late(self) -> None:
        self._late = None
        self._fly()

    def write(self, data: str) -> None:
        """Have a text written, if a screen may say so; what is written to a terminal that is gone is lost."""
        self._put(allowed(data))

    def _put(self, data: str) -> None:
        if self._writer is not None and data:
            self._writer.put(data)

    def _later(self, call: Any, *given: Any) -> None:
        """From a thread: have something done by the loop, if there still is one."""
        try:
            self._loop.call_soon_threadsafe(call, *given)
        except RuntimeError:
            return

    # What is typed.

    def _run_input_thread(self) -> None:
        """Read keys until told to end, or until there is no terminal any more."""
        parser, decode = XTermParser(self._debug), codecs.getincrementaldecoder("utf-8")("replace").decode
        poll, half = select.poll(), b""
        poll.register(self.fileno, select.POLLIN)
        try:
            while not self.exit_event.is_set():
                if poll.poll(100):
                    data = os.read(self.fileno, 4096)
                    if not data:
                        return self._later(self._gone)
                    data, answers, half = answers_in(half + data)
                    for _ in range(answers):
                        self._later(self._heard)
                        self._answered.set()
                    self._tell(parser.feed(decode(data)) if data else ())
                elif half:
                    # No answer has so long a pause in it.
                    self._tell(parser.feed(decode(half)))
                    half = b""
                self._tell(parser.tick())
        except OSError:
            self._later(self._gone)

    def _tell(self, messages: Iterable[Any]) -> None:
        for message in messages:
            self.process_message(message)

    def _heard(self) -> None:
        self.pacing.arrived()
        self._fly()

    # How it begins and ends.

    def start_application_mode(self) -> None:
        """Take the terminal: alternate screen, no cursor, keys as they come."""
        # The terminal that was asked for: standard error may go to a file.
        self._writer = Writer(1, lambda: self._later(self._fly), lambda: self._later(self._gone))
        self.cells.forget()
        super().start_application_mode()
        if self._writer_thread is None:
            # We are in the background, and asleep.
            return
        self._showing = True
        try:
            self._ours = termios.tcgetattr(self.fileno)
        except termios.error:
            self._ours = None
        if self.pacing.leave(0):
            self._put(QUESTION)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self._showing = False
        if self.pacing.answers and self.pacing.wait and not self._lost:
            self._answered.clear()
            self._answered.wait(min(self.pacing.wait, _SETTLING))
        super().stop_application_mode()

    def close(self) -> None:
        """Have what is left written."""
        if self._writer is not None:
            self._writer.close(0.0 if self._lost else _LEAVING)
            self._writer = None
        super().close()

    def _sigcont_application(self, *_: object) -> None:
        """Go on after a stop: of our own (Ctrl-Z), or of somebody else's, after which nothing may be as it was."""
        if not self._showing:
            super()._sigcont_application()
        elif self._auto_restart:
            self._later(self._take_back)

    def _take_back(self) -> None:
        """The terminal is ours again; whoever had it meanwhile has left its marks."""
        if not self._showing:
            return
        if self._ours is not None:
            try:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._ours)
            except termios.error:
                return
        self.write("\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[?1004h")
        self._enable_mouse_support()
        self.redraw()

    def _told_to_end(self, number: int) -> None:
        """Leave in order; the session goes on."""
        if number == signal.SIGHUP:
            # Most often the terminal is gone, and what is still written may wait for ever.
            self._end_soon()
        self._app.exit(INTERRUPTED)

    def _gone(self) -> None:
        """There is no terminal any more."""
        if not self._lost:
            self._lost = True
            self._end_soon()
            self._app.exit(INTERRUPTED)

    def _end_soon(self) -> None:
        """See to it that this process ends."""
        if self._ending is None:
            self._ending = threading.Timer(_LONGEST_END, os._exit, (INTERRUPTED,))
            self._ending.daemon = True
            self._ending.start()


def taken(cells: Cells, update: CompositorUpdate) -> bool:
    """Have cells stand as Textual composed them; whether it could be understood."""
    match update:
        case LayoutUpdate():
            for row, strips in enumerate(update.strips, update.region.y):
                column = update.region.x
                for strip in strips:
                    cells.write(row, column, strip)
                    column += strip.cell_length
        case ChopsUpdate():
            for row, first, last in update.spans:
                for column, strip in update.chops[row].items():
                    # Beyond its span a row may hold what lies beneath: only what changed was composed whole.
                    if strip is not None and column < last and column + strip.cell_length > first:
                        start = max(first - column, 0)
                        cells.write(row, column + start, strip.crop(start, last - column))
        case _:
            return False
    return True

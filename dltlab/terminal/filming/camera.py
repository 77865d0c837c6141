"""The bench, run without a terminal by a clock that goes only from picture to picture."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, NamedTuple, final

from rich.color import ColorSystem
from textual.filter import ANSIToTruecolor
from textual.screen import Screen

from dltlab.exports.exported import Exported
from dltlab.terminal.app import Lab
from dltlab.terminal.filming.film import Film
from dltlab.terminal.filming.projector import Projector
from dltlab.terminal.filming.script import Script, once
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.wire.cells import Cells

SYSTEMS: Final = {
    "full": ColorSystem.TRUECOLOR, "256": ColorSystem.EIGHT_BIT, "16": ColorSystem.STANDARD, "none": None,
}  # fmt: skip
_STILL: Final = 1e-4
"""Pictures a second that the bench takes by itself: none within any film."""
_BEFORE: Final = 60.0
"""Seconds from when the bench takes in what came before the film to the first picture."""
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Shot(NamedTuple):
    """The screen at a moment of the film."""

    time: float
    """Seconds since it began."""
    step: int
    cells: Cells


@final
class Told:
    """Whether the film was told to end."""

    def __init__(self) -> None:
        self.number = 0
        """The signal; 0 for none."""

    def listen(self) -> None:
        """Have the present task cancelled when a signal comes; the app's own answer is replaced."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def end(number: int) -> None:
            self.number = number
            if task is not None:
                task.cancel()

        # Outside the main thread nobody hears signals.
        with contextlib.suppress(RuntimeError, ValueError):
            for number in _ENDING:
                loop.add_signal_handler(number, end, number)


def film(session: Exported, looks: Film, script: Script, take: Callable[[Shot], None]) -> None:
    """Run the bench through a script, and hand every picture of it on, in order.

    Args:
        session: The recording.
        looks: How the bench looks.
        script: When it shows what.
        take: Called for each picture; the cells are the same object each time.
    """
    _run(lambda told: _filmed(session, looks, script, take, told))


def still(session: Exported, looks: Film, step: int, take: Callable[[Shot], None]) -> None:
    """Hand on one picture of the bench: as it stood at a step."""
    film(session, looks, once(step), take)


async def _filmed(session: Exported, looks: Film, script: Script, take: Callable[[Shot], None], told: Told) -> None:
    # What is said of the time before the first picture has passed when that is taken.
    now = -_BEFORE
    source = Projector(session)
    options = Options(looks.glyphs, looks.colours, _STILL, looks.theme, clock=lambda: now)
    app = Lab(options)
    # NO_COLOR speaks of the terminal at hand; a film says itself what colours it has.
    app._filters = [one for one in app._filters if isinstance(one, ANSIToTruecolor)]
    cells = Cells(SYSTEMS[looks.colours])
    cells.resize(looks.width, looks.height)
    async with app.run_test(size=(looks.width, looks.height)) as pilot:
        told.listen()
        source.reach(script.at(0)[1])
        app.show_bench(source)
        await pilot.pause()
        bench = app.screen
        assert isinstance(bench, Bench)
        for guest in bench.branching.overlay.guests:
            # The parent of a fork is drawn whole from the first picture on.
            guest.read_all()
        for picture in range(script.pictures):
            now, step = script.at(picture)
            source.reach(step)
            bench.paint_at_once()
            # What has come or gone is laid out, and what that has resized is painted, before the picture is taken.
            await pilot.pause(0)
            await pilot.pause(0)
            seen(bench, cells)
            take(Shot(now, step, cells))
        source.close()


def seen(screen: Screen, cells: Cells) -> None:
    """Have cells stand as a screen is composed."""
    for row, strip in enumerate(screen._compositor.render_strips()):
        cells.write(row, 0, strip)


def _run(filmed: Callable[[Told], Coroutine[Any, Any, None]]) -> None:
    """Run it; if it is told to end, the app is closed first, and then the signal is answered as it would have been."""
    told = Told()
    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _ENDING} if main else {}
    try:
        asyncio.run(filmed(told))
    except asyncio.CancelledError:
        if not told.number:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if told.number:
        signal.raise_signal(told.number)

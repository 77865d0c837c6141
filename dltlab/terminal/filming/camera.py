"""The bench, run without a terminal by a clock that goes only from picture to picture."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
from rich.color import ColorSystem
from textual.filter import ANSIToTruecolor

from dltlab.exports.exported import Exported
from dltlab.terminal.app import Lab
from dltlab.terminal.filming.film import Film
from dltlab.terminal.filming.projector import Projector
from dltlab.terminal.filming.script import Script
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.wire.cells import Cells

SYSTEMS: Final = {
    "full": ColorSystem.TRUECOLOR, "256": ColorSystem.EIGHT_BIT, "16": ColorSystem.STANDARD, "none": None,
}  # fmt: skip
_STILL: Final = 1e-4
"""Pictures a second that the bench takes by itself: none within any film."""


class Shot(NamedTuple):
    """The screen at a moment of the film."""

    time: float
    """Seconds since it began."""
    step: int
    cells: Cells


def film(session: Exported, looks: Film, script: Script, take: Callable[[Shot], None]) -> None:
    """Run the bench through a script, and hand every picture of it on, in order.

    Args:
        session: The recording.
        looks: How the bench looks.
        script: When it shows what.
        take: Called for each picture; the cells are the same object each time.
    """
    asyncio.run(_filmed(session, looks, script, take))


def still(session: Exported, looks: Film, step: int, take: Callable[[Shot], None]) -> None:
    """Hand on one picture of the bench: as it stood at a step."""
    once = Script(0.0, 1.0, np.zeros(1), np.array([float(step)]))
    asyncio.run(_filmed(session, looks, once, take, pictures=1))


async def _filmed(
    session: Exported, looks: Film, script: Script, take: Callable[[Shot], None], pictures: int | None = None
) -> None:
    now = 0.0
    source = Projector(session)
    options = Options(looks.glyphs, looks.colours, _STILL, looks.theme, clock=lambda: now)
    app = Lab(options)
    # NO_COLOR speaks of the terminal at hand; a film says itself what colours it has.
    app._filters = [one for one in app._filters if isinstance(one, ANSIToTruecolor)]
    cells = Cells(SYSTEMS[looks.colours])
    cells.resize(looks.width, looks.height)
    with _signals_kept() as give_back:
        async with app.run_test(size=(looks.width, looks.height)) as pilot:
            give_back()
            source.reach(script.at(0)[1])
            app.show_bench(source)
            await pilot.pause()
            bench = app.screen
            assert isinstance(bench, Bench)
            for guest in bench.branching.overlay.guests:
                # The parent of a fork is drawn whole from the first picture on.
                guest.read_all()
            for picture in range(script.pictures if pictures is None else pictures):
                now, step = script.at(picture)
                source.reach(step)
                bench.paint_at_once()
                # What was asked for by messages comes before the picture, and Ctrl-C is heard.
                await asyncio.sleep(0)
                for row, strip in enumerate(bench._compositor.render_strips()):
                    cells.write(row, 0, strip)
                take(Shot(now, step, cells))
            source.close()


@contextlib.contextmanager
def _signals_kept() -> Iterator[Callable[[], None]]:
    """Yields what takes SIGTERM back from the app: here the command that films answers it."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = signal.getsignal(signal.SIGTERM)

    def give_back() -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)

    try:
        yield give_back
    finally:
        signal.signal(signal.SIGTERM, before)

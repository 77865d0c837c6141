"""A session told by hand: real records, and a source that remembers what was asked of it."""

import asyncio
import typing
from collections.abc import Awaitable, Callable

import msgspec
import numpy as np
import pytest

from dltlab.commands import Command, Stop
from dltlab.records import (
    FORMAT,
    Array,
    Decoder,
    Event,
    Footer,
    Frames,
    Header,
    Knob,
    Part,
    Record,
    Series,
    encode,
)
from dltlab.terminal.app import Lab
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.bench import Bench

STEPS = 1000
TITLE = "The edge of stability"


def header(title: str = TITLE, **scenario: object) -> Header:
    """A session of one seed with loss, sharpness and movement."""
    series = (
        Series("loss", "training loss", scale="log"),
        Series("sharpness", "sharpness", ("eigenvalue",), (3,)),
        Series("sharpness.theory", "2/η"),
        Series("movement", "‖θ − θ₀‖"),
        Series("movement.layers", "by layer", ("layer",), (4,)),
    )
    probes = {"loss": "loss", "sharpness": {"kind": "sharpness"}, "movement": {"kind": "weight_movement"}}
    tables = {"probes": probes, "theories": {"sharpness": "stability_threshold"}, **scenario}
    knobs = (Knob("learning_rate", "η", 0.4, 0.05, 1.0), Knob("momentum", "β", 0.0, 0.0, 0.9, "linear"))
    return Header(
        FORMAT, "edge-1", "2026-01-01T00:00:00Z", title, tables, "edge", STEPS, 1, 400.0, (0,), series, knobs, 161,
        "float64", "gradient_descent", {}, {"kind": "cpu"}, 1, "",
    )  # fmt: skip


def frames(start: int, count: int) -> Frames:
    """A stretch of progressive sharpening."""
    steps = np.arange(start, start + count)
    sharpness = np.minimum(0.5 + steps / 100, 5.0)
    columns = {
        "loss": np.exp(-steps / 200),
        "sharpness": sharpness[:, None] * np.array([1.0, 0.7, 0.4]),
        "sharpness.theory": np.full(count, 5.0),
        "movement": np.sqrt(steps),
        "movement.layers": np.sqrt(steps)[:, None] * np.array([0.6, 0.5, 0.4, 0.1]),
    }
    part = Part(start, 1, count, {name: Array.of(values) for name, values in columns.items()})
    return Frames(start + count - 1, (part,), float(steps[-1]) / 400, 0.01, 0.4 * float(steps[-1]))


class Told:
    """A source that says what it was given and answers every command with its Event."""

    def __init__(self, *records: Record, accepts: frozenset[type] | None = None) -> None:
        # Through bytes and back, as from a file.
        self._waiting = [record for one in records for record in Decoder().feed(encode(one))]
        assert isinstance(self._waiting[0], Header)
        self.header: Header = self._waiting[0]
        self.accepts = frozenset(typing.get_args(Command)) if accepts is None else accepts
        self.sent: list[Command] = []
        self.ended = ""
        self.closed = False
        self.answers = True

    def poll(self) -> list[Record]:
        """What is new."""
        told, self._waiting = self._waiting, []
        return told

    def say(self, *records: Record) -> None:
        """Have it say more."""
        self._waiting += records

    def send(self, command: Command) -> None:
        """Remember, and echo as an engine would."""
        self.sent.append(command)
        if self.answers:
            what = type(command).__name__.lower()
            self._waiting.append(Event(100, what, f"{what} heard", msgspec.structs.asdict(command)))

    def close(self) -> None:
        """No more."""
        self.closed = True

    def finish(self, reason: str = "finished") -> None:
        """End as a session does."""
        self.say(Footer(STEPS - 1, reason, "", 3.0))
        self.ended, self.accepts = f"The session {reason} at step {STEPS - 1}.", frozenset()


class Watched(typing.NamedTuple):
    """A bench under test."""

    app: Lab
    bench: Bench
    source: Told
    press: Callable[..., Awaitable[None]]
    resize: Callable[[int, int], Awaitable[None]]

    def text(self) -> str:
        """The screen as plain text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)


Script = Callable[[Watched], Awaitable[None]]


@pytest.fixture
def watch() -> Callable[..., None]:
    """Run a script against a bench."""

    def run(script: Script, source: Told, *, size: tuple[int, int] = (120, 40), options: Options | None = None) -> None:
        async def main() -> None:
            app = Lab(options or Options("braille", "full", 2.0))
            async with app.run_test(size=size) as pilot:
                app.show_bench(source)
                await pilot.pause()
                bench = app.screen
                assert isinstance(bench, Bench)

                async def settle() -> None:
                    # By hand, so that no test waits for a timer.
                    if bench.is_attached:
                        bench._painting.rest_no_longer()
                        bench._poll()
                        while bench._painting.stale:
                            bench._painting.paint_next()
                    await pilot.pause()

                async def press(*keys: str) -> None:
                    for key in keys:
                        await pilot.press(key)
                        await settle()
                    if not keys:
                        await settle()

                async def resize(width: int, height: int) -> None:
                    await pilot.resize_terminal(width, height)
                    await settle()

                await settle()
                await script(Watched(app, bench, source, press, resize))

        asyncio.run(main())

    return run


@pytest.fixture
def told() -> Callable[..., Told]:
    """A source that has said a header and four hundred frames."""

    def make(*more: Record, title: str = TITLE, accepts: frozenset[type] | None = None, **scenario: object) -> Told:
        return Told(header(title, **scenario), frames(0, 400), *more, accepts=accepts)

    return make


@pytest.fixture
def head() -> Header:
    """The header of that session."""
    return header()


@pytest.fixture
def told_by() -> Callable[..., Told]:
    """A source that has said another header, made from its own, and four hundred frames."""

    def make(change: Callable[[Header], Header]) -> Told:
        return Told(change(header()), frames(0, 400))

    return make


@pytest.fixture
def deaf() -> frozenset[type]:
    """What a recording accepts: everything but what would change the session."""
    return frozenset(set(typing.get_args(Command)) - {Stop})


@pytest.fixture
def stretch() -> Callable[[int, int], Frames]:
    """Makes a further stretch of frames."""
    return frames

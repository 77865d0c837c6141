"""Sessions told by hand, and the screens that show them: a bench, a recording played, the gallery."""

import asyncio
import contextlib
import itertools
import typing
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from dltlab import folders, scenario
from dltlab.commands import Command, Stop
from dltlab.records import (
    FORMAT,
    SUFFIX,
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
from dltlab.session.replay import Replay
from dltlab.terminal.app import Lab
from dltlab.terminal.fit import Options
from dltlab.terminal.screens import catalogue
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.screens.gallery import Gallery

STEPS = 1000
TITLE = "The edge of stability"
NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
KICKED = Event(250, "kick", "Kicked by 0.1.", {"radius": 0.1, "direction": "random"}, 0.7)
TURNED = Event(120, "turn", "η 0.4 → 0.2", {"knob": "learning_rate", "value": 0.2, "old": 0.4}, 0.3)
CLAIM = {"name": "edge", "kind": "plateau", "says": "At the edge λ₁·η/2 hovers at 1.", "series": "sharpness",
         "component": 0, "relative_to": "sharpness.theory", "window": [0.5, 1.0], "predicted": 1.0,
         "tolerance": 0.03}  # fmt: skip


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


def text_of(app: Lab) -> str:
    """The screen as plain text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def painted(bench: Bench, pilot: Pilot[int]) -> None:
    """Bring a bench up to date by hand, so that no test waits for a timer."""
    if bench.is_attached:
        bench._painting.rest_no_longer()
        bench._poll()
        while bench._painting.stale:
            bench._painting.paint_next()
    await pilot.pause()


class Watched(typing.NamedTuple):
    """A bench under test."""

    app: Lab
    bench: Bench
    source: Told
    press: Callable[..., Awaitable[None]]
    resize: Callable[[int, int], Awaitable[None]]
    paint: Callable[[Bench], Awaitable[None]]

    def text(self) -> str:
        """The screen as plain text."""
        return text_of(self.app)


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

                async def paint(bench: Bench) -> None:
                    await painted(bench, pilot)

                async def press(*keys: str) -> None:
                    for key in keys:
                        await pilot.press(key)
                        await paint(bench)
                    if not keys:
                        await paint(bench)

                async def resize(width: int, height: int) -> None:
                    await pilot.resize_terminal(width, height)
                    await paint(bench)

                await paint(bench)
                await script(Watched(app, bench, source, press, resize, paint))

        asyncio.run(main())

    return run


class Clock:
    """A clock that the test turns."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Played(typing.NamedTuple):
    """A bench on a recording."""

    app: Lab
    bench: Bench
    press: Callable[..., Awaitable[None]]

    def text(self) -> str:
        """The screen as plain text."""
        return text_of(self.app)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A finished session of 400 steps with a turn and a kick, in chunks of 50 steps or less."""
    path = tmp_path / f"kept{SUFFIX}"
    told: list[Record] = [replace(header(), session="kept", steps=400)]
    events = {121: TURNED, 251: KICKED}
    edges = sorted({*range(0, 401, 50), *events})
    for first, last in itertools.pairwise(edges):
        told += [events[first]] if first in events else []
        told.append(frames(first, last - first))
    path.write_bytes(b"".join(map(encode, [*told, Footer(399, "finished", "", 1.0)])))
    return path


@pytest.fixture
def play(kept: Path) -> Callable[..., None]:
    """Run a script against a bench on that recording, which is paused at its first chunk."""

    def run(script: Callable[[Played], Awaitable[None]], *, size: tuple[int, int] = (100, 30)) -> None:
        async def main() -> None:
            clock = Clock()
            app = Lab(Options("braille", "full", 0.5, clock=clock))
            async with app.run_test(size=size) as pilot:
                app.show_bench(Replay(kept, clock=clock))
                await pilot.pause()
                bench = app.screen
                assert isinstance(bench, Bench)

                async def press(*keys: str, seconds: float = 0.0) -> None:
                    for key in keys or ("",):
                        if key:
                            await pilot.press(key)
                        clock.now += seconds
                        await painted(bench, pilot)

                await press("space")
                assert bench.following.held
                await script(Played(app, bench, press))

        asyncio.run(main())

    return run


class Browsed(typing.NamedTuple):
    """A gallery under test."""

    app: Lab
    gallery: Gallery
    pilot: Pilot[int]

    def text(self) -> str:
        """The screen as plain text."""
        return text_of(self.app)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def settle(self) -> None:
        """All that threads have to say has been said."""
        for work in (self.gallery._look, self.gallery._read):
            work()
            while len(self.app.workers):
                # A later reading cuts an earlier one short.
                with contextlib.suppress(WorkerCancelled):
                    await self.app.workers.wait_for_complete()
                await self.pilot.pause()


@pytest.fixture
def browse() -> Callable[..., None]:
    """Run a script against the gallery."""

    def run(script: Callable[[Browsed], Awaitable[None]], size: tuple[int, int] = (120, 40)) -> None:
        async def main() -> None:
            app = Lab(Options("braille", "full", 2.0))
            async with app.run_test(size=size) as pilot:
                gallery = Gallery(app.inks, app.options, lambda: NOW)
                app.push_screen(gallery)
                await pilot.pause()
                await script(Browsed(app, gallery, pilot))

        asyncio.run(main())

    return run


@pytest.fixture
def shelve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Put scenarios into the gallery in the place of all others: their files by name."""

    def put(files: dict[str, str]) -> None:
        for name, text in files.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr(scenario, "folder", lambda: tmp_path)
        catalogue.about.cache_clear()
        catalogue._fields.cache_clear()

    return put


@pytest.fixture
def keep() -> Callable[..., Path]:
    """Write a session to the data folder: four hundred frames, and what else it says."""

    def write(name: str, *more: Record, **fields: object) -> Path:
        path = folders.sessions() / f"{name}{SUFFIX}"
        said = [replace(header(), session=name, **fields), frames(0, 400), *more]
        path.write_bytes(b"".join(map(encode, said)))
        return path

    return write


@pytest.fixture
def told() -> Callable[..., Told]:
    """A source that has said a header and four hundred frames."""

    def make(*more: Record, title: str = TITLE, accepts: frozenset[type] | None = None, **scenario: object) -> Told:
        return Told(header(title, **scenario), frames(0, 400), *more, accepts=accepts)

    return make


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def claim() -> dict[str, object]:
    """What theory promises of that session."""
    return CLAIM


@pytest.fixture(scope="session")
def shown() -> Callable[[Lab], str]:
    """Reads the screen as plain text."""
    return text_of

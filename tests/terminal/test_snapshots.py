"""Every screen at three sizes, as it stood when somebody last looked at it and was content.

    pytest tests/terminal/test_snapshots.py --update-snapshots

writes the files in ``snapshots/`` anew: read the difference before it is committed. A file holds the
letters of the screen and, below, how many cells each style paints and a digest of where.
"""

import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from rich.style import Style
from textual.pilot import Pilot

from dltlab.records import Event, Footer
from dltlab.terminal.app import Lab
from dltlab.terminal.fit import Options
from dltlab.terminal.messages import OpenBench
from dltlab.terminal.screens.gallery import Gallery

FOLDER: Final = Path(__file__).parent / "snapshots"
SIZES: Final = ((40, 12), (80, 24), (120, 40))
STILL: Final = Options("braille", "full", 2.0, "dark", clock=lambda: 0.0)
NOW: Final = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
TEXTS: Final = {
    "abstract": "Full-batch gradient descent does not stay where classical theory wants it.",
    "look_for": ["The sharpness climbs to the dashed line 2/η, and stops there.", "The loss falls all the same."],
    "sources": ["Cohen, Kaur, Li, Kolter & Talwalkar 2021, arXiv:2103.00065"],
}
Shot = Callable[[Lab, str, tuple[int, int]], None]


def described(app: Lab) -> str:
    """The screen's letters; how many cells each style paints; and a digest of letters and styles together."""
    rows, count, digest = [], Counter[str](), hashlib.sha256()
    for strip in app.screen._compositor.render_strips():
        rows.append(strip.text.rstrip())
        for text, style, _ in strip:
            style = Style(**{name: getattr(style, name) for name in ("color", "bgcolor", "bold", "dim", "italic",
                                                                      "underline", "reverse")})  # fmt: skip
            count[str(style)] += len(text)
            digest.update(f"{text}\0{style}\n".encode())
    styles = [f"{number:>6} {name}" for name, number in sorted(count.items())]
    return "\n".join([*rows, "─" * 20, *styles, digest.hexdigest()[:16], ""])


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Shot:
    """Compares a screen with its file, or writes the file."""

    def compare(app: Lab, name: str, size: tuple[int, int]) -> None:
        path, found = FOLDER / f"{name}-{size[0]}x{size[1]}.txt", described(app)
        if request.config.getoption("--update-snapshots"):
            FOLDER.mkdir(exist_ok=True)
            path.write_text(found, encoding="utf-8")
        assert path.is_file(), f"no snapshot {path.name}; look at the screen, then run with --update-snapshots"
        assert found == path.read_text(encoding="utf-8"), f"{path.name} stands otherwise"

    return compare


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch, shelve: Callable[[dict[str, str]], None]) -> None:
    """The gallery has two scenarios."""
    monkeypatch.setenv("TZ", "UTC")
    lines = [f"{key} = {value!r}" for key, value in TEXTS.items()]
    edge = "\n".join([
        'title = "The edge of stability"', *lines, 'tags = ["sharpness", "optimisation"]',
        'problem = { kind = "bowl" }', 'optimizer = { kind = "gradient_descent" }', "run = { steps = 10 }",
    ])  # fmt: skip
    shelve({"edge": edge, "torn": "title = 3\n"})


async def at_every_size(pilot: Pilot[int], shot: Callable[[tuple[int, int]], Awaitable[None]]) -> None:
    for size in SIZES:
        await pilot.resize_terminal(*size)
        await pilot.pause()
        await shot(size)


def test_the_gallery(shot: Shot) -> None:
    async def main() -> None:
        app = Lab(STILL)
        async with app.run_test(size=SIZES[0]) as pilot:
            app.push_screen(gallery := Gallery(app.inks, app.options, lambda: NOW))
            await pilot.pause()
            await pilot.press("e", "d")

            async def take(size: tuple[int, int]) -> None:
                gallery._repaint()
                await pilot.pause()
                shot(app, "gallery", size)

            await at_every_size(pilot, take)

    asyncio.run(main())


def test_starting(shot: Shot) -> None:
    held = threading.Event()

    def launch() -> None:
        held.wait(20)
        raise RuntimeError("nobody waits any more")

    async def main() -> None:
        app = Lab(STILL)
        async with app.run_test(size=SIZES[0]) as pilot:
            app.post_message(OpenBench(launch, "The edge of stability"))  # type: ignore[arg-type]
            await pilot.pause()

            async def take(size: tuple[int, int]) -> None:
                shot(app, "starting", size)

            await at_every_size(pilot, take)
            held.set()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("live", ()),
        ("replay", ()),
        ("claims", ("c",)),
        ("help", ("question_mark",)),
        ("actions", ("colon",)),
        ("chapters", ("C",)),
    ],
)
def test_the_bench(name: str, keys: tuple[str, ...], watch, told, claim, deaf, shot: Shot) -> None:
    turned = Event(200, "turn", "η: 0.4 → 0.2", {"knob": "learning_rate", "value": 0.2, "old": 0.4}, 0.5)
    ending = (Footer(999, "finished", "", 2.5),) if name == "replay" else ()
    source = told(turned, *ending, accepts=deaf if name == "replay" else None, claims=[claim], **TEXTS)

    async def script(seen) -> None:
        await seen.press(*keys)
        for size in SIZES:
            await seen.resize(*size)
            shot(seen.app, name, size)

    watch(script, source, size=SIZES[0], options=STILL)


def test_too_small(watch, told, shot: Shot) -> None:
    async def script(seen) -> None:
        await seen.press()
        shot(seen.app, "too-small", (30, 8))

    watch(script, told(), size=(30, 8), options=STILL)

"""Sessions with everything that a page shows, and the browser that opens it."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltlab import records
from dltlab.exports.abstract import Wanted
from dltlab.exports.exported import Exported
from dltlab.exports.page import Page
from dltlab.records import Arm, Array, Event, Footer, Frames, Header, Knob, Part, Record, Series
from dltlab.session import notes as sidecar

QUESTION = {
    "name": "next", "at": "turned", "ask": "η is halved now: what will the sharpness do?", "answer": 1,
    "choices": ["it falls", "it climbs to the new 2/η", "nothing"], "why": "The edge has moved up.",
}  # fmt: skip
EDGE = {
    "name": "edge", "kind": "level", "says": "At the edge λ₁ stands at 2/η.", "series": "sharpness",
    "statistic": "max", "window": [0.25, 0.5], "predicted": 5.0, "tolerance": 0.1,
}  # fmt: skip
LOW = {
    "name": "low", "kind": "level", "says": "The loss ends below a millionth.", "series": "loss",
    "statistic": "last", "below": 1e-6,
}  # fmt: skip
PANELS = [
    {"kind": "curves", "title": "Sharpness at its edge", "series": ["sharpness"], "y_min": 0.0, "y_max": 12.0},
    {"kind": "curves", "title": "Loss", "series": ["loss"], "scale": "log"},
    {"kind": "profile", "title": "Spectrum", "series": ["spectrum"], "scale": "log"},
    {"kind": "bars", "title": "Spectrum, as bars", "series": ["spectrum"]},
    {"kind": "plane", "title": "Where it goes", "path": "position"},
    {"kind": "heat", "title": "A kernel", "series": ["kernel"]},
    {"kind": "histogram", "title": "Its entries", "series": ["kernel"], "bins": 6},
    {"kind": "globe", "title": "A globe", "series": ["kernel"]},
]


def scenario(**more: Any) -> dict[str, Any]:
    """The tables of a scenario."""
    probes = {"loss": {"kind": "loss"}, "sharpness": {"kind": "sharpness"}, "movement": {"kind": "weight_movement"}}
    said = {
        "title": "A lecture", "abstract": "The sharpness climbs to 2/η and stays.", "sources": ["A paper, 2021"],
        "look_for": ["The dashed line."], "probes": probes, "theories": {"sharpness": {"kind": "stability_threshold"}},
        "panels": PANELS, "claims": [EDGE, LOW], "questions": [QUESTION],
    }  # fmt: skip
    return {**said, **more}


def header(steps: int, tables: dict[str, Any], *, arms: bool = False) -> Header:
    """A single run; or two arms of three seeds."""
    lead, shape = (("arm", "seed"), (2, 3)) if arms else ((), ())

    def series(name: str, title: str, *own: tuple[str, int], every: int = 1, source: str = "", **more: Any) -> Series:
        axes, sizes = tuple(axis for axis, _ in own), tuple(size for _, size in own)
        return Series(name, title, lead + axes, shape + sizes, "<f8", every, source=source, **more)

    told = (
        series("loss", "training loss", source="probes.loss", scale="log"),
        series("sharpness", "sharpness", source="probes.sharpness", every=5, bar="sharpness.error", tolerance=0.001),
        series("sharpness.error", "error", source="probes.sharpness", every=5),
        series("sharpness.theory", "2/η", source="theories.sharpness", every=5),
        series("movement", "weight movement", source="probes.movement", every=5),
        series("spectrum", "spectrum", ("eigenvalue", 4), every=5),
        series("position", "position", ("axis", 2), every=5),
        series("kernel", "kernel", ("row", 3), ("column", 3), every=5),
    )
    return Header(
        records.FORMAT, "made", "2026-01-02T03:04:05+00:00", str(tables["title"]), tables, "made", steps, 1, None,
        (0, 1, 2) if arms else (0,), told, (Knob("learning_rate", "η", 0.4, 0.05, 1.0),), 7, "float64",
        "gradient_descent", {"dltlab": "0"}, {"kind": "cpu"}, 1, "f" * 8,
        arms=(Arm("slow", "η = 0.1", 0.1), Arm("fast", "η = 0.4", 0.4)) if arms else (),
    )  # fmt: skip


def value(name: str, step: np.ndarray, planned: int) -> np.ndarray:
    """What a series reads, shape (n, *own)."""
    part = step / planned
    match name:
        case "loss":
            return 10.0 ** (-4 * part) * (1 + 0.3 * np.sin(step))
        case "sharpness":
            return np.where(part <= 0.5, 5.0, 10.0) * np.minimum(1, 0.5 + 2.5 * (part - 0.5 * (part > 0.5)))
        case "sharpness.error":
            return 0.02 + 0 * part
        case "sharpness.theory":
            return np.where(part <= 0.5, 5.0, 10.0)
        case "movement":
            return part
        case "spectrum":
            return np.stack([5 * part + at + 1 for at in range(4)], axis=1)
        case "kernel":
            return np.where(np.eye(3) > 0, 2.0, -part[:, None, None])
        case _:
            return np.stack([np.cos(6 * part), np.sin(6 * part)], axis=1)


def told(steps: int, tables: dict[str, Any], *, arms: bool = False) -> Iterator[Record]:
    """The session: halfway η is halved, at three quarters somebody leaves a mark."""
    head = header(steps, tables, arms=arms)
    yield head
    for first in range(0, steps + 1, 1000):
        last, parts = min(first + 999, steps), []
        for every in (1, 5):
            at = np.arange(first, last + 1, every)
            columns = {}
            for series in head.series:
                if series.every == every:
                    read = value(series.name, at, steps)
                    if arms:
                        read = read[:, None, None] * np.linspace(1, 1.2, 6).reshape(1, 2, 3, *[1] * (read.ndim - 1))
                    columns[series.name] = Array.of(np.ascontiguousarray(read))
            parts.append(Part(first, every, len(at), columns))
        yield Frames(last, tuple(parts), 0.01 * last, 0.01)
    yield Event(steps // 2, "turn", "η was turned from 0.4 to 0.2.", {"knob": "learning_rate", "value": 0.2})
    yield Event(3 * steps // 4, "mark", "look here", {})
    yield Footer(steps, "finished", "finished", 1.0)


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., Path]:
    """Record a session."""

    def write(steps: int = 400, *, name: str = "kept", arms: bool = False, **tables: Any) -> Path:
        path = tmp_path / f"{name}{records.SUFFIX}"
        path.write_bytes(b"".join(map(records.encode, told(steps, scenario(**tables), arms=arms))))
        return path

    return write


def page_of(recording: Path) -> bytes:
    """The page of a recording."""
    out = io.BytesIO()
    Page().write(Exported(recording), out, Wanted(), lambda _: None)
    return out.getvalue()


@pytest.fixture
def page(keep: Callable[..., Path]) -> Callable[..., Path]:
    """Record a session, with a note and the answer of a class, and export its page."""

    def write(steps: int = 400, **more: Any) -> Path:
        recording = keep(steps, **more)
        beside = sidecar.read(recording)
        beside.add(steps // 4, "Watch the dashed line.", speech="breathe")
        beside.answer(steps // 2, "next", counts=(2, 5, 1))
        out = recording.with_suffix(".html")
        out.write_bytes(page_of(recording))
        return out

    return write


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium with a profile of its own; tests that need it are skipped where none is found.

    It ends with its module: as long as it lasts an event loop runs, and no other test could run one.
    """
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    if not found:
        pytest.skip("no Chromium on PATH")
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run",
    ]  # fmt: skip
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found[0], args=flags)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page; at the end it must have said nothing to the console and asked for nothing but itself."""
    contexts, said = [], []

    def go(path: Path, **look: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **look}
        )
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        tab.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda fault: said.append(f"error: {fault}"))
        tab.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        tab.on("request", lambda asked: asked.url in (path.as_uri(), "data:,") or said.append(f"asked {asked.url}"))
        tab.goto(path.as_uri())
        # The page's policy refuses what playwright would wait for a condition with.
        tab.locator("#step[aria-valuetext]").wait_for()
        return tab

    yield go
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="session")
def exported() -> Callable[[Path], bytes]:
    """The page of a recording."""
    return page_of


@pytest.fixture(scope="session")
def made() -> Callable[..., Iterator[Record]]:
    """The records of a session."""
    return lambda steps, **tables: told(steps, scenario(**tables))

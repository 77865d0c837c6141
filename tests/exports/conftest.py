"""Recordings with everything that an export must carry: every dtype, gaps, NaN and infinities, seeds and arms."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from dltlab import records
from dltlab.records import Arm, Array, Event, Footer, Frames, Header, Keyframe, Part, Record, Series

STEPS = 60
CHUNK = 7
LEADS = {"one": (), "seeds": (("seed", 3),), "arms": (("arm", 2), ("seed", 3))}
SERIES = (
    ("loss", "<f8", (), 1),
    ("loss.single", "<f4", (), 2),
    ("spectrum", "<f8", (("eigenvalue", 2),), 5),
    ("count", "<i8", (), 3),
    ("small", "<i4", (), 1),
    ("rises", "|b1", (), 1),
)


def header(kind: str) -> Header:
    """A session of one run, of three seeds, or of two arms, the second of which has two seeds."""
    lead = LEADS[kind]
    series = []
    for name, dtype, own, every in SERIES:
        axes, shape = zip(*(lead + own), strict=True) if lead + own else ((), ())
        series.append(Series(name, name, axes, shape, dtype, every))
    return Header(
        records.FORMAT, f"made-{kind}", "2026-01-02T03:04:05+00:00", "A made | session", {"title": "made"},
        "/a/folder/made", STEPS, 1, None, (0,) if kind == "one" else (3, 5, 8), tuple(series),
        (records.Knob("learning_rate", "η", 0.1, 0.01, 1.0),), 1, "float64", "gradient_descent", {},
        {"kind": "cpu", "node": "lab7"}, 1, "f" * 8,
        4321, "/a/socket",
        arms=(Arm("wide", "wide"), Arm("narrow, thin", "narrow", seeds=2)) if kind == "arms" else (),
    )  # fmt: skip


def readings(series: Series, steps: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Numbers of every size, and among floats what is no number."""
    shape, dtype = (len(steps), *series.shape), np.dtype(series.dtype)
    if dtype.kind == "b":
        return draw.integers(0, 2, shape).astype(dtype)
    if dtype.kind == "i":
        return draw.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype)
    values = draw.standard_normal(shape) * 10.0 ** draw.integers(-300 if dtype.itemsize == 8 else -37, 30, shape)
    odd = draw.choice([0.0, -0.0, np.nan, np.inf, -np.inf, np.finfo(dtype).tiny / 8], shape)
    return np.where(draw.random(shape) < 0.3, odd, values).astype(dtype)


def told(kind: str) -> Iterator[Record]:
    """The session in chunks, each with a part for every cadence."""
    head, draw = header(kind), np.random.default_rng(7)
    yield head
    for first in range(0, STEPS, CHUNK):
        parts = []
        for every in sorted({series.every for series in head.series}):
            steps = np.array([step for step in range(first, min(first + CHUNK, STEPS)) if step % every == 0])
            if len(steps):
                columns = {one.name: Array.of(readings(one, steps, draw)) for one in head.series if one.every == every}
                parts.append(Part(int(steps[0]), every, len(steps), columns))
        reached = min(first + CHUNK, STEPS) - 1
        yield Frames(reached, tuple(parts), 0.5 * (reached + 1), 0.01, 0.1 * reached)
        if first == CHUNK:
            yield Event(reached, "turn", "η is turned", {"knob": "learning_rate", "value": 0.2}, 3.0)
            yield Keyframe(reached, {"theta": Array.of(np.arange(3.0))}, "digest")
            yield Event(reached, "mark", "half | way", {}, 3.5)
    yield Footer(STEPS - 1, "finished", "finished as told", 0.5 * STEPS)


def again(kind: str) -> Iterator[Record]:
    """The same, killed and continued: a chunk comes twice, and then holds a series that was not read there before."""
    said = list(told(kind))
    chunks = [place for place, record in enumerate(said) if isinstance(record, Frames)]
    first = said[chunks[3]]
    assert isinstance(first, Frames)
    poorer = tuple(
        Part(part.first, part.stride, part.count, {name: one for name, one in part.columns.items() if name != "loss"})
        for part in first.parts
    )
    said[chunks[3]] = Frames(first.step, poorer, first.wall, first.busy, first.clock)
    said.insert(chunks[3] + 1, Event(first.step - CHUNK, "continued", "It goes on.", {}, 9.0))
    said.insert(chunks[3] + 2, first)
    yield from said


def keep(path: Path, said: Iterator[Record] | list[Record]) -> Path:
    """Write a recording."""
    path.write_bytes(b"".join(map(records.encode, said)))
    return path


@pytest.fixture(params=["one", "seeds", "arms", "again"])
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A recording of every kind, one after the other."""
    said = again("seeds") if request.param == "again" else told(request.param)
    return keep(tmp_path / f"{request.param}{records.SUFFIX}", said)


@pytest.fixture
def made(tmp_path: Path) -> Callable[[str], Path]:
    """A recording of one kind."""
    return lambda kind: keep(tmp_path / f"{kind}{records.SUFFIX}", told(kind))


def lines(path: Path) -> list[dict]:
    """JSON Lines, strictly: a NaN without quotes is none."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return [json.loads(line, parse_constant=refuse) for line in path.read_text(encoding="utf-8").splitlines()]

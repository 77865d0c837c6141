"""A recording told by hand, and films of it."""

import io
from collections.abc import Callable

import numpy as np
import pytest

from dltlab.exports.abstract import AbstractExport, Wanted
from dltlab.exports.exported import Exported
from dltlab.records import (
    FORMAT,
    SUFFIX,
    Array,
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
from dltlab.terminal import filming

STEPS = 400
CHUNK = 80
CLAIM = {"name": "edge", "kind": "plateau", "says": "At the edge λ₁·η/2 hovers at 1.", "series": "sharpness",
         "component": 0, "relative_to": "sharpness.theory", "window": [0.5, 1.0], "predicted": 1.0,
         "tolerance": 0.03}  # fmt: skip


def header(title: str, mode: str) -> Header:
    """A session of one seed with loss, sharpness and a matrix."""
    series = (
        Series("loss", mode, scale="log"),
        Series("sharpness", "sharpness", ("eigenvalue",), (3,)),
        Series("sharpness.theory", "2/η"),
        Series("field", "field", ("row", "column"), (4, 6)),
    )
    probes = {"loss": "loss", "sharpness": {"kind": "sharpness"}}
    tables = {"probes": probes, "claims": [CLAIM], "look_for": ["The sharpness climbs to the dashed line 2/η."]}
    knobs = (Knob("learning_rate", "η", 0.4, 0.05, 1.0),)
    return Header(
        FORMAT, "edge-1", "2026-01-01T00:00:00Z", title, tables, "edge", STEPS, 1, 400.0, (0,), series, knobs, 161,
        "float64", "gradient_descent", {}, {"kind": "cpu"}, 1, "",
    )  # fmt: skip


def frames(start: int, count: int) -> Frames:
    """A stretch of progressive sharpening."""
    steps = np.arange(start, start + count)
    sharpness = np.minimum(0.5 + steps / 40, 5.0)
    columns = {
        "loss": np.exp(-steps / 100),
        "sharpness": sharpness[:, None] * np.array([1.0, 0.7, 0.4]),
        "sharpness.theory": np.full(count, 5.0),
        "field": np.sin(steps[:, None, None] / 50 + np.arange(24).reshape(4, 6)),
    }
    part = Part(start, 1, count, {name: Array.of(values) for name, values in columns.items()})
    return Frames(start + count - 1, (part,), (start + count) / 100, 0.01, 0.4 * (start + count))


def records(title: str, mode: str, mark: str) -> list[Record]:
    """The whole session: a mark, a turn, and an end."""
    chunks = [frames(start, CHUNK) for start in range(0, STEPS, CHUNK)]
    event = Event(159, "mark", mark, {"label": mark}, 1.6)
    turn = Event(239, "turn", "η = 0.2", {"knob": "learning_rate", "value": 0.2}, 2.4)
    end = Footer(STEPS - 1, "finished", "", 4.0)
    return [header(title, mode), *chunks[:2], event, chunks[2], turn, *chunks[3:], end]


Told = Callable[..., Exported]
Written = Callable[..., bytes]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Makes a recording of records."""

    def make(title: str = "The edge of stability", mode: str = "training loss", mark: str = "half way") -> Exported:
        path = tmp_path_factory.mktemp("told") / f"edge-1{SUFFIX}"
        path.write_bytes(b"".join(encode(record) for record in records(title, mode, mark)))
        return Exported(path)

    return make


@pytest.fixture(scope="module")
def written(told: Told) -> Written:
    """Exports a recording: the bytes."""

    def write(name: str, wanted: Wanted | None = None, session: Exported | None = None) -> bytes:
        export: AbstractExport = filming.FORMATS[name]
        out = io.BytesIO()
        shares: list[float] = []
        export.write(session or told(), out, wanted or Wanted(), shares.append)
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1.0)
        return out.getvalue()

    return write

"""A recording told by hand, and films of it."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab.exports.abstract import AbstractExport, Wanted
from dltlab.exports.exported import Exported
from dltlab.records import SUFFIX, Array, Event, Footer, Frames, Header, Part, Record, Series, encode
from dltlab.terminal import filming

STEPS = 400
CHUNK = 80


def header(head: Header, claim: dict[str, object], title: str, mode: str) -> Header:
    """The header of a shorter session with a matrix, and with what theory promises of it."""
    loss, sharpness, theory, *_ = head.series
    field = Series("field", "field", ("row", "column"), (4, 6))
    probes = {"loss": "loss", "sharpness": {"kind": "sharpness"}}
    tables = {"probes": probes, "claims": [claim], "look_for": ["The sharpness climbs to the dashed line 2/η."]}
    series = (replace(loss, title=mode), sharpness, theory, field)
    return replace(head, title=title, scenario=tables, steps=STEPS, series=series, knobs=head.knobs[:1])


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


def records(head: Header, mark: str) -> list[Record]:
    """The whole session: a mark, a turn, and an end."""
    chunks = [frames(start, CHUNK) for start in range(0, STEPS, CHUNK)]
    event = Event(159, "mark", mark, {"label": mark}, 1.6)
    turn = Event(239, "turn", "η = 0.2", {"knob": "learning_rate", "value": 0.2}, 2.4)
    end = Footer(STEPS - 1, "finished", "", 4.0)
    return [head, *chunks[:2], event, chunks[2], turn, *chunks[3:], end]


Told = Callable[..., Exported]
Written = Callable[..., bytes]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, head: Header, claim: dict[str, object]) -> Told:
    """Makes a recording of records."""

    def make(title: str = "The edge of stability", mode: str = "training loss", mark: str = "half way") -> Exported:
        path = tmp_path_factory.mktemp("told") / f"edge-1{SUFFIX}"
        path.write_bytes(b"".join(encode(record) for record in records(header(head, claim, title, mode), mark)))
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

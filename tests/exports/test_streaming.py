"""Formats that stream write as they read: what they hold is a piece of the recording, however long it is."""

import functools
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from dltlab import records
from dltlab.exports import FORMATS, Wanted
from dltlab.exports.delivery import deliver
from dltlab.exports.exported import Exported
from dltlab.exports.gathering import gathered
from dltlab.exports.rows import LARGEST, Rows
from dltlab.exports.rows import told as rows_of
from dltlab.records import Array, Frames, Header, Part, Record, Series

ROWS, CHUNKS = 500, 80


def told() -> Iterator[Record]:
    """A long session of one series: some pieces of a file."""
    yield Header(
        records.FORMAT, "long", "", "Long", {}, "long", ROWS * CHUNKS, 1, None, (0,),
        (Series("x", "x", ("place",), (8,)),), (), 1, "float64", "", {}, {}, 1, "",
    )  # fmt: skip
    values = Array.of(np.random.default_rng(0).standard_normal((ROWS, 8)))
    for chunk in range(CHUNKS):
        yield Frames(ROWS * (chunk + 1) - 1, (Part(ROWS * chunk, 1, ROWS, {"x": values}),), float(chunk), 0.1)


@pytest.mark.parametrize("format_", ["csv", "jsonl", "tensorboard"])
def test_what_was_read_is_written_before_more_is_read(tmp_path: Path, format_: str) -> None:
    recording, out = tmp_path / f"long{records.SUFFIX}", io.BytesIO()
    recording.write_bytes(b"".join(map(records.encode, told())))
    written: list[tuple[float, int]] = []
    FORMATS[format_].write(
        Exported(recording), out, Wanted(), lambda share: written.append((share, len(out.getbuffer())))
    )
    whole = len(out.getbuffer())
    shares = [share for share, _ in written]
    assert shares == sorted(shares)
    assert shares[-1] > 0.9
    # The first third is a first look at the steps alone.
    behind = [(share - 1 / 3) * 3 / 2 - size / whole for share, size in written if share > 1 / 3]
    assert len(behind) >= 3
    assert max(behind) < 0.45


def sparse() -> Iterator[Record]:
    """A chunk of many rows in which a wide series is read four times."""
    wide = Series("wide", "wide", ("place",), (4096,), every=1024)
    yield Header(
        records.FORMAT, "sparse", "", "Sparse", {}, "sparse", 4096, 1, None, (0,), (Series("loss", "loss"), wide), (),
        1, "float64", "", {}, {}, 1, "",
    )  # fmt: skip
    often = Part(0, 1, 4096, {"loss": Array.of(np.arange(4096.0))})
    seldom = Part(0, 1024, 4, {"wide": Array.of(np.arange(4 * 4096.0).reshape(4, 4096))})
    yield Frames(4095, (often, seldom), 1.0, 0.1)


def test_a_wide_series_that_is_seldom_read_takes_the_memory_of_its_readings(tmp_path: Path) -> None:
    recording, out = tmp_path / f"sparse{records.SUFFIX}", io.BytesIO()
    recording.write_bytes(b"".join(map(records.encode, sparse())))
    session = Exported(recording)
    pieces = [rows for rows in rows_of(session, session.header.series, lambda _: None) if isinstance(rows, Rows)]
    numbers = [sum(readings.values.size for readings in rows.columns.values()) for rows in pieces]
    assert max(numbers) <= LARGEST
    assert np.array_equal(np.concatenate([rows.steps for rows in pieces]), np.arange(4096))
    tracemalloc.start()
    try:
        FORMATS["jsonl"].write(session, out, Wanted(), lambda _: None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert out.getvalue().count(b"\n") == 1 + 4096
    assert peak < 16 << 20


def test_parquet_writes_a_group_of_rows_whenever_there_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, out = tmp_path / f"long{records.SUFFIX}", tmp_path / "out.parquet"
    recording.write_bytes(b"".join(map(records.encode, told())))
    monkeypatch.setattr("dltlab.exports.parquet.gathered", functools.partial(gathered, most=50_000))
    deliver(FORMATS["parquet"], recording, out, Wanted(), mode="none")
    groups = parquet.read_metadata(out)
    rows = [groups.row_group(place).num_rows for place in range(groups.num_row_groups)]
    assert sum(rows) == ROWS * CHUNKS
    assert len(rows) == 7
    assert max(rows) * 9 <= 50_000 + ROWS * 9

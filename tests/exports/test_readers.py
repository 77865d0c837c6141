"""Every data format, opened by the program that its users open it with, is the History again, bit for bit."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

from dltlab.exports import FORMATS, Wanted
from dltlab.exports.columns import Flat, columns
from dltlab.exports.delivery import deliver
from dltlab.session.history import Column, History
from dltlab.session.recording import read_all


def _conftest() -> ModuleType:
    spec = importlib.util.spec_from_file_location("exports_conftest", Path(__file__).with_name("conftest.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lines = _conftest().lines


def exported(recording: Path, format_: str, suffix: str, series: tuple[str, ...] | None = None) -> Path:
    out = recording.with_name(f"out{suffix}")
    deliver(FORMATS[format_], recording, out, Wanted(series=series), mode="none")
    return out


def same(found: Any, expected: np.ndarray) -> None:
    """Equal to the last bit: also which zero it is, and where there is no number."""
    found = np.ascontiguousarray(found, expected.dtype)
    assert found.shape == expected.shape
    nan = np.isnan(expected) if expected.dtype.kind == "f" else np.zeros(expected.shape, bool)
    assert (np.isnan(found) == nan).all() if expected.dtype.kind == "f" else True
    bits = [np.where(nan, 0, values).astype(expected.dtype).tobytes() for values in (found, expected)]
    assert bits[0] == bits[1]


def flats(history: History) -> list[tuple[Flat, Column, np.ndarray]]:
    """Per column of a table its readings, laid out by hand: members that an arm does not have are no columns."""
    named = {(flat.series, flat.place): flat for flat in columns(history.header, history.header.series)}
    found, seeds = [], [arm.seeds for arm in history.header.arms]
    for name, column in history.columns.items():
        for index in np.ndindex(*column.series.shape):
            if not seeds or index[1] < seeds[index[0]]:
                place = int(np.ravel_multi_index(index, column.series.shape)) if index else 0
                found.append((named.pop((name, place)), column, column.values[(slice(None), *index)]))
    assert not named
    assert len(found) > 5
    return found


def test_the_recordings_hold_what_is_hard(recording: Path) -> None:
    history, note = read_all(recording)
    values = history["loss"].values
    assert not note
    assert np.isnan(values).any()
    assert np.isposinf(values).any()
    assert np.isneginf(values).any()
    assert len(history["loss"]) > len(history["spectrum"]) > 5


def test_pandas_reads_the_csv(recording: Path) -> None:
    history, _ = read_all(recording)
    path = exported(recording, "csv", ".csv")
    plain = pd.read_csv(path, index_col="step")
    told = pd.read_csv(path, dtype=str, keep_default_na=False, index_col="step")
    every = np.unique(np.concatenate([column.steps for column in history.columns.values()]))
    assert plain.index.tolist() == every.tolist()
    assert list(plain.columns) == [flat.name for flat, _, _ in flats(history)]
    for flat, column, values in flats(history):
        digits, there = told[flat.name], plain[flat.name].loc[column.steps]
        assert every[digits.to_numpy() != ""].tolist() == column.steps.tolist()
        if column.series.dtype in ("|b1", "<i8", "<i4"):
            # A column of whole numbers with gaps is one of floats to pandas; its digits are all in the file.
            same([{"True": 1, "False": 0}.get(one, one) for one in digits if one], values)
        else:
            same(there.to_numpy(np.float64), values.astype(np.float64))


def test_pyarrow_reads_the_parquet(recording: Path) -> None:
    history, _ = read_all(recording)
    path = exported(recording, "parquet", ".parquet")
    table = parquet.read_table(path)
    assert json.loads(table.schema.metadata[b"dltlab"])["title"] == "A made | session"
    steps = table["step"].to_numpy()
    assert (np.diff(steps) > 0).all()
    for flat, column, values in flats(history):
        there = table[flat.name].drop_null()
        assert steps[~table[flat.name].is_null().to_numpy()].tolist() == column.steps.tolist()
        assert there.type.to_pandas_dtype() == np.dtype(column.series.dtype).type
        same(there.to_numpy(), values)
    assert pd.read_parquet(path).shape == table.shape


def test_numpy_reads_the_npz(recording: Path) -> None:
    history, _ = read_all(recording)
    with np.load(exported(recording, "npz", ".npz"), allow_pickle=False) as archive:
        own = {"dltlab/header", "dltlab/events"}
        assert set(archive.files) == {*history.columns, *(f"{name}/steps" for name in history.columns), *own}
        for name, column in history.columns.items():
            assert archive[name].dtype == np.dtype(column.series.dtype)
            same(archive[name], column.values)
            same(archive[f"{name}/steps"], column.steps)
        assert json.loads(archive["dltlab/header"].item())["seeds"] == list(history.header.seeds)
        events = json.loads(archive["dltlab/events"].item())
        assert [event["text"] for event in events] == [event.text for event in history.events]


def test_json_reads_the_lines(recording: Path) -> None:
    history, _ = read_all(recording)
    first, *others = lines(exported(recording, "jsonl", ".jsonl"))
    assert (first["kind"], first["format"]) == ("session", "dltlab-export/1")
    assert not {"socket", "pid"} & set(first["header"])
    assert first["header"]["source"] == "made"
    assert first["header"]["device"] == {"kind": "cpu"}
    rows = [line for line in others if line["kind"] == "row"]
    assert (np.diff([row["step"] for row in rows]) > 0).all()
    for name, column in history.columns.items():
        there = [row for row in rows if name in row["values"]]
        assert [row["step"] for row in there] == column.steps.tolist()
        floats = column.series.dtype in ("<f8", "<f4")
        values = [_numbers(row["values"][name]) if floats else row["values"][name] for row in there]
        same(np.array(values, column.series.dtype), column.values)
    assert [one["text"] for one in others if one["kind"] == "event"] == [event.text for event in history.events]
    assert others[-1]["kind"] == "footer"


def _numbers(value: Any) -> Any:
    return [_numbers(one) for one in value] if isinstance(value, list) else float(value)


def test_tensorboard_reads_its_events(recording: Path) -> None:
    history, _ = read_all(recording)
    path = exported(recording, "tensorboard", ".tfevents")
    board = EventAccumulator(str(path), size_guidance={"scalars": 0})
    board.Reload()
    assert sorted(board.Tags()["scalars"]) == sorted(flat.tag for flat, _, _ in flats(history))
    begun = 1767323045.0
    for flat, column, values in flats(history):
        scalars = board.Scalars(flat.tag)
        assert [one.step for one in scalars] == column.steps.tolist()
        with np.errstate(over="ignore"):
            same([one.value for one in scalars], values.astype(np.float32))
        assert all(begun <= one.wall_time <= begun + 30 for one in scalars)
        assert (np.diff([one.wall_time for one in scalars]) >= 0).all()


def test_tensorboard_checks_the_sums_of_every_record(recording: Path) -> None:
    path = exported(recording, "tensorboard", ".tfevents")
    whole = len(list(RawEventFileLoader(str(path)).Load()))
    assert whole > 30
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    assert len(list(RawEventFileLoader(str(path)).Load())) < whole


@pytest.mark.parametrize("format_", ["csv", "parquet", "npz", "jsonl", "tensorboard"])
def test_only_the_chosen_series_are_there(recording: Path, format_: str) -> None:
    everything = exported(recording, format_, ".whole").read_bytes()
    chosen = exported(recording, format_, ".chosen", ("spectrum", "count")).read_bytes()
    assert len(chosen) < len(everything)
    rest = chosen[chosen.index(b"\n") :] if format_ == "jsonl" else chosen
    assert b"count" in rest
    assert b"rises" in everything
    if format_ != "parquet":
        # A Parquet file has the header in its metadata, with all series.
        assert b"rises.npy" not in rest
        assert format_ == "npz" or b"rises" not in rest

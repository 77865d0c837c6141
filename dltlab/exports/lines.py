"""JSON Lines: what a session told, a line a step."""

import math
from pathlib import PurePath
from typing import Any, BinaryIO, ClassVar, Final, final

import msgspec
import numpy as np

from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.exports.rows import Rows, chosen, told
from dltlab.records import Header, Series

FORMAT: Final = "dltlab-export/1"
_ENCODER: Final = msgspec.json.Encoder()
_OURS_ALONE: Final = ("record", "format", "pid", "socket")


@final
class JsonLines(AbstractExport):
    """One JSON object a line, each with its ``kind``, in UTF-8.

    ==========  =====================================================================================
    kind        and beside it
    ==========  =====================================================================================
    session     first: ``format`` ("dltlab-export/1") and ``header``: title, scenario, series, seeds …
    row         ``step``, ``wall`` (seconds since the start) and ``values``: by series a number, or
                nested lists of the shape that the header gives; series not read then are left out
    event       ``step``, ``what``, ``text``, ``data``, ``wall``: a turned knob, a kick, a mark …
    footer      last, where the session ended by itself: ``step``, ``reason``, ``text``, ``wall``
    ==========  =====================================================================================

    JSON has no name for what is no finite number, so these are the strings ``"nan"``, ``"inf"`` and
    ``"-inf"``, which ``float()`` reads. Every other number comes back with the same bits. Rows come
    in order of their steps; an event stands between the rows where the session told it.
    """

    name: ClassVar[str] = "jsonl"
    says: ClassVar[str] = "JSON Lines for scripts and jq: a line a step, and the events between"
    patterns: ClassVar[tuple[str, ...]] = ("*.jsonl", "*.ndjson")
    takes: ClassVar[frozenset[str]] = frozenset({"series"})

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Write the lines as they come."""
        series = chosen(session, wanted.series)
        _line(out, {"kind": "session", "format": FORMAT, "header": facts(session.header)})
        for one in told(session, series, progress):
            if isinstance(one, Rows):
                for row in _rows(one, series):
                    _line(out, row)
            else:
                record = msgspec.to_builtins(one)
                _line(out, {"kind": record.pop("record"), **_spelt(record)})


def facts(header: Header) -> dict[str, Any]:
    """A header as it may be handed out: without what is of the machine that recorded it, its name and its folders."""
    told = msgspec.to_builtins(header)
    told["source"] = PurePath(header.source).name
    told["device"] = {key: value for key, value in header.device.items() if key != "node"}
    return _spelt({key: value for key, value in told.items() if key not in _OURS_ALONE})


def started(header: Header) -> float:
    """When the session started, in seconds since 1970; 0 where its header does not say it."""
    began = header.began()
    return began.timestamp() if began else 0.0


def _rows(rows: Rows, series: tuple[Series, ...]) -> list[dict[str, Any]]:
    found = [
        {"kind": "row", "step": step, "wall": wall, "values": {}}
        for step, wall in zip(rows.steps.tolist(), rows.walls.tolist(), strict=True)
    ]
    for one in series:
        there, values = rows.columns[one.name]
        read = values[there]
        told = read.tolist() if np.isfinite(read).all() else _spelt(read.tolist())
        for place, value in zip(np.flatnonzero(there).tolist(), told, strict=True):
            found[place]["values"][one.name] = value
    return found


def _spelt(value: Any) -> Any:
    """The same tree with every number that JSON has no name for as a string."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {key: _spelt(item) for key, item in value.items()}
        case list() | tuple():
            return [_spelt(item) for item in value]
        case _:
            return value


def _line(out: BinaryIO, told: dict[str, Any]) -> None:
    out.write(_ENCODER.encode(told) + b"\n")

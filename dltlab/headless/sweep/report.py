"""A sweep as one JSON object, ``dltlab-sweep/1``; ``dltlab schema --sweep`` prints its schema."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from dltlab import __version__
from dltlab.headless.report import RunReport, schema_of_report
from dltlab.headless.sweep.grid import Grid
from dltlab.headless.sweep.point import Point
from dltlab.headless.sweep.shown import Shown
from dltlab.text import cleaned

FORMAT: Final = "dltlab-sweep/1"


class AxisReport(Struct, frozen=True):
    """An axis of the grid."""

    key: Annotated[str, Meta(description="the scenario's dotted key")]
    values: Annotated[tuple[str, ...], Meta(description="its values as TOML, in their order")]


class PointReport(Struct, frozen=True):
    """A point of the grid."""

    values: Annotated[tuple[str, ...], Meta(description="one an axis")]
    shown: Annotated[dict[str, float | None], Meta(description="the numbers that --show asked for")]
    run: Annotated[RunReport, Meta(description="as in dltlab-report/1")]


class SweepReport(Struct, frozen=True):
    """What a call of ``dltlab sweep`` found."""

    format: Annotated[Literal["dltlab-sweep/1"], Meta(description="the version of this schema")]
    dltlab: Annotated[str, Meta(description="the version of dltlab")]
    created: Annotated[str, Meta(description="ISO 8601, UTC")]
    exit_code: Annotated[int, Meta(description="the largest of those of the points: what the process ended with")]
    grid: list[AxisReport]
    points: Annotated[list[PointReport], Meta(description="all of the grid, the last axis running fastest")]


def json_report(grid: Grid, points: Sequence[Point], shown: Sequence[Shown]) -> str:
    """A sweep as JSON in which no control character stands."""
    whole = SweepReport(
        FORMAT,
        __version__,
        dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        max((point.run.exit_code for point in points), default=0),
        [AxisReport(axis.key, axis.values) for axis in grid.axes],
        [PointReport(one.values, dict(zip(map(str, shown), one.shown, strict=False)), one.run) for one in points],
    )
    return msgspec.json.format(msgspec.json.encode(cleaned(msgspec.to_builtins(whole)))).decode()


def schema() -> dict[str, Any]:
    """JSON Schema (draft 7) of such a report."""
    return schema_of_report(SweepReport)

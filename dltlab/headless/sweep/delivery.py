"""Where the reports of a sweep go."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from dltlab.errors import UsageError
from dltlab.headless.delivery import STDOUT, ready, written
from dltlab.headless.sweep import tables
from dltlab.headless.sweep.grid import Grid
from dltlab.headless.sweep.point import Point
from dltlab.headless.sweep.report import json_report
from dltlab.headless.sweep.shown import Shown


class Delivery(Struct, frozen=True):
    """The reports that were asked for: a path each, None for none; ``-`` is standard output."""

    csv: Path | None = None
    json: Path | None = None

    @property
    def takes_stdout(self) -> bool:
        """Whether standard output belongs to a report."""
        return STDOUT in (self.csv, self.json)

    def check(self) -> None:
        """Find out whether every report has a place to go. Raises UsageError where one has none."""
        if self.csv is not None and self.csv == self.json:
            raise UsageError("two reports would go to the same place; give each a file of its own.")
        for path in filter(None, (self.csv, self.json)):
            ready(path)

    def write(self, grid: Grid, points: Sequence[Point], shown: Sequence[Shown]) -> None:
        """Write every report. Raises UsageError where one could not be written; the other was."""
        faults: list[UsageError] = []
        for path, made in ((self.csv, tables.comma_separated), (self.json, json_report)):
            if path == STDOUT:
                print(made(grid, points, shown), flush=True)
            elif path is not None:
                written(path, made(grid, points, shown), "w", faults)
        if faults:
            raise UsageError("\n".join(map(str, faults)))

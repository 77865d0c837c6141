"""CSV: one row a step, one column a number."""

import csv
import io
from typing import BinaryIO, ClassVar, final

from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.columns import cells, columns
from dltlab.exports.exported import Exported
from dltlab.exports.rows import Rows, chosen, told


@final
class Csv(AbstractExport):
    """A table as pandas, R and spreadsheets read it, after RFC 4180, in UTF-8.

    The first column is ``step``; the others are named by :mod:`dltlab.exports.columns`. A cell is empty
    where the series was not read at that step; a reading that is no number is ``nan``, ``inf`` or
    ``-inf``. Every number stands in as many digits as its float64 needs (of a float32 too: the float64
    that is equal to it), so that ``pandas.read_csv`` gives the same bits (before pandas 3 it does so with
    ``float_precision="round_trip"``).
    """

    name: ClassVar[str] = "csv"
    says: ClassVar[str] = "a table for pandas, R and spreadsheets: one row a step, one column a number"
    patterns: ClassVar[tuple[str, ...]] = ("*.csv",)
    takes: ClassVar[frozenset[str]] = frozenset({"series"})

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Write the rows as they come."""
        series = chosen(session, wanted.series)
        flat = columns(session.header, series)
        _write(out, [["step", *(_plain(column.name) for column in flat)]])
        for rows in told(session, series, progress):
            if isinstance(rows, Rows):
                _write(out, zip(rows.steps.tolist(), *cells(rows, flat, ""), strict=True))


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


def _write(out: BinaryIO, lines: object) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)  # type: ignore[arg-type]
    out.write(text.getvalue().encode())

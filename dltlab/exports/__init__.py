"""A session as a file for other programs: one file a format, one line here.

An export writes from the first byte to the last into what :mod:`dltlab.exports.delivery` opens for it,
which gives it its name when it is whole. Formats that need the terminal's room to be drawn stand on a
shelf of their own there, and are delivered the same way.
"""

from typing import Final

from dltlab.exports.abstract import AbstractExport, Wanted
from dltlab.exports.arrays import Npz
from dltlab.exports.lines import JsonLines
from dltlab.exports.page import Page
from dltlab.exports.parquet import Parquet
from dltlab.exports.report import Report
from dltlab.exports.table import Csv
from dltlab.exports.tensorboard import TensorBoard

__all__ = ["FORMATS", "AbstractExport", "Wanted"]

FORMATS: Final[dict[str, AbstractExport]] = {
    "csv": Csv(),
    "html": Page(),
    "parquet": Parquet(),
    "npz": Npz(),
    "jsonl": JsonLines(),
    "tensorboard": TensorBoard(),
    "markdown": Report(),
}
"""By name, in the order in which they are listed."""

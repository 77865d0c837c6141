"""NPZ: the readings of every series as one array, beside their steps."""

import io
import zipfile
from typing import BinaryIO, ClassVar, Final, final

import msgspec
import numpy as np
from msgspec.structs import replace

from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.exports.lines import facts
from dltlab.exports.rows import chosen
from dltlab.session.history import History
from dltlab.text import one_line

_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""That of every member: the same session gives the same bytes."""
_SLICE: Final = 1 << 20


@final
class Npz(AbstractExport):
    """NumPy's archive, read by ``numpy.load(…, allow_pickle=False)``.

    By series ``NAME``, one reading after the other in the recording's own dtype, bit for bit, and
    ``NAME/steps``, the step of each, int64. What the session is stands in ``dltlab/header`` and what
    happened in ``dltlab/events``: JSON, as arrays of one string.

    The names of arrays come one after the other in the file, so that the chosen series are held in memory
    as long as it is written; ``--series`` bounds that.
    """

    name: ClassVar[str] = "npz"
    says: ClassVar[str] = "arrays for NumPy: per series its steps and its values, bit for bit"
    patterns: ClassVar[tuple[str, ...]] = ("*.npz",)
    takes: ClassVar[frozenset[str]] = frozenset({"series"})
    text: ClassVar[bool] = False

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Read the session, and write its arrays one by one."""
        series = chosen(session, wanted.series)
        history = History(replace(session.header, series=series))
        for record in session.records(lambda share: progress(share / 2)):
            history.extend([record])
        events = [msgspec.to_builtins(event) for event in history.events]
        with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
            _add(archive, "dltlab/header", np.asarray(msgspec.json.encode(facts(session.header)).decode()))
            _add(archive, "dltlab/events", np.asarray(msgspec.json.encode(events).decode()))
            for done, (name, column) in enumerate(history.columns.items(), 1):
                entry = one_line(name).replace("/", "_").replace("\\", "_")
                _add(archive, entry, column.values)
                _add(archive, f"{entry}/steps", column.steps)
                progress(0.5 + done / len(series) / 2)


def _add(archive: zipfile.ZipFile, name: str, values: np.ndarray) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(values))
    with archive.open(zipfile.ZipInfo(f"{name}.npy", _DATE), "w", force_zip64=True) as member:
        member.write(head.getvalue())
        whole = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        for start in range(0, len(whole), _SLICE):
            member.write(whole[start : start + _SLICE].tobytes())

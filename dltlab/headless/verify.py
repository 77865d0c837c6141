"""A recording proved: computed once more by an engine of its own, and compared with what that one tells."""

import contextlib
import tempfile
import time
from pathlib import Path
from typing import Final

from dltlab import folders, records
from dltlab.errors import FAILS, HOLDS, EngineError, RecordingError, UsageError
from dltlab.progress import Progress
from dltlab.records import Footer, Frames
from dltlab.session import certificate, diff, live, logs, members
from dltlab.session.diff import Told
from dltlab.text import one_line

_REST: Final = 0.02
_NAMES: Final = ("the recording", "the re-execution")


def verify(path: Path, *, tolerance: float | None = None, json: bool = False, quiet: bool = False) -> int:
    """Compute a recording again and print what became of it; 0 if it is proved, else 1.

    A session that runs still is proved as far as it has got. It is only read.

    Raises:
        RecordingError: The file is no recording, or nothing is recorded yet.
        ScenarioError: The engine cannot make that session again; one line a fault.
        UsageError: There is no place for a second recording.
        EngineError: The engine died on its way.
    """
    one = diff.told(path)
    if not one.reached and not any(map(len, one.history.columns.values())):
        raise RecordingError(f"{one_line(str(path))}: nothing is recorded yet that could be computed again.")
    try:
        # What is computed again can be computed once more: it has no place among the sessions.
        place = tempfile.TemporaryDirectory(prefix="verify-", dir=folders.cache(), ignore_cleanup_errors=True)
    except OSError as fault:
        where, cure = one_line(str(folders.cache())), "set DLTLAB_CACHE_DIR to a folder that you may write to."
        raise UsageError(f"{where}: no second recording can be made there ({fault.strerror}); {cure}") from None
    with place as folder:
        other = _again(path, Path(folder) / f"again{records.SUFFIX}", one, quiet=quiet)
    found = diff.compare(one, other, tolerance=tolerance, whole=True)
    if json:
        print(certificate.json(found, one, other, _NAMES, again=True))
    else:
        print("\n".join(certificate.lines(found, one, other, _NAMES, again=True)))
    return FAILS if found.verdict == "differs" else HOLDS


def compare(one: Path, other: Path, *, tolerance: float | None = None, json: bool = False) -> int:
    """Compare two recordings and print what became of it; 0 if nothing differs too much, else 1.

    Raises:
        RecordingError: One of them is no recording, or they have nothing in common.
    """
    mine, others = members.in_common(diff.told(one), diff.told(other))
    found, names = diff.compare(mine, others, tolerance=tolerance), ("A", "B")
    if json:
        print(certificate.json(found, mine, others, names))
    else:
        print("\n".join(certificate.lines(found, mine, others, names)))
    return FAILS if found.verdict == "differs" else HOLDS


def _again(original: Path, path: Path, told: Told, *, quiet: bool) -> Told:
    """The recording computed once more, as far as it got."""
    source = live.again(original, path)
    step, footer = 0, None
    title = told.history.header.title
    try:
        with contextlib.nullcontext() if quiet else Progress(title, told.reached) as progress:
            while not source.ended:
                said = source.poll()
                for record in said:
                    step = record.step if isinstance(record, Frames | Footer) else step
                    footer = record if isinstance(record, Footer) else footer
                if progress is not None:
                    progress.show(step)
                if not said:
                    time.sleep(_REST)
        if footer is None or footer.reason == "failed":
            words = logs.last_line(folders.log_path(path))
            how = f"The engine died at step {step:,} of the re-execution, so nothing was proved"
            raise EngineError(f"{how}; it said: {words}" if words else f"{how}.")
    finally:
        source.close()
    return diff.told(path)

"""The recordings of a sweep's points: thrown away one by one, or kept in a folder that a later call goes on from."""

import hashlib
import re
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dltlab import folders
from dltlab.errors import UsageError
from dltlab.headless.judging import claims_of, settle
from dltlab.headless.outcome import Outcome
from dltlab.headless.request import Request
from dltlab.records import SUFFIX, Header
from dltlab.scenario import Document, narrow
from dltlab.session import live
from dltlab.session.recording import engine_alive, read_all
from dltlab.text import one_line

_TOLD: Final = frozenset(
    {"abstract", "claims", "companions", "look_for", "panels", "questions", "sources", "tags", "title"}
)
"""What a scenario says that changes no reading."""
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,=+-]{0,119}")
"""What names a file everywhere."""


class Keeping:
    """Where the points of a sweep are recorded while its ``with`` block lasts."""

    def __init__(self, folder: Path | None) -> None:
        """Keep the recordings in this folder; nowhere, if it is None."""
        self._kept = folder
        self._folder = folder or Path()

    def __enter__(self) -> Self:
        """Make the folder ready. Raises UsageError where that cannot be."""
        if self._kept is None:
            self._folder = Path(tempfile.mkdtemp(prefix="dltlab-sweep-"))
            return self
        try:
            self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            name = one_line(str(self._kept))
            raise UsageError(f"--keep {name}: no recordings can be kept there ({fault.strerror}).") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._kept is None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def stays(self) -> bool:
        """Whether what is recorded stays."""
        return self._kept is not None

    def path(self, label: str) -> Path:
        """Where a point is recorded: named by its values, as far as they make a name."""
        name = label.replace(" ", "")
        digest = hashlib.sha256(label.encode("utf-8", "replace")).hexdigest()[:12]
        return self._folder / f"{name if _NAME.fullmatch(name) else f'point-{digest}'}{SUFFIX}"

    def earlier(self, path: Path, name: str, request: Request) -> Outcome | None:
        """What an earlier call found at a point; None where it must be run, or is running still.

        What is not whole makes room for a new recording, unless its engine lives: then it stays where it is.

        Raises:
            UsageError: The file is of another scenario.
            ScenarioError: The scenario has faults.
            RecordingError: The file is no recording.
        """
        if self._kept is None or not path.exists():
            return None
        running = engine_alive(path)
        history, note = read_all(path)
        document, claims = claims_of(name, request)
        if not _alike(history.header, document, request):
            how = "recorded otherwise (another scenario, other seeds or steps); choose another --keep."
            raise UsageError(f"{one_line(str(path))}: {how}")
        if running:
            return None
        if note or history.footer is None or not history.footer.complete or history.acts:
            path.unlink()
            return None
        found = Outcome(name, path, history, document=document, claims=claims, seconds=history.wall)
        settle(found, history)
        found.ended = live.ending(history.footer)
        return found

    def done(self, path: Path) -> None:
        """Let go of a point that was folded."""
        if self._kept is None:
            path.unlink(missing_ok=True)
            folders.log_path(path).unlink(missing_ok=True)


def _alike(header: Header, document: Document, request: Request) -> bool:
    """Whether a recording is of this scenario, run as it was asked for."""
    narrow(document, seed=request.seed, seeds=request.seeds, steps=request.steps, arms=request.arms)
    return _bare(header.scenario) == _bare(document.table)


def _bare(table: dict[str, Any]) -> dict[str, Any]:
    """A scenario without what leaves every reading as it is."""
    return {key: value for key, value in table.items() if key not in _TOLD}

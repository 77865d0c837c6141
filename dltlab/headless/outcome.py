"""What became of one scenario's run, and the exit code that it amounts to."""

from dataclasses import dataclass, field
from pathlib import Path

from dltlab.claims import Verdict
from dltlab.errors import BROKEN, FAILS, HOLDS, INTERRUPTED, DltlabError
from dltlab.session.errorbars import ErrorBar
from dltlab.session.history import History


@dataclass
class Outcome:
    """One scenario's run: what was judged, and how it ended."""

    scenario: str
    session: Path | None = None
    history: History | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    error_bars: list[ErrorBar] = field(default_factory=list)
    ended: str = ""
    interrupted: bool = False
    seconds: float = 0.0
    refusal: DltlabError | None = None

    @property
    def exit_code(self) -> int:
        """0 if all holds, 1 if something does not, 3 if it broke, 130 if it was interrupted."""
        if self.interrupted:
            return INTERRUPTED
        if self.refusal is not None or self.history is None:
            return self.refusal.exit_code if self.refusal else BROKEN
        shown = all(verdict.status == "holds" for verdict in self.verdicts)
        reason = self.history.footer.reason if self.history.footer else "died"
        if reason in ("died", "failed") or (reason == "diverged" and not (shown and self.verdicts)):
            return BROKEN
        return HOLDS if shown else FAILS

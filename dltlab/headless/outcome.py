"""What became of one scenario's run, and the exit code that it amounts to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from dltlab.chapters import Chapter
from dltlab.claims import AbstractClaim, Verdict
from dltlab.claims.since import Act
from dltlab.errors import BROKEN, FAILS, HOLDS, INTERRUPTED, TIMED_OUT, DltlabError
from dltlab.headless.halt import WHY, Cut
from dltlab.scenario import Document
from dltlab.session.errorbars import ErrorBar
from dltlab.session.history import History

Status = Literal["holds", "fails", "refused", "broken", "interrupted", "timed out", "cut short", "not run"]
_CUT: Final[dict[Cut, tuple[Status, int]]] = {
    "interrupted": ("interrupted", INTERRUPTED),
    "timeout": ("timed out", TIMED_OUT),
    # What failed elsewhere counts there.
    "another failed": ("cut short", FAILS),
}


@dataclass
class Outcome:
    """One scenario's run: what was judged, and how it ended."""

    scenario: str
    session: Path | None = None
    history: History | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    """One a claim, in the same order; none before anything was judged."""
    after: dict[str, Act] = field(default_factory=dict)
    """By the name of a claim that failed after something was done to the session by hand, the last of that."""
    error_bars: list[ErrorBar] = field(default_factory=list)
    chapters: list[Chapter] = field(default_factory=list)
    """Of the first seed."""
    ended: str = ""
    cut: Cut = ""
    """Why it ended before its end, if it did."""
    seconds: float = 0.0
    refusal: DltlabError | None = None
    document: Document | None = None
    """The scenario with its overrides, once it was read; it knows the lines of its claims."""
    claims: list[AbstractClaim] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0: all holds; 1: something does not; 2, 3: it was refused, it broke; 124, 130: its time was up, Ctrl-C."""
        if self.cut:
            return _CUT[self.cut][1]
        if self.refusal is not None or self.history is None:
            return self.refusal.exit_code if self.refusal else BROKEN
        shown = all(verdict.status == "holds" for verdict in self.verdicts)
        reason = self.history.footer.reason if self.history.footer else "died"
        if reason in ("died", "failed") or (reason == "diverged" and not (shown and self.verdicts)):
            return BROKEN
        return HOLDS if shown else FAILS

    @property
    def status(self) -> Status:
        """The exit code in a word."""
        if self.cut:
            return _CUT[self.cut][0] if self.history is not None else "not run"
        by_code: dict[int, Status] = {HOLDS: "holds", FAILS: "fails", BROKEN: "broken"}
        return by_code.get(self.exit_code, "refused")

    def prose(self, verdict: Verdict) -> str:
        """What a claim says, and what is to be said of its measurement."""
        act = self.after.get(verdict.name)
        remarks = "; ".join(filter(None, (verdict.detail, act.said if act else "")))
        return f"{verdict.says} ({remarks})" if remarks else verdict.says

    @property
    def trouble(self) -> str:
        """What is to be said of the run itself, beside its claims; empty if there was nothing."""
        if self.refusal is not None:
            return str(self.refusal)
        if self.cut and self.history is None:
            return f"{WHY[self.cut]} before it began."
        return (self.ended or "It did not begin.") if self.cut or self.exit_code > FAILS else ""

"""Judging while it runs: the verdicts of a session's claims, at most twice a second."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from dltlab import claims
from dltlab.claims import AbstractClaim, Verdict
from dltlab.claims.since import since
from dltlab.claims.verdict import Status
from dltlab.errors import ScenarioError
from dltlab.records import Header
from dltlab.session.history import History
from dltlab.text import one_line

_EVERY: Final = 0.5
_DEAREST: Final = 0.05
"""The share of the viewer's time that judging may take."""
_DATING: Final = 0.03
"""Seconds of judging and dating after which no further claim is dated in the same look."""


class Judge:
    """Holds the latest verdicts."""

    def __init__(self, header: Header, timer: Callable[[], float] = time.perf_counter) -> None:
        tables = header.scenario.get("claims")
        made = [_claim(table) for table in tables] if isinstance(tables, list) else []
        self._claims = [claim for claim in made if isinstance(claim, AbstractClaim)]
        self._unknown = [claim for claim in made if isinstance(claim, Verdict)]
        self.verdicts: Sequence[Verdict] = [*(_open(claim, "") for claim in self._claims), *self._unknown]
        self.since: dict[str, int] = {}
        """By a claim's name the step since which it stands as it does."""
        self._stood: dict[str, tuple[str, int]] = {}
        self._timer = timer
        self._next = 0.0
        self._version = -1

    def due(self, now: float, history: History) -> bool:
        """Whether there is something new to judge and it is time."""
        return bool(self._claims) and now >= self._next and history.version != self._version

    def look(self, now: float, history: History) -> None:
        """Judge the history as it is."""
        before = self._timer()
        self._version = history.version
        verdicts = [_judged(claim, history) for claim in self._claims]
        self.verdicts = [*verdicts, *self._unknown]
        self._date(verdicts, history, before)
        self._next = now + max(_EVERY, (self._timer() - before) / _DEAREST)

    def _date(self, verdicts: Sequence[Verdict], history: History, begun: float) -> None:
        """Find since when claims stand as they do: of those that changed as many as there is time for."""
        for claim, verdict in zip(self._claims, verdicts, strict=True):
            status, seen = self._stood.get(claim.name, ("", 0))
            if status == verdict.status:
                self._stood[claim.name] = status, history.step
                continue
            self.since.pop(claim.name, None)
            if verdict.status == "not yet":
                self._stood[claim.name] = verdict.status, history.step
            elif self._timer() - begun < _DATING:
                self.since[claim.name] = _since(claim, history, verdict.status, seen if status else 0)
                self._stood[claim.name] = verdict.status, history.step


def _claim(table: object) -> AbstractClaim | Verdict:
    """A claim of the scenario; an open verdict where a recording holds one that this version does not know."""
    try:
        return claims.build([table])[0]
    except ScenarioError as fault:
        given = table if isinstance(table, dict) else {}
        name, says = (one_line(str(given.get(key, ""))) for key in ("name", "says"))
        return Verdict(name, says or name, "not yet", "", "", "", one_line(str(fault)))


def _judged(claim: AbstractClaim, history: History) -> Verdict:
    try:
        return claim.judge(history)
    except Exception as fault:
        # A claim that cannot be judged must not take the session's viewer with it.
        return _open(claim, f"cannot be judged ({type(fault).__name__}: {one_line(str(fault))})")


def _since(claim: AbstractClaim, history: History, status: Status, after: int) -> int:
    try:
        return since(claim, history, status, after)
    except Exception:
        # As with judging: what cannot be dated stands since now.
        return history.step


def _open(claim: AbstractClaim, detail: str) -> Verdict:
    return Verdict(claim.name, claim.says, "not yet", "", "", "", detail)

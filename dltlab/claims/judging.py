"""Judging while it runs: the verdicts of a session's claims, at most twice a second."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from dltlab.claims import Judgeable, Verdict, judge_all, recorded
from dltlab.claims.since import Since, dated
from dltlab.claims.verdict import Status
from dltlab.records import Header
from dltlab.session.history import History

_EVERY: Final = 0.5
_DEAREST: Final = 0.05
"""The share of the viewer's time that judging may take."""
_DATING: Final = 0.03
"""Seconds of dating after which no further claim is dated in the same look; one is, however long it takes."""


class Judge:
    """Holds the latest verdicts on a session, or on what it was at a step that is looked back at."""

    def __init__(self, header: Header, timer: Callable[[], float] = time.perf_counter) -> None:
        self._claims = recorded.of(header)
        self.verdicts: Sequence[Verdict] = [claim.opening for claim in self._claims]
        self.since: dict[str, Since] = {}
        """By a claim's name since when it stands as it does, and after what."""
        self.step = -1
        """The step that the session had reached when it was judged; -1 before it was."""
        self.looks = 0
        """How often it was judged, or dated: what was drawn of it before is no longer what is known."""
        self._stood: dict[str, tuple[str, int]] = {}
        self._timer = timer
        self._next = 0.0
        self._version = -1
        self._undated = False
        """Whether there was no time to date all that changed."""

    def due(self, now: float, history: History) -> bool:
        """Whether there is something new to judge and it is time."""
        fresh = (history.version, history.step) != (self._version, self.step) or self._undated
        return bool(self._claims) and now >= self._next and fresh

    def look(self, now: float, history: History) -> None:
        """Judge the history as it is."""
        before = self._timer()
        if history.step < self.step:
            # Looked back at, it stands otherwise since another step.
            self._stood.clear()
            self.since.clear()
        self._version, self.step = history.version, history.step
        self.looks += 1
        self.verdicts = judge_all(self._claims, history)
        self._date(history)
        self._next = now + max(_EVERY, (self._timer() - before) / _DEAREST)

    def _date(self, history: History) -> None:
        """Find since when claims stand as they do: of those that changed as many as there is time for."""
        begun, found, left = self._timer(), 0, 0
        # What was refuted comes first: whether that was after an act stands beside it.
        judged = zip(self._claims, self.verdicts, strict=True)
        for claim, verdict in sorted(judged, key=lambda one: one[1].status != "fails"):
            status, seen = self._stood.get(claim.name, ("", 0))
            if status == verdict.status:
                self._stood[claim.name] = status, history.step
                continue
            self.since.pop(claim.name, None)
            if verdict.status == "not yet":
                self._stood[claim.name] = verdict.status, history.step
            elif not found or self._timer() - begun < _DATING:
                self.since[claim.name] = _since(claim, history, verdict.status, seen if status else 0)
                self._stood[claim.name] = verdict.status, history.step
                found += 1
            else:
                left += 1
        self._undated = left > 0


def _since(claim: Judgeable, history: History, status: Status, after: int) -> Since:
    try:
        return dated(claim, history, status, after)
    except Exception:
        # As with judging: what cannot be dated stands since now.
        return Since(history.step)

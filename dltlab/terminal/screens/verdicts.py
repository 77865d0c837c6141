"""Judging while it runs: the verdicts of a session's claims, at most twice a second."""

import math
import time
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from dltlab.errors import DltlabError
from dltlab.records import Header
from dltlab.session.history import History
from dltlab.terminal.drawing.beside import Verdict

_EVERY: Final = 0.5
_DEAREST: Final = 0.02
"""The share of the viewer's time that judging may take."""


class Unjudged(Struct, frozen=True):
    """A claim that nobody has judged yet."""

    name: str
    says: str
    status: str = "not yet"
    predicted: str = ""
    measured: str = ""
    tolerance: str = ""
    detail: str = ""


class Judge:
    """Holds the latest verdicts."""

    def __init__(self, header: Header) -> None:
        self._tables: list[dict[str, Any]] = [
            table for table in header.scenario.get("claims") or () if isinstance(table, dict)
        ]
        self.verdicts: Sequence[Verdict] = [
            Unjudged(str(table.get("name", "")), str(table.get("says", ""))) for table in self._tables
        ]
        self._next = 0.0
        self._version = -1

    def due(self, now: float, history: History) -> bool:
        """Whether there is something new to judge and it is time."""
        return bool(self._tables) and now >= self._next and history.version != self._version

    def look(self, now: float, history: History) -> None:
        """Judge the history as it is."""
        try:
            from dltlab.claims import judge_all
        except ImportError:
            self._next = math.inf
            return
        before = time.perf_counter()
        self._version = history.version
        try:
            self.verdicts = judge_all(self._tables, history)
        except DltlabError as fault:
            self.verdicts = [Unjudged("claims", str(fault), "fails")]
        self._next = now + max(_EVERY, (time.perf_counter() - before) / _DEAREST)

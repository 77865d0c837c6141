"""The claims that a recording carries, whichever version wrote it: rebuilt, and judged whatever they are."""

from msgspec import Struct

from dltlab import claims
from dltlab.claims.abstract import AbstractClaim
from dltlab.claims.verdict import Verdict
from dltlab.errors import ScenarioError
from dltlab.records import Header
from dltlab.session.history import History
from dltlab.text import one_line


class Recorded(Struct, frozen=True):
    """A claim of a recording. What cannot be judged stands open, and takes nothing else with it."""

    name: str
    says: str
    claim: AbstractClaim | None
    """None where this version knows no such claim."""
    fault: str = ""
    """Why it does not."""

    def judge(self, history: History) -> Verdict:
        """What has become of it so far; "not yet", with the reason, where that cannot be told."""
        if self.claim is None:
            return self.opening
        try:
            return self.claim.judge(history)
        except Exception as fault:
            return self._open(_told(fault))

    @property
    def opening(self) -> Verdict:
        """Its verdict before anything was read."""
        return self._open(self.fault)

    def _open(self, detail: str) -> Verdict:
        return Verdict(self.name, self.says, "not yet", "", "", "", detail)


def of(header: Header) -> list[Recorded]:
    """The claims of the scenario that a header carries, in its order."""
    tables = header.scenario.get("claims")
    return [_rebuilt(table) for table in tables] if isinstance(tables, list) else []


def _rebuilt(table: object) -> Recorded:
    given = table if isinstance(table, dict) else {}
    name, says = (one_line(str(given.get(key, ""))) for key in ("name", "says"))
    try:
        (claim,) = claims.build([table])
    except Exception as fault:
        return Recorded(name, says or name, None, _told(fault))
    return Recorded(name, says, claim)


def _told(fault: Exception) -> str:
    """Why a claim is not judged: as its table is refused, or as its judging failed."""
    refused = isinstance(fault, ScenarioError)
    return one_line(str(fault) if refused else f"cannot be judged ({type(fault).__name__}: {fault})")

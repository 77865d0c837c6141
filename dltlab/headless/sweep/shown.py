"""What a sweep shows of each of its points: a claim's number, or one of a series."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

import numpy as np

from dltlab.claims import AbstractClaim
from dltlab.errors import UsageError
from dltlab.headless.outcome import Outcome
from dltlab.text import one_line
from dltlab.values import near_miss

_STATISTICS: Final[dict[str, Callable[[np.ndarray], np.ndarray]]] = {
    "last": lambda values: values[-1],
    "least": lambda values: np.min(values, axis=0),
    "greatest": lambda values: np.max(values, axis=0),
    "mean": lambda values: np.mean(values, axis=0),
}
_WANTED: Final = re.compile(
    rf"(?P<name>[^:@]+)(?:@(?P<arm>[^:@]+))?(?::(?P<statistic>{'|'.join(_STATISTICS)}))?", re.DOTALL
)


class Shown(NamedTuple):
    """A number of a point: ``CLAIM``, or ``SERIES[@ARM][:last|least|greatest|mean]``."""

    name: str
    arm: str = ""
    statistic: str = ""

    @classmethod
    def of(cls, told: str) -> "Shown":
        """What ``--show`` asks for. Raises UsageError where it says nothing of the kind."""
        found = _WANTED.fullmatch(told)
        if found is None:
            kinds = ", ".join(_STATISTICS)
            raise UsageError(f"--show {one_line(told)}: write CLAIM or SERIES[@ARM][:STATISTIC], of {kinds}.")
        return cls(found["name"], found["arm"] or "", found["statistic"] or "")

    def __str__(self) -> str:
        """As it was asked for."""
        return f"{self.name}{f'@{self.arm}' if self.arm else ''}{f':{self.statistic}' if self.statistic else ''}"

    def is_claim(self, claims: Sequence[AbstractClaim]) -> bool:
        """Whether it is a claim's number."""
        return not self.arm and not self.statistic and any(claim.name == self.name for claim in claims)

    def fault(self, claims: Collection[str], series: Collection[str], arms: Sequence[str]) -> str:
        """Why a session with these has no such number; empty if it has."""
        if self.name in claims and not self.arm and not self.statistic:
            return ""
        if self.name not in series:
            if self.name in claims:
                return f"{one_line(self.name)} is a claim, which is one number; leave out what follows."
            return f"there is no claim or series {one_line(self.name)}; {near_miss(self.name, [*claims, *series])}"
        if self.arm and self.arm not in arms:
            return f"there is no arm {one_line(self.arm)}; {near_miss(self.arm, arms)}"
        if not self.arm and len(arms) > 1:
            named = ", ".join(map(one_line, arms))
            return f"it does not say of which arm; write {one_line(self.name)}@ARM, with one of {named}."
        return ""

    def number(self, outcome: Outcome) -> float | None:
        """A claim's measurement; of a series the statistic over its readings, the median of the seeds.

        Of a series with components the first one's is taken. None where there is no such number.
        """
        if self.is_claim(outcome.claims):
            return next((verdict.value for verdict in outcome.verdicts if verdict.name == self.name), None)
        if outcome.history is None:
            return None
        arms = [arm.name for arm in outcome.history.header.arms]
        if self.fault((), outcome.history.columns, arms):
            return None
        view = outcome.history.arm(self.arm or arms[0]) if arms else outcome.history
        column = view[self.name]
        if not len(column):
            return None
        members = column.series.shape[0] if column.series.axes[:1] == ("seed",) else 1
        leading = column.values.reshape(len(column), members, -1)[:, :, 0].astype(np.float64)
        found = _STATISTICS[self.statistic or "last"](leading)
        # A seed that diverged has no number; where most have none, neither has the point.
        finite = found[np.isfinite(found)]
        return float(np.median(finite)) if 2 * len(finite) > members else None

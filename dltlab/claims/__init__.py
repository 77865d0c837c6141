"""What theory promises of a session, and what became of it.

A claim measures one number a seed in a :class:`~dltlab.session.history.History`, in each arm
where it must hold, and says whether the median of the seeds (or every one) lies where theory
puts it. A new kind is one file and one line here.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, Protocol

from dltlab import catalog
from dltlab.claims.abstract import AbstractClaim, Judgeable
from dltlab.claims.agrees import Agrees
from dltlab.claims.bounded import Bounded
from dltlab.claims.crosses import Crosses
from dltlab.claims.level import Level
from dltlab.claims.monotone import Monotone
from dltlab.claims.ordered import Ordered
from dltlab.claims.plateau import Plateau
from dltlab.claims.ratio import Ratio
from dltlab.claims.scaling import Scaling
from dltlab.claims.slope import Slope
from dltlab.claims.verdict import Found, Interval, Measured, Verdict
from dltlab.errors import ScenarioError
from dltlab.session.history import History

__all__ = [
    "CLAIMS", "AbstractClaim", "Found", "Interval", "Judgeable", "Measured", "Verdict", "build", "check_arms",
    "check_series", "judge_all", "tried",
]  # fmt: skip

CLAIMS: Final[dict[str, type[AbstractClaim]]] = {
    "level": Level,
    "plateau": Plateau,
    "monotone": Monotone,
    "crosses": Crosses,
    "ratio": Ratio,
    "agrees": Agrees,
    "bounded": Bounded,
    "slope": Slope,
    "scaling": Scaling,
    "ordered": Ordered,
}


def build(tables: Sequence[Any], document: catalog.Places | None = None) -> list[AbstractClaim]:
    """The claims of a scenario's ``[[claims]]``.

    Raises:
        ScenarioError: With every fault of every claim, one a line.
    """
    claims, faults = tried(tables, document)
    if faults:
        raise ScenarioError(*faults)
    return [claim for claim in claims if claim is not None]


def tried(
    tables: Sequence[Any], document: catalog.Places | None = None
) -> tuple[list[AbstractClaim | None], list[str]]:
    """The claims of a scenario's ``[[claims]]``, None where a table is faulty; and every fault, one a line."""
    claims: list[AbstractClaim | None] = []
    faults: list[str] = []
    names: set[str] = set()
    places = document or catalog.Nowhere()
    for index, table in enumerate(tables):
        claim = None
        try:
            claim = catalog.make(CLAIMS, table, noun="claim", at=("claims", index), places=places)
        except ScenarioError as found:
            faults += found.faults
        claims.append(claim)
        if claim is None:
            continue
        if claim.name in names:
            message = f"a second claim {claim.name!r}; choose another name."
            faults.append(places.fault(("claims", index, "name"), message))
        names.add(claim.name)
    return claims, faults


def check_series(
    claims: Sequence[AbstractClaim | None],
    names: Iterable[str],
    document: catalog.Places | None = None,
    unread: Collection[str] = (),
) -> list[str]:
    """The faults of claims that read a series which the session does not have, one a line.

    Args:
        claims: The claims in the order of their tables; None for one that is not judged.
        names: The series that there are.
        document: Words faults with their place in the file.
        unread: Probes and theories that may have more series than these.
    """
    names, places = list(names), document or catalog.Nowhere()
    return [
        places.fault(
            _path(index, key),
            f"no series {name!r}; {catalog.near_miss(name, [*names, *sorted(unread)])}",
        )
        for index, claim in enumerate(claims)
        if claim is not None
        for key, name in claim.needs().items()
        if name not in names and name.split(".")[0] not in unread
    ]


class _Arm(Protocol):
    """An arm of a scenario, or of a header."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float | None: ...


def check_arms(
    claims: Sequence[AbstractClaim | None], arms: Iterable[_Arm], document: catalog.Places | None = None
) -> list[str]:
    """The faults of claims about arms that the scenario does not have, or that cannot be compared, one a line."""
    values, places = {arm.name: arm.value for arm in arms}, document or catalog.Nowhere()
    return [
        places.fault(_path(index, key), message)
        for index, claim in enumerate(claims)
        if claim is not None
        for key, message in claim.arm_faults(values)
    ]


def _path(index: int, key: str) -> catalog.Path:
    """Where a claim's key stands in its scenario."""
    return ("claims", index, *(int(part) if part.isdigit() else part for part in key.split(".")))


def judge_all(claims: Iterable[Judgeable], history: History) -> list[Verdict]:
    """A verdict on each claim, in order."""
    return [claim.judge(history) for claim in claims]

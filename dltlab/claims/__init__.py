"""What theory promises of a session, and what became of it.

A claim measures one number a seed in a :class:`~dltlab.session.history.History`, in each arm
where it must hold, and says whether the median of the seeds (or every one) lies where theory
puts it. A new kind is one file and one line here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from dltlab import catalog
from dltlab.claims.abstract import AbstractClaim, Judgeable
from dltlab.claims.agrees import Agrees
from dltlab.claims.bounded import Bounded
from dltlab.claims.crosses import Crosses
from dltlab.claims.faulty import Faulty
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
from dltlab.text import one_line
from dltlab.values import shortened

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


class _Arm(Protocol):
    """An arm of a scenario, or of a header."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> float | None: ...


class _Asking(Protocol):
    """What names series and arms: a claim, or a table that makes none."""

    def needs(self) -> dict[str, str]: ...
    def arm_faults(self, arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]: ...


def build(
    tables: Sequence[Any], document: catalog.Places | None = None, arms: Iterable[_Arm] | None = None
) -> list[AbstractClaim]:
    """The claims of a scenario's ``[[claims]]``.

    Args:
        tables: The tables.
        document: Words faults with their place in the file.
        arms: The arms that there are; None if nobody knows them.

    Raises:
        ScenarioError: With every fault of every claim, one a line.
    """
    claims, faults = tried(tables, document)
    if arms is not None:
        faults += check_arms(claims, arms, document)
    if faults:
        raise ScenarioError(*faults)
    return [claim for claim in claims if isinstance(claim, AbstractClaim)]


def tried(
    tables: Sequence[Any], document: catalog.Places | None = None
) -> tuple[list[AbstractClaim | Faulty], list[str]]:
    """The claims of a scenario's ``[[claims]]``, with what a faulty table names in its place; and every fault."""
    claims: list[AbstractClaim | Faulty] = []
    faults: list[str] = []
    names: set[str] = set()
    places = document or catalog.Nowhere()
    for index, table in enumerate(tables):
        try:
            claims.append(catalog.make(CLAIMS, table, noun="claim", at=("claims", index), places=places))
        except ScenarioError as found:
            faults += found.faults
            given = table if isinstance(table, dict) else {}
            claims.append(Faulty(CLAIMS.get(str(given.get("kind")), AbstractClaim), given))
        name = table.get("name") if isinstance(table, dict) else None
        if not isinstance(name, str):
            continue
        if name in names:
            message = f"a second claim {shortened(one_line(name))!r}; choose another name."
            faults.append(places.fault(("claims", index, "name"), message))
        names.add(name)
    return claims, faults


def check_series(
    claims: Sequence[_Asking],
    names: Iterable[str],
    document: catalog.Places | None = None,
    unread: Collection[str] = (),
) -> list[str]:
    """The faults of claims that read a series which the session does not have, one a line.

    Args:
        claims: The claims in the order of their tables.
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
        for key, name in claim.needs().items()
        if name not in names and name.split(".")[0] not in unread
    ]


def check_arms(claims: Sequence[_Asking], arms: Iterable[_Arm], document: catalog.Places | None = None) -> list[str]:
    """The faults of claims about arms that the scenario does not have, or that cannot be compared, one a line."""
    values, places = {arm.name: arm.value for arm in arms}, document or catalog.Nowhere()
    return [
        places.fault(_path(index, key), message)
        for index, claim in enumerate(claims)
        for key, message in claim.arm_faults(values)
    ]


def _path(index: int, key: str) -> catalog.Path:
    """Where a claim's key stands in its scenario."""
    return ("claims", index, *(int(part) if part.isdigit() else part for part in key.split(".")))


def judge_all(claims: Iterable[Judgeable], history: History) -> list[Verdict]:
    """A verdict on each claim, in order."""
    return [claim.judge(history) for claim in claims]

"""The variants of a scenario: each arm's tables laid over the scenario's own."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from dltlab.scenario import Document, arm_tables
from dltlab.tables import ArmTable, Scenario
from dltlab.text import one_line
from dltlab.values import Path

_NAMED: Final = 8
"""Arms that a fault names at most."""


class Variant(NamedTuple):
    """What one arm runs, and where in the file it said so."""

    table: ArmTable | None
    """None for a scenario without arms."""
    problem: dict[str, Any]
    optimizer: dict[str, Any]
    seeds: int
    places: "Overlaid"


class Overlaid:
    """Places of a table whose keys stand partly in an arm and partly in the scenario below it."""

    def __init__(self, document: Document, index: int | None = None) -> None:
        self._document = document
        self._index = index
        self.shared: dict[str, tuple[Path, str]] = {}
        """By its words what was told of a whole table: other arms may have the same fault."""

    def fault(self, at: Path, message: str) -> str:
        """The place in the arm if as much of the path stands there as in the scenario; else in the scenario."""
        if self._index is None:
            return self._document.fault(at, message)
        own = self._document.table["arms"][self._index]
        inside = _depth(own, at)
        if inside > 1 and inside >= _depth(self._document.table, at):
            return self._document.fault(("arms", self._index, *at), message)
        said = self._document.fault(at, message)
        if len(at) == 1:
            # What its parts come to together, some of them the arm's own: it need not be wrong in all arms.
            self.shared[said] = at, message
        return said


class Refusals:
    """What is refused in an arm, and may be in others too: told once, with the arms where it is not in all."""

    def __init__(self) -> None:
        self._found: dict[tuple[Path, str], list[Variant]] = {}

    def add(self, variant: Variant, at: Path, message: str) -> None:
        """A fault that an arm has."""
        self._found.setdefault((at, message), []).append(variant)

    def told(self, document: Document, variants: Sequence[Variant]) -> Iterator[str]:
        """Each fault with its place, where these are all the arms."""
        for (at, message), own in self._found.items():
            names = [one.table.name for one in own if one.table is not None]
            yield document.fault(at, _named(names, message) if len(own) < len(variants) else message)


def _named(arms: Sequence[str], message: str) -> str:
    told = [*map(one_line, arms[:_NAMED]), *([f"and {len(arms) - _NAMED} more"] if len(arms) > _NAMED else [])]
    return f"(arm{'s' * (len(arms) > 1)} {', '.join(told)}) {message}"


def variants(document: Document, scenario: Scenario) -> Iterator[Variant]:
    """Every arm with its own tables; the scenario's own where it names no arms."""
    if not scenario.arms:
        places = Overlaid(document)
        yield Variant(None, scenario.problem, scenario.optimizer, scenario.run.seeds, places)
    for index, arm in enumerate(scenario.arms):
        problem, optimizer = overlaid(scenario.problem, arm.problem), overlaid(scenario.optimizer, arm.optimizer)
        seeds = min(arm.seeds or scenario.run.seeds, scenario.run.seeds)
        yield Variant(arm, problem, optimizer, seeds, Overlaid(document, index))


def bare(document: Document) -> list[ArmTable]:
    """What arms that are faulty elsewhere still say of the problem and the optimizer."""
    found = []
    for index, arm in enumerate(arm_tables(document)):
        given = {key: arm[key] for key in ("problem", "optimizer") if isinstance(arm.get(key), dict)}
        found.append(ArmTable(str(arm.get("name", index)), **given))
    return found


def overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """One table over another, key by key; a table of another kind takes the whole place of the one below."""
    if "kind" in above and above["kind"] != below.get("kind"):
        return above
    merged = dict(below)
    for key, value in above.items():
        under = below.get(key)
        if isinstance(under, str) and isinstance(value, dict) and "kind" not in value:
            under = {"kind": under}
        merged[key] = overlaid(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return merged


def _depth(table: Any, at: Path) -> int:
    """How many parts of a path stand in a table; what is no table holds all that may follow."""
    for depth, part in enumerate(at):
        if not isinstance(table, dict):
            return len(at)
        if part not in table:
            return depth
        table = table[part]
    return len(at)

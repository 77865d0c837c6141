"""What a claim is: a sentence, a measurement of each seed, and the interval that it must lie in."""

import abc
from typing import Annotated, Final, Literal, NamedTuple

import numpy as np
from msgspec import Meta, Struct, StructMeta

from dltlab.session.history import History

Name = Annotated[
    str, Meta(pattern="^[A-Za-z][A-Za-z0-9_.-]{0,59}$", description="a name of letters, digits, _, . and -")
]
"""The name of a series, such as ``sharpness.theory``."""
Span = tuple[Annotated[float, Meta(ge=0)], Annotated[float, Meta(ge=0)]]
"""Where a claim looks: up to 1 a fraction of the steps planned, above it a step."""
Positive = Annotated[int, Meta(ge=1)]
Status = Literal["holds", "fails", "not yet"]


class Verdict(Struct, frozen=True):
    """What became of a claim, in short strings for a table."""

    name: str
    says: str
    status: Status
    predicted: str
    measured: str
    tolerance: str
    detail: str = ""


class Interval(NamedTuple):
    """The numbers for which a claim holds."""

    low: float = -np.inf
    high: float = np.inf
    strict: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, float | int):
            return False
        return self.low < value < self.high if self.strict else self.low <= value <= self.high

    def settled(self, value: float, direction: Literal["max", "min"]) -> bool:
        """Whether a running maximum (or minimum) that stands here can no longer change sides."""
        if direction == "min":
            return Interval(-self.high, -self.low, self.strict).settled(-value, "max")
        beyond = value >= self.high if self.strict else value > self.high
        return beyond or (self.high == np.inf and value in self)


class Measured(NamedTuple):
    """What a claim found in a history: one number a seed, NaN where there is none yet."""

    values: np.ndarray
    interval: Interval
    """Where they must lie."""
    predicted: str
    tolerance: str
    """What was predicted and how near it must be met, as a table shows them."""
    pending: bool = False
    """Whether what is still to come must be waited for."""
    skipped: int = 0
    """Readings passed over because they are not finite."""
    since: int | None = None
    """The step from which it looked, where that is not plain from the scenario."""


class _Meta(StructMeta, abc.ABCMeta):
    """Structs that can be abstract."""


class AbstractClaim(Struct, frozen=True, kw_only=True, metaclass=_Meta):
    """What theory promises of the series of a session."""

    name: Annotated[
        str, Meta(pattern="^[A-Za-z][A-Za-z0-9_-]{0,39}$", description="a name of letters, digits, _ and -")
    ]
    says: Annotated[str, Meta(min_length=1, max_length=400)]
    """The promise in one sentence, with its formula."""
    tolerance: Annotated[float, Meta(ge=0)] = 0.0
    over: Literal["median", "all"] = "median"
    """Of several seeds, whether the median or every one must hold."""
    source: Annotated[str, Meta(max_length=400)] = ""
    """The paper that promises it."""

    @abc.abstractmethod
    def needs(self) -> dict[str, str]:
        """The series that it reads, by the key that names them."""

    @abc.abstractmethod
    def measure(self, history: History) -> Measured:
        """One number a seed, and where it must lie."""

    def judge(self, history: History) -> Verdict:
        """What has become of the claim so far. Never raises, whatever the readings are."""
        with np.errstate(all="ignore"):
            found = self.measure(history)
        known = found.values[~np.isnan(found.values)]
        dead = len(diverged(history))
        return Verdict(
            self.name,
            self.says,
            self._status(found, known, dead),
            found.predicted,
            shown(middle(known)),
            found.tolerance,
            _detail(found, known, dead, len(history.header.seeds)),
        )

    def _status(self, found: Measured, known: np.ndarray, dead: int) -> Status:
        if self.over == "all":
            outside = any(float(value) not in found.interval for value in known)
            if dead or (outside and not found.pending):
                return "fails"
            return "not yet" if found.pending or len(known) < len(found.values) else "holds"
        # A median of few of the seeds would be the median of the lucky ones.
        if found.pending or 2 * len(known) <= len(found.values):
            return "not yet"
        return "holds" if middle(known) in found.interval else "fails"


def middle(values: np.ndarray) -> float:
    """The median, and NaN of nothing."""
    return float(np.median(values)) if len(values) else np.nan


NEVER: Final = np.inf


def shown(value: float) -> str:
    """A number as a table shows it."""
    if np.isnan(value):
        return "—"
    return ("never" if value > 0 else "−∞") if np.isinf(value) else f"{value:.4g}"


def diverged(history: History) -> set[int]:
    """The members that have diverged, by their place among the seeds."""
    seeds = {seed: place for place, seed in enumerate(history.header.seeds)}
    everyone = set(range(len(seeds)))
    found: set[int] = set()
    for event in history.events:
        if event.what == "diverged":
            seed = event.data.get("seed")
            found |= {seeds[seed]} if isinstance(seed, int) and seed in seeds else everyone
    return everyone if history.footer is not None and history.footer.reason == "diverged" else found


def _detail(found: Measured, known: np.ndarray, dead: int, members: int) -> str:
    said = []
    if members > 1 and len(known):
        said.append(f"{shown(known.min())} … {shown(known.max())} over {len(known)} of {members} seeds")
    if dead:
        said.append(f"{dead} diverged" if members > 1 else "diverged")
    if found.skipped:
        said.append(f"{found.skipped} readings not finite")
    if found.since is not None:
        said.append(f"since step {found.since}")
    return "; ".join(said)

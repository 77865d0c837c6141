"""What a claim is: a sentence, a measurement of each seed, and the interval that it must lie in.

In a scenario with arms a claim is judged in the arm that it names; naming none, it must hold
in every arm, and its verdict is that of the worst.
"""

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal, Protocol

import numpy as np
from msgspec import Meta, Struct, StructMeta

from dltlab.claims.arms import places, title, unknown, view
from dltlab.claims.verdict import Found, Measured, Verdict, finite, middle
from dltlab.session import divergence
from dltlab.session.history import History
from dltlab.values import Names

SERIES, ARM = Names("series"), Names("arm")
_NAME: Final = Meta(pattern="^[A-Za-z][A-Za-z0-9_.-]{0,59}$", description="a name of letters, digits, _, . and -")
SeriesName = Annotated[str, _NAME, SERIES]
"""The name of a series, such as ``sharpness.theory``."""
ArmName = Annotated[str, _NAME, ARM]
"""The name of an arm."""
Span = tuple[Annotated[float, Meta(ge=0)], Annotated[float, Meta(ge=0)]]
"""Where a claim looks: up to 1 a fraction of the steps planned, above it a step."""
Positive = Annotated[int, Meta(ge=1, le=1 << 24)]


class Judgeable(Protocol):
    """What a history can be asked about: a claim, or what stands for one."""

    def judge(self, history: History) -> Verdict:
        """What has become of it so far."""
        ...


class _Meta(StructMeta, abc.ABCMeta):
    """Structs that can be abstract."""


class AbstractClaim(Struct, frozen=True, kw_only=True, metaclass=_Meta):
    """What theory promises of the series of a session."""

    name: Annotated[
        str, Meta(pattern="^[A-Za-z][A-Za-z0-9_-]{0,39}$", description="a name of letters, digits, _ and -")
    ]
    """What reports call it."""
    says: Annotated[str, Meta(min_length=1, max_length=400)]
    """The promise in one sentence, with its formula."""
    arm: ArmName | None = None
    """The arm that it is about; without it the claim must hold in every arm."""
    tolerance: Annotated[float, Meta(ge=0)] = 0.0
    """How far the measurement may lie from the prediction, or beyond a bound."""
    over: Literal["median", "all"] = "median"
    """Of several seeds, whether the median or every one must hold."""
    source: Annotated[str, Meta(max_length=400)] = ""
    """The paper that promises it."""

    @abc.abstractmethod
    def needs(self) -> dict[str, str]:
        """The series that it reads, by the key that names them."""

    @abc.abstractmethod
    def arm_faults(self, arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
        """What is wrong, by key, with the arms that it asks for, where these are there with their values."""

    @abc.abstractmethod
    def found(self, history: History) -> Sequence[Found]:
        """What it finds in each place where it must hold, at least one."""

    def judge(self, history: History) -> Verdict:
        """What has become of the claim so far. Never raises, whatever the readings are."""
        with np.errstate(all="ignore"):
            found = self.found(history)
            worst = min(found, key=lambda one: one.badness(self.over))
        told = worst.measured
        return Verdict(
            self.name,
            self.says,
            worst.status(self.over),
            told.predicted,
            told.shown(middle(worst.known)),
            told.tolerance,
            worst.detail(len(found), self.over),
            told.formula,
            *map(finite, (middle(worst.known), told.interval.low, told.interval.high)),
        )


class AbstractArmClaim(AbstractClaim, frozen=True, kw_only=True):
    """A claim that looks at one arm at a time."""

    @abc.abstractmethod
    def measure(self, history: History) -> Measured:
        """One number a seed, and where it must lie, in a history without arms."""

    def arm_faults(self, arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
        """The arm that it names and that is not there."""
        return unknown({"arm": self.arm}, arms)

    def found(self, history: History) -> Sequence[Found]:
        """What it measures in its arm, or in each."""
        return [self._found(history, arm) for arm in places(history, self.arm)]

    def _found(self, history: History, arm: str | None) -> Found:
        alone = view(history, arm)
        members, dead = len(alone.header.seeds), len(divergence.members(alone))
        return Found(self.measure(alone), members, dead, title(history, arm))

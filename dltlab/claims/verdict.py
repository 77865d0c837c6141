"""What a claim measures, and the verdict that a table shows of it."""

from typing import Final, Literal, NamedTuple

import numpy as np
from msgspec import Struct

Status = Literal["holds", "fails", "not yet"]
WORST_FIRST: Final[tuple[Status, ...]] = ("fails", "not yet", "holds")
NEVER: Final = np.inf


class Verdict(Struct, frozen=True):
    """What became of a claim, in short strings for a table."""

    name: str
    says: str
    status: Status
    predicted: str
    measured: str
    tolerance: str
    detail: str = ""
    formula: str = ""
    """How the number comes about, with today's numbers in it."""
    value: float | None = None
    """The number that was measured; None where there is none."""
    low: float | None = None
    high: float | None = None
    """Where it must lie; None where it is not bounded."""


class Interval(NamedTuple):
    """The numbers for which a claim holds."""

    low: float = -np.inf
    high: float = np.inf
    strict: bool = False
    centre: float | None = None
    """The number in its middle, where a scenario gives that with a tolerance; None where it gives bounds."""

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

    def margin(self, value: float) -> float:
        """How far inside a number lies, negative outside; −∞ for none."""
        return -np.inf if np.isnan(value) else min(value - self.low, self.high - value)


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
    skipped: str = ""
    """What is said of readings that were passed over because they are not finite."""
    since: int | None = None
    """The step from which it looked, where that is not plain from the scenario."""
    note: str = ""
    """What else is to be said of the numbers."""
    formula: str = ""
    """How the number that stands for all comes about, with today's numbers in it."""
    beyond: str = ""
    """Where the number is a share of readings: the side of the bound on which these lie."""

    def shown(self, value: float) -> str:
        """A number as a table shows it: ``0.98``, ``0 % below``."""
        return f"{100 * value:.3g} % {self.beyond}" if self.beyond and np.isfinite(value) else shown(value)

    def spread(self, known: np.ndarray) -> str:
        """The least and the greatest number: ``0.87 … 3.69``, ``0 … 2 %``."""
        low, high = float(known.min()), float(known.max())
        return f"{100 * low:.3g} … {100 * high:.3g} %" if self.beyond else f"{shown(low)} … {shown(high)}"


class Found(NamedTuple):
    """What a claim found in one place where it must hold: a history without arms, an arm, a set of arms."""

    measured: Measured
    members: int
    """Seeds that were looked at."""
    dead: int
    """How many of them have diverged."""
    arm: str = ""
    """The arm's title, where the place is one arm."""

    @property
    def known(self) -> np.ndarray:
        """The numbers that there are, one a seed."""
        return self.measured.values[~np.isnan(self.measured.values)]

    def status(self, over: Literal["median", "all"]) -> Status:
        """Whether the median of the seeds, or every one of them, lies where it must."""
        found, known = self.measured, self.known
        if over == "all":
            outside = any(float(value) not in found.interval for value in known)
            if self.dead or (outside and not found.pending):
                return "fails"
            return "not yet" if found.pending or len(known) < len(found.values) else "holds"
        # A median of few of the seeds would be the median of the lucky ones.
        if found.pending or 2 * len(known) <= len(found.values):
            return "not yet"
        return "holds" if middle(known) in found.interval else "fails"

    def badness(self, over: Literal["median", "all"]) -> tuple[int, float]:
        """Sorts from the worst to the best: by status, then by the margin of what was judged."""
        judged = self.known if over == "all" and len(self.known) else [middle(self.known)]
        inside = min(self.measured.interval.margin(float(value)) for value in judged)
        return WORST_FIRST.index(self.status(over)), inside

    def detail(self, arms: int, over: Literal["median", "all"]) -> str:
        """What is to be said of the numbers; ``arms`` is how many arms were compared to find this the worst."""
        found, said = self.measured, []
        if self.arm:
            said.append(f"{self.arm}, the worst of {arms} arms" if arms > 1 else self.arm)
        if len(found.values) > 1 and len(self.known):
            outside = sum(float(value) not in found.interval for value in self.known)
            told = f"{over} judged, {found.spread(self.known)} over {len(self.known)} of {len(found.values)} seeds"
            said.append(f"{told}, {outside} outside" if outside else told)
        if self.dead:
            said.append(f"{self.dead} diverged" if self.members > 1 else "diverged")
        if found.skipped:
            said.append(found.skipped)
        if found.since is not None:
            said.append(f"readings from step {found.since:,} on")
        if found.note:
            said.append(found.note)
        return "; ".join(said)


def middle(values: np.ndarray) -> float:
    """The median, and NaN of nothing."""
    return float(np.median(values)) if len(values) else np.nan


def finite(value: float) -> float | None:
    """The number, if it is one."""
    return float(value) if np.isfinite(value) else None


def shown(value: float) -> str:
    """A number as a table shows it."""
    if np.isnan(value):
        return "—"
    return ("never" if value > 0 else "−∞") if np.isinf(value) else f"{value:.4g}"

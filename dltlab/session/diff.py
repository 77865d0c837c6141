"""Two recordings compared, reading by reading and state by state: the same bits, near enough, or where they part.

Compared is what both hold: the readings of a series at the steps that both have, and the digests of the
whole state where both kept it. Bits are compared as bits (−0 is not 0). Equal fingerprints promise equal
bits; under another fingerprint numbers may differ by as much as half the digits of the run's precision.
"""

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import numpy as np
from msgspec import Struct

from dltlab.errors import RecordingError, UsageError
from dltlab.records import Header, Keyframe
from dltlab.session import recording
from dltlab.session.history import Column, History

_SLICE: Final = 1 << 16
STATE: Final = "the whole state"
"""What stands for a series' name where two kept states differ."""
END: Final = "the end"
"""What stands for it where the second recording, which should hold all of the first, ends too early."""
Verdict = Literal["identical", "within tolerance", "differs"]


class Told(Struct, frozen=True):
    """A recording as it is compared."""

    history: History
    states: dict[int, tuple[str, ...]]
    """Per step with a keyframe the digests of the states kept there, in their order; empty for one that is not its
    leaves' own."""
    note: str
    """Why reading ended before the file did; else empty."""
    seeds: tuple[int, ...] = ()
    """Those of its seeds that were left out, since the other recording has them not."""

    @property
    def reached(self) -> int:
        """The last step that it tells of."""
        last = [int(column.steps[-1]) for column in self.history.columns.values() if len(column)]
        return max([self.history.step, *last, *self.states])


class Place(Struct, frozen=True):
    """Where two recordings differ, and by how much."""

    step: int
    series: str
    """Its name, :data:`STATE` or :data:`END`."""
    index: tuple[int, ...] = ()
    """Of the number within its reading."""
    values: tuple[float, float] | None = None
    """The two numbers; None where there are none: a state, a reading that only one has, or one of another shape."""
    relative: float = math.inf
    """|a − b| / max(|a|, |b|); 0 below the rounding of the largest reading of the series, infinite against no number.
    """

    @property
    def at(self) -> tuple[int, str, tuple[int, ...]]:
        """Which number it is: its step, series and index."""
        return self.step, self.series, self.index


class Comparison(Struct, frozen=True):
    """What became of comparing two recordings."""

    verdict: Verdict
    tolerance: float
    """The relative difference that would be allowed: 0 on the same fingerprint."""
    upto: int
    """The step up to which both were compared."""
    series: int
    """Series that both have."""
    readings: int
    """Readings that were compared, of all series together."""
    states: int
    """Steps at which both kept the whole state, and that were compared."""
    first: Place | None
    """The first difference that is too large: the earliest step, there the first series of the header."""
    largest: Place | None
    """The largest relative difference; None where every bit is the same."""
    missing: tuple[int, int]
    """Readings before that step that only the first, and only the second has."""
    alone: tuple[tuple[str, ...], tuple[str, ...]]
    """Series that only the first, and only the second has."""


def told(path: Path) -> Told:
    """Read a recording to compare it. Raises RecordingError where there is none."""
    follower, found = recording.opened(path, leaves=True)
    history = History(recording.header_of(follower))
    states: dict[int, tuple[str, ...]] = {}
    try:
        while found:
            history.extend(found)
            for keyframe in found:
                if isinstance(keyframe, Keyframe):
                    states[keyframe.step] = (*states.get(keyframe.step, ()), _digest(keyframe))
            found = follower.read()
        return Told(history, states, follower.left_out)
    finally:
        follower.close()


def compare(one: Told, other: Told, *, tolerance: float | None = None, whole: bool = False) -> Comparison:
    """Compare two recordings.

    Args:
        one: The first.
        other: The second.
        tolerance: The relative difference that another fingerprint is allowed; if None, the square root of the
            precision's rounding: 1.5e-8 in float64, 3.5e-4 in float32.
        whole: Whether the second is to hold all of the first, so that a reading that only one of them has is a
            difference, up to the step that the first reached.

    Raises:
        RecordingError: They have nothing in common that could be compared.
        UsageError: The tolerance is no share.
    """
    if tolerance is not None and not tolerance >= 0:
        raise UsageError(f"a tolerance of {tolerance:g}: not a share; give a number of at least 0.")
    mine, others = one.history, other.history
    same = mine.header.fingerprint == others.header.fingerprint != ""
    rounding = max(_rounding(mine.header), _rounding(others.header))
    allowed = 0.0 if same else math.sqrt(rounding) if tolerance is None else tolerance
    upto = one.reached if whole else min(one.reached, other.reached)
    names = [name for name in mine.columns if name in others.columns]
    pairs = [_Pair(name, mine[name], others[name], upto, rounding, allowed) for name in names]
    count = sum(pair.count for pair in pairs)
    missing = sum(pair.missing[0] for pair in pairs), sum(pair.missing[1] for pair in pairs)
    kept = sorted(step for step in one.states if step in other.states)
    strange = [step for step in kept if not _agree(one.states[step], other.states[step])]
    if not count and not kept:
        raise RecordingError("the two recordings have no reading and no state in common; nothing can be compared.")
    # Where bits may differ, a state that is not the same says no more than its readings do.
    states = [Place(step, STATE) for step in strange if same or "" in one.states[step] + other.states[step]]
    firsts = [place for pair in pairs if (place := pair.first) is not None]
    firsts += [place for pair in pairs if whole and (place := pair.gap) is not None]
    firsts += _lacking(one, other) if whole else []
    first = min([*firsts, *states[:1]], key=lambda place: place.step, default=None)
    largest = max((pair.largest for pair in pairs if pair.largest), key=lambda place: place.relative, default=None)
    identical = all(pair.largest is None for pair in pairs) and not strange
    verdict: Verdict = "differs" if first else "identical" if identical else "within tolerance"
    alone = tuple(
        tuple(name for name in left.columns if name not in right.columns)
        for left, right in ((mine, others), (others, mine))
    )
    return Comparison(
        verdict, allowed, upto, len(names), count, len(kept), first, largest, missing, (alone[0], alone[1])
    )


class _Pair:
    """A series as both recordings have it, up to a step."""

    def __init__(self, name: str, one: Column, other: Column, upto: int, rounding: float, allowed: float) -> None:
        self.name = name
        steps = [column.steps[: int(np.searchsorted(column.steps, upto, "right"))] for column in (one, other)]
        self.common, mine, others = np.intersect1d(*steps, assume_unique=True, return_indices=True)
        self.count = len(self.common)
        # What is read at the very step where the one ends is read by the other as it goes on.
        lone = [each[(each < upto) & ~np.isin(each, self.common)] for each in steps]
        self.missing = len(lone[0]), len(lone[1])
        self.gap = Place(int(min(each[0] for each in lone if len(each))), name) if any(self.missing) else None
        """The first reading that only one of them has, before the step that both reached."""
        self.first: Place | None = None
        """The first difference that is too large."""
        self.largest: Place | None = None
        """The largest one, if a bit differs at all."""
        if self.count and one.series.shape != other.series.shape:
            self.first = self.largest = Place(int(self.common[0]), name)
            return
        floor = 0.0 if allowed == 0 else rounding * max(_size(one.values), _size(other.values))
        for start in range(0, self.count, _SLICE):
            # A bounded piece at a time: a recording may hold millions.
            part = slice(start, start + _SLICE)
            self._take(self.common[part], one.values[mine[part]], other.values[others[part]], floor, allowed)

    def _take(self, steps: np.ndarray, one: np.ndarray, other: np.ndarray, floor: float, allowed: float) -> None:
        rows = np.flatnonzero(_differ(one, other))
        if not len(rows):
            return
        shares = _relative(one[rows], other[rows], floor)
        worst = np.unravel_index(int(np.argmax(shares)), shares.shape)
        if self.largest is None or shares[worst] > self.largest.relative:
            self.largest = self._place(steps, one, other, rows, worst, shares)
        # Without an allowance a bit is enough.
        beyond = np.ones(len(rows), bool) if allowed == 0 else (shares > allowed).reshape(len(rows), -1).any(axis=1)
        if self.first is None and beyond.any():
            row = int(np.argmax(beyond))
            place = np.unravel_index(int(np.argmax(shares[row])), shares.shape[1:])
            self.first = self._place(steps, one, other, rows, (np.intp(row), *place), shares)

    def _place(
        self,
        steps: np.ndarray,
        one: np.ndarray,
        other: np.ndarray,
        rows: np.ndarray,
        at: tuple[np.intp, ...],
        shares: np.ndarray,
    ) -> Place:
        row, index = rows[at[0]], tuple(map(int, at[1:]))
        values = float(one[row][index]), float(other[row][index])
        return Place(int(steps[row]), self.name, index, values, float(shares[at]))


def _differ(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which readings differ in a bit, shape (n,)."""
    if one.dtype != other.dtype:
        shared = np.result_type(one, other)
        one, other = one.astype(shared), other.astype(shared)
    left, right = (np.ascontiguousarray(each).view(np.uint8).reshape(len(each), -1) for each in (one, other))
    return (left != right).any(axis=1)


def _relative(one: np.ndarray, other: np.ndarray, floor: float) -> np.ndarray:
    """|a − b| / max(|a|, |b|), elementwise; 0 where the difference is not above the floor, infinite for NaN."""
    left, right = one.astype(np.float64), other.astype(np.float64)
    with np.errstate(all="ignore"):
        apart = np.abs(left - right)
        shares = np.where(apart <= floor, 0.0, apart / np.maximum(np.abs(left), np.abs(right)))
    alike = (left == right) | (np.isnan(left) & np.isnan(right))
    return np.where(alike, 0.0, np.where(np.isnan(shares), np.inf, shares))


def _size(values: np.ndarray) -> float:
    """The largest finite reading, by its size."""
    largest = 0.0
    for start in range(0, len(values), _SLICE):
        sizes = np.abs(values[start : start + _SLICE].astype(np.float64))
        largest = max(largest, float(np.max(sizes, where=np.isfinite(sizes), initial=0.0)))
    return largest


def _rounding(header: Header) -> float:
    """Of the run's precision."""
    return float(np.finfo(np.float32 if header.precision == "float32" else np.float64).eps)


def _agree(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether states kept at one step are those of one session: one that was held there may have kept more."""
    mine, others = set(one), set(other)
    return "" not in mine | others and (mine <= others or others <= mine)


def _lacking(one: Told, other: Told) -> list[Place]:
    """What the second recording should hold beside readings: states, until a member has diverged; and every step."""
    lost = min((event.step for event in other.history.events if event.what == "diverged"), default=math.inf)
    kept = [Place(step, STATE) for step in one.states if step not in other.states and step < lost]
    return kept + ([Place(other.reached, END)] if other.reached < one.reached else [])


def _digest(keyframe: Keyframe) -> str:
    """The digest of a kept state; empty where it is not that of its leaves."""
    own = hashlib.sha256()
    for array in keyframe.leaves.values():
        own.update(array.data)
    return keyframe.digest if own.hexdigest() == keyframe.digest else ""

"""When a sharpness comes to its threshold and stays there, whatever it swings meanwhile.

At the edge the sharpness hovers above and below its threshold (Cohen et al. 2021, arXiv:2103.00065), so that one
crossing says little. It must come from well below (or, where a knob took the threshold down, from well above), cross
it, and what follows must lie there, all of it and its later half: so what passes by, or touches it once and falls off,
is no arrival. An overshoot, and an undershoot that is driven back, are waited for, since with momentum the first ones
last for tens of readings. It is gone once most readings of a window lie off, and the window is longer than such a
swing: so who swings has not left, and an arrival is told once, at the first crossing.
"""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, final

import numpy as np

from dltlab.chapters.abstract import Member
from dltlab.chapters.series import standing

LEAST: Final = 10
"""Readings since the crossing, at least, that show that it stays."""
_LONGER: Final = 1.25
"""A swing is waited for, each time so much longer."""
HOVERS: Final = (0.9, 1.1)
"""Where the ratio to the threshold lies at the edge, but for its swings."""
_APART: Final = (0.85, 1.15)
"""Beyond these most of the recent readings must have been, for a crossing to be an arrival."""
_FAR: Final = 0.5
_LEFT: Final = (0.8, 1.25)
"""Beyond these most of a long window must have been, for an arrival to have ended."""
_FROM_ABOVE: Final = 1.05
_PATIENCE: Final = {-1: 2, 1: 6}
"""How many times as long as it took for the last stretch to the threshold, from below or above, it must hover: what
passes by at that speed is no longer there."""
_WINDOW: Final = 10
_FEWEST: Final = 3
_LONG: Final = 80
"""Readings of the long window, at least: an undershoot of half as many is a swing."""
_SLOW: Final = 4
"""Times the last stretch to the threshold, at least, that it has: one who climbs slowly swings slowly."""
_BEYOND: Final = 1e30
"""A ratio from here on is as far away as any: beside it no other is seen in a mean, and a sum of these is finite."""
MOVED: Final = 0.02
"""How far the threshold moves, relative to itself, where another episode begins."""


class Meeting(NamedTuple):
    """An arrival at the threshold."""

    step: int
    """The first reading at the threshold or beyond."""
    known: int
    level: float
    """The threshold there."""
    median: float
    """Of the ratio to it, from there to ``known``."""
    again: bool
    """Whether the threshold had moved since the one before."""


@final
class Meetings:
    """The arrivals of one member's series, in order, each told once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._from = 0
        """The first reading of the column that is still needed."""
        self._looked = 0
        """How many readings there were at the last look."""
        self._next = 0
        """The first reading that nothing was decided of, counted among the finite ones from ``_from`` on."""
        self._begin = 0
        """Where the episode of this threshold or crossing begins, counted likewise; 0 also for long ago."""
        self._state: Literal["away", "near", "at"] = "away"
        self._side = 0
        """−1 once most recent readings were well below, 1 well above; 0 neither yet."""
        self._apart = 0
        """The last reading before the crossing that was well apart, counted likewise; it may be long gone."""
        self._stretch = 0
        """Readings from there to the crossing."""
        self._tried = 0
        self._seen = 0
        """Up to which reading all had to be seen before it was known that who crossed had gone, counted likewise."""
        self._met = False
        self._moved = False

    def look(self, member: Member) -> Iterator[Meeting]:
        """The arrivals that the readings since the last look show."""
        steps, values = member.leading(self._name, self._from)
        wanted = self._length(self._tried) if self._state == "near" else 1
        if self._from + len(steps) <= self._looked or len(steps) < self._next + wanted:
            return
        self._looked = self._from + len(steps)
        with np.errstate(all="ignore"):
            levels = standing(steps, member, f"{self._name}.theory")
            ratios = values / levels
            whole = np.flatnonzero(np.isfinite(ratios))
            steps, ratios, levels = steps[whole], np.clip(ratios[whole], -_BEYOND, _BEYOND), levels[whole]
            jumps = 1 + np.flatnonzero(np.abs(levels[1:] / levels[:-1] - 1) > MOVED)
        while self._next < len(steps):
            jump = int(np.searchsorted(jumps, max(self._next, self._begin + 1)))
            end = int(jumps[jump]) if jump < len(jumps) else len(steps)
            if end == self._next:
                self._begin, self._state, self._side, self._moved = end, "away", 0, True
                continue
            before = self._next, self._state, self._side, self._tried
            if meeting := self._advance(steps, ratios, levels, end):
                yield meeting
            if before == (self._next, self._state, self._side, self._tried):
                if end == len(steps):
                    break
                # What was under way when the threshold moved comes to nothing, unless it had come back to it.
                if self._state == "near" and self._came_back(ratios[self._next : end]):
                    yield self._met_there(steps, ratios, levels, end, shown=end)
                self._next = end
        self._forget(whole)

    def _forget(self, whole: np.ndarray) -> None:
        """Keep what later decisions need: the last window, and whether the threshold moved since."""
        length, _ = self._window()
        keep = max(min(self._next - length, len(whole)), self._begin, 0)
        if keep < len(whole):
            self._from += int(whole[keep])
            self._next, self._begin = self._next - keep, max(self._begin - keep, 0)
            self._apart, self._seen = self._apart - keep, self._seen - keep

    def _advance(self, steps: np.ndarray, ratios: np.ndarray, levels: np.ndarray, end: int) -> Meeting | None:
        """Go on to the next decision before ``end``; nothing changes where more readings are needed for it."""
        if self._state == "near":
            return self._judge(steps, ratios, levels, end)
        if self._state == "away" and self._side:
            way = ratios[self._next : end]
            there = way >= 1 if self._side < 0 else way <= _FROM_ABOVE
            place = int(there.argmax()) if there.any() else len(way)
            apart = np.flatnonzero(way[:place] < _APART[0] if self._side < 0 else way[:place] > _APART[1])
            self._apart = self._next + int(apart[-1]) if len(apart) else self._apart
            self._next += place
            if place < len(way):
                self._state, self._tried, self._stretch = "near", 0, self._next - self._apart
                self._begin = self._next
            return None
        low, high = _LEFT if self._state == "at" else _APART
        below, above = (self._mostly(apart, self._next, end) for apart in (ratios < low, ratios > high))
        if self._state == "away" and self._next == self._begin:
            # Who begins far away may be there by the next reading.
            below[0] = ratios[self._begin] < _FAR
        found = np.flatnonzero(below | above)
        if not len(found):
            self._next = end
            return None
        place = int(found[0])
        self._turn_away(self._next + place + (self._state == "at"), -1 if below[place] else 1)
        return None

    def _turn_away(self, place: int, side: int) -> None:
        """From this reading on it may arrive anew, from this side."""
        self._state, self._side, self._next, self._apart = "away", side, place, place

    def _window(self) -> tuple[int, int]:
        """How many recent readings tell where it is, and how few may."""
        if self._state == "away":
            return _WINDOW, _FEWEST
        length = max(_LONG, _SLOW * self._stretch)
        return length, length

    def _mostly(self, apart: np.ndarray, start: int, end: int) -> np.ndarray:
        """Of the readings from ``start`` to ``end``, where most of the recent ones are so."""
        longest, fewest = self._window()
        count = np.concatenate([[0], np.cumsum(apart[self._begin : end])])
        place = np.arange(start - self._begin, end - self._begin) + 1
        length = np.minimum(place, longest)
        return (length >= fewest) & (2 * (count[place] - count[place - length]) > length)

    def _length(self, tried: int) -> int:
        """How many readings since the crossing are judged at this try."""
        return int(max(LEAST, _PATIENCE[self._side or -1] * self._stretch) * _LONGER**tried)

    def _until(self, tried: int) -> int:
        """The reading up to which they are judged at this try: none is judged by less than what led to it."""
        return max(self._next + self._length(tried), self._seen)

    def _judge(self, steps: np.ndarray, ratios: np.ndarray, levels: np.ndarray, end: int) -> Meeting | None:
        """Whether the readings since the crossing hover; they may swing widely first."""
        start = self._next
        while (last := self._until(self._tried)) <= end:
            since = self._until(self._tried - 1) if self._tried else start
            off = ratios < HOVERS[0], ratios > HOVERS[1]
            below, above = (self._mostly(one, since, last) for one in off)
            if (gone := np.flatnonzero(below | above)).size:
                side = -1 if below[gone[0]] else 1
                # It may be back by the reading that shows this: it left where it was off last.
                left = np.flatnonzero(off[side > 0][start : since + int(gone[0]) + 1])
                self._turn_away(start + int(left[-1]), side)
                self._seen = last
                return None
            if _hovers(ratios[start:last]) and _hovers(ratios[(start + last) // 2 : last]):
                return self._met_there(steps, ratios, levels, last, shown=last - 1)
            self._tried += 1
        return None

    def _came_back(self, since: np.ndarray) -> bool:
        """Whether what crossed hovers as a whole, and has crossed once more, if not for long enough to be sure."""
        other = since < 1 if self._side < 0 else since > 1
        again = other.argmax() if other.any() else len(since)
        return len(since) >= self._length(0) and not other[again:].all() and _hovers(since)

    def _met_there(
        self, steps: np.ndarray, ratios: np.ndarray, levels: np.ndarray, last: int, *, shown: int
    ) -> Meeting:
        """The arrival at the crossing, by the readings before ``last``; the reading ``shown`` shows it."""
        start = self._next
        again, self._met, self._moved = self._met and self._moved, True, False
        self._state, self._next = "at", last
        return Meeting(
            int(steps[start]), int(steps[shown]), float(levels[start]), float(np.median(ratios[start:last])), again
        )


def _hovers(ratios: np.ndarray) -> bool:
    """Whether the mean of their middle half lies at the edge: that of a swing between two values is halfway."""
    quarter = len(ratios) // 4
    middle = np.sort(ratios)[quarter : len(ratios) - quarter]
    return HOVERS[0] <= float(np.mean(middle)) <= HOVERS[1]

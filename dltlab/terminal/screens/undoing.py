"""Undoing turns: each act stays an event, and an undone one is answered by its opposite."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dltlab.records import Event


class Turned(NamedTuple):
    """A knob that was turned from one value to another."""

    knob: str
    old: float
    value: float

    @property
    def back(self) -> "Turned":
        """Its opposite."""
        return Turned(self.knob, self.value, self.old)


def turned(events: Iterable[Event]) -> list[Turned]:
    """The turns among events that say what they did; a recording may hold others."""
    found = []
    for event in events:
        old, value = event.data.get("old"), event.data.get("value")
        if event.what == "turn" and isinstance(old, int | float) and isinstance(value, int | float):
            found.append(Turned(str(event.data.get("knob")), float(old), float(value)))
    return found


def standing(turns: Sequence[Turned]) -> list[Turned]:
    """The turns that have not been undone, oldest first; the last one is the next to be undone.

    A turn that takes the last one back is its undoing, whoever made it: the session is then where
    it was before both. So undoing again walks farther back, from any viewer and after any pause.
    """
    kept: list[Turned] = []
    for turn in turns:
        if kept and _alike(kept[-1].back, turn):
            kept.pop()
        elif turn.old != turn.value:
            kept.append(turn)
    return kept


def _alike(one: Turned, other: Turned) -> bool:
    """Whether two turns are the same: a knob's value may have been rounded to single precision."""
    near = all(abs(a - b) <= 1e-6 * max(abs(a), abs(b)) for a, b in ((one.old, other.old), (one.value, other.value)))
    return near and one.knob == other.knob

"""Playing what was told already, backwards and forwards: the cursor walks along it at a session's pace.

Nothing of this is asked of the session, so it works alike on a running one and on a recording.
"""

from collections.abc import Sequence
from typing import Final, Literal, final

from dltlab.terminal.screens.looking import Looking

_WHOLE: Final = 8.0
"""Seconds in which all that is planned is walked through where no pace is asked for."""
_LONGEST: Final = 0.5
"""Seconds between two looks that are walked at most: who comes back from another screen has missed nothing."""


@final
class Walk:
    """A cursor that moves by itself."""

    def __init__(self, looking: Looking, planned: int) -> None:
        self._looking = looking
        self._planned = planned
        self.direction: Literal[-1, 0, 1] = 0
        """Backwards, not at all, forwards."""
        self.engaged = False
        """Whether the cursor is where a walk left it, so that playing goes on from there."""
        self.factor = 1.0
        """How much faster it walks than the session does."""
        self._at, self._left = 0.0, -1
        self._then = 0.0

    def begin(self, direction: Literal[-1, 1], now: float) -> None:
        """Walk from where one looks."""
        self.direction, self.engaged = direction, True
        self._at, self._then = float(self._looking.step), now
        self._left = -1 if self._looking.cursor is None else self._looking.cursor

    def halt(self) -> None:
        """Stay where one looks."""
        self.direction = 0

    def rate(self, pace: float | None) -> float:
        """Steps a second, for a session of that pace; None for flat out."""
        return max((self._planned / _WHOLE if pace is None else pace) * self.factor, 0.01)

    def go_on(self, now: float, pace: float | None, stops: Sequence[int] = ()) -> int | None:
        """Walk as far as it is time to; the stop that it halted at, if any.

        It halts by itself at the first of ``stops`` on its way, at the beginning, and at the end of what was
        told: from there on one follows the session again.
        """
        looking = self._looking
        cursor = -1 if looking.cursor is None else looking.cursor
        if cursor != self._left:
            # Somebody looked elsewhere meanwhile; at the end there is nothing to walk to.
            self.engaged = self.engaged and cursor >= 0
            self.direction = self.direction if self.engaged else 0
            self._at, self._left = float(looking.step), cursor
        if not self.direction:
            return None
        before = self._at
        self._at += self.direction * min(max(now - self._then, 0.0), _LONGEST) * self.rate(pace)
        self._then = now
        low, high = sorted((before, self._at))
        on_way = [stop for stop in stops if low <= stop <= high and stop != before]
        stop = (min(on_way) if self.direction > 0 else max(on_way)) if on_way else None
        if stop is not None:
            self._at = float(stop)
        self._at = max(self._at, 0.0)
        looking.look_at(round(self._at))
        self._left = -1 if looking.cursor is None else looking.cursor
        ended = looking.cursor is None if self.direction > 0 else self._at <= 0
        if stop is not None or ended:
            self.direction = 0
            self.engaged = looking.cursor is not None
        return stop

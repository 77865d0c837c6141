"""One frame under way at a time: the next leaves when the terminal says that it has this one.

What the kernel and an SSH connection hold between us and a slow terminal cannot be seen from here:
on Linux a pseudo-terminal takes 19 kB while TIOCOUTQ says 0, and sshd and TCP take hundreds more.
So every flight ends with the question that the VT100 already answered, "are you well?" (DSR 5), and
its answer is the measure: of the round trip, and of how many bytes arrive in a tenth of a second.
"""

import re
from collections.abc import Callable
from typing import Final

QUESTION: Final = "\x1b[5n"
ANSWER: Final = re.compile(rb"\x1b\[[03]n")
_PREFIXES: Final = (b"\x1b", b"\x1b[", b"\x1b[0", b"\x1b[3")
_FIRST: Final = 4096
"""Bytes of the first flight."""
_LEAST: Final = 512
MOST: Final = 1 << 17
_GOAL: Final = 0.1
"""Seconds that a flight takes beyond the round trip: a key pressed meanwhile waits for no more."""
_SILENT: Final = 0.25
"""Seconds after which a terminal that has never answered is not waited for any longer."""
_TRIES: Final = 4
"""Questions without an answer after which none is asked any more."""
_LOST: Final = 10.0
"""Seconds after which an answer is taken for lost."""


class Pacing:
    """When the next flight may leave, and how large it may be."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.most = _FIRST
        """Bytes of the next flight."""
        self.answers = False
        """Whether the terminal has ever answered."""
        self._left: float | None = None
        self._size, self._tries = 0, 0
        self._trip = float("inf")

    @property
    def wait(self) -> float:
        """Seconds for which the flight under way is waited for; 0 where the next may leave."""
        if self._left is None:
            return 0.0
        return max(self._left + (_LOST if self.answers else _SILENT) - self._clock(), 0.0)

    def leave(self, size: int) -> bool:
        """A flight of so many bytes leaves; whether it should end with the question."""
        if not self.answers and self._tries >= _TRIES:
            # What it takes without blocking is all that can be known.
            self._left = None
            return False
        self._left, self._size = self._clock(), size
        self._tries += 1
        return True

    def arrived(self) -> None:
        """The terminal has answered."""
        self.answers = True
        if self._left is None:
            return
        took, self._left = self._clock() - self._left, None
        # The least of all round trips, forgotten slowly: a route may change.
        self._trip = min(took, self._trip * 1.001)
        beyond = took - self._trip
        if beyond > _GOAL:
            self.most = max(int(self._size * _GOAL / beyond), _LEAST)
        elif self._size > self.most // 2 and beyond < _GOAL / 2:
            self.most = min(2 * self.most, MOST)


def answers_in(data: bytes) -> tuple[bytes, int, bytes]:
    """What is left of some input without answers, how many there were, and an end that may be half of one."""
    rest, count = ANSWER.subn(b"", data)
    for prefix in reversed(_PREFIXES):
        # A lone escape is a key; it must not wait.
        if len(prefix) > 1 and rest.endswith(prefix):
            return rest[: -len(prefix)], count, prefix
    return rest, count, b""

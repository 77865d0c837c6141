"""When a film shows what: a step for every moment of its length."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from dltlab.errors import UsageError
from dltlab.records import Frames, Record
from dltlab.session.replay import LONGEST_GAP

_HOLD: Final = 2.0
"""Seconds for which the last picture stands."""
_LONGEST: Final = 3600.0


class Script(NamedTuple):
    """The length of a film in seconds, and the steps that it shows at some of them; between those it goes evenly."""

    seconds: float
    fps: float
    times: np.ndarray
    steps: np.ndarray

    @property
    def pictures(self) -> int:
        """How many there are, the first and the last among them."""
        return round(self.seconds * self.fps) + 1

    def at(self, picture: int) -> tuple[float, int]:
        """The time of a picture, in seconds, and the step that it shows."""
        time = min(picture / self.fps, self.seconds)
        # A hair more, so that a step is not missed by a rounding.
        return time, int(np.interp(time, self.times, self.steps) + 1e-6)


def once(step: int) -> Script:
    """One picture, of one step."""
    return Script(0.0, 1.0, np.zeros(1), np.array([float(step)]))


def squeezed(first: int, last: int, seconds: float, fps: float) -> Script:
    """All steps in so many seconds, evenly."""
    play = seconds - min(_HOLD, seconds / 10)
    return Script(seconds, fps, np.array([0.0, play]), np.array([first, last], float))


def paced(records: Iterable[Record], first: int, last: int, speed: float, fps: float) -> Script:
    """At so many times the recorded pace, long pauses cut short as in a replay.

    Raises:
        UsageError: That would be longer than anybody watches.
    """
    told = [(frames.step, frames.wall) for frames in records if isinstance(frames, Frames)]
    steps = np.array([0, *(step for step, _ in told)], float)
    gaps = np.diff(np.array([0.0, *(wall for _, wall in told)]))
    times = np.concatenate([[0.0], np.cumsum(np.clip(gaps, 0.0, LONGEST_GAP))]) / speed
    start, end = np.interp((first, last), steps, times)
    seen = (steps > first) & (steps < last)
    times = np.array([0.0, *(times[seen] - start), end - start])
    if not end - start <= _LONGEST:
        raise UsageError(f"a film of {end - start:,.0f} seconds; choose a higher --speed, or its length by --seconds.")
    return Script(float(end - start) + _HOLD, fps, times, np.array([first, *steps[seen], last], float))

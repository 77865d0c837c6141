"""The steps that an axis spans: all that are planned, or a window of them around where one looks."""

import math
from typing import Final, NamedTuple

from dltlab.terminal.drawing.scales import Scale, log_steps

LEAST: Final = 8
"""Steps that a window spans at least."""
_INNER: Final = 8
"""The margin of a window, as its fraction: who looks into it moves the window."""


class Span(NamedTuple):
    """From one step to another, on a linear or a logarithmic axis."""

    first: int
    last: int
    log: bool = False

    @property
    def scale(self) -> Scale:
        """The axis."""
        if self.log:
            return log_steps(self.first, self.last)
        return Scale("linear", float(self.first), float(max(self.last, self.first + 1)))

    @property
    def steps(self) -> int:
        """Steps from its first to its last."""
        return max(self.last - self.first, 1)

    def at(self, step: float) -> float:
        """Where a step lies, as a fraction of the span; outside of it below 0 or above 1."""
        if self.log:
            first = max(self.first, 1)
            return math.log(max(step, 1e-3) / first) / math.log(max(self.last / first, 1 + 1e-9))
        return (step - self.first) / self.steps

    def step(self, fraction: float) -> int:
        """The step at a fraction of it."""
        if self.log:
            first = max(self.first, 1)
            return round(first * max(self.last / first, 1.0) ** fraction)
        return round(self.first + fraction * self.steps)

    def holds(self, step: int) -> bool:
        """Whether a step lies in it."""
        return self.first <= step <= self.last


def window(planned: int, steps: int, around: int) -> Span | None:
    """A window of so many steps with one of them in its middle; None where that is all that is planned."""
    if steps >= planned:
        return None
    first = min(max(around - steps // 2, 0), planned - steps)
    return Span(first, first + steps)


def zoomed(seen: Span | None, planned: int, around: int, factor: float) -> Span | None:
    """A window that shows ``factor`` times as many steps around one of them; None for all that are planned."""
    steps = planned if seen is None else seen.steps
    return window(planned, min(max(round(steps * factor), min(LEAST, planned)), planned), around)


def panned(seen: Span | None, planned: int, step: int) -> Span | None:
    """The window moved so that a step lies in it, and not at its edge; the same window while it does.

    It moves by half of itself, so that what follows a step moves its axes rarely.
    """
    if seen is None:
        return None
    margin = seen.steps // _INNER
    low = seen.first if seen.first == 0 else seen.first + margin
    high = seen.last if seen.last >= planned else seen.last - margin
    if low <= step <= high:
        return seen
    away = step - high if step > high else low - step
    by = max(seen.steps // 2, 1)
    if away <= by:
        first = seen.first + (by if step > high else -by)
    else:
        first = step - margin if step > high else step - seen.steps + margin
    first = min(max(first, 0), max(planned - seen.steps, 0))
    return seen._replace(first=first, last=first + seen.steps)

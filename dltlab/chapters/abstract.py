"""What a detector is, and the one member of the session that it watches."""

import abc
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

import numpy as np

from dltlab.chapters.chapter import Chapter
from dltlab.session.history import History


class Member(NamedTuple):
    """One seed of one arm, as if it had run alone."""

    history: History
    arm: str = ""
    """The arm's name; empty where the scenario names none."""
    place: int = 0
    """The arm's place among the arms."""
    seed: int = 0
    """Its place among the seeds."""

    def readings(self, name: str, first: int = 0, end: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The readings of a series from ``first`` to before ``end``: steps of shape (n,), values (n, *own axes).

        A series that the session does not have was never read.
        """
        if name not in self.history:
            return np.empty(0, np.int64), np.empty(0)
        column = self.history[name]
        axes, values = column.series.axes, column.values[first:end]
        if axes[:1] == ("arm",):
            values, axes = values[:, self.place], axes[1:]
        if axes[:1] == ("seed",):
            values = values[:, min(self.seed, values.shape[1] - 1)]
        return column.steps[first:end], values

    def leading(self, name: str, first: int = 0, end: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The same with only the first component of every reading, float64, both of shape (n,)."""
        steps, values = self.readings(name, first, end)
        if 0 in values.shape[1:]:
            return steps, np.full(len(steps), np.nan)
        return steps, np.asarray(values[(slice(None), *(0,) * (values.ndim - 1))], np.float64)


class AbstractDetector(abc.ABC):
    """Watches one member for one kind of chapter, reading after reading.

    It is asked again as the session grows, and looks only at what is new. What it says depends on the readings and
    events up to the chapter's ``known`` and on nothing else: not on how often it is asked, nor on the clock. So what
    was once told stands, whatever comes later.
    """

    by_arm: ClassVar[bool] = True
    """Whether each arm has one of its own; else the session has one."""

    @abc.abstractmethod
    def look(self, member: Member) -> Iterable[Chapter]:
        """The chapters that the readings since the last look show."""

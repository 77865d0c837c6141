"""How often a probe with a budget is read: a run-time number, kept beside what the probe remembers.

A reading that costs as much as r bare steps, taken every c steps, spends r/c bare steps a step.
Cadences are the finest one times 1, 2, 5, 10, 20, …: few enough to be read off an axis, and
far enough apart that the noise of a measured price seldom moves them.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from dltlab.engine.probes.base import Budgeted

UNLIMITED: Final = 32.0
"""The budget, in bare steps a step, that is no limit; the knob's upper end."""
LEAST: Final = 0.01
"""The knob's lower end."""
_DEARER: Final = 1.25
"""Beyond so many times the budget a coarser cadence is taken."""
_CHEAPER: Final = 0.8
"""A finer one is taken where it would spend so little of the budget."""


class Paced(NamedTuple):
    """What a probe with a budget carries from reading to reading, and how often it is read."""

    every: Int[Array | np.ndarray, "..."]
    """Steps between readings: they are taken at multiples of it."""
    budget: Float[Array | np.ndarray, "..."]
    """In bare steps a step; float64."""
    memory: Any
    """What the probe itself remembers."""


def begun(probe: Budgeted, finest: int, memory: Any) -> Paced:
    """Read as often as can be: nothing is known of the price yet."""
    return Paced(jnp.asarray(finest, jnp.int32), jnp.asarray(allowed(probe), jnp.float64), memory)


def allowed(probe: Budgeted) -> float:
    """The budget that a probe begins with."""
    return min(max(probe.budget, LEAST), UNLIMITED) if probe.budget else UNLIMITED


def cadences(finest: int, most: int) -> Iterator[int]:
    """The cadences to choose from, finest first; none but the finest is beyond ``most``."""
    ladder = (finest * one * 10**decade for decade in itertools.count() for one in (1, 2, 5))
    return itertools.chain([next(ladder)], itertools.takewhile(lambda every: every <= most, ladder))


def chosen(cost: float, budget: float, finest: int, *, most: int, now: int | None = None) -> int:
    """The cadence for a reading that costs as much as ``cost`` bare steps.

    The finest that keeps within the budget. Where a cadence is kept already it stays while it
    spends at most a quarter too much, and until a finer one would leave a fifth of the budget.

    Args:
        cost: In bare steps.
        budget: In bare steps a step.
        finest: The finest cadence.
        most: The coarsest.
        now: The cadence that is kept now, if it may stay.
    """
    if budget >= UNLIMITED or not math.isfinite(cost):
        return finest
    known = list(cadences(finest, most))
    within = [every for every in known if cost <= budget * every] or known[-1:]
    if now is None:
        return within[0]
    if cost > _DEARER * budget * now:
        return max(within[0], now)
    return next((every for every in known if every < now and cost <= _CHEAPER * budget * every), now)

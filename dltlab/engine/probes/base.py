"""What every probe is: a pure function of a simulation and a moment, read into one or more series."""

import abc
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import equinox as eqx
import jax
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.problems import AbstractProblem
from dltlab.engine.simulation import Moment, Simulation

Every = Annotated[int, Meta(ge=0, le=1_000_000_000)]
"""Steps between readings; 0 reads at every frame."""
Budget = Annotated[float, Meta(ge=0, le=32)]
"""What readings may cost, in bare steps a step; 0 sets no limit."""

Memory = Any
Readings = dict[str, Float[Array, "..."]]


class Shown(NamedTuple):
    """How a reading presents itself."""

    title: str
    axes: tuple[str, ...] = ()
    scale: str = "linear"
    gaps: bool = False
    """Whether it may be no finite number, for what is not there or not yet."""
    bar: str | None = None
    """The suffix of the reading that holds its error bars."""
    tolerance: float = 0.0
    """The error bar, relative to the reading, beyond which a reading is marked."""


class AbstractProbe(eqx.Module):
    """A quantity read off the dynamics without disturbing them.

    A reading may carry a memory from one reading to the next (the starting point, the last
    eigenvectors, a reference path); the memory is part of every keyframe.
    """

    every: eqx.AbstractVar[int]

    @abc.abstractmethod
    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Its readings by suffix; the main one's is empty. Raises ValueError where the problem has no such thing."""

    @abc.abstractmethod
    def remember(self, simulation: Simulation, moment: Moment) -> Memory:
        """The memory before the first reading."""

    @abc.abstractmethod
    def measure(self, simulation: Simulation, moment: Moment, memory: Memory) -> tuple[Readings, Memory]:
        """Read the quantity at one moment."""

    def told(self, simulation: Simulation, moment: Moment, memory: Memory) -> Mapping[str, jax.ShapeDtypeStruct]:
        """Shapes and dtypes of its readings; arguments as of :meth:`measure`, or their shapes and dtypes."""
        return jax.eval_shape(self.measure, simulation, moment, memory)[0]

    @abc.abstractmethod
    def price(self, simulation: Simulation, parameters: int) -> float:
        """What a reading costs, in gradient evaluations: an estimate before the first."""

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """Bytes that a reading holds at once beside the state, known before it exists: those of a gradient of the loss.

        Args:
            problem: What is read, whether it can be or not.
            item: Bytes of a number in the precision of the run.
        """
        return item * passing(problem)


class AbstractMomentary(AbstractProbe):
    """A probe that looks at its moment alone, and at none of the problem's examples."""

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """Nothing to speak of."""
        del problem, item
        return 0


class Budgeted(eqx.Module):
    """A probe whose readings may be too dear for every step: it takes them as seldom as its budget asks.

    ``every`` is then the finest cadence. The one that is kept is part of the keyframe, and its
    budget is a knob.
    """

    budget: eqx.AbstractVar[float]


class Following(eqx.Module):
    """A probe that makes up, at a reading, for the steps since the last one, at the learning rate of now.

    Before a knob is turned it takes a reading that nobody sees, so that this rate is theirs.
    """


class Paired(eqx.Module):
    """A theory of the probe that has its name, of which it may know nothing."""

    @abc.abstractmethod
    def pair(self, probe: AbstractProbe, simulation: Simulation) -> None:
        """Refuse a probe whose readings it does not foretell. Raises ValueError."""


def passing(problem: AbstractProblem) -> int:
    """Numbers that a gradient of the whole loss holds at once: the activations, and what goes back through them."""
    _, activations = problem.footprint()
    return 2 * activations


def need_flat(simulation: Simulation, noun: str) -> None:
    """Refuse a chart in which the parameters are not the point. Raises ValueError."""
    if not simulation.chart.flat:
        raise ValueError(f"{noun} needs parameters as they are; this problem keeps ln|x| of them, remove the probe.")

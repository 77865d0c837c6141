"""When each saddle of the octopus was left."""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems.octopus import Octopus
from dltlab.engine.simulation import Moment, Simulation


class Exits(AbstractProbe):
    """T_k, the first step at which |x_k| > 2τ: the k-th saddle is left. NaN until then.

    Beside it how many saddles were left, the last exit T_d, the wait T_{k+1} − T_k at a saddle, the ratios of
    successive waits (T_{k+2} − T_{k+1})/(T_{k+1} − T_k) from k = 2 on, and whether the iterate is inside
    the tube on which the function is defined.
    """

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two vectors and four numbers."""
        octopus(simulation, "exits")
        return {
            "": Shown("exit step T_k", axes=("saddle",), scale="log", gaps=True),
            "left": Shown("saddles left"),
            "last": Shown("last exit T_d", scale="log", gaps=True),
            "wait": Shown("median of T_{k+1} − T_k", gaps=True),
            "ratios": Shown("ratio of increments", axes=("saddle",), gaps=True),
            "inside": Shown("inside the tube"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, " d"]:
        """No exits."""
        del simulation
        return jnp.full_like(moment.state.params["log"], jnp.nan)

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, " d"]
    ) -> tuple[Readings, Float[Array, " d"]]:
        """Note the step where a coordinate has just passed 2τ."""
        problem = octopus(simulation, "exits")
        size = moment.state.params["log"]
        over = jnp.isnan(memory) & (size > jnp.log(2 * problem.width))
        exits = jnp.where(over, moment.state.step.astype(size.dtype), memory)
        increments = jnp.diff(exits)
        # The first increment starts where x₁(0) was drawn, not at a saddle.
        ratios = increments[2:] / increments[1:-1] if len(exits) > 3 else jnp.full((1,), jnp.nan, size.dtype)
        point = simulation.chart.point(moment.state.params)
        return {
            "": exits,
            "left": problem.saddle(point**2).astype(size.dtype),
            "last": exits[-1],
            "wait": jnp.nanmedian(increments),
            "ratios": ratios,
            "inside": problem.inside(point).astype(size.dtype),
        }, exits

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing, so that it is read at every step and no exit is missed."""
        del simulation, parameters
        return 0.0


def octopus(simulation: Simulation, noun: str) -> Octopus:
    """The problem, if it is an octopus. Raises ValueError."""
    problem = simulation.problem
    if not isinstance(problem, Octopus):
        message = f"{noun} are those of the saddles of an octopus; this problem is none, remove it."
        raise ValueError(message)  # noqa: TRY004
    return problem

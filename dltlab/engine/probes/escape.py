"""The way out of a saddle: how far along it, and when the saddle was left."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems import Saddled
from dltlab.engine.simulation import Moment, Simulation


class Escape(AbstractProbe):
    """The first step at which the iterate is far along the way out, NaN until then; and how far it is."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two numbers."""
        saddled(simulation, "an escape")
        return {"": Shown("escape step", scale="log", gaps=True), "distance": Shown("way out |y|", scale="log")}

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, ""]:
        """No escape."""
        del simulation
        return jnp.full_like(moment.loss, jnp.nan)

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, ""]
    ) -> tuple[Readings, Float[Array, ""]]:
        """|⟨v, x⟩| for the way out v."""
        problem = saddled(simulation, "an escape")
        distance = away(problem, simulation, moment)
        step = moment.state.step.astype(memory.dtype)
        escape = jnp.where(jnp.isnan(memory) & (distance > problem.far()), step, memory)
        return {"": escape, "distance": distance}, escape

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing, so that it is read at every step and the escape is not missed."""
        del simulation, parameters
        return 0.0


def away(problem: Saddled, simulation: Simulation, moment: Moment) -> Float[Array, ""]:
    """How far along the way out."""
    flat, _ = ravel_pytree(simulation.chart.point(moment.state.params))
    return jnp.abs(jnp.vdot(problem.way_out(), flat))


def saddled(simulation: Simulation, noun: str) -> Saddled:
    """The problem, if the way out of its saddle is known. Raises ValueError."""
    problem = simulation.problem
    if not isinstance(problem, Saddled):
        message = f"{noun} needs a problem with a saddle whose way out is known; this one has none, remove it."
        raise ValueError(message)  # noqa: TRY004
    return problem

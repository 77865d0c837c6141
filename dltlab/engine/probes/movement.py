"""How far the weights have moved from where they started: the coordinate of lazy training."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree

from dltlab.engine.numerics.relative import relative
from dltlab.engine.probes.base import AbstractMomentary, Every, Readings, Shown, need_flat
from dltlab.engine.simulation import Moment, Simulation


class WeightMovement(AbstractMomentary):
    """‖θ − θ₀‖, the same relative to ‖θ₀‖, and relative per layer."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The distance, the relative distance, and one relative distance a layer; of what starts at 0, none."""
        need_flat(simulation, "a weight movement")
        return {
            "": Shown("weight movement ‖θ−θ₀‖"),
            "relative": Shown("‖θ−θ₀‖/‖θ₀‖", gaps=True),
            "layers": Shown("‖W−W₀‖/‖W₀‖ by layer", axes=("layer",), gaps=True),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> PyTree:
        """The starting point."""
        del simulation
        return moment.state.params

    def measure(self, simulation: Simulation, moment: Moment, memory: PyTree) -> tuple[Readings, PyTree]:
        """The distances from the starting point."""
        moved = simulation.problem.layers(jax.tree.map(lambda now, start: now - start, moment.state.params, memory))
        started = simulation.problem.layers(memory)
        lengths = jnp.stack([jnp.asarray(optax.tree.norm(moved[layer])) for layer in moved])
        starts = jnp.stack([jnp.asarray(optax.tree.norm(started[layer])) for layer in moved])
        total, start = jnp.linalg.norm(lengths), jnp.linalg.norm(starts)
        return {"": total, "relative": relative(total, start), "layers": relative(lengths, starts)}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Two passes over the parameters."""
        del simulation, parameters
        return 0.05

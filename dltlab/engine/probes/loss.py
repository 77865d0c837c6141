"""The training loss, and the length of its gradient."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from dltlab.engine.probes.base import AbstractMomentary, Every, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation


class Loss(AbstractMomentary):
    """The objective at the parameters: what the step that leaves them computes anyway."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number."""
        del simulation
        return {"": Shown("training loss", scale="log")}

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """L(θ)."""
        del simulation, memory
        return {"": moment.loss}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing: the step has it."""
        del simulation, parameters
        return 0.0


class GradientNorm(AbstractMomentary):
    """The Euclidean length of the gradient."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number."""
        del simulation
        return {"": Shown("‖∇L‖", scale="log")}

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """‖∇L(θ)‖."""
        del memory
        # As one vector: a norm leaf by leaf takes longer than the step of a small network has to spare.
        flat, _ = ravel_pytree(simulation.gradient(moment))
        return {"": jnp.linalg.norm(flat)}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A pass over the gradient."""
        del simulation, parameters
        return 0.02

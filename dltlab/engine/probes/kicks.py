"""How often an optimizer has kicked, and whether it has come to its end."""

from collections.abc import Mapping

import jax.numpy as jnp

from dltlab.engine.optimizers.perturbed import Kicks
from dltlab.engine.probes.base import AbstractMomentary, Every, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation


class KicksGiven(AbstractMomentary):
    """Kicks that perturbed gradient descent has given; and 1 once one led nowhere, so that it returns a minimum.

    Zero for optimizers that give none, so that they can stand beside it.
    """

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two numbers."""
        del simulation
        return {"": Shown("kicks"), "settled": Shown("settled")}

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """What the optimizer remembers."""
        del simulation, memory
        kicks = moment.state.opt.inner_state
        dtype = moment.loss.dtype
        if not isinstance(kicks, Kicks):
            return {"": jnp.zeros((), dtype), "settled": jnp.zeros((), dtype)}, None
        return {"": kicks.given.astype(dtype), "settled": kicks.settled.astype(dtype)}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0

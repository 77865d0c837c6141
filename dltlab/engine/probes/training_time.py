"""How long training takes: the steps until the loss has fallen to a share of where it began."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float
from msgspec import Meta

from dltlab.engine.probes.base import AbstractMomentary, Every, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation

Share = Annotated[float, Meta(gt=0, lt=1)]


class Count(NamedTuple):
    """The loss that counts as reached, and the steps so far."""

    wanted: Float[Array, ""]
    steps: Float[Array, ""]
    reached: Bool[Array, ""]


class TrainingTime(AbstractMomentary):
    """Steps until L ≤ share·L(0), kept from then on; before, the steps so far. Exact to its cadence."""

    share: Share = 0.01
    """The share of the first loss that ends the count."""
    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number."""
        del simulation
        return {"": Shown(f"steps to {self.share:g}·L(0)")}

    def remember(self, simulation: Simulation, moment: Moment) -> Count:
        """Nothing is reached."""
        del simulation
        return Count(self.share * moment.loss, jnp.zeros((), jnp.float64), jnp.zeros((), bool))

    def measure(self, simulation: Simulation, moment: Moment, memory: Count) -> tuple[Readings, Count]:
        """The steps so far, if it is still going."""
        del simulation
        steps = jnp.where(memory.reached, memory.steps, moment.state.step.astype(jnp.float64))
        return {"": steps}, Count(memory.wanted, steps, memory.reached | (moment.loss <= memory.wanted))

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing: the step has the loss."""
        del simulation, parameters
        return 0.0

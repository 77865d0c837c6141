"""The steps that gradient descent on a fixed kernel needs: what the labels' place along its modes decides.

The first t with Σ_i (1 − ηcλ_i)^{2t} r_i(0)² ≤ share·‖r(0)‖² (Arora et al. 2019,
arXiv:1901.08584, section 4): few where the labels lie along the leading eigenvectors.
"""

from collections.abc import Mapping
from typing import Annotated

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine import modes
from dltlab.engine.modes import AbstractModal, Kernel
from dltlab.engine.probes.base import Every, Readings, Shown
from dltlab.engine.probes.training_time import Share
from dltlab.engine.simulation import Moment, Simulation


class KernelTime(AbstractModal):
    """Steps to a share of the first loss, at the learning rate of the start."""

    share: Share = 0.01
    """The share of the first loss that ends the count."""
    every: Every = 0
    most: Annotated[int, Meta(ge=1, le=10_000_000)] = 100_000
    """The number of steps at which the search ends."""
    kernel: Kernel = eqx.field(default="limit", static=True)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number, the same at every step."""
        modes.regression(simulation, self.kernel)
        return {"": Shown(f"predicted steps to {self.share:g}·L(0)")}

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, ""]:
        """The number, found before the first step."""
        begun = modes.begun(simulation, moment.state, self.kernel)
        rate = moment.state.opt.hyperparams["learning_rate"].astype(begun.values.dtype)
        shrink, wanted = (1 - rate * begun.values) ** 2, self.share * jnp.sum(begun.start**2)

        def above(so_far: tuple[Array, Array]) -> Array:
            count, energy = so_far
            return (jnp.sum(energy) > wanted) & (count < self.most)

        begin = (jnp.asarray(0, jnp.int32), begun.start**2)
        count, _ = lax.while_loop(above, lambda so_far: (so_far[0] + 1, shrink * so_far[1]), begin)
        return count.astype(begun.values.dtype)

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, ""]
    ) -> tuple[Readings, Float[Array, ""]]:
        """The number."""
        del simulation, moment
        return {"": memory}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0

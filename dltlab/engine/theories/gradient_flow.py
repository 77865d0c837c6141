"""Gradient flow from the same start: the path that gradient descent leaves at the edge of stability.

dw/dt = −∇L(w), followed over the same physical time as the optimizer's steps, t = Σ η, or
Σ η/(1 − β) where momentum sums gradients up (Cohen et al. 2021, arXiv:2103.00065, section 3.1).
Below the edge gradient descent shadows it; at the edge the flow's sharpness goes on rising while
that of gradient descent is held.
"""

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int
from msgspec import Meta

from dltlab.engine.numerics import flow, hessian, lanczos
from dltlab.engine.optimizers import Adaptive
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown, need_flat
from dltlab.engine.simulation import Moment, Simulation

_DENSE_UP_TO: Final = 300
"""Parameters up to which the flow's Hessian is formed."""


class Path(NamedTuple):
    """Where the flow is."""

    at: Float[Array, " p"]
    clock: Float[Array, ""]
    """The physical time it has reached."""
    step: Int[Array, ""]
    """The optimizer's step at that time."""
    leading: Float[Array, " p"]
    """The top eigenvector of its Hessian, or noise before it is known."""
    sharpness: Float[Array, ""]


class GradientFlow(AbstractProbe):
    """The loss and the sharpness of gradient flow at equal physical time, and the distance to it."""

    every: Every = 0
    most: Annotated[int, Meta(ge=1, le=100_000)] = 100
    """Runge–Kutta steps that it may take for one step of the optimizer; a stiffer flow is given up and reads NaN."""
    resolution: Annotated[float, Meta(gt=0, le=2)] = 1.0
    """Length of a Runge–Kutta step in units of 1/λ_max; above 2.78 it would be unstable."""

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Three numbers; refuses optimizers that learn a metric, in which the flow is another one."""
        need_flat(simulation, "gradient flow")
        if isinstance(simulation.optimizer, Adaptive):
            message = "gradient flow has no metric, and this optimizer learns one; use gradient_descent, or remove it."
            raise ValueError(message)  # noqa: TRY004
        return {
            "loss": Shown("loss of flow", scale="log"),
            "sharpness": Shown("sharpness of flow"),
            "distance": Shown("‖θ−θ_flow‖", scale="log"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Path:
        """The common start."""
        del simulation
        flat, _ = ravel_pytree(moment.state.params)
        noise = jnp.sin(1 + jnp.arange(flat.shape[0], dtype=flat.dtype))
        # No time passes before the first reading, which takes the sharpness.
        return Path(
            flat, moment.state.clock, moment.state.step, noise / jnp.linalg.norm(noise), jnp.zeros((), flat.dtype)
        )

    def measure(self, simulation: Simulation, moment: Moment, memory: Path) -> tuple[Readings, Path]:
        """Follow the flow to the moment's physical time and look."""
        flat, unravel = ravel_pytree(moment.state.params)
        duration = moment.state.clock - memory.clock
        steep = jnp.maximum(memory.sharpness, 1e-6).astype(duration.dtype)
        wanted = jnp.ceil(duration * steep / self.resolution)
        afforded = self.most * (moment.state.step - memory.step).astype(wanted.dtype)
        lost = ~(wanted <= afforded)
        steps = jnp.where(lost, jnp.zeros_like(wanted), wanted).astype(jnp.int32)
        descent = jax.grad(lambda at: -simulation.problem.loss(unravel(at)))
        at = flow.runge_kutta(descent, memory.at, duration, steps)
        at = jnp.where(lost, jnp.full_like(at, jnp.nan), at)
        value, vector = self._sharpness(simulation, moment, at, memory.leading)
        loss = simulation.problem.loss(unravel(at))
        value = value.astype(flat.dtype)
        readings = {"loss": loss, "sharpness": value, "distance": jnp.linalg.norm(flat - at)}
        return readings, Path(at, moment.state.clock, moment.state.step, vector, value)

    def _sharpness(
        self, simulation: Simulation, moment: Moment, at: Float[Array, " p"], leading: Float[Array, " p"]
    ) -> tuple[Float[Array, ""], Float[Array, " p"]]:
        _, unravel = ravel_pytree(moment.state.params)

        def loss(flat: Float[Array, " p"]) -> Float[Array, ""]:
            return simulation.problem.loss(unravel(flat))

        if at.shape[0] <= _DENSE_UP_TO:
            return lanczos.leading(hessian.dense(loss, at), 1)[0], leading
        found = lanczos.largest(hessian.products(loss, at), leading, count=1, tolerance=1e-2, most=32)
        return found.values[0], found.vectors[0]

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Four gradients a Runge–Kutta step, about one step a step of the optimizer, and a sharpness."""
        del simulation
        return 4.0 * max(self.every, 1) + (2.0 * parameters if parameters <= _DENSE_UP_TO else 24.0)

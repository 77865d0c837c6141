"""The central flow: the smooth path around which gradient descent oscillates at the edge of stability.

Cohen, Damian, Talwalkar, Kolter & Lee 2025 (arXiv:2410.24206). Where gradient descent
oscillates with covariance Σ about a point w, its average step is −η(∇L + ½∇⟨Σ, ∇²L⟩): the
oscillation lowers the sharpness. The central flow takes that step, with the Σ that just keeps
every eigenvalue of ∇²L at or below 2/η,

    dw/dt = −∇L(w) − ½∇⟨Σ, ∇²L(w)⟩,   Σ ⪰ 0,   ∇²L ⪯ 2/η,   ⟨Σ, 2/η − ∇²L⟩ = 0,

and so predicts the averages of the loss, L(w) + ½⟨Σ, ∇²L⟩ = L(w) + tr Σ/η, and of the squared
length of the oscillation, tr Σ. Of one direction u it is Damian, Nichani & Lee's σ² = −2∇L·∇S/‖∇S‖²
(arXiv:2209.15594). Below the edge Σ is zero and it is gradient flow.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int
from msgspec import Meta

from dltlab.engine.numerics import complementarity, hessian, lanczos, noise
from dltlab.engine.optimizers.descent import GradientDescent
from dltlab.engine.probes.base import AbstractProbe, Every, Following, Readings, Shown, need_flat
from dltlab.engine.problems import Sampled
from dltlab.engine.simulation import Moment, Simulation

Vector = Float[Array, " p"]
Scalar = Float[Array, ""]
_RESIDUAL: Final = 1e-4
"""Residual of the eigenpairs, relative to the largest: the eigenvalues are right to about its square."""
_PRODUCTS: Final = 64
"""Hessian-vector products that a search for them may take."""
_NO_TIME: Final = 1e-9
"""In which no eigenvalue gets anywhere."""


class Centre(NamedTuple):
    """Where the central flow is."""

    at: Vector
    leading: Float[Array, "k p"]
    """The top eigenvectors U of its Hessian."""
    values: Float[Array, " k"]
    """Their eigenvalues."""
    covariance: Float[Array, "k k"]
    """X, of the oscillation: Σ = UᵀXU."""
    clock: Scalar
    """The physical time it has reached."""
    step: Int[Array, ""]
    """The optimizer's step at that time."""


class CentralFlow(AbstractProbe, Following):
    """The averaged loss, the sharpness and the oscillation that the central flow predicts, and the distance to it."""

    directions: Annotated[int, Meta(ge=1, le=8)] = 3
    """Eigenvalues that it holds at the edge, at most."""
    substeps: Annotated[int, Meta(ge=2, le=64)] = 4
    """Euler steps for one step of the optimizer."""
    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The predictions; refuses optimizers other than plain gradient descent on all the data."""
        need_flat(simulation, "the central flow")
        problem = simulation.problem
        if isinstance(problem, Sampled) and problem.sampled:
            raise ValueError("the central flow is that of gradient descent on all the data; use batch = 0.")
        if isinstance(simulation.optimizer, GradientDescent):
            return {
                "loss": Shown("averaged loss, central flow", scale="log"),
                "bare": Shown("L(w) on the central flow", scale="log"),
                "sharpness": Shown("sharpness of the central flow", axes=("eigenvalue",)),
                "variance": Shown("tr Σ, central flow"),
                "distance": Shown("‖θ−θ_central‖", scale="log"),
            }
        raise ValueError("the central flow here is that of gradient_descent; use that, or remove the theory.")

    def remember(self, simulation: Simulation, moment: Moment) -> Centre:
        """The common start, at rest; its eigenvectors are not known yet."""
        del simulation
        flat, _ = ravel_pytree(moment.state.params)
        start = noise.block(moment.state.key, 0, min(self.directions, flat.shape[0]), flat.shape[0], flat.dtype)
        still = jnp.zeros_like(start @ start.T)
        return Centre(flat, start, still[0], still, moment.state.clock, moment.state.step)

    def measure(self, simulation: Simulation, moment: Moment, memory: Centre) -> tuple[Readings, Centre]:
        """Follow the flow to the moment's physical time and look."""
        flat, unravel = ravel_pytree(moment.state.params)

        def loss(at: Vector) -> Scalar:
            return simulation.problem.loss(unravel(at))

        steps = self.substeps * (moment.state.step - memory.step)
        duration = (moment.state.clock - memory.clock).astype(flat.dtype)
        stride = duration / jnp.maximum(steps, 1).astype(flat.dtype)
        edge = simulation.optimizer.threshold(moment.state.opt.hyperparams).astype(flat.dtype)
        # The first reading takes a step of no length, which finds the eigenvectors; a second one at a step takes none.
        taken = jnp.where(jnp.any(memory.values != 0), steps, jnp.maximum(steps, 1))
        here = lax.fori_loop(0, taken, lambda _, centre: onward(loss, centre, stride, edge), memory)
        bare = loss(here.at)
        readings = {
            "loss": bare + 0.5 * jnp.sum(here.values * jnp.diag(here.covariance)),
            "bare": bare,
            "sharpness": here.values,
            "variance": jnp.trace(here.covariance),
            "distance": jnp.linalg.norm(flat - here.at),
        }
        return readings, here._replace(clock=moment.state.clock, step=moment.state.step)

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Per substep the block's Hessian products, and a third derivative for each pair of directions."""
        del simulation, parameters
        pairs = self.directions * (self.directions + 1) / 2
        return max(self.every, 1) * self.substeps * (1 + 3 * 4 * self.directions + 6 * pairs)


def onward(loss: Callable[[Vector], Scalar], centre: Centre, stride: Scalar, edge: Scalar) -> Centre:
    """An Euler step of the central flow.

    Over the step the eigenvalues change by ``stride``·d(UᵀHU)/dt, and X is the least that keeps
    them at or below the edge at its end.
    """
    descent, slopes = -jax.grad(loss)(centre.at), _slopes(loss, centre.at, centre.leading)
    count = centre.values.shape[0]
    flat = slopes.reshape(count * count, -1)
    room = (edge - centre.values) / jnp.maximum(stride, _NO_TIME)
    growth = (flat @ descent).reshape(count, count) - jnp.diag(room)
    covariance = complementarity.solved(growth, 0.5 * flat @ flat.T, centre.covariance)
    at = centre.at + stride * (descent - 0.5 * covariance.ravel() @ flat)
    found = lanczos.largest(
        hessian.products(loss, at), centre.leading, count=count, tolerance=_RESIDUAL, most=_PRODUCTS
    )
    turned = found.vectors @ centre.leading.T
    return centre._replace(at=at, leading=found.vectors, values=found.values, covariance=turned @ covariance @ turned.T)


def _slopes(loss: Callable[[Vector], Scalar], at: Vector, vectors: Float[Array, "k p"]) -> Float[Array, "k k p"]:
    """∇(uᵢᵀ∇²L(w)uⱼ) at frozen u: third derivatives of the loss along each pair."""
    first, second = jnp.triu_indices(vectors.shape[0])

    def entry(place: Vector, left: Vector, right: Vector) -> Scalar:
        return left @ hessian.products(loss, place)(right)

    upper = jax.vmap(jax.grad(entry), in_axes=(None, 0, 0))(at, vectors[first], vectors[second])
    whole = jnp.zeros((*vectors.shape[:1], *vectors.shape), at.dtype).at[first, second].set(upper)
    return whole.at[second, first].set(upper)

"""The oscillation at the edge of stability: the steps along the Hessian's top eigenvector change sign each time.

Along the top eigenvector u of eigenvalue λ gradient descent multiplies the distance x from the
valley floor by 1 − ηλ, which is −1 at λ = 2/η: an oscillation of period 2 (Cohen et al. 2021,
arXiv:2103.00065, section 3; Damian, Nichani & Lee 2023, arXiv:2209.15594). Read it at every step or
at an odd cadence: an even one sees only one of its two sides.

The probe looks ahead, at θ, θ′, θ″ and θ‴: the steps that the optimizer is about to take. So
a reading needs no memory but u, and means the same at every cadence. Even and odd steps are told
apart, so that the period shows as two branches however many steps share a dot of the screen.
"""

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int
from msgspec import Meta

from dltlab.engine.numerics import hessian, lanczos, noise
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown, need_flat
from dltlab.engine.simulation import Moment, Simulation

_RESIDUAL: Final = 1e-5
"""Residual of the eigenvectors, relative to the largest eigenvalue."""
_PRODUCTS: Final = 64
"""Hessian-vector products that a search for them may take."""


class Axis(NamedTuple):
    """Along what to look."""

    vectors: Float[Array, "k p"]
    """The Hessian's top eigenvectors, each with the sign that it had before."""
    since: Int[Array, ""]
    """The step at which they were found."""


class Oscillation(AbstractProbe):
    """The next step along the top eigenvector, how the step after answers it, and the distance from the middle."""

    every: Every = 0
    refresh: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    """Steps after which the eigenvector is found anew, from the last one."""

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The step along u, its square and its product with the next; the displacement, by parity; its whole square."""
        need_flat(simulation, "an oscillation")
        return {
            "": Shown("step along u₁: u₁·(θ′−θ)"),
            "square": Shown("square of the step along u₁", scale="log"),
            "product": Shown("product of two successive steps along u₁"),
            "displacement": Shown("x = u₁·(θ−2θ′+θ″)/4"),
            "even": Shown("x at even steps"),
            "odd": Shown("x at odd steps"),
            "variance": Shown("‖θ−2θ′+θ″‖²/16", scale="log"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Axis:
        """No eigenvectors yet; two are sought, so that none overtakes the first unseen."""
        flat, _ = ravel_pytree(moment.state.params)
        del simulation
        start = noise.block(moment.state.key, 0, min(2, flat.shape[0]), flat.shape[0], flat.dtype)
        # Old enough to be found anew at the first reading.
        return Axis(start, moment.state.step - self.refresh)

    def measure(self, simulation: Simulation, moment: Moment, memory: Axis) -> tuple[Readings, Axis]:
        """Take three steps in thought."""
        now = moment.state.step
        stale = now - memory.since >= self.refresh
        axis = lax.cond(stale, lambda old: Axis(_top(simulation, moment, old.vectors), now), lambda old: old, memory)
        next_state = simulation.move(moment)
        second_state = simulation.step(next_state)
        places = (moment.state, next_state, second_state, simulation.step(second_state))
        here, there, beyond, last = (ravel_pytree(state.params)[0] for state in places)
        along = axis.vectors[0]
        step, another = along @ (there - here), along @ (beyond - there)
        middle = (here - 2 * there + beyond) / 4
        x, following = along @ middle, along @ (there - 2 * beyond + last) / 4
        even = now % 2 == 0
        readings = {
            "": step,
            "square": step**2,
            "product": step * another,
            "displacement": x,
            "even": jnp.where(even, x, following),
            "odd": jnp.where(even, following, x),
            "variance": middle @ middle,
        }
        return readings, axis

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Three steps, and a share of the search for the eigenvector."""
        del simulation, parameters
        return 3.0 + 24.0 * max(self.every, 1) / max(self.refresh, self.every)


def _top(simulation: Simulation, moment: Moment, known: Float[Array, "k p"]) -> Float[Array, "k p"]:
    """The top eigenvectors of the loss that is stepped on."""
    flat, unravel = ravel_pytree(moment.state.params)
    product = hessian.products(lambda at: simulation.problem.loss(unravel(at)), flat)
    found = lanczos.largest(product, known, count=known.shape[0], tolerance=_RESIDUAL, most=_PRODUCTS).vectors
    return found * jnp.where(jnp.sum(found * known, axis=1) < 0, -1, 1).astype(known.dtype)[:, None]

"""A layer's diagonal block of a matrix over all parameters, and the randomness of readings.

With S the selection of a layer's coordinates the block of H is S H Sᵀ: the Hessian of the loss
as a function of that layer alone.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, UInt32

from dltlab.catalog import near_miss
from dltlab.engine.numerics.hessian import Product
from dltlab.engine.problems import Params
from dltlab.engine.simulation import Simulation, State

_READINGS_NOISE: Final = 3 * 2**30
"""What is added to a step's number for the randomness of readings: beyond the problem's and that of kicks."""


class Block(NamedTuple):
    """A layer among the parameters, or all of them."""

    size: int
    select: Callable[[Float[Array, " p"]], Float[Array, " b"]]
    """S: the layer's coordinates of a vector over all parameters."""
    embed: Callable[[Float[Array, " b"]], Float[Array, " p"]]
    """Sᵀ: a vector of the layer among zeros."""

    def of(self, product: Product) -> Product:
        """V ↦ S A Sᵀ v for v ↦ Av."""
        return lambda vector: self.select(product(self.embed(vector)))


def block(simulation: Simulation, params: Params, layer: str) -> Block:
    """The layer of this name; all parameters where it is empty."""
    flat, unravel = ravel_pytree(params)
    if not layer:
        return Block(flat.shape[0], lambda vector: vector, lambda vector: vector)

    def select(vector: Float[Array, " p"]) -> Float[Array, " b"]:
        return ravel_pytree(simulation.problem.layers(unravel(vector))[layer])[0]

    transposed = jax.linear_transpose(select, flat)
    return Block(jax.eval_shape(select, flat).size, select, lambda vector: transposed(vector)[0])


def need_layer(simulation: Simulation, layer: str) -> None:
    """Refuse a name that no layer has. Raises ValueError."""
    if not layer:
        return
    known = simulation.problem.layers(simulation.begin(0).params)
    if layer not in known:
        raise ValueError(f"no layer {layer!r}; {near_miss(layer, known)}")


def noise(state: State, purpose: int) -> UInt32[Array, "2"]:
    """The key of a reading at a state: the same for the same seed and step, and of no use to the dynamics.

    Args:
        state: Where the reading is taken.
        purpose: A number that no other kind of reading has.
    """
    number = state.step.astype(jnp.uint32) + jnp.asarray(_READINGS_NOISE, jnp.uint32)
    return jr.key_data(jr.fold_in(jr.fold_in(jr.wrap_key_data(state.key), number), purpose))

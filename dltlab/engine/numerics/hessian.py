"""The Hessian of a scalar function, as a matrix or as products with vectors."""

from collections.abc import Callable

import jax
from jaxtyping import Array, Float

Scalar = Callable[[Float[Array, " p"]], Float[Array, ""]]
Product = Callable[[Float[Array, " p"]], Float[Array, " p"]]


def dense(function: Scalar, at: Float[Array, " p"]) -> Float[Array, "p p"]:
    """The whole Hessian, symmetrised; p² numbers and about 2p gradients."""
    matrix = jax.jacfwd(jax.grad(function))(at)
    return 0.5 * (matrix + matrix.T)


def products(function: Scalar, at: Float[Array, " p"]) -> Product:
    """V ↦ Hv, forward over reverse: exact to rounding, about two to three gradients each."""
    gradient = jax.grad(function)
    return lambda vector: jax.jvp(gradient, (at,), (vector,))[1]

"""The Hessian of a scalar function, as a matrix or as products with vectors."""

from collections.abc import Callable
from typing import Final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Scalar = Callable[[Float[Array, " p"]], Float[Array, ""]]
Product = Callable[[Float[Array, " p"]], Float[Array, " p"]]
_NEAR_ZERO: Final = 1e-3
"""A point nearer to the origin than this is probed as if it were so far from it."""


def dense(function: Scalar, at: Float[Array, " p"]) -> Float[Array, "p p"]:
    """The whole Hessian, symmetrised; p² numbers and about 2p gradients."""
    matrix = jax.jacfwd(jax.grad(function))(at)
    return 0.5 * (matrix + matrix.T)


def products(function: Scalar, at: Float[Array, " p"]) -> Product:
    """V ↦ Hv, forward over reverse: exact to rounding, about two to three gradients each."""
    gradient = jax.grad(function)
    return lambda vector: jax.jvp(gradient, (at,), (vector,))[1]


def differenced(gradient: Product, at: Float[Array, " p"], slope: Float[Array, " p"], *, unit: bool = False) -> Product:
    """V ↦ (∇L(θ + εv) − ∇L(θ))/ε: one gradient each, the one at θ being known.

    Of the loss's own best-compiled kernel, hence two to three times cheaper than an exact
    product on a CPU, and inexact: by the third derivative times ε, and by rounding over ε. With
    ε = 5·10⁻⁵‖θ‖ in float32 the two are alike, some 3·10⁻⁴ of ‖Hv‖ together for smooth networks. It is
    of no use across kinks: a ReLU that switches between θ and θ + εv is a jump over ε.

    Args:
        gradient: θ ↦ ∇L(θ).
        at: θ.
        slope: ∇L(θ).
        unit: Whether every v has length 1.
    """
    relative = 5e-5 if at.dtype == jnp.float32 else 1e-6
    length = relative * jnp.maximum(jnp.linalg.norm(at), _NEAR_ZERO)

    def product(vector: Float[Array, " p"]) -> Float[Array, " p"]:
        step = length if unit else length / jnp.maximum(jnp.linalg.norm(vector), jnp.finfo(at.dtype).tiny)
        return (gradient(at + step * vector) - slope) / step

    return product

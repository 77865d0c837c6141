"""The Hessian of a scalar function, as a matrix or as products with vectors."""

from collections.abc import Callable
from typing import Any, Final

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

Scalar = Callable[[Float[Array, " p"]], Float[Array, ""]]
Product = Callable[[Float[Array, " p"]], Float[Array, " p"]]
_NEAR_ZERO: Final = 1e-3
"""A point nearer to the origin than this is probed as if it were so far from it."""


def dense(function: Scalar, at: Float[Array, " p"]) -> Float[Array, "p p"]:
    """The whole Hessian, symmetrised; p² numbers and about 2p gradients."""
    matrix = jax.jacfwd(jax.grad(function))(at)
    return 0.5 * (matrix + matrix.T)


def held(parameters: int, activations: int) -> int:
    """Numbers that :func:`dense` and the decomposition hold at once: of every column a tangent of all activations."""
    return parameters * (2 * parameters + activations)


def products(function: Callable[[Any], Float[Array, ""]], at: PyTree[Float[Array, "..."]]) -> Product:
    """V ↦ Hv, forward over reverse: exact to rounding, about two to three gradients each.

    Args:
        function: Of parameters in any tree of arrays.
        at: Where. A v is such a tree laid end to end.
    """
    gradient = jax.grad(function)
    _, unravel = ravel_pytree(at)
    return lambda vector: ravel_pytree(jax.jvp(gradient, (at,), (unravel(vector),))[1])[0]


def differenced(
    gradient: Callable[[Any], Any],
    at: PyTree[Float[Array, "..."]],
    slope: PyTree[Float[Array, "..."]],
    *,
    unit: bool = False,
) -> Product:
    """V ↦ (∇L(θ + εv) − ∇L(θ))/ε: one gradient each, the one at θ being known.

    Of the loss's own best-compiled kernel, hence two to three times cheaper than an exact
    product on a CPU, and inexact: by the third derivative times ε, and by rounding over ε. With
    ε = 5·10⁻⁵‖θ‖ in float32 the two are alike, some 3·10⁻⁴ of ‖Hv‖ together for smooth networks. It is
    of no use across kinks: a ReLU that switches between θ and θ + εv is a jump over ε.

    Args:
        gradient: θ ↦ ∇L(θ), of parameters in any tree of arrays.
        at: θ. A v is such a tree laid end to end.
        slope: ∇L(θ).
        unit: Whether every v has length 1.
    """
    # Leaf by leaf: what is laid end to end and taken apart again is chosen from element by element.
    leaves = jax.tree.leaves(at)
    dtype = jnp.result_type(*leaves)
    _, unravel = ravel_pytree(at)
    relative = 5e-5 if dtype == jnp.float32 else 1e-6
    long = jnp.sqrt(sum((jnp.sum(leaf**2) for leaf in leaves), jnp.zeros((), dtype)))
    length = relative * jnp.maximum(long, _NEAR_ZERO)

    def product(vector: Float[Array, " p"]) -> Float[Array, " p"]:
        step = length if unit else length / jnp.maximum(jnp.linalg.norm(vector), jnp.finfo(dtype).tiny)
        moved = gradient(jax.tree.map(lambda own, towards: own + step * towards, at, unravel(vector)))
        return ravel_pytree(jax.tree.map(lambda new, old: (new - old) / step, moved, slope))[0]

    return product

"""Tangent kernels: K = J Jᵀ of any function of parameters, and the closed forms of random ReLU features.

Jacot, Gabriel & Hongler 2018 (arXiv:1806.07572); the closed forms are the arc-cosine kernels
of Cho & Saul 2009. :func:`arc_cosine` is written once for NumPy's arrays and JAX's.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

Arrays = TypeVar("Arrays", Array, np.ndarray)


LARGEST: Final = 4096
"""Rows of a kernel that is formed and decomposed: 128 MiB in float64, and half a minute."""


def fit(rows: int) -> None:
    """Raise ValueError, before any memory is taken, for a kernel that is too large to be formed."""
    if rows > LARGEST:
        cure = f"{LARGEST:,} outputs are the most, take fewer points."
        raise ValueError(f"a kernel of {rows:,} x {rows:,} numbers would be formed; {cure}")


def held(rows: int, weights: int = 0, activations: int = 0) -> int:
    """Numbers that a kernel of so many rows holds at once, formed and decomposed.

    Args:
        rows: k.
        weights: Those of each of k gradients, which are held layer by layer, and joined; 0 for a closed form.
        activations: Of all examples, through which the gradients go back.
    """
    return rows * max(2 * weights, weights + activations // 2) + 5 * rows * rows


def gram(outputs: Callable[[PyTree], Float[Array, " k"]], params: PyTree) -> Float[Array, "k k"]:
    """The tangent kernel K_ij = ⟨∇f_i(θ), ∇f_j(θ)⟩, by k backward passes; holds k gradients at once."""
    flat, unravel = ravel_pytree(params)
    slopes = jax.jacrev(lambda at: outputs(unravel(at)))(flat)
    return slopes @ slopes.T


def arc_cosine(x: Float[Arrays, "n d"], order: int) -> Float[Arrays, "n n"]:
    """The mean over w ~ N(0, I) of products of ReLU features of two inputs.

    With θ the angle between x and x′::

        order 0: E[1{w·x > 0} 1{w·x′ > 0}]   = (π − θ)/2π
        order 1: E[relu(w·x) relu(w·x′)]     = ‖x‖‖x′‖ (sin θ + (π − θ) cos θ)/2π
    """
    space: Any = x.__array_namespace__()
    lengths = space.sqrt(space.sum(x * x, axis=1))
    sizes = lengths[:, None] * lengths[None, :]
    # Beyond ±1, where rounding can carry a cosine, the arc cosine is NaN; just below 1 it loses half its digits.
    cosines = space.clip(x @ x.T / space.where(sizes > 0, sizes, space.ones_like(sizes)), -1.0, 1.0)
    cosines = space.where(space.eye(x.shape[0], dtype=bool), space.ones_like(cosines), cosines)
    angles = space.acos(cosines)
    if order == 0:
        return (math.pi - angles) / (2 * math.pi)
    return sizes * (space.sin(angles) + (math.pi - angles) * cosines) / (2 * math.pi)


def relu_limit(x: Float[Arrays, "n d"]) -> Float[Arrays, "n n"]:
    """H∞ = x·x′ (π − θ)/2π: the kernel of the first layer of m^(−½) Σ ±relu(w_j·x) as m → ∞ (Du et al. 2019)."""
    return x @ x.T * arc_cosine(x, 0)


def root(matrix: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n n"]:
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def norm(matrix: Float[Array, "n n"]) -> Float[Array, ""]:
    """The operator norm of a symmetric matrix."""
    return jnp.max(jnp.abs(jnp.linalg.eigvalsh(matrix)))

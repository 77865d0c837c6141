"""The spectral density of a symmetric operator by stochastic Lanczos quadrature.

For a random v of length 1 the measure Σᵢ ⟨uᵢ, v⟩² δ(λ − λᵢ) has the spectrum's density
(1/p) Σᵢ δ(λ − λᵢ) as its mean. Its Gauss quadrature of m nodes, exact for polynomials of degree 2m − 1,
are the Ritz values of the Krylov space of v, weighted by ⟨y, v⟩², y the Ritz vectors (Golub & Welsch
1969; Ubaru, Chen & Saad 2017; Ghorbani, Krishnan & Xiao 2019, arXiv:1901.10159).
"""

import math
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
from jax import lax
from jaxtyping import Array, Float, UInt32

from dltlab.engine.numerics import lanczos, randoms
from dltlab.engine.numerics.hessian import Product

_REACH: Final = 4.0


class Quadrature(NamedTuple):
    """Nodes and weights of each random start; a start's weights add up to 1."""

    nodes: Float[Array, "s m"]
    weights: Float[Array, "s m"]


class Density(NamedTuple):
    """A density on a grid."""

    grid: Float[Array, " g"]
    values: Float[Array, " g"]
    """The mean over the starts; a density of total mass 1."""
    error: Float[Array, " g"]
    """Its standard error, from their scatter."""


def quadrature(
    product: Product, key: UInt32[Array, "2"], size: int, dtype: jnp.dtype, *, starts: int, depth: int
) -> Quadrature:
    """Gauss quadratures of the spectral measures of random vectors, uniform on the sphere.

    Args:
        product: v ↦ Av for a symmetric A.
        key: What the vectors are drawn with.
        size: The p of the p × p operator.
        dtype: What to compute in.
        starts: Random vectors.
        depth: m, products a vector; at most p of them are taken. The Krylov space is fully reorthogonalised.
    """
    most = min(depth, size)

    def one(key: UInt32[Array, "2"]) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
        start = randoms.on_sphere(key, size, dtype)
        found = lanczos.largest(product, start, count=most, tolerance=0.0, most=most, stride=most)
        # Where the space was exhausted earlier there are fewer Ritz pairs; what stands for the others has no weight.
        weights = jnp.where(jnp.isfinite(found.values), (found.vectors @ start) ** 2, 0.0)
        weights = weights / jnp.sum(weights)
        mean = jnp.sum(jnp.where(weights > 0, found.values * weights, 0.0))
        return jnp.where(weights > 0, found.values, mean), weights

    keys = jax.vmap(jr.key_data)(jr.split(jr.wrap_key_data(key), starts))
    return Quadrature(*lax.map(one, keys))


def ends(found: Quadrature) -> Float[Array, "2"]:
    """The lowest and the highest node: the spectrum's ends, seen from inside."""
    return jnp.stack([jnp.min(found.nodes), jnp.max(found.nodes)])


def grid(
    low: Float[Array, ""], high: Float[Array, ""], points: int, *, below: float, above: float
) -> Float[Array, " g"]:
    """Equally spaced from low to high, and beyond each of them by a fraction of their distance; an end with 0 is kept.

    Too short a distance, as between the ends of a multiple of the identity's spectrum, is made longer than rounding.
    """
    size = jnp.maximum(jnp.abs(low), jnp.abs(high))
    apart = jnp.maximum(high - low, float(jnp.finfo(high.dtype).eps) ** (1 / 3) * size)
    apart = jnp.where(apart > 0, apart, 1.0).astype(high.dtype)
    # What is added goes to the free end, or half to each.
    added = (0.5 if below and above else 0.0 if above else 1.0) * (apart - (high - low))
    places = jnp.linspace(-below, 1 + above, points, dtype=high.dtype)
    return (low - added if below else low) + apart * places


def broadened(found: Quadrature, at: Float[Array, " g"], broadening: float) -> Density:
    """Each node a Gaussian whose standard deviation is a fraction of the grid's length; 0 beyond four of them."""
    width = broadening * (at[-1] - at[0])
    apart = (at[None, :, None] - found.nodes[:, None, :]) / width
    # The tails of an outlier's Gaussian would fill the gap beside it, where there is nothing.
    kernel = jnp.where(jnp.abs(apart) <= _REACH, jnp.exp(-0.5 * apart**2), 0.0) / (math.sqrt(2 * math.pi) * width)
    each = jnp.sum(found.weights[:, None, :] * kernel, axis=2)
    error = jnp.std(each, axis=0, ddof=1) / each.shape[0] ** 0.5
    return Density(at, jnp.mean(each, axis=0), error.astype(at.dtype))

"""The top eigenvectors of an operator that drifts: where the last ones were, the next ones are near.

Rayleigh–Ritz on the block Krylov space span{U, AU, …, A^d U} of the last eigenvectors U (Golub &
Van Loan, Matrix Computations, §10.3.6). A block finds eigenvalues that coincide, which a
Krylov space of one vector does not, and at the edge of stability several do coincide.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from dltlab.engine.numerics.hessian import Product


class Leading(NamedTuple):
    """Ritz pairs, largest value first."""

    values: Float[Array, " k"]
    vectors: Float[Array, "k p"]
    residual: Float[Array, ""]
    """max ‖Au − λu‖ over the pairs."""


class _Search(NamedTuple):
    found: Leading
    rounds: Int[Array, ""]


def start(size: int, count: int, dtype: jnp.dtype) -> Float[Array, "k p"]:
    """Orthonormal vectors that favour no coordinate, for when nothing is known yet."""
    waves = jnp.outer(1.0 + jnp.arange(size, dtype=dtype), jnp.sqrt(2.0 + jnp.arange(count, dtype=dtype)))
    return jnp.linalg.qr(jnp.sin(waves))[0].T


def leading(
    product: Product, known: Float[Array, "k p"], *, tolerance: float = 1e-4, depth: int = 1, most: int = 60
) -> Leading:
    """The k algebraically largest eigenpairs, found from approximate ones.

    Args:
        product: v ↦ Av for a symmetric A.
        known: Orthonormal vectors near the wanted ones; they decide the signs of those found.
        tolerance: Stop when every residual is below ``tolerance`` times the largest |λ|; the
            values are then right to about its square.
        depth: Products with the whole block in a round.
        most: Rounds at most; the residual then says what was reached.
    """
    # Residuals below rounding would never come.
    tolerance = max(tolerance, 50 * float(jnp.finfo(known.dtype).eps))

    def unfinished(search: _Search) -> Bool[Array, ""]:
        loose = search.found.residual > tolerance * jnp.max(jnp.abs(search.found.values))
        return loose & (search.rounds < most)

    def onward(search: _Search) -> _Search:
        return _Search(_ritz(product, search.found.vectors, depth), search.rounds + 1)

    unknown = Leading(jnp.zeros_like(known[:, 0]), known, jnp.full_like(known[0, 0], jnp.inf))
    found = lax.while_loop(unfinished, onward, _Search(unknown, jnp.asarray(0, jnp.int32))).found
    facing = jnp.where(jnp.sum(found.vectors * known, axis=1) < 0, -1.0, 1.0).astype(known.dtype)
    return found._replace(vectors=found.vectors * facing[:, None])


def _ritz(product: Product, block: Float[Array, "k p"], depth: int) -> Leading:
    """One round: the best approximations within the block's Krylov space."""
    count, size = block.shape
    if size < (depth + 1) * count:
        # The space is the whole one.
        block, depth = jnp.eye(size, dtype=block.dtype), 0
    basis, images = block, jax.vmap(product)(block)
    newest = images
    for _ in range(depth):
        # Where the space is exhausted what is left is rounding, and what is made of that need not be orthogonal.
        for _ in range(2):
            # Twice is enough (Parlett §6.9).
            for _ in range(2):
                newest = newest - (newest @ basis.T) @ basis
            newest = jnp.linalg.qr(newest.T)[0].T
        basis = jnp.concatenate([basis, newest])
        newest = jax.vmap(product)(newest)
        images = jnp.concatenate([images, newest])
    small = basis @ images.T
    values, coordinates = jnp.linalg.eigh(0.5 * (small + small.T))
    values, coordinates = values[::-1][:count], coordinates[:, ::-1][:, :count]
    apart = coordinates.T @ images - values[:, None] * (coordinates.T @ basis)
    # Rounding would make long chains of rounds slightly oblique.
    vectors = jnp.linalg.qr((coordinates.T @ basis).T)[0].T
    return Leading(values, vectors, jnp.max(jnp.linalg.norm(apart, axis=1)))

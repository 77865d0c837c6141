"""The largest eigenvalues of a symmetric operator, by Lanczos with full reorthogonalisation.

Golub & Van Loan, Matrix Computations, §10.3; Parlett, The Symmetric Eigenvalue Problem, §13.
A Ritz pair (θ, y) in the Krylov space satisfies ‖Ay − θy‖ = |β_m s_m| (s the pair's last
coordinate in the basis), and some eigenvalue of A lies within that distance of θ.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int


class Eigenpairs(NamedTuple):
    """Ritz pairs, largest value first."""

    values: Float[Array, " k"]
    vectors: Float[Array, "k p"]
    residuals: Float[Array, " k"]
    """‖Ay − θy‖ of each pair."""
    products: Int[Array, ""]
    """Products with the operator that it took."""


class _Krylov(NamedTuple):
    size: Int[Array, ""]
    basis: Float[Array, "m p"]
    diagonal: Float[Array, " m"]
    off_diagonal: Float[Array, " m"]
    next: Float[Array, " p"]
    values: Float[Array, " k"]
    coordinates: Float[Array, "m k"]
    residuals: Float[Array, " k"]


def largest(
    product: Callable[[Float[Array, " p"]], Float[Array, " p"]],
    start: Float[Array, " p"],
    *,
    count: int,
    tolerance: float,
    most: int,
    stride: int = 4,
) -> Eigenpairs:
    """The ``count`` algebraically largest eigenpairs.

    Args:
        product: v ↦ Av for a symmetric A.
        start: Where the Krylov space starts; any vector that is not orthogonal to the
            wanted eigenvectors, the last eigenvectors' sum in a tracked problem.
        count: How many pairs.
        tolerance: Stop when each residual is below ``tolerance`` times the largest |θ|.
        most: At most so many products; the residuals then say what was reached.
        stride: Products between two looks at the residuals.
    """
    p = start.shape[0]
    most = min(most, p)
    rounding = float(10 * jnp.finfo(start.dtype).eps)
    count = min(count, most)
    wide = jnp.dtype(jnp.float64)

    def extended(krylov: _Krylov) -> _Krylov:
        size, basis = krylov.size, krylov.basis.at[krylov.size].set(krylov.next)
        image = product(krylov.next)
        diagonal = jnp.vdot(image, krylov.next)
        # Twice is enough (Kahan, in Parlett §6.9); rows beyond the basis are zero.
        for _ in range(2):
            image = image - basis.T @ (basis @ image)
        length = jnp.linalg.norm(image)
        # An invariant subspace: what is left of the image is rounding, so go on nowhere.
        alive = length > rounding * (jnp.abs(diagonal) + jnp.abs(krylov.diagonal[0]))
        beta = jnp.where(alive, length, jnp.zeros_like(length))
        after = jnp.where(alive, image / jnp.where(alive, length, jnp.ones_like(length)), jnp.zeros_like(image))
        return krylov._replace(
            size=size + 1,
            basis=basis,
            diagonal=krylov.diagonal.at[size].set(diagonal),
            off_diagonal=krylov.off_diagonal.at[size].set(beta),
            next=after,
        )

    def judged(krylov: _Krylov) -> _Krylov:
        inside = jnp.arange(most, dtype=jnp.int32) < krylov.size
        # Coordinates outside the basis get a value below all others, so that they sort first.
        a, b = krylov.diagonal.astype(wide), krylov.off_diagonal.astype(wide)
        low = -1 - 2 * jnp.max(jnp.abs(a)) - 4 * jnp.max(jnp.abs(b))
        links = jnp.where(inside[1:], b[:-1], jnp.zeros_like(b[:-1]))
        matrix = jnp.diag(jnp.where(inside, a, low)) + jnp.diag(links, 1) + jnp.diag(links, -1)
        values, vectors = jnp.linalg.eigh(matrix)
        values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
        last = vectors[krylov.size - 1]
        residuals = jnp.abs(b[krylov.size - 1] * last)
        found = jnp.arange(count, dtype=jnp.int32) < krylov.size
        return krylov._replace(
            values=jnp.where(found, values, jnp.nan).astype(start.dtype),
            coordinates=jnp.where(found[None, :] & inside[:, None], vectors, 0.0).astype(start.dtype),
            residuals=jnp.where(found, residuals, jnp.inf).astype(start.dtype),
        )

    def unfinished(krylov: _Krylov) -> Array:
        scale = jnp.max(jnp.where(jnp.isfinite(krylov.values), jnp.abs(krylov.values), 0.0))
        loose = jnp.any(krylov.residuals > tolerance * scale)
        exhausted = (krylov.size > 0) & ~jnp.any(krylov.next != 0)
        return (krylov.size < most) & loose & ~exhausted

    def body(krylov: _Krylov) -> _Krylov:
        times = jnp.minimum(stride, most - krylov.size)
        return judged(lax.fori_loop(0, times, lambda _, k: extended(k), krylov))

    zeros = jnp.zeros((most, p), start.dtype)
    none = jnp.zeros(most, start.dtype)
    begin = _Krylov(
        jnp.asarray(0, jnp.int32),
        zeros,
        none,
        none,
        start / jnp.linalg.norm(start),
        jnp.full(count, jnp.nan, start.dtype),
        jnp.zeros((most, count), start.dtype),
        jnp.full(count, jnp.inf, start.dtype),
    )
    end = lax.while_loop(unfinished, body, begin)
    vectors = end.coordinates.T @ end.basis
    return Eigenpairs(end.values, vectors, end.residuals, end.size)


def leading(matrix: Float[Array, "p p"], count: int) -> Float[Array, " count"]:
    """The ``count`` largest eigenvalues of a symmetric matrix, largest first."""
    return jax.numpy.linalg.eigvalsh(matrix)[::-1][:count]

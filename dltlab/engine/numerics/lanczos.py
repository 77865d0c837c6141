"""The largest eigenvalues of a symmetric operator, by Lanczos with full reorthogonalisation.

Golub & Van Loan, Matrix Computations, §10.3; Parlett, The Symmetric Eigenvalue Problem, §13.
A Ritz pair (θ, y) in the Krylov space satisfies ‖Ay − θy‖ = |β_m s_m| (s the pair's last
coordinate in the basis), and some eigenvalue of A lies within that distance of θ.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int


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


Product = Callable[[Float[Array, " p"]], Float[Array, " p"]]


def largest(
    product: Product,
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
    count = min(count, most)

    def unfinished(krylov: _Krylov) -> Bool[Array, ""]:
        scale = jnp.max(jnp.where(jnp.isfinite(krylov.values), jnp.abs(krylov.values), 0.0))
        loose = jnp.any(krylov.residuals > tolerance * scale)
        exhausted = (krylov.size > 0) & ~jnp.any(krylov.next != 0)
        return (krylov.size < most) & loose & ~exhausted

    def onward(krylov: _Krylov) -> _Krylov:
        times = jnp.minimum(stride, most - krylov.size)
        return _judged(lax.fori_loop(0, times, lambda _, k: _extended(k, product), krylov))

    end = lax.while_loop(unfinished, onward, _begun(start, count, most))
    return Eigenpairs(end.values, end.coordinates.T @ end.basis, end.residuals, end.size)


def _begun(start: Float[Array, " p"], count: int, most: int) -> _Krylov:
    none = jnp.zeros(most, start.dtype)
    return _Krylov(
        size=jnp.asarray(0, jnp.int32),
        basis=jnp.zeros((most, start.shape[0]), start.dtype),
        diagonal=none,
        off_diagonal=none,
        next=start / jnp.linalg.norm(start),
        values=jnp.full(count, jnp.nan, start.dtype),
        coordinates=jnp.zeros((most, count), start.dtype),
        residuals=jnp.full(count, jnp.inf, start.dtype),
    )


def _extended(krylov: _Krylov, product: Product) -> _Krylov:
    """The Krylov space with one dimension more."""
    size, basis = krylov.size, krylov.basis.at[krylov.size].set(krylov.next)
    image = product(krylov.next)
    diagonal = jnp.vdot(image, krylov.next)
    # Twice is enough (Kahan, in Parlett §6.9); rows beyond the basis are zero.
    for _ in range(2):
        image = image - basis.T @ (basis @ image)
    length = jnp.linalg.norm(image)
    # An invariant subspace: what is left of the image is rounding, so go on nowhere.
    rounding = float(10 * jnp.finfo(image.dtype).eps)
    alive = length > rounding * (jnp.abs(diagonal) + jnp.abs(krylov.diagonal[0]))
    return krylov._replace(
        # From nowhere nothing was added: a zero vector would pass for an eigenvector of the value 0.
        size=size + jnp.any(krylov.next != 0).astype(size.dtype),
        basis=basis,
        diagonal=krylov.diagonal.at[size].set(diagonal),
        off_diagonal=krylov.off_diagonal.at[size].set(jnp.where(alive, length, 0.0)),
        next=jnp.where(alive, image / jnp.where(alive, length, 1.0), 0.0),
    )


def _judged(krylov: _Krylov) -> _Krylov:
    """The space's Ritz pairs and residuals, its small matrix decomposed in float64."""
    most, count = krylov.coordinates.shape
    kept, wide = krylov.values.dtype, jnp.dtype(jnp.float64)
    inside = jnp.arange(most, dtype=jnp.int32) < krylov.size
    a, b = krylov.diagonal.astype(wide), krylov.off_diagonal.astype(wide)
    # Coordinates outside the basis get a value below all others, so that they sort last.
    low = -1 - 2 * jnp.max(jnp.abs(a)) - 4 * jnp.max(jnp.abs(b))
    links = jnp.where(inside[1:], b[:-1], 0.0)
    matrix = jnp.diag(jnp.where(inside, a, low)) + jnp.diag(links, 1) + jnp.diag(links, -1)
    values, vectors = jnp.linalg.eigh(matrix)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    residuals = jnp.abs(b[krylov.size - 1] * vectors[krylov.size - 1])
    found = jnp.arange(count, dtype=jnp.int32) < krylov.size
    return krylov._replace(
        values=jnp.where(found, values, jnp.nan).astype(kept),
        coordinates=jnp.where(found[None, :] & inside[:, None], vectors, 0.0).astype(kept),
        residuals=jnp.where(found, residuals, jnp.inf).astype(kept),
    )


def leading(matrix: Float[Array, "p p"], count: int) -> Float[Array, " count"]:
    """The ``count`` largest eigenvalues of a symmetric matrix, largest first."""
    return jnp.linalg.eigvalsh(matrix)[::-1][:count]

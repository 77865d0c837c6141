"""The largest eigenvalues of a symmetric operator, by block Lanczos with full reorthogonalisation.

Golub & Van Loan, Matrix Computations, §10.3; Parlett, The Symmetric Eigenvalue Problem, §13.
For a Ritz pair (θ, y) in the Krylov space, A·y − θ·y is what A made of the basis that lies outside the space: its
length is known without another product (|β_m s_m| where the block is one vector), and some eigenvalue of A lies
within it of θ. An eigenvalue that is repeated is found as often as the block has vectors.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

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
    """Vectors that were multiplied: the first ones of the basis."""
    filled: Int[Array, ""]
    """Vectors of the basis."""
    basis: Float[Array, "m p"]
    """Orthonormal; the others are 0."""
    images: Float[Array, "n m"]
    """The image of each vector that was multiplied, in terms of the basis."""
    values: Float[Array, " k"]
    coordinates: Float[Array, "n k"]
    residuals: Float[Array, " k"]


_SHORT: Final = 16
"""Dimensions of a Krylov space that most searches do with."""
_BEHIND: Final = 0.02
"""Residual at which the pair behind those that are wanted is told well enough, relative to the largest |θ|."""
_RISE: Final = 4
"""Residuals by which that pair's value may still rise: it is that of a space of few dimensions."""
Product = Callable[[Float[Array, " p"]], Float[Array, " p"]]


def largest(
    product: Product,
    start: Float[Array, " p"] | Float[Array, "b p"],
    *,
    count: int,
    tolerance: float,
    most: int,
    stride: int = 4,
) -> Eigenpairs:
    """The ``count`` algebraically largest eigenpairs.

    Args:
        product: v ↦ Av for a symmetric A.
        start: Where the Krylov space starts, one vector or a block of them: any that are not orthogonal to the
            wanted eigenvectors, the last eigenvectors in a tracked problem.
        count: How many pairs.
        tolerance: Stop when each residual is below ``tolerance`` times the largest |θ|.
        most: At most so many products; the residuals then say what was reached.
        stride: Products between two looks at the residuals.
    """
    block = jnp.atleast_2d(start)
    most = min(most, block.shape[1])
    count = min(count, most)

    def unfinished(krylov: _Krylov) -> Bool[Array, ""]:
        values, residuals = krylov.values, krylov.residuals
        scale = jnp.max(jnp.where(jnp.isfinite(values), jnp.abs(values), 0.0))
        loose = jnp.any(residuals[:count] > tolerance * scale)
        # Of the pair behind it is enough that it will not be in front. Where a start is near an eigenvector that is
        # no longer the leading one, that pair is found before the leading one comes up.
        behind = (values + _RISE * residuals)[count:] > values[count - 1]
        loose = loose | jnp.any(behind & (residuals[count:] > max(tolerance, _BEHIND) * scale))
        return (krylov.size < jnp.minimum(most, krylov.filled)) & loose

    def onward(krylov: _Krylov) -> _Krylov:
        times = jnp.minimum(stride, most - krylov.size)
        return _judged(lax.fori_loop(0, times, lambda _, k: _extended(k, product), krylov))

    end = lax.while_loop(unfinished, onward, _begun(block, min(count + 1, most), most))
    vectors = end.coordinates[:, :count].T @ end.basis[:most]
    return Eigenpairs(end.values[:count], vectors, end.residuals[:count], end.size)


def _begun(start: Float[Array, "b p"], count: int, most: int) -> _Krylov:
    dtype = start.dtype
    rows = min(most + start.shape[0], start.shape[1])
    nothing = _Krylov(
        size=jnp.asarray(0, jnp.int32),
        filled=jnp.asarray(0, jnp.int32),
        basis=jnp.zeros((rows, start.shape[1]), dtype),
        images=jnp.zeros((most, rows), dtype),
        values=jnp.full(count, jnp.nan, dtype),
        coordinates=jnp.zeros((most, count), dtype),
        residuals=jnp.full(count, jnp.inf, dtype),
    )
    return lax.fori_loop(0, start.shape[0], lambda at, krylov: _entered(krylov, start[at])[0], nothing)


def _entered(krylov: _Krylov, vector: Float[Array, " p"]) -> tuple[_Krylov, Float[Array, " m"]]:
    """The Krylov space with what of a vector lies outside its basis; and the vector in terms of the basis."""
    basis, at = krylov.basis, jnp.minimum(krylov.filled, krylov.basis.shape[0] - 1)
    whole = jnp.linalg.norm(vector) + jnp.abs(krylov.images[0, 0])
    inside = jnp.zeros_like(basis[:, 0])
    # Twice is enough (Kahan, in Parlett §6.9); rows beyond the basis are zero.
    for _ in range(2):
        share = basis @ vector
        vector = vector - share @ basis
        inside = inside + share
    length = jnp.linalg.norm(vector)
    # What is left of a vector inside an invariant subspace is rounding, and leads nowhere.
    alive = (length > 10 * float(jnp.finfo(vector.dtype).eps) * whole) & (krylov.filled < basis.shape[0])
    basis = basis.at[at].set(jnp.where(alive, vector / jnp.where(alive, length, 1.0), basis[at]))
    inside = inside.at[at].add(jnp.where(alive, length, 0.0))
    return krylov._replace(basis=basis, filled=krylov.filled + alive.astype(jnp.int32)), inside


def _extended(krylov: _Krylov, product: Product) -> _Krylov:
    """The Krylov space with the image of its next vector, if there is one."""
    at = krylov.size
    there = at < krylov.filled
    longer, image = _entered(krylov, product(krylov.basis[at]))
    images = krylov.images.at[at].set(jnp.where(there, image, 0.0))
    return longer._replace(size=at + there.astype(jnp.int32), images=images)


def _judged(krylov: _Krylov) -> _Krylov:
    """The space's Ritz pairs and residuals; of its small matrix no more is decomposed than is there."""
    most, count = krylov.coordinates.shape
    if not count <= _SHORT < most:
        return _decomposed(krylov, most)
    few, many = (lambda krylov, size=size: _decomposed(krylov, size) for size in (_SHORT, most))
    return lax.cond(krylov.size <= _SHORT, few, many, krylov)


def _decomposed(krylov: _Krylov, room: int) -> _Krylov:
    """The same of a space that has so many dimensions at most, its small matrix decomposed in float64."""
    most, count = krylov.coordinates.shape
    kept = krylov.values.dtype
    inside = jnp.arange(room, dtype=jnp.int32) < krylov.size
    images = krylov.images[:room].astype(jnp.float64)
    square = jnp.where(inside[None, :], images[:, :room], 0.0)
    square = 0.5 * (square + square.T)
    # Coordinates outside the space get a value below all others, by Gershgorin's circles, so that they sort last.
    low = -1.01 * jnp.max(jnp.sum(jnp.abs(square), axis=1)) - float(jnp.finfo(jnp.float64).tiny)
    values, vectors = jnp.linalg.eigh(jnp.where(jnp.diag(~inside), low, square))
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    beyond = jnp.arange(images.shape[1], dtype=jnp.int32) >= krylov.size
    residuals = jnp.linalg.norm(vectors.T @ jnp.where(beyond[None, :], images, 0.0), axis=1)
    found = jnp.arange(count, dtype=jnp.int32) < krylov.size
    coordinates = jnp.where(found[None, :] & inside[:, None], vectors, 0.0).astype(kept)
    return krylov._replace(
        values=jnp.where(found, values, jnp.nan).astype(kept),
        coordinates=jnp.pad(coordinates, ((0, most - room), (0, 0))),
        residuals=jnp.where(found, residuals, jnp.inf).astype(kept),
    )


def leading(matrix: Float[Array, "p p"], count: int) -> Float[Array, " count"]:
    """The ``count`` largest eigenvalues of a symmetric matrix, largest first."""
    return jnp.linalg.eigvalsh(matrix)[::-1][:count]

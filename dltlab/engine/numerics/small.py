"""Linear algebra of a few rows, in plain operations.

A call of LAPACK for a matrix of 5 x 5 costs a microsecond, and it cannot stand inside a kernel
(:mod:`dltlab.engine.compact`). Larger matrices go to LAPACK.
"""

from typing import Final, NamedTuple

import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, Int

FEW: Final = 8
"""Rows up to which plain operations are faster."""
_SWEEPS: Final = 12
"""Rotations of every pair that are taken at most; four or five will do."""


class _Turning(NamedTuple):
    """A matrix on its way to a diagonal one."""

    matrix: Float[Array, "n n"]
    vectors: Float[Array, "n n"]
    """What it was rotated by, in columns."""
    left: Int[Array, ""]


def times(left: Float[Array, "n m"], right: Float[Array, "m k"]) -> Float[Array, "n k"]:
    """A product of small matrices; of few rows spelt out, since XLA would call a library for it."""
    if left.shape[0] > FEW:
        return left @ right
    return jnp.sum(left[:, :, None] * right[None, :, :], axis=1)


def eigh(matrix: Float[Array, "n n"]) -> tuple[Float[Array, " n"], Float[Array, "n n"]]:
    """Eigenvalues of a symmetric matrix, largest first, and its eigenvectors in columns.

    By Jacobi's rotations, the largest element off the diagonal first (Golub & Van Loan, Matrix Computations, §8.5):
    as exact as LAPACK, and fast where the matrix is nearly diagonal, as that of a Rayleigh–Ritz problem is whose
    basis is nearly that of eigenvectors.
    """
    n = matrix.shape[0]
    if n > FEW:
        vectors, values = lax.linalg.eigh(-matrix, symmetrize_input=False)
        return -values, vectors
    places = jnp.arange(n, dtype=jnp.int32)
    beside = jnp.asarray(places[:, None] < places[None, :])
    tiny = float(jnp.finfo(matrix.dtype).eps)

    def far(turning: _Turning) -> Array:
        size = jnp.abs(turning.matrix)
        return (turning.left > 0) & (jnp.max(jnp.where(beside, size, 0.0)) > 0.25 * tiny * jnp.max(size))

    def rotated(turning: _Turning) -> _Turning:
        square = turning.matrix
        at = jnp.argmax(jnp.where(beside, jnp.abs(square), -1.0)).astype(jnp.int32)
        first, second = lax.div(at, jnp.int32(n)) == places, lax.rem(at, jnp.int32(n)) == places
        both = first[:, None] & second[None, :]
        apart = jnp.sum(jnp.where(both, square, 0.0))
        own = jnp.diagonal(square)
        ahead = jnp.sum(jnp.where(second, own, 0.0)) - jnp.sum(jnp.where(first, own, 0.0))
        # The smaller of the two rotations that make the element 0; none where it is.
        cotangent = ahead / (2 * jnp.where(apart == 0, 1.0, apart))
        tangent = jnp.where(cotangent >= 0, 1.0, -1.0) / (jnp.abs(cotangent) + jnp.sqrt(cotangent**2 + 1))
        tangent = jnp.where(apart == 0, 0.0, tangent).astype(square.dtype)
        cosine = 1 / jnp.sqrt(tangent**2 + 1)
        sine = tangent * cosine
        turn = jnp.where(jnp.diag(first | second), cosine, jnp.eye(n, dtype=square.dtype))
        turn = jnp.where(both, sine, jnp.where(both.T, -sine, turn))
        turned = times(turn.T, times(square, turn))
        # Exactly symmetric, or what rounding leaves on one side of the diagonal would never be seen.
        turned = jnp.where(beside, turned, turned.T)
        return _Turning(turned, times(turning.vectors, turn), turning.left - 1)

    most = jnp.asarray(_SWEEPS * n * (n - 1) // 2, jnp.int32)
    end = lax.while_loop(far, rotated, _Turning(matrix, jnp.eye(n, dtype=matrix.dtype), most))
    values = jnp.diagonal(end.matrix)
    # Sorted by counting, since a sort is a call of the runtime.
    before = (values[:, None] > values[None, :]) | ((values[:, None] == values[None, :]) & beside)
    there = jnp.sum(before, axis=0, dtype=jnp.int32)[:, None] == places[None, :]
    order = there.astype(matrix.dtype)
    return jnp.sum(values[:, None] * order, axis=0), times(end.vectors, order)


def whitened(gram: Float[Array, "n n"], rows: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """L⁻¹·rows with gram = L·Lᵀ: combinations that are orthonormal where ``gram`` holds those of the rows."""
    n = gram.shape[0]
    if n > FEW:
        return solve_triangular(jnp.linalg.cholesky(gram), rows, lower=True)
    lower: list[list[Array]] = []
    made: list[Array] = []
    for i in range(n):
        line: list[Array] = []
        for j in range(i + 1):
            rest = gram[i, j] - sum(
                (line[k] * (line if i == j else lower[j])[k] for k in range(j)), jnp.zeros_like(gram[0, 0])
            )
            line.append(jnp.sqrt(rest) if i == j else rest / lower[j][j])
        lower.append(line)
        left = rows[i] - sum((line[k] * made[k] for k in range(i)), jnp.zeros_like(rows[i]))
        made.append(left / line[i])
    return jnp.stack(made)

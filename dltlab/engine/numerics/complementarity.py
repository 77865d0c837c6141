"""The semidefinite complementarity problem: which symmetric X ⪰ 0 holds back a growing matrix.

Find X ⪰ 0 with B[X] − A ⪰ 0 and ⟨X, B[X] − A⟩ = 0. These are the optimality conditions of the
convex problem min ½⟨X, B[X]⟩ − ⟨A, X⟩ over X ⪰ 0, which accelerated projected gradients solve
(Nesterov 1983, with the restart of O'Donoghue & Candès 2015, arXiv:1204.3982).
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

Symmetric = Float[Array, "k k"]


class _Iterate(NamedTuple):
    at: Symmetric
    ahead: Symmetric
    momentum: Float[Array, ""]
    moved: Float[Array, ""]
    rounds: Int[Array, ""]


def solved(
    growth: Symmetric, restraint: Float[Array, "kk kk"], known: Symmetric, *, tolerance: float = 1e-6, most: int = 200
) -> Symmetric:
    """The restraining X.

    Args:
        growth: A.
        restraint: The positive semidefinite B, acting on matrices laid out row by row.
        known: A guess.
        tolerance: Stop when a round moves X by less than this fraction of its size.
        most: Rounds at most.
    """
    steep = jnp.linalg.norm(restraint)
    # Where nothing restrains, a growth that is negative needs none and another has no solution.
    steep = jnp.where(steep > 0, steep, 1.0).astype(steep.dtype)

    def unfinished(now: _Iterate) -> Bool[Array, ""]:
        return (now.moved > tolerance * jnp.linalg.norm(now.at)) & (now.rounds < most)

    def onward(now: _Iterate) -> _Iterate:
        slope = (restraint @ now.ahead.ravel()).reshape(growth.shape) - growth
        at = _positive(now.ahead - slope / steep)
        astray = jnp.sum((now.ahead - at) * (at - now.at)) > 0
        momentum = jnp.where(astray, 1.0, 0.5 + jnp.sqrt(0.25 + now.momentum**2)).astype(at.dtype)
        pace = jnp.where(astray, 0.0, (now.momentum - 1) / momentum).astype(at.dtype)
        return _Iterate(at, at + pace * (at - now.at), momentum, jnp.linalg.norm(at - now.at), now.rounds + 1)

    one = jnp.ones((), growth.dtype)
    begin = _Iterate(known, known, one, one * jnp.inf, jnp.asarray(0, jnp.int32))
    return lax.while_loop(unfinished, onward, begin).at


def _positive(matrix: Symmetric) -> Symmetric:
    """The nearest positive semidefinite matrix."""
    values, vectors = jnp.linalg.eigh(0.5 * (matrix + matrix.T))
    return (vectors * jnp.maximum(values, 0.0)[None, :]) @ vectors.T

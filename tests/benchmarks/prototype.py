"""The tracker that the goals were set beside: a plain one in a bare ``lax.scan``, written out here.

The goals for the cost of a reading are figures of a machine, a little above what a prototype
reached on it. On another machine, or with another XLA, the prototype reaches something else;
so it runs in turn with the engine, and what the engine costs is told beside what it costs.

One warm vector, multiplied by a difference of gradients at every step; an explorer behind it;
the vector of two steps ago, since the edge swings with period 2; residuals where that is not
enough. It follows one eigenvalue, knows no float64, no metric, no members, no exact products, no
budget, and nobody can stop it. Nothing of the engine's is used.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from scans import Task, loss, loss_of_columns

_AWAY = 1e-4
"""Length of the difference, in units of ‖θ‖."""
_TOLERANCE = 1e-3
"""Of min(r, r²/gap), in units of the eigenvalue."""
_MOST = 8
"""Products of a step."""
_SHIFT = 0.3
"""Share of the eigenvalue that the power method is shifted by."""
_CLOSE = 0.1
"""Relative gap below which the explorer is multiplied too; so it is at every :data:`_PERIOD`-th step."""
_PERIOD = 16
_TURNED = 0.2
"""Sine of the angle to the vector of two steps ago beyond which that is tried."""


class Followed(NamedTuple):
    """What the scan carries."""

    at: jax.Array
    """The parameters, flat; so are the vectors."""
    vector: jax.Array
    explorer: jax.Array
    last: jax.Array
    before: jax.Array
    gap: jax.Array
    """Relative, of the last Ritz problem."""
    step: jax.Array


class _Ritz(NamedTuple):
    """A Ritz problem in up to :data:`_MOST` vectors."""

    basis: jax.Array
    images: jax.Array
    matrix: jax.Array
    used: jax.Array
    value: jax.Array
    vector: jax.Array
    second: jax.Array
    rest: jax.Array
    """The residual."""
    gap: jax.Array


class Prototype:
    """A network that is trained and followed."""

    def __init__(self, task: Task, *, columns: bool) -> None:
        def turned(leaf: np.ndarray) -> jax.Array:
            return jnp.asarray(np.ascontiguousarray(leaf.T) if columns else leaf)

        layers, *data = jax.tree.map(turned, (task.layers, task.inputs, task.targets))
        self._start, self._unravel = ravel_pytree(layers)
        self._data, self._rate = tuple(data), jnp.asarray(task.rate)
        self._loss = loss_of_columns if columns else loss
        self._fly = jax.jit(self._run, static_argnames="steps")

    def begin(self) -> Followed:
        """Before the first step."""
        noise = np.random.default_rng(0).standard_normal((2, self._start.size)).astype(np.float32)
        vector, explorer = (jnp.asarray(one / np.linalg.norm(one)) for one in noise)
        return Followed(self._start, vector, explorer, vector, vector, jnp.float32(0), jnp.int32(0))

    def fly(self, state: Followed, steps: int) -> tuple[Followed, Any]:
        """So many steps; behind them loss, eigenvalue, residual and products of each."""
        return self._fly(state, self._data, self._rate, steps=steps)

    def _run(self, state: Followed, data: Any, rate: jax.Array, *, steps: int) -> tuple[Followed, Any]:
        def objective(at: jax.Array) -> jax.Array:
            return self._loss(self._unravel(at), *data)

        def step(state: Followed, _: None) -> tuple[Followed, Any]:
            value, slope = jax.value_and_grad(objective)(state.at)
            away = _AWAY * jnp.linalg.norm(state.at)

            def product(vector: jax.Array) -> jax.Array:
                return (jax.grad(objective)(state.at + away * vector) - slope) / away

            told, vector, explorer, gap = _read(state, product)
            left = Followed(state.at - rate * slope, vector, explorer, state.vector, state.last, gap, state.step + 1)
            return left, (value, *told)

        return lax.scan(step, state, None, length=steps)


def _read(state: Followed, product: Any) -> tuple[Any, jax.Array, jax.Array, jax.Array]:
    """Eigenvalue, residual and products; the next vector and explorer, and the gap."""
    image = product(state.vector)
    value = state.vector @ image
    length = jnp.linalg.norm(image - value * state.vector)
    turned = jnp.sqrt(jnp.maximum(1 - (state.vector @ state.before) ** 2, 0.0)) > _TURNED
    loose = _error(length, value, state.gap) > _TOLERANCE
    slow = (state.gap < _CLOSE) | (state.step % _PERIOD == 0) | turned | loose

    def calm() -> Any:
        shifted = image - _SHIFT * value * state.vector
        return (value, length, jnp.int32(1)), shifted / jnp.linalg.norm(shifted), state.explorer, state.gap

    def searched() -> Any:
        ritz = _added(_alone(state.vector, image, value), state.explorer, product)

        def onward(ritz: _Ritz) -> _Ritz:
            old = state.before - (ritz.basis @ state.before) @ ritz.basis
            return _added(ritz, jnp.where((ritz.used == 2) & turned, old, ritz.rest), product)

        def going(ritz: _Ritz) -> jax.Array:
            more = (ritz.used == 2) & turned
            wide = _error(jnp.linalg.norm(ritz.rest), ritz.value, ritz.gap) > _TOLERANCE
            return (more | wide) & (ritz.used < _MOST)

        end = lax.while_loop(going, onward, ritz)
        return (end.value, jnp.linalg.norm(end.rest), end.used), end.vector, end.second, end.gap

    return lax.cond(slow, searched, calm)


def _error(length: jax.Array, value: jax.Array, gap: jax.Array) -> jax.Array:
    """min(r, r²/gap), in units of the eigenvalue."""
    relative = length / jnp.maximum(jnp.abs(value), 1e-30)
    return jnp.minimum(relative, relative**2 / jnp.maximum(gap, 1e-3))


def _alone(vector: jax.Array, image: jax.Array, value: jax.Array) -> _Ritz:
    room = jnp.zeros((_MOST, vector.size), vector.dtype)
    # What is not used has eigenvalues below all others.
    matrix = jnp.diag(jnp.full(_MOST, -1e9, vector.dtype).at[0].set(value))
    rest = image - value * vector
    basis, images = room.at[0].set(vector), room.at[0].set(image)
    return _Ritz(basis, images, matrix, jnp.int32(1), value, vector, vector, rest, jnp.ones_like(value))


def _added(ritz: _Ritz, towards: jax.Array, product: Any) -> _Ritz:
    """The Ritz problem with a vector more."""
    for _ in range(2):
        towards = towards - (ritz.basis @ towards) @ ritz.basis
        towards = towards / jnp.linalg.norm(towards)
    image, at = product(towards), ritz.used
    basis, images = ritz.basis.at[at].set(towards), ritz.images.at[at].set(image)
    row = jnp.where(jnp.arange(_MOST) <= at, basis @ image, 0.0)
    matrix = ritz.matrix.at[at].set(row).at[:, at].set(row)
    values, vectors = jnp.linalg.eigh(matrix)
    first, value = vectors[:, -1], values[-1]
    vector = first @ basis
    gap = (value - values[-2]) / jnp.maximum(jnp.abs(value), 1e-30)
    rest = first @ images - value * vector
    return _Ritz(basis, images, matrix, at + 1, value, vector, vectors[:, -2] @ basis, rest, gap)

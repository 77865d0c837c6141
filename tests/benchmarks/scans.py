"""What a step costs at least: gradient descent in one bare ``lax.scan`` that records the loss and nothing else.

Row-major as a user writes it, x @ W with x of shape (n, d); feature-major W @ x with x of shape
(d, n), so that a weight's gradient is contracted over the contiguous axis, which XLA runs
faster on a CPU as soon as there is more than one input. The tanh network and the square loss
are written out here: nothing of the engine's is used.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Layers = list[dict[str, Any]]
_AWAY = np.float32(1e-4)
"""How far along each coordinate the other gradient is taken."""


class Task(NamedTuple):
    """A network to be trained: inputs (n, d), targets (n, c), weights (fan-in, fan-out), η; all float32."""

    inputs: np.ndarray
    targets: np.ndarray
    layers: Layers
    rate: np.float32


def loss(layers: Layers, x: jax.Array, y: jax.Array) -> jax.Array:
    """Σ(f − y)²/2n, row-major."""
    for depth, layer in enumerate(layers):
        x = x @ layer["weight"]
        x = x + layer["bias"] if "bias" in layer else x
        x = jnp.tanh(x) if depth < len(layers) - 1 else x
    return 0.5 * jnp.sum((x - y) ** 2) / len(y)


def loss_of_columns(layers: Layers, x: jax.Array, y: jax.Array) -> jax.Array:
    """The same, feature-major."""
    for depth, layer in enumerate(layers):
        x = layer["weight"] @ x
        x = x + layer["bias"][:, None] if "bias" in layer else x
        x = jnp.tanh(x) if depth < len(layers) - 1 else x
    return 0.5 * jnp.sum((x - y) ** 2) / y.shape[1]


def scan(task: Task, steps: int, *, columns: bool, product: bool = False) -> Any:
    """The compiled run, as a function without arguments that gives back what it records.

    Args:
        task: What to train.
        steps: For how long.
        columns: Feature-major.
        product: Whether to record vᵀHv as well, v always the same and Hv a difference of gradients: what a reading of
            the sharpness costs at least, without anything that finds v or says how wrong it is.
    """
    function = loss_of_columns if columns else loss
    slope = jax.grad(function)

    @jax.jit
    def run(layers: Layers, x: jax.Array, y: jax.Array, rate: jax.Array) -> Any:
        def step(layers: Layers, _: None) -> Any:
            value, gradient = jax.value_and_grad(function)(layers, x, y)
            left = jax.tree.map(lambda w, g: w - rate * g, layers, gradient)
            if not product:
                return left, value
            beside = slope(jax.tree.map(lambda w: w + _AWAY, layers), x, y)
            apart = jax.tree.map(lambda g, h: jnp.sum(h - g) / _AWAY, gradient, beside)
            return left, (value, sum(jax.tree.leaves(apart)))

        return lax.scan(step, layers, None, length=steps)[1]

    def turned(leaf: np.ndarray) -> jax.Array:
        return jnp.asarray(np.ascontiguousarray(leaf.T) if columns else leaf)

    given = jax.tree.map(turned, (task.layers, task.inputs, task.targets))
    return lambda: run(*given, jnp.asarray(task.rate))

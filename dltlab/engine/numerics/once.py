"""A change that is made or not, in place."""

from collections.abc import Callable
from typing import TypeVar

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool

Value = TypeVar("Value")


def once(due: Bool[Array, ""], change: Callable[[Value], Value], value: Value) -> Value:
    """``change(value)`` where it is due, else ``value``.

    A loop of one turn or none works in place; ``lax.cond`` would copy what it passes through.
    """

    def turn(pending: tuple[Array, Value]) -> tuple[Array, Value]:
        return jnp.asarray(False), change(pending[1])

    return lax.while_loop(lambda pending: pending[0], turn, (due, value))[1]

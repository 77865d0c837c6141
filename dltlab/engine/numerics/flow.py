"""Gradient flow, by the classical Runge–Kutta method of fourth order."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

Field = Callable[[Float[Array, " p"]], Float[Array, " p"]]


def runge_kutta(
    slope: Field, start: Float[Array, " p"], duration: Float[Array, ""], steps: Int[Array, ""]
) -> Float[Array, " p"]:
    """Follow dw/dt = slope(w) for a duration, in equal steps.

    For dw/dt = −∇L the method is stable while a step stays below 2.78/λ_max.
    """
    step = (duration / jnp.maximum(steps, 1).astype(duration.dtype)).astype(start.dtype)

    def once(_: Array, at: Float[Array, " p"]) -> Float[Array, " p"]:
        first = slope(at)
        second = slope(at + 0.5 * step * first)
        third = slope(at + 0.5 * step * second)
        fourth = slope(at + step * third)
        return at + step / 6 * (first + 2 * second + 2 * third + fourth)

    return lax.fori_loop(0, steps, once, start)

"""A number in units of another one that may be 0."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def relative(part: Float[Array, "..."], whole: Float[Array, "..."]) -> Float[Array, "..."]:
    """``part / whole`` for ``whole ≥ 0``; NaN where that is 0, and no share of it means anything."""
    return part / jnp.where(whole > 0, whole, jnp.nan)

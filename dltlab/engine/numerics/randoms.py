"""Random vectors of Rᵈ whose law does not depend on the axes."""

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, UInt32


def on_sphere(key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " d"]:
    """Uniform on the unit sphere."""
    normal = jr.normal(jr.wrap_key_data(key), (size,), dtype)
    return normal / jnp.linalg.norm(normal)


def in_ball(key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " d"]:
    """Uniform in the unit ball: all but two coordinates of a point of the sphere of Rᵈ⁺² (Archimedes, for d = 1)."""
    return on_sphere(key, size + 2, dtype)[:size]

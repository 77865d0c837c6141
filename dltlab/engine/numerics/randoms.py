"""Random vectors of Rᵈ whose law does not depend on the axes."""

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, UInt32


def on_sphere(key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " d"]:
    """Uniform on the unit sphere."""
    normal = jr.normal(jr.wrap_key_data(key), (size,), dtype)
    return normal / jnp.linalg.norm(normal)


def in_ball(key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " d"]:
    """Uniform in the unit ball: the radius is U^(1/d)."""
    radius = jr.uniform(jr.fold_in(jr.wrap_key_data(key), 1), (), dtype) ** (1 / size)
    return radius * on_sphere(key, size, dtype)

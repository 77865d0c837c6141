"""Numbers that look drawn by lot: a hash of where they stand, for directions that only have to favour nothing.

Ten integer operations a number, fused into whatever uses them; :mod:`jax.random` is for what has
to be random in earnest.
"""

import math
from typing import Any, Final

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, UInt32

_GOLDEN: Final = 0x9E3779B9
"""2³²/φ: neighbours lie far apart."""


def signs(key: UInt32[Array, " w"], count: Int[Array, ""] | int, size: int, dtype: Any) -> Float[Array, " p"]:
    """±1, another ``size`` of them for each count."""
    return 1 - 2 * (_words(key, count, size) >> 31).astype(dtype)


def even(key: UInt32[Array, " w"], count: Int[Array, ""] | int, size: int, dtype: Any) -> Float[Array, " p"]:
    """Numbers spread evenly over ±√3, of mean square 1: where two signs could cancel, as in a vector (e₁ − e₂)/√2."""
    places = (_words(key, count, size) >> 8).astype(dtype)
    return (2 * math.sqrt(3) / 2**24) * (places - (2**23 - 0.5))


def block(
    key: UInt32[Array, " w"], first: Int[Array, ""] | int, count: int, size: int, dtype: Any
) -> Float[Array, "k p"]:
    """Vectors of length 1 or nearly so, with the counts from ``first`` on."""
    return jnp.stack([even(key, first + at, size, dtype) for at in range(count)]) / math.sqrt(size)


def _words(key: UInt32[Array, " w"], count: Int[Array, ""] | int, size: int) -> UInt32[Array, " p"]:
    golden = jnp.asarray(_GOLDEN, jnp.uint32)
    seed = jnp.asarray(count).astype(jnp.uint32)
    for word in key:
        seed = _mixed(seed + word + golden)
    return _mixed(seed + golden * jnp.arange(size, dtype=jnp.uint32))


def _mixed(words: UInt32[Array, "*s"]) -> UInt32[Array, "*s"]:
    """Every bit of a word made to depend on all of them: MurmurHash3's finalizer (A. Appleby)."""
    words = (words ^ (words >> 16)) * jnp.asarray(0x85EBCA6B, jnp.uint32)
    words = (words ^ (words >> 13)) * jnp.asarray(0xC2B2AE35, jnp.uint32)
    return words ^ (words >> 16)

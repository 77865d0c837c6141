"""The readings of a chunk while it flies: those of one dtype side by side in one array.

On a small network every array that is written costs as much as a layer, however little is written.
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int

Key = tuple[str, str]
"""A probe and its reading."""
Layout = dict[Key, jax.ShapeDtypeStruct]
"""A reading's shape, with the axis of the members if there is one, and dtype."""
Pages = dict[str, Array]
"""Per dtype an array of shape (rows, [members,] numbers of a row)."""


def blank(layout: Mapping[Key, jax.ShapeDtypeStruct], room: int, members: int | None) -> Pages:
    """So many rows of NaN; those of integers are 0.

    Args:
        layout: A reading's shape, with the axis of the members if there is one, and dtype.
        room: Rows.
        members: Whether the first axis of each reading is one of so many members.
    """
    lead = (members,) if members else ()
    widths = {kind: sum(_width(layout[key], members) for key in keys) for kind, keys in _by_dtype(layout).items()}
    return {kind: _empty((room, *lead, width), kind) for kind, width in widths.items()}


def written(pages: Pages, readings: Mapping[Key, Array], at: Int[Array, ""], members: int | None) -> Pages:
    """The pages with one more row."""
    lead = (members,) if members else ()
    rows = {
        kind: jnp.concatenate([readings[key].reshape((*lead, -1)) for key in keys], axis=-1)
        for kind, keys in _by_dtype(readings).items()
    }
    return {kind: lax.dynamic_update_index_in_dim(pages[kind], row, at, 0) for kind, row in rows.items()}


def unpacked(pages: Pages, layout: Mapping[Key, jax.ShapeDtypeStruct], members: int | None) -> dict[Key, Array]:
    """Per reading an array of shape (rows, *reading)."""
    found: dict[Key, Array] = {}
    for kind, keys in _by_dtype(layout).items():
        widths = [_width(layout[key], members) for key in keys]
        parts = jnp.split(pages[kind], np.cumsum(widths)[:-1].tolist(), axis=-1)
        for key, part in zip(keys, parts, strict=True):
            found[key] = part.reshape((part.shape[0], *layout[key].shape))
    return found


def _by_dtype(readings: Mapping[Key, Any]) -> dict[str, list[Key]]:
    """The readings' names by dtype, in order: a mapping that goes through a compiled call comes back in another one."""
    named = sorted((str(value.dtype), key) for key, value in readings.items())
    return {kind: [key for _, key in pairs] for kind, pairs in groupby(named, key=lambda pair: pair[0])}


def _width(reading: jax.ShapeDtypeStruct, members: int | None) -> int:
    return reading.size // (members or 1)


def _empty(shape: tuple[int, ...], kind: str) -> Array:
    dtype = jnp.dtype(kind)
    return jnp.full(shape, jnp.nan if jnp.issubdtype(dtype, jnp.inexact) else 0, dtype)

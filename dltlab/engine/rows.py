"""The readings of a chunk while it flies: those of one dtype side by side in one array.

On a small network every array that is written costs as much as a layer, however little is written.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Int

Key = tuple[str, str]
"""A probe and its reading."""
Pages = dict[str, Array]
"""Per dtype an array of shape (rows, [members,] numbers of a row)."""


class Place(NamedTuple):
    """Where a reading stands in a row."""

    suffix: str
    dtype: str
    shape: tuple[int, ...]


class Row(eqx.Module):
    """What one probe reads at one step, end to end."""

    numbers: dict[str, Array]
    """Per dtype."""
    places: tuple[Place, ...] = eqx.field(static=True)
    """In order; known while the code that reads is traced."""


def row(readings: Mapping[str, Array]) -> Row:
    """A probe's readings end to end, those of one dtype in the order of their names."""
    # A mapping that goes through a compiled call comes back in the order of its keys.
    named = sorted((str(value.dtype), suffix) for suffix, value in readings.items())
    places = tuple(Place(suffix, kind, readings[suffix].shape) for kind, suffix in named)
    numbers = {
        kind: _beside([readings[place.suffix].reshape(-1) for place in own])
        for kind, own in groupby(places, key=lambda place: place.dtype)
    }
    return Row(numbers, places)


def blank(told: Mapping[str, Row], room: int, members: int | None) -> Pages:
    """So many rows of NaN; those of integers are 0.

    Args:
        told: Per probe a row as it will be.
        room: Rows.
        members: Whether there is a row of each of so many members.
    """
    lead = (members,) if members else ()
    widths: dict[str, int] = {}
    for one in told.values():
        for kind, numbers in one.numbers.items():
            widths[kind] = widths.get(kind, 0) + numbers.shape[-1]
    return {kind: _empty((room, *lead, width), kind) for kind, width in widths.items()}


def written(pages: Pages, told: Mapping[str, Row], at: Int[Array, ""]) -> Pages:
    """The pages with one more row of every probe, in the order of their names."""
    own = [told[name] for name in sorted(told)]

    def line(kind: str) -> Array:
        return _beside([one.numbers[kind] for one in own if kind in one.numbers])

    return {kind: lax.dynamic_update_index_in_dim(page, line(kind), at, 0) for kind, page in pages.items()}


def unpacked(pages: Pages, told: Mapping[str, Row], members: int | None) -> dict[Key, Array]:
    """Per reading an array of shape (rows, [members,] *reading)."""
    places = [(name, place) for name in sorted(told) for place in told[name].places]
    found: dict[Key, Array] = {}
    for kind, page in pages.items():
        own = [(name, place) for name, place in places if place.dtype == kind]
        ends = np.cumsum([int(np.prod(place.shape)) for _, place in own])
        parts = jnp.split(page, ends[:-1].tolist(), axis=-1)
        lead = page.shape[: 2 if members else 1]
        found |= {
            (name, place.suffix): part.reshape(*lead, *place.shape)
            for (name, place), part in zip(own, parts, strict=True)
        }
    return found


def _beside(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=-1)


def _empty(shape: tuple[int, ...], kind: str) -> Array:
    dtype = jnp.dtype(kind)
    return jnp.full(shape, jnp.nan if jnp.issubdtype(dtype, jnp.inexact) else 0, dtype)

"""A reading by one product: what that with the leading vector tells, to second order, and whether it is enough.

All of it is arithmetic of few numbers, and one kernel.
"""

from typing import Final, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from dltlab.engine.numerics import ritz
from dltlab.engine.numerics.ritz import NARROW, SHARE, Aim
from dltlab.engine.numerics.tracked import Notes

_SEARCHES: Final = 6
"""Searches that the first reading may take, since it starts from noise."""
_GROWTH: Final = 2.0
"""How much a vector's eigenvalue may be underestimated after each reading, in units of λ·(r/λ)²."""
_DOUBT: Final = 3.0
"""Error bars of inexact products, in units of the last error that was measured."""
_SMALL: Final = 1e-2
"""Squared sine of a rotation up to which its second order is enough."""
_BLURRED: Final = 20.0
"""Length of a quick product's error, in units of the tolerance, from which on it is not used."""


class Glance(NamedTuple):
    """What the product with the leading vector alone tells, and what it does to the basis; nothing unless enough."""

    told: Float[Array, " n"]
    """The reading; 0 unless it is enough."""
    notes: Notes
    """What is noted."""
    searches: Int[Array, ""]
    """How many have to follow."""
    weights: Float[Array, " m"]
    """The leading Ritz vector in terms of the basis."""
    stride: Float[Array, ""]
    """How much of the residual improves it."""
    ahead: Float[Array, ""]
    """What makes that a vector of length 1."""
    shares: Float[Array, " m"]
    """What each vector of the basis has of it, over 1 and its cosine with the last one."""


def straightened(row: Float[Array, " m"], lean: Float[Array, " m"]) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """A row UᵀHu₀ as it were if u₀ had length 1 and the others no share in it; and the weights of its projection.

    What the basis lacks of that would grow from glance to glance.

    Args:
        row: As it is.
        lean: Uᵀu₀.
    """
    first = jnp.arange(row.size, dtype=jnp.int32) == 0
    share = jnp.where(first, 0.0, lean / lean[0])
    straight = jnp.where(first, row / lean[0], row - share * row[0])
    return straight, straight - jnp.where(first, jnp.sum(share * straight), 0.0)


def distrusted(notes: Notes, aim: Aim) -> Bool[Array, ""]:
    """Whether quick products are worth too little."""
    return (notes.floor > aim.tolerance) | (notes.blur > _BLURRED * aim.tolerance)


def verified(notes: Notes, aim: Aim) -> Bool[Array, ""]:
    """Whether a quick product is to be compared with an exact one: now and then, and sooner where all is still new."""
    now = notes.readings
    return (now % aim.verified == 1) | ((now < aim.verified) & ((now == 4) | (now == 16)))


def floor(notes: Notes, quick: Array, uneven: Array, aim: Aim) -> Float[Array, ""]:
    """The relative error that products may leave in an eigenvalue: measured, or what their asymmetry tells."""
    least = 32 * float(jnp.finfo(uneven.dtype).eps)
    found = jnp.where(distrusted(notes, aim), uneven, quick) if aim.inexact else uneven
    return _DOUBT * jnp.maximum(found, least)


def due(
    notes: Notes, least: Float[Array, ""], aim: Aim, value: Float[Array, ""], drift: Float[Array, ""]
) -> Bool[Array, " m"]:
    """Vectors behind the first that have to be looked at.

    They may have overtaken it, or come to where they are worth reporting, or were not looked at for long.

    Args:
        notes: What is remembered of them.
        least: Eigenvalues behind the first one are worth reporting where they are above this.
        aim: What readings are to find.
        value: The leading eigenvalue, as low as it may be.
        drift: Its relative change from reading to reading.
    """
    size, place = jnp.abs(notes.value), jnp.arange(notes.age.size, dtype=jnp.int32)
    hidden, last = _GROWTH * notes.loose * notes.age, place == place.size - 1
    if aim.pairs == 1:
        # The last explorer is shaken and seldom settles. Some eigenvalue lies within its residual: what may lie beyond
        # is left to the clock. Where more pairs may be reported, it could be the next of them.
        hidden = jnp.where(last, jnp.minimum(hidden, jnp.sqrt(notes.loose)), hidden)
    highest = notes.known + (drift * notes.age + hidden + aim.tolerance) * size
    worth = (highest >= least) & (place < aim.pairs)
    # Half as often the last explorer, which was found last; who is nearly due comes along, as one search is cheaper.
    period = aim.period * jnp.where(last, 2, 1)
    old = jnp.any((notes.age >= period) & (place > 0)) & (4 * notes.age >= 3 * period)
    return (~(highest < value) | worth | old) & (place > 0)


def look(
    notes: Notes,
    row: Float[Array, " m"],
    lean: Float[Array, " m"],
    out: Float[Array, ""],
    least: Float[Array, ""],
    aim: Aim,
) -> Glance:
    """Second-order perturbation of the leading pair, and whether it will do.

    Args:
        notes: What is remembered in few numbers.
        row: UᵀHu₀.
        lean: Uᵀu₀.
        out: The square of the part of Hu₀ outside the basis.
        least: Eigenvalues behind the first one are reported where they are above this.
        aim: What readings are to find.
    """
    # The fall of this very reading counts: what it fell below stands in the basis.
    leading, size, drift = row[0], jnp.abs(row[0]), drifted(notes, row[0])
    first = jnp.arange(row.size, dtype=jnp.int32) == 0
    coupling = jnp.where(first, 0.0, row)
    turns = coupling / jnp.maximum(leading - notes.known, NARROW * size + jnp.finfo(row.dtype).tiny)
    rotated, gain, coupled = jnp.sum(turns**2), jnp.sum(turns * coupling), jnp.sum(coupling**2)
    second = jnp.max(jnp.where(first, -jnp.inf, notes.known))
    error = ritz.error(out, leading, second) + rotated * drift * size
    enough = (notes.readings > 0) & (rotated < _SMALL) & (rotated * drift <= SHARE * aim.tolerance)
    fallen = jnp.minimum(notes.value, leading)
    enough = enough & (error <= aim.tolerance * size) & ~jnp.any(due(notes, least, aim, fallen, drift))
    if aim.inexact:
        enough = enough & ~verified(notes, aim) & ~distrusted(notes, aim)
    value = leading + gain
    bar = error + floor(notes, notes.floor, notes.uneven, aim) * jnp.abs(value)
    residual = jnp.sqrt(out + coupled) + jnp.abs(gain)
    others = jnp.full(aim.pairs - 1, jnp.nan, row.dtype)
    told = [value[None], others, bar[None], others, residual[None], others, jnp.ones(1, row.dtype)]

    turned = jnp.where(enough, jnp.where(first, 1.0, turns) / jnp.sqrt(1 + rotated), first.astype(row.dtype))
    stride = jnp.where(enough, ritz.stride(value, value, notes.bottom), 0.0)
    weights = turned - jnp.where(first, jnp.sum(jnp.where(first, 0.0, turned * lean)) / lean[0], 0.0)
    length = jnp.sum(turned**2 * jnp.where(first, lean[0], 1.0)) + (stride * jnp.sqrt(out)) ** 2
    ahead = jnp.where(enough, 1 / jnp.sqrt(length), 1.0)
    return Glance(
        told=jnp.where(enough, jnp.concatenate(told), 0.0),
        notes=notes._replace(numbers=jnp.where(enough, _noted(notes, value), notes.numbers)),
        searches=jnp.where(enough, 0, jnp.where(notes.readings == 0, _SEARCHES, 1)).astype(jnp.int32),
        weights=weights,
        stride=stride,
        ahead=ahead,
        shares=jnp.where(enough, (turned + weights[0] * lean) * ahead / (1 + turned[0] * lean[0] * ahead), 0.0),
    )


def _noted(notes: Notes, value: Float[Array, ""]) -> Float[Array, " n"]:
    """The numbers after a glance: the leading row and column of S are its value alone, and the others have aged."""
    m, n = notes.rows, notes.numbers.size
    lane = jnp.arange(n, dtype=jnp.int32)
    crossed = (lane < m * m) & ((lane < m) | (lane % m == 0))
    aged = (lane > m * m) & (lane < m * m + m)
    lanes = jnp.where(crossed, 0.0, notes.numbers + aged.astype(notes.numbers.dtype))
    lanes = jnp.where((lane == 0) | (lane == n - 5), value, lanes)
    lanes = jnp.where(lane == m * m, 1.0, lanes)
    return jnp.where(lane == n - 4, drifted(notes, value), lanes)


def drifted(notes: Notes, value: Float[Array, ""]) -> Float[Array, ""]:
    """The relative change of the leading eigenvalue from reading to reading, the recent maximum."""
    return jnp.maximum(0.7 * notes.drift, over(jnp.abs(value - notes.value), scale(value, notes.bottom)))


def scale(value: Float[Array, ""], bottom: Float[Array, ""]) -> Float[Array, ""]:
    """What relative errors are relative to: the leading eigenvalue, or the rounding of a far larger negative one."""
    kind = jnp.finfo(value.dtype)
    return jnp.maximum(jnp.abs(value), 32 * float(kind.eps) * jnp.abs(bottom) + float(kind.tiny))


def over(part: Float[Array, "*s"], scale: Float[Array, ""]) -> Float[Array, "*s"]:
    """A relative error; what is larger than this is as bad as can be, and its square is still a number."""
    return jnp.minimum(part / scale, 1e6)

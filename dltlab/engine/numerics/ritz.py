"""One search for the top eigenpairs from a basis that is nearly right: which vector to multiply next, and when to stop.

Rayleigh–Ritz in a small orthonormal basis, some of whose images Hu are known and some of whose
entries uᵢᵀHuⱼ are those of an earlier H. A product is taken, in this order,

- with an explorer that is due;
- with a vector whose image is old and into which a wanted Ritz vector has rotated, as soon as
  that share times the rate at which H changes is more than the tolerance leaves for it;
- with the residual outside the basis, which becomes a direction of it, where min(r, r²/gap) is
  more than the tolerance. The gap is counted to the next Ritz value, since what the basis
  lacks of the next eigenvectors is what the residual is made of.
"""

from typing import Final, NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from dltlab.engine.compact import rowwise, short
from dltlab.engine.numerics import small
from dltlab.engine.numerics.hessian import Product
from dltlab.engine.numerics.once import once

NARROW: Final = 1e-3
"""Relative gap below which none is counted on."""
SHARE: Final = 0.3
"""Share of the tolerance that old images may use up."""
_TURNED: Final = 0.1
"""Squared sine by which a wanted vector may at most rotate into vectors whose images are old."""
_BELOW: Final = 0.3
"""Where the rest of the spectrum is taken to end at least, in units of the leading eigenvalue."""


class Aim(NamedTuple):
    """What all readings of a tracker are to find."""

    pairs: int
    """Pairs that are reported at most."""
    tolerance: float
    most: int
    """Products that a search may take."""
    inexact: bool
    """Whether quick products differ from exact ones."""
    period: int
    """Readings after which an explorer is looked at in any case; the last one after twice as many."""
    verified: int
    """Readings after which quick products are compared with exact ones; sooner at the start of a run."""


class Asked(NamedTuple):
    """What one search is to find."""

    least: Float[Array, ""]
    """Pairs behind the first one are wanted where their eigenvalue is above this."""
    drift: Float[Array, ""]
    """Relative change of H since old images were known."""
    due: Bool[Array, " n"]
    """Vectors to multiply in any case."""
    sure: Bool[Array, ""]
    """Whether every product has to be exact."""
    compared: Bool[Array, ""]
    """Whether the first one is to be compared with an exact one."""


class Basis(NamedTuple):
    """What is long of a search: vectors that were kept, and room for directions that are added."""

    vectors: Float[Array, "n p"]
    """Orthonormal; rows that are not used are 0."""
    apart: Float[Array, "n p"]
    """Of each image Hu what lies outside the basis; 0 where the image is not known."""


class Search(NamedTuple):
    """What is short of it."""

    matrix: Float[Array, "n n"]
    """UᵀHU; a row with its column is of now where the image is known."""
    lengths: Float[Array, "n n"]
    """``apart`` times itself."""
    known: Bool[Array, " n"]
    used: Bool[Array, " n"]
    values: Float[Array, " n"]
    """Ritz values, largest first, those of rows that are not used last."""
    coordinates: Float[Array, "n n"]
    """The Ritz vectors in their columns."""
    products: Int[Array, ""]
    next: Int[Array, ""]
    """The vector to multiply next."""
    added: Bool[Array, ""]
    """Whether it is not used yet, but to be the direction of a residual."""
    towards: Float[Array, " n"]
    """That residual, in units of its length, in terms of ``apart``."""
    way: Int[Array, ""]
    """How its image comes: 0 if it is known, 1 by a quick product, 2 by an exact one."""
    floor: Float[Array, ""]
    """|uᵀ(Hu)| of a quick product less that of an exact one, where both were taken; else −1."""
    blur: Float[Array, ""]
    """‖Hu‖ of the difference of the two."""
    uneven: Float[Array, ""]
    """The largest |uᵢᵀ(Huⱼ) − uⱼᵀ(Huᵢ)|."""
    done: Bool[Array, ""]


class Seen(NamedTuple):
    """What is short of an image Hu."""

    row: Float[Array, " n"]
    """Times each vector of the basis."""
    lengths: Float[Array, " n"]
    """What of it lies outside times what does of each image, its own among them."""
    lost: Float[Array, ""]
    """The square of what it differs by from the image that was known; 0 if none was."""
    along: Float[Array, " n"]
    """U times what of each image lay outside a basis without u."""


def error(out: Float[Array, "*s"], leading: Float[Array, "*s"], second: Float[Array, ""]) -> Float[Array, "*s"]:
    """min(r, r²/gap) for r² = ``out`` and the gap between ``leading`` and ``second``."""
    below = jnp.where(leading > 0, jnp.maximum(second, _BELOW * leading), second)
    return jnp.minimum(jnp.sqrt(out), out / jnp.maximum(leading - below, NARROW * jnp.abs(leading) + _least(out)))


def stride(values: Float[Array, "*s"], leading: Float[Array, ""], bottom: Float[Array, ""]) -> Float[Array, "*s"]:
    """How much of its residual improves a Ritz vector: 1/(θ − σ), σ the middle of where the spectrum below θ is."""
    bottom = jnp.minimum(bottom, 0.0)
    # Never less than half the way down, and a little more, or what lies at the bottom would grow.
    gap = jnp.maximum((1 - _BELOW) * values - 0.5 * bottom, 0.55 * (values - bottom))
    return 1 / jnp.maximum(gap, 0.1 * jnp.maximum(jnp.abs(leading), -bottom) + _least(values))


def combined(weights: Float[Array, " m"], rows: Float[Array, "m p"]) -> Float[Array, " p"]:
    """Σ wᵢ·rowᵢ, spelt out: so it becomes part of whatever is done with it, and XLA's dot is slow at it."""
    return sum((weights[i] * rows[i] for i in range(1, rows.shape[0])), weights[0] * rows[0])


def mixed(weights: Float[Array, "k m"], rows: Float[Array, "m p"]) -> Float[Array, "k p"]:
    """``weights @ rows``, for few long rows."""
    if rows.shape[0] > small.FEW:
        return weights @ rows
    return jnp.stack([combined(own, rows) for own in weights])


def begun(matrix: Float[Array, "m m"], asked: Asked, seen: Bool[Array, ""], aim: Aim) -> Search:
    """A search before its first product; that is with the leading vector.

    Args:
        matrix: UᵀHU of vectors that were kept, of an earlier H.
        asked: What it is to find; the room for its basis is that of ``due``.
        seen: Whether the leading vector's image is known.
        aim: What readings are to find.
    """
    m, n, dtype = matrix.shape[0], asked.due.size, matrix.dtype
    square, nothing = jnp.zeros((n, n), dtype), jnp.asarray(0.0, dtype)
    return Search(
        matrix=jnp.pad(matrix, (0, n - m)),
        lengths=square,
        known=jnp.zeros(n, bool),
        used=jnp.arange(n, dtype=jnp.int32) < m,
        values=square[0],
        coordinates=square,
        products=jnp.asarray(0, jnp.int32),
        next=jnp.asarray(0, jnp.int32),
        added=jnp.asarray(False),
        towards=square[0],
        way=jnp.where(seen, 0, _way(asked.sure, aim)).astype(jnp.int32),
        floor=nothing - 1,
        blur=nothing,
        uneven=nothing,
        done=jnp.asarray(False),
    )


def _way(sure: Bool[Array, ""], aim: Aim) -> Int[Array, ""]:
    return jnp.where(sure & aim.inexact, 2, 1).astype(jnp.int32)


def followed(
    basis: Basis,
    search: Search,
    asked: Asked,
    aim: Aim,
    quick: Product,
    exact: Product | None,
    image: Float[Array, " p"],
) -> tuple[Basis, Search]:
    """Products until nothing more is asked for.

    Args:
        basis: As it begins.
        search: As it begins.
        asked: What to find.
        aim: What readings are to find.
        quick: v ↦ Hv.
        exact: The same where it has to be exact; None where ``quick`` is.
        image: That of the leading vector, where it is known: of no other is a second one taken.
    """
    ways = [lambda _: image, quick, *([] if exact is None else [exact])]

    def onward(found: tuple[Basis, Search]) -> tuple[Basis, Search]:
        basis, search = found
        at = search.next
        kept = lax.dynamic_index_in_dim(basis.vectors, at, 0, keepdims=False)
        vector, along, apart = once(
            search.added, lambda pending: _entered(basis, search, pending[2]), (kept, search.towards, basis.apart)
        )
        new = lax.switch(search.way, ways, vector)
        vectors = lax.dynamic_update_index_in_dim(basis.vectors, vector, at, 0)
        row = vectors @ new
        rest = rowwise(lambda new, row, vectors: new - combined(row, vectors), new, row, vectors)
        apart = lax.dynamic_update_index_in_dim(apart, rest, at, 0)
        lost = lax.cond(search.known[at], lambda: jnp.sum((new - image) ** 2), lambda: jnp.zeros_like(row[0]))
        seen = Seen(row, apart @ rest, lost, along)
        search = short(lambda *these: _judged(_informed(*these), these[2], aim), search, seen, asked)
        return Basis(vectors, apart), search

    return lax.while_loop(lambda found: ~found[1].done, onward, (basis, search))


def _entered(
    basis: Basis, search: Search, apart: Float[Array, "n p"]
) -> tuple[Float[Array, " p"], Float[Array, " n"], Float[Array, "n p"]]:
    """A residual's direction outside the basis, its share of each image, and what of those is outside it as well."""
    direction = combined(search.towards, apart)
    # What rounding left of the basis in it would count twice.
    direction = direction - combined(basis.vectors @ direction, basis.vectors)
    direction = direction / jnp.linalg.norm(direction)
    along = apart @ direction
    return direction, along, apart - along[:, None] * direction[None, :]


def _informed(search: Search, seen: Seen, asked: Asked) -> Search:
    """The search with the image of its next vector, which is added to the basis or stands there."""
    at, again, free = search.next, search.known[search.next], search.way == 0
    here = jnp.arange(search.used.size, dtype=jnp.int32) == at
    # What of the images outside the basis is no longer outside.
    along = jnp.where(search.added, seen.along, 0.0)
    expected = jnp.where(search.added, _replaced(search.matrix, along, here), search.matrix)
    strayed = seen.row - expected[at]
    uneven = jnp.max(jnp.where(search.known & ~here, jnp.abs(strayed), 0.0))
    return search._replace(
        matrix=_replaced(expected, seen.row, here),
        lengths=_replaced(search.lengths - along[:, None] * along[None, :], seen.lengths, here),
        used=search.used | here,
        known=search.known | here,
        products=search.products + 1,
        # Multiplied once more, exactly: what was the quick product worth?
        floor=jnp.where(again, jnp.abs(strayed[at]), search.floor),
        blur=jnp.where(again, jnp.sqrt(seen.lost), search.blur),
        uneven=jnp.where(again, search.uneven, jnp.maximum(search.uneven, uneven)),
        # To be compared with an exact one, the first product is taken again.
        done=~(free & asked.compared),
    )


def _judged(search: Search, asked: Asked, aim: Aim) -> Search:
    """The search with its Ritz pairs, and what is to be multiplied next."""
    # Rows that are not used get values below all others, by Gershgorin's circles, so that they sort last.
    low = -1.01 * jnp.max(jnp.sum(jnp.abs(search.matrix), axis=1)) - 1e6 * _least(search.matrix)
    diagonal = jnp.eye(search.used.size, dtype=bool) & ~search.used[None, :]
    values, coordinates = small.eigh(jnp.where(diagonal, low, search.matrix))
    search = search._replace(values=values, coordinates=coordinates)
    first = search.coordinates[:, : aim.pairs]
    wanted = wanted_pairs(search, asked, aim)
    old = stale(search, aim.pairs)
    turned = wanted & ((old * asked.drift > SHARE * aim.tolerance) | (old > _TURNED))
    into = jnp.where(search.used & ~search.known, jnp.max(jnp.where(turned[None, :], first**2, 0.0), axis=1), -1.0)
    outside = errors(search, asked, aim) / jnp.maximum(jnp.abs(search.values[0]), _least(values))
    # Of a residual that is rounding nothing is left beside the basis.
    lengths = jnp.sqrt(squares(search, aim.pairs))
    there = lengths > 4 * float(jnp.finfo(values.dtype).eps) * _radius(search)
    loose = jnp.where(wanted & there, outside, 0.0)
    due = asked.due & ~search.known
    more = ~jnp.any(due) & ~jnp.any(turned) & jnp.any(loose > aim.tolerance) & ~jnp.all(search.used)
    at, pair = jnp.argmin(search.used).astype(jnp.int32), jnp.argmax(loose).astype(jnp.int32)
    place = jnp.where(jnp.any(due), jnp.argmax(due), jnp.argmax(into)).astype(jnp.int32)
    finished = ~(more | jnp.any(due) | (jnp.any(turned) & (jnp.max(into) >= 0)))
    finished = finished | (search.products >= aim.most)
    # A product that is to be taken again is that with the leading vector.
    following = jnp.where(search.done, jnp.where(more, at, place), 0)
    return search._replace(
        next=following,
        added=~search.used[following],
        towards=first[:, pair] / (lengths[pair] + _least(values)),
        way=_way(asked.sure | search.known[following], aim),
        done=search.done & finished,
    )


def _radius(search: Search) -> Float[Array, ""]:
    """The largest |Ritz value|."""
    own = jnp.arange(search.used.size, dtype=jnp.int32) < jnp.sum(search.used, dtype=jnp.int32)
    return jnp.max(jnp.where(own, jnp.abs(search.values), 0.0))


def _replaced(square: Float[Array, "n n"], row: Float[Array, " n"], here: Bool[Array, " n"]) -> Float[Array, "n n"]:
    """A symmetric matrix with another row, and column."""
    return jnp.where(here[:, None], row[None, :], jnp.where(here[None, :], row[:, None], square))


def wanted_pairs(search: Search, asked: Asked, aim: Aim) -> Bool[Array, " k"]:
    """The leading pair, and those behind it that are worth reporting."""
    return (search.values[: aim.pairs] >= asked.least) | (jnp.arange(aim.pairs, dtype=jnp.int32) == 0)


def stale(search: Search, count: int) -> Float[Array, " k"]:
    """Share of each leading Ritz vector that lies in vectors whose images are old."""
    return jnp.sum(jnp.where(search.known[:, None], 0.0, search.coordinates[:, :count] ** 2), axis=0)


def _fresh(search: Search, count: int) -> Float[Array, "n k"]:
    return jnp.where(search.known[:, None], search.coordinates[:, :count], 0.0)


def errors(search: Search, asked: Asked, aim: Aim) -> Float[Array, " k"]:
    """min(r, r²/gap) of the leading pairs, r the part of the residual outside the basis."""
    out = squares(search, aim.pairs)
    # The next pair is the first one that is not wanted.
    behind = jnp.arange(search.values.size, dtype=jnp.int32) >= jnp.sum(
        wanted_pairs(search, asked, aim), dtype=jnp.int32
    )
    second = jnp.max(jnp.where(behind, search.values, -jnp.inf))
    return error(out, search.values[: aim.pairs], second)


def squares(search: Search, count: int) -> Float[Array, " k"]:
    """R² of the first Ritz vectors, r the part of the residual outside the basis, as far as it is known."""
    fresh = _fresh(search, count)
    return jnp.maximum(jnp.sum(fresh * small.times(search.lengths, fresh), axis=0), 0.0)


def residuals(search: Search, count: int) -> Float[Array, " k"]:
    """‖Hv − ρv‖ of the part of each pair whose image is known, and how far its value is from ρ."""
    fresh = _fresh(search, count)
    lengths = jnp.maximum(jnp.sum(fresh**2, axis=0), _least(search.values))
    fresh = fresh / jnp.sqrt(lengths)[None, :]
    inside = small.times(search.matrix, fresh)
    quotients = jnp.sum(fresh * inside, axis=0)
    along = jnp.sum((inside - quotients[None, :] * fresh) ** 2, axis=0)
    return jnp.sqrt(along + squares(search, count) / lengths) + jnp.abs(search.values[:count] - quotients)


def bottom(search: Search) -> Float[Array, ""]:
    """The least Ritz value."""
    return jnp.min(jnp.where(jnp.arange(search.used.size) < jnp.sum(search.used), search.values, jnp.inf))


def improvement(search: Search, count: int, bottom: Float[Array, ""]) -> Float[Array, "m k"]:
    """The first Ritz vectors with what is known of their residuals: where the next ones are expected.

    In terms of the basis and, behind it, of ``apart``, orthonormal where the one is and the other is orthogonal to it.
    """
    strides = stride(search.values[:count], search.values[0], bottom)
    inside = search.coordinates[:, :count].T
    outside = (_fresh(search, count) * strides[None, :]).T
    gram = small.times(inside, inside.T) + small.times(small.times(outside, search.lengths), outside.T)
    return small.whitened(gram, jnp.concatenate([inside, outside], axis=1))


def improved(weights: Float[Array, "m k"], basis: Basis) -> Float[Array, "m p"]:
    """Vectors with such weights, orthonormal."""

    def mix(weights: Array, vectors: Array, apart: Array) -> Array:
        rows = [*vectors, *apart]
        return jnp.stack([sum((w * row for w, row in zip(own, rows, strict=True)), 0 * rows[0]) for own in weights])

    many = basis.vectors.shape[0] > small.FEW
    vectors = weights @ jnp.concatenate(basis) if many else rowwise(mix, weights, *basis)
    # That the basis is orthonormal holds to rounding, which would add up from search to search. One step of Newton's
    # to the nearest orthonormal vectors squares it (Higham, Functions of Matrices, §8.3).
    gram = jnp.stack([vectors @ vector for vector in vectors])
    polish = 1.5 * jnp.eye(gram.shape[0], dtype=gram.dtype) - 0.5 * gram
    return polish @ vectors if many else rowwise(mixed, polish, vectors)


def _least(like: Float[Array, "*s"]) -> Float[Array, ""]:
    return jnp.asarray(jnp.finfo(like.dtype).tiny, like.dtype)

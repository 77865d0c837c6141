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

from dltlab.engine.compact import compacted
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
    """What a search is to find."""

    pairs: int
    """Pairs that are reported at most."""
    tolerance: float
    most: int
    """Products that it may take."""
    least: Float[Array, ""]
    """Pairs behind the first one are wanted where their eigenvalue is above this."""
    drift: Float[Array, ""]
    """Relative change of H since old images were known."""
    due: Bool[Array, " n"]
    """Vectors to multiply in any case."""
    sure: Bool[Array, ""]
    """Whether every product has to be exact."""
    seen: Bool[Array, ""]
    """Whether the leading vector's image is known."""
    compared: Bool[Array, ""]
    """Whether that is to be compared with the exact one."""


class Search(NamedTuple):
    """The basis in work: vectors that were kept, and room for directions that are added."""

    basis: Float[Array, "n p"]
    """Orthonormal; rows that are not used are 0."""
    apart: Float[Array, "n p"]
    """Of each image Hu what lies outside the basis; 0 where the image is not known."""
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
    """The vector to multiply next; where it is not used yet, it is the direction of a residual."""
    pair: Int[Array, ""]
    """Whose."""
    floor: Float[Array, ""]
    """|uᵀ(Hu)| of a quick product less that of an exact one, where both were taken; else −1."""
    blur: Float[Array, ""]
    """‖Hu‖ of the difference of the two."""
    uneven: Float[Array, ""]
    """The largest |uᵢᵀ(Huⱼ) − uⱼᵀ(Huᵢ)|."""
    done: Bool[Array, ""]


def error(out: Float[Array, "*s"], leading: Float[Array, "*s"], second: Float[Array, ""]) -> Float[Array, "*s"]:
    """min(r, r²/gap) for r² = ``out`` and the gap between ``leading`` and ``second``."""
    below = jnp.where(leading > 0, jnp.maximum(second, _BELOW * leading), second)
    return jnp.minimum(jnp.sqrt(out), out / jnp.maximum(leading - below, NARROW * jnp.abs(leading) + _least(out)))


def stride(values: Float[Array, "*s"], leading: Float[Array, ""], bottom: Float[Array, ""]) -> Float[Array, "*s"]:
    """How much of its residual improves a Ritz vector: 1/(θ − σ), σ the middle of where the spectrum below θ is."""
    bottom = jnp.minimum(bottom, 0.0)
    # Never less than half the way down, and a little more, or what lies at the bottom would grow.
    gap = jnp.maximum((1 - _BELOW) * values - 0.5 * bottom, 0.55 * (values - bottom))
    return 1 / jnp.maximum(gap, 0.1 * jnp.abs(leading) + _least(values))


def combined(weights: Float[Array, " m"], rows: Float[Array, "m p"]) -> Float[Array, " p"]:
    """Σ wᵢ·rowᵢ, spelt out: so it becomes part of whatever is done with it, and XLA's dot is slow at it."""
    return sum((weights[i] * rows[i] for i in range(1, rows.shape[0])), weights[0] * rows[0])


def mixed(weights: Float[Array, "k m"], rows: Float[Array, "m p"]) -> Float[Array, "k p"]:
    """``weights @ rows``, for few long rows."""
    if rows.shape[0] > small.FEW:
        return weights @ rows
    return jnp.stack([combined(own, rows) for own in weights])


def begun(basis: Float[Array, "m p"], matrix: Float[Array, "m m"], added: int) -> Search:
    """A search before its first product; that is with the leading vector."""
    m, p = basis.shape
    n, dtype = m + added, basis.dtype
    square, nothing = jnp.zeros((n, n), dtype), jnp.asarray(0.0, dtype)
    return Search(
        basis=jnp.concatenate([basis, jnp.zeros((added, p), dtype)]),
        apart=jnp.zeros((n, p), dtype),
        matrix=jnp.pad(matrix, (0, added)),
        lengths=square,
        known=jnp.zeros(n, bool),
        used=jnp.arange(n, dtype=jnp.int32) < m,
        values=square[0],
        coordinates=square,
        products=jnp.asarray(0, jnp.int32),
        next=jnp.asarray(0, jnp.int32),
        pair=jnp.asarray(0, jnp.int32),
        floor=nothing - 1,
        blur=nothing,
        uneven=nothing,
        done=jnp.asarray(False),
    )


def followed(search: Search, aim: Aim, quick: Product, exact: Product | None, image: Float[Array, " p"]) -> Search:
    """Products until nothing more is asked for.

    Args:
        search: As it begins.
        aim: What to find.
        quick: v ↦ Hv.
        exact: The same where it has to be exact; None where ``quick`` is.
        image: That of the leading vector, where ``aim.seen`` says that it is known.
    """
    ways = [lambda _: image, quick, *([] if exact is None else [exact])]

    def onward(search: Search) -> Search:
        free = aim.seen & (search.products == 0)
        sure = aim.sure | search.known[search.next]
        way = jnp.where(free, 0, jnp.where(sure, len(ways) - 1, 1))
        added = ~search.used[search.next]
        vector = lax.cond(added, _direction, lambda search: search.basis[search.next], search)
        search = judged(informed(search, vector, lax.switch(way, ways, vector), added), aim)
        # To be compared with an exact one, the first product is taken again.
        compared = free & aim.compared
        return search._replace(next=jnp.where(compared, 0, search.next), done=search.done & ~compared)

    return lax.while_loop(lambda search: ~search.done, onward, search)


def informed(search: Search, vector: Float[Array, " p"], image: Float[Array, " p"], added: Bool[Array, ""]) -> Search:
    """The search with the image of its next vector, which is added to the basis or stands there."""
    at, again = search.next, search.known[search.next]
    here = jnp.arange(search.used.size, dtype=jnp.int32) == at
    basis = lax.dynamic_update_index_in_dim(search.basis, vector, at, 0)
    # What of the images outside the basis is no longer outside.
    along = jnp.where(added, search.apart @ vector, 0.0)
    expected = jnp.where(added, _entered(search.matrix, along, here), search.matrix)
    row = basis @ image
    apart = image - combined(row, basis)
    others = search.known & ~here
    strayed = row - expected[at]
    before = search.apart[at]
    uneven = jnp.max(jnp.where(others, jnp.abs(strayed), 0.0))

    def compared(_: tuple[Array, Array]) -> tuple[Array, Array]:
        """Multiplied once more, exactly: what was the quick product worth?"""
        lost = apart - before
        return jnp.abs(strayed[at]), jnp.sqrt(jnp.vdot(strayed, strayed) + jnp.vdot(lost, lost))

    floor, blur = once(again, compared, (search.floor, search.blur))
    lengths = jnp.where(here, jnp.vdot(apart, apart), search.apart @ apart)
    return search._replace(
        basis=basis,
        apart=jnp.where(here[:, None], apart[None, :], search.apart - along[:, None] * vector[None, :]),
        matrix=_entered(expected, row, here),
        lengths=_entered(search.lengths - along[:, None] * along[None, :], lengths, here),
        used=search.used | here,
        known=search.known | here,
        products=search.products + 1,
        floor=floor,
        blur=blur,
        uneven=jnp.where(again, search.uneven, jnp.maximum(search.uneven, uneven)),
    )


def judged(search: Search, aim: Aim) -> Search:
    """The search with its Ritz pairs, and what is to be multiplied next."""
    # Nothing long is needed for it, so that it can be one kernel whatever the problem's size.
    short = search._replace(basis=search.matrix, apart=search.matrix)
    told = short.matrix, short.lengths, short.known, short.used, short.products, aim.least, aim.drift, aim.due

    def judge(*told: Array) -> tuple[Array, ...]:
        matrix, lengths, known, used, products, least, drift, due = told
        its = short._replace(matrix=matrix, lengths=lengths, known=known, used=used, products=products)
        judgement = _judged(its, aim._replace(least=least, drift=drift, due=due))
        return judgement.values, judgement.coordinates, judgement.next, judgement.pair, judgement.done

    values, coordinates, following, pair, done = compacted(judge, *told, products=False)(*told)
    return search._replace(values=values, coordinates=coordinates, next=following, pair=pair, done=done)


def _judged(search: Search, aim: Aim) -> Search:
    # Rows that are not used get values below all others, by Gershgorin's circles, so that they sort last.
    low = -1.01 * jnp.max(jnp.sum(jnp.abs(search.matrix), axis=1)) - 1e6 * _least(search.matrix)
    diagonal = jnp.eye(search.used.size, dtype=bool) & ~search.used[None, :]
    values, coordinates = small.eigh(jnp.where(diagonal, low, search.matrix))
    search = search._replace(values=values, coordinates=coordinates)
    first = search.coordinates[:, : aim.pairs]
    wanted = wanted_pairs(search, aim)
    old = stale(search, aim.pairs)
    turned = wanted & ((old * aim.drift > SHARE * aim.tolerance) | (old > _TURNED))
    into = jnp.where(search.used & ~search.known, jnp.max(jnp.where(turned[None, :], first**2, 0.0), axis=1), -1.0)
    outside = errors(search, aim) / jnp.maximum(jnp.abs(search.values[0]), _least(values))
    # Of a residual that is rounding nothing is left beside the basis.
    there = jnp.sqrt(squares(search, aim.pairs)) > 4 * float(jnp.finfo(values.dtype).eps) * _radius(search)
    loose = jnp.where(wanted & there, outside, 0.0)
    due = aim.due & ~search.known
    more = ~jnp.any(due) & ~jnp.any(turned) & jnp.any(loose > aim.tolerance) & ~jnp.all(search.used)
    at, pair = jnp.argmin(search.used).astype(jnp.int32), jnp.argmax(loose).astype(jnp.int32)
    place = jnp.where(jnp.any(due), jnp.argmax(due), jnp.argmax(into)).astype(jnp.int32)
    finished = ~(more | jnp.any(due) | (jnp.any(turned) & (jnp.max(into) >= 0)))
    return search._replace(next=jnp.where(more, at, place), pair=pair, done=finished | (search.products >= aim.most))


def _radius(search: Search) -> Float[Array, ""]:
    """The largest |Ritz value|."""
    own = jnp.arange(search.used.size, dtype=jnp.int32) < jnp.sum(search.used, dtype=jnp.int32)
    return jnp.max(jnp.where(own, jnp.abs(search.values), 0.0))


def _direction(search: Search) -> Float[Array, " p"]:
    """That of a pair's residual outside the basis."""
    length = jnp.sqrt(squares(search, search.values.size)[search.pair]) + _least(search.values)
    weights = lax.dynamic_index_in_dim(search.coordinates, search.pair, 1, keepdims=False) / length
    direction = combined(weights, search.apart)
    # What rounding left of the basis in it would count twice.
    direction = direction - combined(search.basis @ direction, search.basis)
    return direction / jnp.linalg.norm(direction)


def _entered(square: Float[Array, "n n"], row: Float[Array, " n"], here: Bool[Array, " n"]) -> Float[Array, "n n"]:
    """A symmetric matrix with another row, and column."""
    return jnp.where(here[:, None], row[None, :], jnp.where(here[None, :], row[:, None], square))


def wanted_pairs(search: Search, aim: Aim) -> Bool[Array, " k"]:
    """The leading pair, and those behind it that are worth reporting."""
    return (search.values[: aim.pairs] >= aim.least) | (jnp.arange(aim.pairs, dtype=jnp.int32) == 0)


def stale(search: Search, count: int) -> Float[Array, " k"]:
    """Share of each leading Ritz vector that lies in vectors whose images are old."""
    return jnp.sum(jnp.where(search.known[:, None], 0.0, search.coordinates[:, :count] ** 2), axis=0)


def _fresh(search: Search, count: int) -> Float[Array, "n k"]:
    return jnp.where(search.known[:, None], search.coordinates[:, :count], 0.0)


def errors(search: Search, aim: Aim) -> Float[Array, " k"]:
    """min(r, r²/gap) of the leading pairs, r the part of the residual outside the basis."""
    out = squares(search, aim.pairs)
    # The next pair is the first one that is not wanted.
    behind = jnp.arange(search.values.size, dtype=jnp.int32) >= jnp.sum(wanted_pairs(search, aim), dtype=jnp.int32)
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
    inside = search.matrix @ fresh
    quotients = jnp.sum(fresh * inside, axis=0)
    along = jnp.sum((inside - quotients[None, :] * fresh) ** 2, axis=0)
    return jnp.sqrt(along + squares(search, count) / lengths) + jnp.abs(search.values[:count] - quotients)


def bottom(search: Search) -> Float[Array, ""]:
    """The least Ritz value."""
    return jnp.min(jnp.where(jnp.arange(search.used.size) < jnp.sum(search.used), search.values, jnp.inf))


def improved(search: Search, count: int, bottom: Float[Array, ""]) -> Float[Array, "m p"]:
    """The first Ritz vectors with what is known of their residuals: where the next ones are expected. Orthonormal."""
    strides = stride(search.values[:count], search.values[0], bottom)
    inside = search.coordinates[:, :count].T
    outside = (_fresh(search, count) * strides[None, :]).T
    # Cholesky QR on the coefficients, before anything long is touched. That the basis is orthonormal and the rest
    # orthogonal to it holds to rounding, which would add up from search to search.
    within, across = _products(search.basis, search.basis), _products(search.basis, search.apart)
    mixed = inside @ across @ outside.T
    gram = inside @ within @ inside.T + mixed + mixed.T + outside @ search.lengths @ outside.T
    both = small.whitened(gram, jnp.concatenate([inside, outside], axis=1))
    if search.used.size > small.FEW:
        return both @ jnp.concatenate([search.basis, search.apart])
    rows = [*search.basis, *search.apart]
    return jnp.stack([sum((w * row for w, row in zip(own, rows, strict=True)), 0 * rows[0]) for own in both])


def _products(rows: Float[Array, "n p"], others: Float[Array, "k p"]) -> Float[Array, "n k"]:
    """``rows @ others.T``, vector by vector: XLA is three times as slow at a few long rows at once."""
    return jnp.stack([rows @ other for other in others], axis=1)


def _least(like: Float[Array, "*s"]) -> Float[Array, ""]:
    return jnp.asarray(jnp.finfo(like.dtype).tiny, like.dtype)

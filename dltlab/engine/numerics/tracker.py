"""The top eigenpairs of a Hessian that drifts, followed from reading to reading at one or two products each.

Training changes the Hessian a little at every step, so the eigenvectors of the last reading
are nearly those of the next one. Kept are an orthonormal basis U of m vectors (the k that are
reported and a few explorers behind them) and the Ritz matrix S = UᵀHU. A reading multiplies
the leading vector; by symmetry that product renews a whole row and column of S, so the
rotation of the leading vector among the others is known to first order although the others
were not multiplied: what is old in S enters with the square of the rotation. Where that is
enough, the reading is done ("a glance"). More products are taken where the error asks for
them (:mod:`dltlab.engine.numerics.ritz`).

At the edge of stability the Hessian swings with period 2 (Damian, Nichani & Lee 2023,
arXiv:2209.15594), so that the eigenvector of two readings ago is often the better guess; the
basis is then turned to it. The last explorer is shaken now and then, or a symmetry of the
problem would hide from all of them for ever what is orthogonal to them.

Rayleigh–Ritz and its bounds: Parlett, The Symmetric Eigenvalue Problem, ch. 11. Some
eigenvalue lies within r = ‖Hv − ρv‖ of a Rayleigh quotient ρ, and within r²/gap of it where
the rest of the spectrum is a gap away (Kato–Temple).
"""

import math
from typing import Any, Final, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, UInt32

from dltlab.engine.numerics import noise, ritz
from dltlab.engine.numerics.hessian import Product
from dltlab.engine.numerics.once import once
from dltlab.engine.numerics.tracked import RING, Found, Tracked

_ROUNDS: Final = 6
"""Searches that the first reading may take, since it starts from noise."""
_GROWTH: Final = 2.0
"""How much a vector's eigenvalue may be underestimated after each reading, in units of λ·(r/λ)²."""
_DOUBT: Final = 3.0
"""Error bars of inexact products, in units of the last error that was measured."""
_FADES: Final = 0.9
"""What is left of a measured error of quick products when the next one is measured."""
_SMALL: Final = 1e-2
"""Squared sine of a rotation up to which its second order is enough."""
_SHAKEN: Final = 0.2
"""Length of the noise that shakes the last explorer."""
_BLURRED: Final = 20.0
"""Length of a quick product's error, in units of the tolerance, from which on it is not used."""


class _Glance(NamedTuple):
    """What the product with the leading vector alone tells."""

    found: Found
    notes: Float[Array, " n"]
    """What would be noted."""
    enough: Bool[Array, ""]
    """Whether the reading needs no more than this."""
    stride: Float[Array, ""]
    """How much of the residual improves the vector."""
    turns: Float[Array, " m"]
    """The leading Ritz vector in the basis: nearly 1, and a small rotation into the others."""
    out: Float[Array, ""]
    """The square of the part of the residual outside the basis."""


class _Round(NamedTuple):
    """What a search found, what is remembered of it, and how many more there will be."""

    memory: Tracked
    found: Found
    left: Int[Array, ""]


class Tracker(eqx.Module):
    """How k eigenpairs are followed."""

    count: int
    """K, eigenpairs reported at most."""
    explorers: int = 2
    added: int = 2
    """Directions that a search may add to the basis, for each pair."""
    tolerance: float = 1e-3
    """Relative error to which the leading eigenvalues are sought."""
    most: int = 16
    """Products that a search may take."""
    period: int = 16
    """Readings after which an explorer is looked at in any case."""
    verified: int = 64
    """Readings after which quick products are compared with exact ones."""

    def begin(self, size: int, dtype: Any, key: UInt32[Array, " w"]) -> Tracked:
        """Nothing known: signs by lot, each vector on coordinates of its own."""
        m = min(self.count + self.explorers, size)
        vectors = _scattered(m, size, dtype) * noise.signs(key, 0, size, dtype)[None, :]
        return Tracked(vectors, jnp.zeros((RING, size), dtype), self._unknown(m, dtype), jnp.asarray(0, jnp.int32))

    def _unknown(self, m: int, dtype: Any) -> Float[Array, " n"]:
        """The notes before the first reading."""
        none = jnp.zeros(m, dtype)
        numbers = jnp.asarray([0.0, 0.0, 1.0, 0.0, 0.0, 0.0], dtype)
        return jnp.concatenate([jnp.zeros(m * m, dtype), none + self.period, none + 1, numbers])

    def read(
        self,
        memory: Tracked,
        quick: Product,
        exact: Product | None,
        least: Float[Array, ""],
        key: UInt32[Array, " w"],
    ) -> tuple[Found, Tracked]:
        """One reading.

        Args:
            memory: Of the last one.
            quick: v ↦ Hv for a v of length 1, of a Hessian that may differ from the last reading's, perhaps inexact.
            exact: The same without error, to measure what ``quick`` is worth, and used in its
                place where that is too little; None where ``quick`` is exact.
            least: Eigenvalues behind the first one are reported where they are above this.
            key: Of the noise that explorers are shaken with.
        """
        image = quick(memory.vectors[0])
        lean = memory.vectors @ memory.vectors[0]
        row, weights = _straightened(memory.vectors @ image, lean)
        apart = image - ritz.combined(weights, memory.vectors)
        glance = self._glance(memory, row, apart, least, exact=exact is None)
        enough = glance.enough
        if exact is not None:
            enough = enough & (memory.readings % self.verified != 1) & ~self._distrusted(memory)
        rounds = jnp.where(enough, 0, jnp.where(memory.readings == 0, _ROUNDS, 1)).astype(jnp.int32)

        def search(carry: _Round) -> _Round:
            # The image is that of the first round's leading vector.
            return self._searched(carry, image, quick, exact, least, key, seen=carry.left == rounds)

        start = _Round(memory, Found(jnp.zeros_like(glance.found.told)), rounds)
        end = lax.while_loop(lambda carry: carry.left > 0, search, start)
        found = Found(jnp.where(enough, glance.found.told, end.found.told))
        return found, self._after(end.memory, glance, apart, lean, enough)

    def _distrusted(self, memory: Tracked) -> Bool[Array, ""]:
        """Whether quick products are worth too little."""
        return (memory.floor > self.tolerance) | (memory.blur > _BLURRED * self.tolerance)

    def _floor(self, memory: Tracked, quick: Array, uneven: Array, *, exact: bool) -> Float[Array, ""]:
        """The relative error that products may leave in an eigenvalue: measured, or what their asymmetry tells."""
        own = jnp.maximum(uneven, 32 * float(jnp.finfo(uneven.dtype).eps))
        return _DOUBT * (own if exact else jnp.where(self._distrusted(memory), own, quick))

    def _due(self, memory: Tracked, least: Float[Array, ""]) -> Bool[Array, " m"]:
        """Vectors behind the first that have to be looked at.

        They may have overtaken it, or come to where they are worth reporting, or were not looked at for long.
        """
        size, place = jnp.abs(memory.value), jnp.arange(memory.age.size, dtype=jnp.int32)
        reach = ((memory.drift + _GROWTH * memory.loose) * memory.age + self.tolerance) * size
        highest = memory.known + reach
        worth = (highest >= least) & (place < self.count)
        return (~(highest < memory.value) | worth | (memory.age >= self.period)) & (place > 0)

    def _glance(
        self,
        memory: Tracked,
        row: Float[Array, " m"],
        apart: Float[Array, " p"],
        least: Float[Array, ""],
        *,
        exact: bool,
    ) -> _Glance:
        """Second-order perturbation of the leading pair, and whether it will do."""
        leading, size, drift = row[0], jnp.abs(row[0]), memory.drift
        behind = jnp.arange(row.size, dtype=jnp.int32) > 0
        known = memory.known
        coupling = jnp.where(behind, row, 0.0)
        turns = coupling / jnp.maximum(leading - known, ritz.NARROW * size + jnp.finfo(row.dtype).tiny)
        # Σ turns², Σ turns·coupling and Σ coupling² in one product.
        both = jnp.stack([turns, coupling])
        squares = both @ both.T
        rotated, gain, coupled = squares[0, 0], squares[0, 1], squares[1, 1]
        out = jnp.vdot(apart, apart)
        second = jnp.max(jnp.where(behind, known, -jnp.inf))
        error = ritz.error(out, leading, second) + rotated * drift * size
        enough = (memory.readings > 0) & (rotated < _SMALL) & (rotated * drift <= ritz.SHARE * self.tolerance)
        enough = enough & (error <= self.tolerance * size) & ~jnp.any(self._due(memory, least))
        value = leading + gain
        length, stride = 1 / jnp.sqrt(1 + rotated), ritz.stride(value, value, memory.bottom)
        bar = error + self._floor(memory, memory.floor, memory.uneven, exact=exact) * jnp.abs(value)
        residual = jnp.sqrt(out + coupled) + jnp.abs(gain)
        others = jnp.full(self.count - 1, jnp.nan, row.dtype)
        products = jnp.ones(1, row.dtype)
        found = jnp.concatenate([value[None], others, bar[None], others, residual[None], others, products])
        turned = jnp.where(behind, turns, 1.0) * length
        return _Glance(Found(found), self._noted(memory, value), enough, stride, turned, out)

    def _noted(self, memory: Tracked, value: Float[Array, ""]) -> Float[Array, " n"]:
        """The notes after a glance: the leading row and column of S are its value alone, and the others have aged."""
        m, n = memory.vectors.shape[0], memory.notes.size
        lane = np.arange(n)
        crossed = (lane < m * m) & ((lane < m) | (lane % m == 0))
        aged = (lane > m * m) & (lane < m * m + m)
        lanes = jnp.where(jnp.asarray(crossed), 0.0, memory.notes + jnp.asarray(aged, memory.notes.dtype))
        lanes = jnp.where(jnp.asarray((lane == 0) | (lane == n - 5)), value, lanes)
        lanes = jnp.where(jnp.asarray(lane == m * m), 1.0, lanes)
        return jnp.where(jnp.asarray(lane == n - 4), self._drift(memory, value), lanes)

    def _after(
        self,
        memory: Tracked,
        glance: _Glance,
        apart: Float[Array, " p"],
        lean: Float[Array, " m"],
        enough: Bool[Array, ""],
    ) -> Tracked:
        """What is remembered of a reading: of a search what it left, of a glance the rotation that it saw.

        Weights of nothing leave the vectors as they are, where a choice between old and new ones would copy them.
        """
        vectors = memory.vectors
        first = jnp.arange(vectors.shape[0], dtype=jnp.int32) == 0
        turns = jnp.where(enough, glance.turns, first.astype(apart.dtype))
        stride = jnp.where(enough, glance.stride, 0.0)
        weights = turns - jnp.where(first, jnp.sum(jnp.where(first, 0.0, turns * lean)) / lean[0], 0.0)
        found = ritz.combined(weights, vectors)
        length = jnp.sum(turns**2 * jnp.where(first, lean[0], 1.0)) + (stride * jnp.sqrt(glance.out)) ** 2
        ahead = 1 / jnp.sqrt(length)
        improved = (found + stride * apart) * jnp.where(enough, ahead, 1.0)
        # The others have to be orthogonal to the new leading vector.
        shares = jnp.where(enough, (turns + weights[0] * lean) * ahead, 0.0)
        rest = vectors[1:] - shares[1:, None] * improved[None, :]
        latest = _kept(memory, jnp.where(enough, found, _earlier(memory, RING)))
        notes = jnp.where(enough, glance.notes, memory.notes)
        return Tracked(jnp.concatenate([improved[None], rest]), latest, notes, memory.readings + 1)

    def _drift(self, memory: Tracked, value: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.maximum(0.7 * memory.drift, _over(jnp.abs(value - memory.value), _scale(value, memory.bottom)))

    def _searched(
        self,
        carry: _Round,
        image: Float[Array, " p"],
        quick: Product,
        exact: Product | None,
        least: Float[Array, ""],
        key: UInt32[Array, " w"],
        *,
        seen: Bool[Array, ""],
    ) -> _Round:
        """One search, with as many products as it needs."""
        memory = carry.memory
        sure = verify = jnp.asarray(False)
        if exact is not None:
            # What the first products are made with is mostly noise, of which nothing is learnt about quick ones.
            sure = self._distrusted(memory) | (memory.readings == 0)
            verify = memory.readings % self.verified == 1
        due = jnp.concatenate([self._due(memory, least), jnp.zeros(self.added * self.count, bool)])
        compared = verify | sure
        aim = ritz.Aim(self.count, self.tolerance, self.most, least, memory.drift, due, sure, seen, compared)
        search = ritz.begun(memory.vectors, memory.matrix, self.added * self.count)
        search = ritz.followed(search, aim, quick, exact, image)
        found = self._told(search, aim, carry, exact=exact is None)
        return _Round(self._advanced(search, memory, found, key), found, carry.left - 1)

    def _bottom(self, search: ritz.Search, memory: Tracked) -> Float[Array, ""]:
        return jnp.minimum(_FADES * memory.bottom, ritz.bottom(search))

    def _told(self, search: ritz.Search, aim: ritz.Aim, carry: _Round, *, exact: bool) -> Found:
        """The reading that a search ended with."""
        memory = carry.memory
        values = search.values[: self.count]
        scale = _scale(values[0], self._bottom(search, memory))
        quick = jnp.maximum(_over(search.floor, scale), memory.floor)
        uneven = jnp.maximum(memory.uneven, _over(search.uneven, scale))
        floor = self._floor(memory, quick, uneven, exact=exact) * scale
        errors = ritz.errors(search, aim) + ritz.stale(search, self.count) * memory.drift * scale
        wanted = ritz.wanted_pairs(search, aim)
        told = (values, errors + floor, ritz.residuals(search, self.count))
        shown = [jnp.where(wanted, row, jnp.nan) for row in told]
        products = carry.found.products + search.products.astype(scale.dtype)
        return Found(jnp.concatenate([*shown, products[None]]))

    def _advanced(self, search: ritz.Search, memory: Tracked, found: Found, key: UInt32[Array, " w"]) -> Tracked:
        """What is remembered of a search."""
        m, bottom = memory.vectors.shape[0], self._bottom(search, memory)
        scale = _scale(found.values[0], bottom)
        vectors = ritz.improved(search, m, bottom)
        leading = vectors[0]
        shaken = memory.readings % self.period == 0
        vectors = once(shaken, lambda vectors: _shaken(vectors, key, memory.readings), vectors)
        matrix = jnp.diag(search.values[:m])
        vectors, matrix = once(
            _alternates(leading, memory), lambda basis: _turned(*basis, _earlier(memory, 1)), (vectors, matrix)
        )
        fresh = 1 - ritz.stale(search, m) > 0.5
        compared = search.floor >= 0
        floor, blur = (
            jnp.where(compared, jnp.maximum(_FADES * old, _over(new, scale)), old)
            for old, new in ((memory.floor, search.floor), (memory.blur, search.blur))
        )
        uneven = jnp.maximum(0.95 * memory.uneven, _over(search.uneven, scale))
        age = jnp.where(fresh, 1.0, memory.age + 1)
        risen = _over(jnp.maximum(search.values[:m] - memory.known, 0.0), scale) / memory.age
        loose = jnp.where(fresh, _over(jnp.sqrt(ritz.squares(search, m)), scale) ** 2 + risen, memory.loose)
        value = found.values[0]
        numbers = jnp.stack([bottom, value, self._drift(memory, value), floor, blur, uneven])
        latest = _kept(memory, leading)
        notes = jnp.concatenate([matrix.ravel(), age, loose, numbers])
        # After a product that was not finite nothing would be, ever again.
        sound = jnp.all(jnp.isfinite(notes))
        return Tracked(
            jnp.where(sound, vectors, _scattered(m, vectors.shape[1], vectors.dtype)),
            latest,
            jnp.where(sound, notes, self._unknown(m, notes.dtype)),
            jnp.where(sound, memory.readings, -1),
        )


def _straightened(row: Float[Array, " m"], lean: Float[Array, " m"]) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
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


def _scale(value: Float[Array, ""], bottom: Float[Array, ""]) -> Float[Array, ""]:
    """What relative errors are relative to: the leading eigenvalue, or the rounding of a far larger negative one."""
    kind = jnp.finfo(value.dtype)
    return jnp.maximum(jnp.abs(value), 32 * float(kind.eps) * jnp.abs(bottom) + float(kind.tiny))


def _over(part: Float[Array, "*s"], scale: Float[Array, ""]) -> Float[Array, "*s"]:
    """A relative error; what is larger than this is as bad as can be, and its square is still a number."""
    return jnp.minimum(part / scale, 1e6)


def _earlier(memory: Tracked, back: int) -> Float[Array, " p"]:
    """The leading eigenvector so many readings ago."""
    at = lax.rem(memory.readings + RING - back, jnp.asarray(RING, memory.readings.dtype))
    return lax.dynamic_index_in_dim(memory.latest, at, keepdims=False)


def _kept(memory: Tracked, leading: Float[Array, " p"]) -> Float[Array, "2 p"]:
    """The leading eigenvectors with this reading's in the place of the oldest."""
    at = lax.rem(memory.readings, jnp.asarray(RING, memory.readings.dtype))
    return lax.dynamic_update_index_in_dim(memory.latest, leading, at, 0)


def _alternates(leading: Float[Array, " p"], memory: Tracked) -> Bool[Array, ""]:
    """Whether the leading vector is nearer to that of two readings ago than to the last one."""
    last, before = (1 - jnp.abs(jnp.vdot(_earlier(memory, back), leading)) for back in (1, 2))
    return (memory.readings >= 2) & (before < 0.5 * last) & (last > 1e-4)


def _scattered(count: int, size: int, dtype: Any) -> Float[Array, "m p"]:
    """Orthonormal vectors, each constant on coordinates of its own."""
    lengths = np.sqrt(np.bincount(np.arange(size) % count))
    place = (jnp.arange(size, dtype=jnp.int32) % count)[None, :] == jnp.arange(count, dtype=jnp.int32)[:, None]
    return jnp.where(place, jnp.asarray(1 / lengths, dtype)[:, None], 0.0)


def _shaken(vectors: Float[Array, "m p"], key: UInt32[Array, " w"], count: Int[Array, ""]) -> Float[Array, "m p"]:
    """The basis with noise in its last vector."""
    size = vectors.shape[1]
    if vectors.shape[0] == 1:
        return vectors
    last = vectors[-1] + _SHAKEN / math.sqrt(size) * noise.signs(key, count + 1, size, vectors.dtype)
    for _ in range(2):
        # Of noise in few dimensions little may be left beside the others.
        last = last - ritz.combined(vectors[:-1] @ last, vectors[:-1])
        last = last / jnp.linalg.norm(last)
    return vectors.at[-1].set(last)


def _turned(
    vectors: Float[Array, "m p"], matrix: Float[Array, "m m"], towards: Float[Array, " p"]
) -> tuple[Float[Array, "m p"], Float[Array, "m m"]]:
    """The basis reflected so that its first vector is this one, with what the basis lacks of it; and its matrix."""
    inside = vectors @ towards
    outside = towards - ritz.combined(inside, vectors)
    inside = inside / jnp.linalg.norm(inside)
    # Householder: I − 2aaᵀ takes the first axis to ``inside``; the sign keeps a away from zero.
    sign = jnp.where(inside[0] > 0, -1.0, 1.0).astype(inside.dtype)
    normal = inside.at[0].add(-sign)
    normal = normal / jnp.linalg.norm(normal)
    reflection = jnp.eye(inside.size, dtype=inside.dtype) - 2 * normal[:, None] * normal[None, :]
    turned = ritz.mixed(reflection, vectors)
    first = sign * turned[0] + outside
    return turned.at[0].set(first / jnp.linalg.norm(first)), reflection @ matrix @ reflection

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

import functools
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from dltlab.engine.numerics import ritz
from dltlab.engine.numerics.hessian import Product
from dltlab.engine.numerics.once import once

Draw = Callable[[], Array]
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
_RING: Final = 3
_SHAKEN: Final = 0.05
"""Length of the noise that shakes the last explorer."""
_BLURRED: Final = 20.0
"""Length of a quick product's error, in units of the tolerance, from which on it is not used."""


class Tracked(NamedTuple):
    """What is remembered between two readings."""

    vectors: Float[Array, "m p"]
    """U, orthonormal: where the next eigenvectors are expected, the leading one first."""
    matrix: Float[Array, "m m"]
    """S = UᵀHU as far as it is known."""
    latest: Float[Array, "3 p"]
    """The leading eigenvectors of the last readings; that of reading i is in row i mod 3."""
    age: Int[Array, " m"]
    """Readings since the vector was multiplied."""
    loose: Float[Array, " m"]
    """R²/λ² of each vector when it was last multiplied: how far it was from an eigenvector."""
    value: Float[Array, ""]
    """The leading eigenvalue of the last reading."""
    drift: Float[Array, ""]
    """Its relative change from reading to reading, the recent maximum."""
    floor: Float[Array, ""]
    """Relative error of a Rayleigh quotient by quick products, as measured now and then: the recent maximum."""
    blur: Float[Array, ""]
    """Relative length of the error of a quick product, likewise."""
    uneven: Float[Array, ""]
    """|uᵀ(Hv) − vᵀ(Hu)| in units of the leading eigenvalue, the recent maximum: what products lack in symmetry."""
    readings: Int[Array, ""]


class Found(NamedTuple):
    """One reading."""

    values: Float[Array, " k"]
    """Eigenvalues, largest first; NaN where none was asked for."""
    errors: Float[Array, " k"]
    """The error bar: min(r, r²/gap), and what old parts of S and inexact products may add."""
    residuals: Float[Array, " k"]
    """R, within which some eigenvalue lies if products are exact."""
    products: Int[Array, ""]


class _Glance(NamedTuple):
    """What the product with the leading vector alone tells."""

    value: Float[Array, ""]
    error: Float[Array, ""]
    residual: Float[Array, ""]
    enough: Float[Array, ""]
    """1 where the reading needs no more than this."""
    stride: Float[Array, ""]
    """How much of the residual improves the vector."""
    ahead: Float[Array, ""]
    """1 over the improved vector's length."""
    turns: Float[Array, " m"]
    """The leading Ritz vector in the basis: nearly 1, and a small rotation into the others."""


class _Round(NamedTuple):
    """A search to be made, and what the last one found."""

    search: ritz.Search
    memory: Tracked
    found: Found
    rounds: Int[Array, ""]


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

    def begin(self, size: int, dtype: Any, key: Array) -> Tracked:
        """Nothing known: random vectors."""
        m = min(self.count + self.explorers, size)
        nothing = jnp.asarray(0.0, dtype)
        return Tracked(
            vectors=ritz.orthonormal(jr.normal(key, (m, size), dtype)),
            matrix=jnp.zeros((m, m), dtype),
            latest=jnp.zeros((_RING, size), dtype),
            age=jnp.full(m, self.period, jnp.int32),
            loose=jnp.ones(m, dtype),
            value=nothing,
            drift=jnp.asarray(1.0, dtype),
            floor=nothing,
            blur=nothing,
            uneven=nothing,
            readings=jnp.asarray(0, jnp.int32),
        )

    def read(
        self, memory: Tracked, quick: Product, exact: Product | None, least: Float[Array, ""], key: Draw
    ) -> tuple[Found, Tracked]:
        """One reading.

        Args:
            memory: Of the last one.
            quick: v ↦ Hv, of a Hessian that may differ from the last reading's, perhaps inexact.
            exact: The same without error, to measure what ``quick`` is worth, and used in its
                place where that is too little; None where ``quick`` is exact.
            least: Eigenvalues behind the first one are reported where they are above this.
            key: Gives the key of the noise that explorers are shaken with, another one for each reading.
        """
        image = quick(memory.vectors[0])
        row = memory.vectors @ image
        apart = image - _combined(row, memory.vectors)
        glance = self._glance(memory, row, apart, least)
        enough = glance.enough > 0
        if exact is not None:
            enough = enough & (memory.readings % self.verified != 0) & ~self._distrusted(memory)

        def search(_: tuple[Found, Tracked]) -> tuple[Found, Tracked]:
            return self._searched(memory, image, quick, exact, least, key)

        return once(~enough, search, self._glanced(memory, glance, apart, exact=exact is None))

    def _distrusted(self, memory: Tracked) -> Bool[Array, ""]:
        """Whether quick products are worth too little."""
        return (memory.floor > self.tolerance) | (memory.blur > _BLURRED * self.tolerance)

    def _floor(self, memory: Tracked, *, exact: bool) -> Float[Array, ""]:
        """The relative error that products may leave in an eigenvalue: measured, or what their asymmetry tells."""
        rounding = 32 * float(jnp.finfo(memory.uneven.dtype).eps)
        own = jnp.maximum(memory.uneven, rounding)
        return _DOUBT * (own if exact else jnp.where(self._distrusted(memory), own, memory.floor))

    def _late(
        self, memory: Tracked, known: Float[Array, "*m"], age: Int[Array, "*m"], loose: Float[Array, "*m"]
    ) -> Bool[Array, "*m"]:
        """Whether explorers may have overtaken the leading vector, or were not looked at for long."""
        reach = (memory.drift + _GROWTH * loose) * age.astype(known.dtype) + self.tolerance
        return ~(memory.value - known > reach * jnp.abs(memory.value)) | (age >= self.period)

    def _glance(
        self, memory: Tracked, row: Float[Array, " m"], apart: Float[Array, " p"], least: Float[Array, ""]
    ) -> _Glance:
        """Second-order perturbation of the leading pair, and whether it will do.

        Spelt out number by number, since on a small network each array of a few numbers costs as
        much as a layer.
        """
        leading, size = row[0], jnp.abs(row[0])
        drift, others = memory.drift, range(1, memory.age.size)
        known = [memory.matrix[i, i] for i in range(memory.age.size)]
        out = jnp.vdot(apart, apart)
        least_gap = ritz.NARROW * size + jnp.finfo(row.dtype).tiny
        turns = [row[i] / jnp.maximum(leading - known[i], least_gap) for i in others]
        zero = jnp.zeros_like(leading)
        rotated = sum((turn * turn for turn in turns), zero)
        coupled = sum((row[i] * row[i] for i in others), zero)
        gain = sum((row[i] * turns[i - 1] for i in others), zero)
        second = functools.reduce(jnp.maximum, [known[i] for i in others], jnp.full_like(leading, -jnp.inf))
        error = ritz.error(out, leading, second) + rotated * drift * size
        enough = (memory.readings > 0) & (rotated < _SMALL) & (rotated * drift <= ritz.SHARE * self.tolerance)
        enough = enough & (error <= self.tolerance * size)
        for i in others:
            enough = enough & ~self._late(memory, known[i], memory.age[i], memory.loose[i])
            if i < self.count:
                enough = enough & (known[i] + drift * size < least)
        length = 1 / jnp.sqrt(1 + rotated)
        value, stride = leading + gain, ritz.stride(leading + gain, leading + gain)
        ahead = 1 / jnp.sqrt(1 + stride * stride * out)
        told = [value, error, jnp.sqrt(out + coupled) + jnp.abs(gain), enough.astype(row.dtype), stride, ahead]
        # One kernel computes them, and whoever needs some of them does not do so again.
        packed = lax.optimization_barrier(jnp.stack([*told, length, *(turn * length for turn in turns)]))
        return _Glance(*(packed[i] for i in range(len(told))), turns=packed[len(told) :])

    def _glanced(
        self, memory: Tracked, glance: _Glance, apart: Float[Array, " p"], *, exact: bool
    ) -> tuple[Found, Tracked]:
        """The reading from the leading vector alone."""
        found = _combined(glance.turns, memory.vectors)
        improved = (found + glance.stride * apart) * glance.ahead
        # The others are orthogonal to the old leading vector, and have to be to the new one, in which they have
        # the share that it turned into them.
        shares = glance.turns * glance.ahead
        rest = memory.vectors[1:] - shares[1:, None] * improved[None, :]
        m = memory.age.size
        first = jnp.arange(m, dtype=jnp.int32) == 0
        corner = first[:, None] & first[None, :]
        crossed = first[:, None] | first[None, :]
        matrix = jnp.where(corner, glance.value, jnp.where(crossed, 0.0, memory.matrix))
        others = jnp.full(self.count - 1, jnp.nan, found.dtype)
        bar = glance.error + self._floor(memory, exact=exact) * jnp.abs(glance.value)
        told = Found(
            jnp.concatenate([glance.value[None], others]),
            jnp.concatenate([bar[None], others]),
            jnp.concatenate([glance.residual[None], others]),
            jnp.asarray(1, jnp.int32),
        )
        return told, memory._replace(
            vectors=jnp.concatenate([improved[None], rest]),
            matrix=matrix,
            latest=memory.latest.at[memory.readings % _RING].set(found),
            age=jnp.where(first, 1, memory.age + 1),
            value=glance.value,
            drift=self._drift(memory, glance.value),
            readings=memory.readings + 1,
        )

    def _drift(self, memory: Tracked, value: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.maximum(0.7 * memory.drift, jnp.abs(value - memory.value) / jnp.abs(value))

    def _searched(
        self,
        memory: Tracked,
        image: Float[Array, " p"],
        quick: Product,
        exact: Product | None,
        least: Float[Array, ""],
        key: Draw,
    ) -> tuple[Found, Tracked]:
        """The reading with as many products as it needs; the very first one from several searches."""
        sure, verify = jnp.asarray(False), jnp.asarray(False)
        if exact is not None:
            sure, verify = self._distrusted(memory), memory.readings % self.verified == 0

        def multiply(vector: Float[Array, " p"], surely: Bool[Array, ""]) -> Float[Array, " p"]:
            return quick(vector) if exact is None else lax.cond(surely, exact, quick, vector)

        def overdue(memory: Tracked) -> Bool[Array, " m"]:
            return self._late(memory, jnp.diag(memory.matrix), memory.age, memory.loose).at[0].set(False)

        def aimed(memory: Tracked) -> ritz.Aim:
            due = jnp.zeros(memory.age.size + self.added * self.count, bool).at[: memory.age.size].set(overdue(memory))
            return ritz.Aim(self.count, self.tolerance, self.most, least, memory.drift, due, sure)

        def again(carry: _Round) -> _Round:
            aim = aimed(carry.memory)
            search = ritz.followed(carry.search, aim, multiply)
            found = self._told(search, aim, carry, exact=exact is None)
            memory = self._advanced(search, carry.memory, found, key)
            return _Round(
                ritz.begun(memory.vectors, memory.matrix, self.added * self.count), memory, found, carry.rounds + 1
            )

        seen = ritz.judged(
            ritz.informed(ritz.begun(memory.vectors, memory.matrix, self.added * self.count), image), aimed(memory)
        )
        # To be compared with an exact one, the product is taken again.
        compared = verify | sure
        seen = seen._replace(next=jnp.where(compared, 0, seen.next), done=seen.done & ~compared)
        nothing = jnp.full(self.count, jnp.nan, image.dtype)
        start = _Round(
            seen, memory, Found(nothing, nothing, nothing, jnp.asarray(0, jnp.int32)), jnp.asarray(0, jnp.int32)
        )
        rounds = jnp.where(memory.readings == 0, _ROUNDS, 1)
        end = lax.while_loop(lambda carry: carry.rounds < rounds, again, start)
        return end.found, end.memory._replace(readings=memory.readings + 1)

    def _told(self, search: ritz.Search, aim: ritz.Aim, carry: _Round, *, exact: bool) -> Found:
        """The reading that a search ended with."""
        memory = carry.memory
        values, scale = search.values[: self.count], jnp.abs(search.values[0])
        quick = jnp.maximum(search.floor / scale, memory.floor)
        uneven = jnp.maximum(memory.uneven, search.uneven / scale)
        floor = self._floor(memory._replace(floor=quick, uneven=uneven), exact=exact) * scale
        errors = ritz.errors(search, aim) + ritz.stale(search, self.count) * memory.drift * scale
        wanted = ritz.wanted_pairs(search, aim)
        told = (values, errors + floor, ritz.residuals(search, self.count))
        shown = [jnp.where(wanted, row, jnp.nan) for row in told]
        return Found(shown[0], shown[1], shown[2], carry.found.products + search.products)

    def _advanced(self, search: ritz.Search, memory: Tracked, found: Found, key: Draw) -> Tracked:
        """What is remembered of a search."""
        m, scale = memory.age.size, jnp.maximum(jnp.abs(found.values[0]), jnp.finfo(memory.value.dtype).tiny)
        leading = search.coordinates[:, 0] @ search.basis
        vectors = ritz.improved(search, m)
        vectors = once(memory.readings % self.period == 0, lambda vectors: _shaken(vectors, key()), vectors)
        matrix = jnp.diag(search.values[:m])
        vectors, matrix = once(
            _alternates(leading, memory), lambda basis: _turned(*basis, _earlier(memory, 1)), (vectors, matrix)
        )
        fresh = 1 - ritz.stale(search, m) > 0.5
        compared = search.floor >= 0
        return Tracked(
            vectors=vectors,
            matrix=matrix,
            latest=memory.latest.at[memory.readings % _RING].set(leading),
            age=jnp.where(fresh, 1, memory.age + 1),
            loose=jnp.where(fresh, ritz.squares(search, m) / scale**2, memory.loose),
            value=found.values[0],
            drift=self._drift(memory, found.values[0]),
            floor=jnp.where(compared, jnp.maximum(_FADES * memory.floor, search.floor / scale), memory.floor),
            blur=jnp.where(compared, jnp.maximum(_FADES * memory.blur, search.blur / scale), memory.blur),
            uneven=jnp.maximum(0.95 * memory.uneven, search.uneven / scale),
            readings=memory.readings,
        )


def _combined(weights: Float[Array, " m"], rows: Float[Array, "m p"]) -> Float[Array, " p"]:
    """Σ wᵢ·rowᵢ, spelt out: so it becomes part of whatever is done with it."""
    return sum((weights[i] * rows[i] for i in range(1, rows.shape[0])), weights[0] * rows[0])


def _earlier(memory: Tracked, back: int) -> Float[Array, " p"]:
    """The leading eigenvector so many readings ago."""
    return memory.latest[(memory.readings - back) % _RING]


def _alternates(leading: Float[Array, " p"], memory: Tracked) -> Bool[Array, ""]:
    """Whether the leading vector is nearer to that of two readings ago than to the last one."""
    last, before = (1 - jnp.abs(jnp.vdot(_earlier(memory, back), leading)) for back in (1, 2))
    return (memory.readings >= 2) & (before < 0.5 * last) & (last > 1e-4)


def _shaken(vectors: Float[Array, "m p"], key: Array) -> Float[Array, "m p"]:
    """The basis with noise in its last vector."""
    noise = jr.normal(key, vectors.shape[1:], vectors.dtype)
    return ritz.orthonormal(vectors.at[-1].add(_SHAKEN * noise / jnp.linalg.norm(noise)))


def _turned(
    vectors: Float[Array, "m p"], matrix: Float[Array, "m m"], towards: Float[Array, " p"]
) -> tuple[Float[Array, "m p"], Float[Array, "m m"]]:
    """The basis reflected so that its first vector is this one, with what the basis lacks of it; and its matrix."""
    inside = vectors @ towards
    outside = towards - inside @ vectors
    inside = inside / jnp.linalg.norm(inside)
    # Householder: I − 2aaᵀ takes the first axis to ``inside``; the sign keeps a away from zero.
    sign = jnp.where(inside[0] > 0, -1.0, 1.0).astype(inside.dtype)
    normal = inside.at[0].add(-sign)
    normal = normal / jnp.linalg.norm(normal)
    reflection = jnp.eye(inside.size, dtype=inside.dtype) - 2 * normal[:, None] * normal[None, :]
    turned = reflection @ vectors
    first = sign * turned[0] + outside
    return turned.at[0].set(first / jnp.linalg.norm(first)), reflection @ matrix @ reflection

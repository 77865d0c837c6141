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
import math
from typing import Any, Final, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, UInt32

from dltlab.engine.compact import rowwise, short
from dltlab.engine.numerics import glance, noise, ritz, small
from dltlab.engine.numerics.glance import Glance
from dltlab.engine.numerics.hessian import Product
from dltlab.engine.numerics.once import once
from dltlab.engine.numerics.ritz import Aim
from dltlab.engine.numerics.tracked import RING, Found, Notes, Tracked

_FADES: Final = 0.9
"""What is left of a measured error of quick products when the next one is measured."""
_SHAKEN: Final = 0.2
"""Length of the noise that shakes the last explorer."""


class _Round(NamedTuple):
    """What a search found, what is remembered of it, and how many more there will be."""

    memory: Tracked
    told: Float[Array, " n"]
    left: Int[Array, ""]


class _End(NamedTuple):
    """What is short of what a search ended with."""

    told: Float[Array, " n"]
    notes: Notes
    weights: Float[Array, "m k"]
    """The next basis, in terms of that of the search."""
    sound: Bool[Array, ""]
    """Whether all of it is finite."""


class Tracker(eqx.Module):
    """How k eigenpairs are followed."""

    count: int
    """K, eigenpairs reported at most."""
    explorers: int = 2
    added: int = 2
    """Directions that a search may add to the basis for each pair, beside one more."""
    tolerance: float = 1e-3
    """Relative error to which the leading eigenvalues are sought."""
    most: int = 16
    """Products that a search may take: a reading is one search, the first reading, from noise, up to six."""
    period: int = 16
    """Readings after which an explorer is looked at in any case; the last one after twice as many."""
    verified: int = 64
    """Readings after which quick products are compared with exact ones; sooner at the start of a run."""

    def begin(self, size: int, dtype: Any, key: UInt32[Array, " w"]) -> Tracked:
        """Nothing known: signs by lot, each vector on coordinates of its own."""
        m = min(self.count + self.explorers, size)
        vectors = _scattered(m, size, dtype) * noise.signs(key, 0, size, dtype)[None, :]
        notes = Notes(self._unknown(m, dtype), jnp.asarray(0, jnp.int32))
        return Tracked(vectors, jnp.zeros((RING, size), dtype), notes)

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
        aim = self._aim(inexact=exact is not None)
        image = quick(memory.vectors[0])
        lean = memory.vectors @ memory.vectors[0]
        row, weights = short(glance.straightened, memory.vectors @ image, lean)
        apart = rowwise(lambda *these: these[0] - ritz.combined(*these[1:]), image, weights, memory.vectors)
        told = short(functools.partial(glance.look, aim=aim), memory.notes, row, lean, jnp.vdot(apart, apart), least)

        def search(carry: _Round) -> _Round:
            # The image is that of the first search's leading vector.
            return self._searched(carry, image, quick, exact, least, key, aim, seen=carry.left == told.searches)

        start = _Round(memory._replace(notes=told.notes), told.told, told.searches)
        end = lax.while_loop(lambda carry: carry.left > 0, search, start)
        vectors, latest = rowwise(_after, end.memory.vectors, told, apart, _earlier(end.memory, RING))
        notes = end.memory.notes._replace(readings=end.memory.notes.readings + 1)
        return Found(end.told), Tracked(vectors, _kept(end.memory, latest), notes)

    def _aim(self, *, inexact: bool) -> Aim:
        return Aim(self.count, self.tolerance, self.most, inexact, self.period, self.verified)

    def _searched(
        self,
        carry: _Round,
        image: Float[Array, " p"],
        quick: Product,
        exact: Product | None,
        least: Float[Array, ""],
        key: UInt32[Array, " w"],
        aim: Aim,
        *,
        seen: Bool[Array, ""],
    ) -> _Round:
        """One search, with as many products as it needs."""
        memory, notes, m = carry.memory, carry.memory.notes, carry.memory.vectors.shape[0]
        # Beyond the whole space what is left of a residual is rounding.
        room = min(self.added * self.count + 1, memory.vectors.shape[1] - m)
        asked, search = short(functools.partial(self._asked, aim=aim, room=room), notes, least, seen)
        basis = jnp.pad(memory.vectors, ((0, asked.due.size - m), (0, 0)))
        basis, search = ritz.followed(ritz.Basis(basis, jnp.zeros_like(basis)), search, asked, aim, quick, exact, image)
        end = short(functools.partial(self._ended, aim=aim), search, asked, notes, carry.told)
        vectors = ritz.improved(end.weights, basis)
        leading, last = vectors[0], _earlier(memory, 1)
        # By the clock, or wherever searches are so rare that they might never meet it.
        shaken = (notes.readings % self.period == 0) | (notes.age[-1] >= self.period)
        vectors = once(shaken, lambda vectors: _shaken(vectors, key, notes.readings), vectors)
        vectors, numbers = once(
            _alternates(leading, memory),
            lambda basis: _turned(*basis, last),
            (vectors, end.notes.numbers),
        )
        # After a product that was not finite nothing would be, ever again.
        vectors = once(~end.sound, lambda vectors: _scattered(m, vectors.shape[1], vectors.dtype), vectors)
        kept = Tracked(vectors, _kept(memory, leading), end.notes._replace(numbers=numbers))
        return _Round(kept, end.told, carry.left - 1)

    def _asked(
        self, notes: Notes, least: Float[Array, ""], seen: Bool[Array, ""], *, aim: Aim, room: int
    ) -> tuple[ritz.Asked, ritz.Search]:
        """What a search is to find, and how it begins."""
        sure = verify = jnp.asarray(False)
        if aim.inexact:
            # What the first products are made with is mostly noise, of which nothing is learnt about quick ones.
            sure = glance.distrusted(notes, aim) | (notes.readings == 0)
            verify = glance.verified(notes, aim)
        known = glance.due(notes, least, aim, notes.value, notes.drift)
        due = jnp.concatenate([known, jnp.zeros(room, bool)])
        asked = ritz.Asked(least, notes.drift, due, sure, verify | sure)
        return asked, ritz.begun(notes.matrix, asked, seen, aim)

    def _ended(
        self, search: ritz.Search, asked: ritz.Asked, notes: Notes, before: Float[Array, " n"], *, aim: Aim
    ) -> _End:
        """What is told and noted of a search; ``before`` is what was told by the one before it."""
        m, values = notes.rows, search.values[: self.count]
        bottom = jnp.minimum(_FADES * notes.bottom, ritz.bottom(search))
        scale = glance.scale(values[0], bottom)
        quick = jnp.maximum(glance.over(search.floor, scale), notes.floor)
        uneven = jnp.maximum(notes.uneven, glance.over(search.uneven, scale))
        floor = glance.floor(notes, quick, uneven, aim) * scale
        errors = ritz.errors(search, asked, aim) + ritz.stale(search, self.count) * notes.drift * scale
        wanted = ritz.wanted_pairs(search, asked, aim)
        pairs = (values, errors + floor, ritz.residuals(search, self.count))
        products = before[-1] + search.products.astype(scale.dtype)
        fresh = 1 - ritz.stale(search, m) > 0.5
        compared = search.floor >= 0
        floor, blur = (
            jnp.where(compared, jnp.maximum(_FADES * old, glance.over(new, scale)), old)
            for old, new in ((notes.floor, search.floor), (notes.blur, search.blur))
        )
        uneven = jnp.maximum(0.95 * notes.uneven, glance.over(search.uneven, scale))
        age = jnp.where(fresh, 1.0, notes.age + 1)
        risen = glance.over(jnp.maximum(search.values[:m] - notes.known, 0.0), scale) / notes.age
        loose = jnp.where(fresh, glance.over(jnp.sqrt(ritz.squares(search, m)), scale) ** 2 + risen, notes.loose)
        six = jnp.stack([bottom, values[0], glance.drifted(notes, values[0]), floor, blur, uneven])
        matrix = jnp.where(jnp.eye(m, dtype=bool), search.values[:m], 0.0)
        numbers = jnp.concatenate([matrix.ravel(), age, loose, six])
        sound = jnp.all(jnp.isfinite(numbers))
        told = jnp.concatenate([*(jnp.where(sound & wanted, row, jnp.nan) for row in pairs), products[None]])
        numbers = jnp.where(sound, numbers, self._unknown(m, numbers.dtype))
        noted = Notes(numbers, jnp.where(sound, notes.readings, -1))
        return _End(told, noted, ritz.improvement(search, m, bottom), sound)


def _after(
    vectors: Float[Array, "m p"], told: Glance, apart: Float[Array, " p"], leading: Float[Array, " p"]
) -> tuple[Float[Array, "m p"], Float[Array, " p"]]:
    """The basis and the leading vector after a reading: of a search as it left them, of a glance with its rotation.

    Weights of nothing leave the vectors as they are, where a choice between old and new ones would copy them.

    Args:
        vectors: Of the search, or as they were.
        told: What the leading vector's product told.
        apart: What of that lies outside the basis.
        leading: The leading vector that a search found.
    """
    enough = told.searches == 0
    found = ritz.combined(told.weights, vectors)
    # What is not finite would be so 0 times as well.
    improved = (found + jnp.where(enough, told.stride * apart, 0.0)) * told.ahead
    # The others turn with the leading vector, and stay orthonormal: Rodrigues' rotation from the one to the other.
    rest = vectors[1:] - told.shares[1:, None] * (vectors[0] + improved)[None, :]
    return jnp.concatenate([improved[None], rest]), jnp.where(enough, found, leading)


def _earlier(memory: Tracked, back: int) -> Float[Array, " p"]:
    """The leading eigenvector so many readings ago."""
    at = lax.rem(memory.notes.readings + RING - back, jnp.asarray(RING, jnp.int32))
    return lax.dynamic_index_in_dim(memory.latest, at, keepdims=False)


def _kept(memory: Tracked, leading: Float[Array, " p"]) -> Float[Array, "2 p"]:
    """The leading eigenvectors with this reading's in the place of the oldest."""
    at = lax.rem(memory.notes.readings, jnp.asarray(RING, jnp.int32))
    return lax.dynamic_update_index_in_dim(memory.latest, leading, at, 0)


def _alternates(leading: Float[Array, " p"], memory: Tracked) -> Bool[Array, ""]:
    """Whether the leading vector is nearer to that of two readings ago than to the last one."""

    def nearer(likeness: Float[Array, "2"], readings: Int[Array, ""]) -> Bool[Array, ""]:
        away = 1 - jnp.abs(likeness)
        odd = readings % RING == 1
        last, before = jnp.where(odd, away[0], away[1]), jnp.where(odd, away[1], away[0])
        return (readings >= 2) & (before < 0.5 * last) & (last > 1e-4)

    return short(nearer, memory.latest @ leading, memory.notes.readings)


def _scattered(count: int, size: int, dtype: Any) -> Float[Array, "m p"]:
    """Orthonormal vectors, each constant on coordinates of its own."""
    rows = jnp.arange(count, dtype=jnp.int32)[:, None]
    own = (size - rows + count - 1) // count
    place = (jnp.arange(size, dtype=jnp.int32) % count)[None, :] == rows
    return jnp.where(place, 1 / jnp.sqrt(own.astype(dtype)), 0.0)


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
    vectors: Float[Array, "m p"], numbers: Float[Array, " n"], towards: Float[Array, " p"]
) -> tuple[Float[Array, "m p"], Float[Array, " n"]]:
    """The basis reflected so that its first vector is this one, with what the basis lacks of it; and what is noted."""
    m = vectors.shape[0]
    inside = vectors @ towards
    outside = towards - ritz.combined(inside, vectors)

    def reflected(inside: Array, numbers: Array) -> tuple[Array, Array, Array]:
        inside = inside / jnp.sqrt(jnp.sum(inside**2))
        # Householder: I − 2aaᵀ takes the first axis to ``inside``; the sign keeps a away from zero.
        sign = jnp.where(inside[0] > 0, -1.0, 1.0).astype(inside.dtype)
        normal = inside - jnp.where(jnp.arange(m, dtype=jnp.int32) == 0, sign, 0.0)
        normal = normal / jnp.sqrt(jnp.sum(normal**2))
        reflection = jnp.eye(m, dtype=inside.dtype) - 2 * normal[:, None] * normal[None, :]
        matrix = small.times(small.times(reflection, numbers[: m * m].reshape(m, m)), reflection)
        return sign, reflection, jnp.concatenate([matrix.ravel(), numbers[m * m :]])

    sign, reflection, numbers = short(reflected, inside, numbers)
    turned = ritz.mixed(reflection, vectors)
    first = sign * turned[0] + outside
    return turned.at[0].set(first / jnp.linalg.norm(first)), numbers

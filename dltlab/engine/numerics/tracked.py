"""What a tracker remembers between two readings, and what a reading tells."""

import math
from typing import Final, NamedTuple

from jaxtyping import Array, Float, Int

RING: Final = 2
"""Readings whose leading eigenvector is remembered."""


class Notes(NamedTuple):
    """What is remembered in few numbers: one array, since every array costs as much as a layer of a small network."""

    numbers: Float[Array, " n"]
    """``matrix``, ``age``, ``loose`` and six more, end to end."""
    readings: Int[Array, ""]

    @property
    def rows(self) -> int:
        """M, the vectors that they are about: there are m² + 2m + 6 numbers."""
        return math.isqrt(self.numbers.size - 5) - 1

    @property
    def matrix(self) -> Float[Array, "m m"]:
        """S = UᵀHU as far as it is known."""
        m = self.rows
        return self.numbers[: m * m].reshape(m, m)

    @property
    def known(self) -> Float[Array, " m"]:
        """Its diagonal."""
        m = self.rows
        return self.numbers[: m * m : m + 1]

    @property
    def age(self) -> Float[Array, " m"]:
        """Readings since the vector was multiplied."""
        m = self.rows
        return self.numbers[m * m : m * m + m]

    @property
    def loose(self) -> Float[Array, " m"]:
        """R²/λ² of each vector when it was last multiplied, and its value's rise over λ for each reading before.

        The one says how far it was from an eigenvector, the other how soon it may be the leading one.
        """
        m = self.rows
        return self.numbers[m * m + m : m * m + 2 * m]

    @property
    def bottom(self) -> Float[Array, ""]:
        """The least Ritz value, the recent minimum: where the rest of the spectrum ends, or above it."""
        return self.numbers[-6]

    @property
    def value(self) -> Float[Array, ""]:
        """The leading eigenvalue of the last reading."""
        return self.numbers[-5]

    @property
    def drift(self) -> Float[Array, ""]:
        """Its relative change from reading to reading, the recent maximum."""
        return self.numbers[-4]

    @property
    def floor(self) -> Float[Array, ""]:
        """Relative error of a Rayleigh quotient by quick products, as measured now and then: the recent maximum."""
        return self.numbers[-3]

    @property
    def blur(self) -> Float[Array, ""]:
        """Relative length of the error of a quick product, likewise."""
        return self.numbers[-2]

    @property
    def uneven(self) -> Float[Array, ""]:
        """|uᵀ(Hv) − vᵀ(Hu)| over the leading eigenvalue, the recent maximum: what products lack in symmetry."""
        return self.numbers[-1]


class Tracked(NamedTuple):
    """What is remembered between two readings."""

    vectors: Float[Array, "m p"]
    """U, orthonormal: where the next eigenvectors are expected, the leading one first."""
    latest: Float[Array, "2 p"]
    """The leading eigenvectors of the last readings; that of reading i is in row i mod 2."""
    notes: Notes


class Found(NamedTuple):
    """One reading, as one array."""

    told: Float[Array, " n"]
    """The values, the errors and the residuals of k pairs, and the products."""

    @property
    def values(self) -> Float[Array, " k"]:
        """Eigenvalues, largest first; NaN where none was asked for."""
        return self.told[: self.told.size // 3]

    @property
    def errors(self) -> Float[Array, " k"]:
        """The error bar: min(r, r²/gap), and what old parts of S and inexact products may add."""
        k = self.told.size // 3
        return self.told[k : 2 * k]

    @property
    def residuals(self) -> Float[Array, " k"]:
        """R, within which some eigenvalue lies if products are exact."""
        k = self.told.size // 3
        return self.told[2 * k : 3 * k]

    @property
    def products(self) -> Float[Array, ""]:
        """Products that it took."""
        return self.told[-1]

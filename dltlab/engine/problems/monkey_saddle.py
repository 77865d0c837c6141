"""The monkey saddle: flat at its centre, so that what is known of strict saddles does not hold there.

f(x, y) = x³ − 3xy² + ¼κ(x² + y²)²: the Hessian at 0 vanishes, there are three ways down (the third for
the tail), and along each of them r ← r + η(3r² − κr³), slowly at first: it takes 1/r₀, not ln(1/r₀).
"""

from typing import Annotated

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt32
from msgspec import Meta

from dltlab.engine.problems.base import AbstractProblem, Picture, Pictured, Saddled

Plane = dict[str, Float[Array, "2"]]


class MonkeySaddle(AbstractProblem, Pictured, Saddled):
    """Descend x³ − 3xy² + ¼κ(x² + y²)² from a distance on the way down at x < 0."""

    quartic: Float[Array, ""]
    """κ: what holds the three minima, at the distance 3/κ."""
    start: float

    def __init__(
        self,
        start: Annotated[float, Meta(gt=0, le=1e3)] = 0.01,
        quartic: Annotated[float, Meta(gt=0, le=1e3)] = 1.0,
    ) -> None:
        """What a scenario says of the problem.

        Args:
            start: The distance from the saddle that it starts at.
            quartic: κ: what holds the three minima, at the distance 3/κ.
        """
        self.quartic = jnp.asarray(quartic, float)
        self.start = start

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """At the distance ``start``, up to a twentieth of it beside the way down."""
        return {"w": self.start * np.array([-1.0, random.uniform(-0.05, 0.05)])}

    def loss(self, params: Plane) -> Float[Array, ""]:
        """F; 0 at the saddle, −27/(4κ³) at the minima."""
        x, y = params["w"]
        return x**3 - 3 * x * y**2 + 0.25 * self.quartic * (x**2 + y**2) ** 2

    def objective(self, params: Plane, key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss itself."""
        del key
        return self.loss(params)

    def way_out(self) -> Float[Array, "2"]:
        """To x < 0, one of three."""
        return jnp.asarray([-1.0, 0.0], self.quartic.dtype)

    def far(self) -> Float[Array, ""]:
        """A fifth of the way to the minimum."""
        return 0.6 / self.quartic

    @property
    def strict(self) -> bool:
        """It is not."""
        return False

    def curvature(self) -> Float[Array, ""]:
        """None."""
        return jnp.zeros_like(self.quartic)

    def leaving(self, start: Float[Array, ""], rate: Float[Array, ""]) -> Float[Array, ""]:
        """(F(r) − F(r₀))/η, F(r) = (κ/9) ln(r/(3 − κr)) − 1/(3r): the flow dr/dt = 3r² − κr³ on the way down."""

        def clock(r: Float[Array, ""]) -> Float[Array, ""]:
            return self.quartic / 9 * jnp.log(r / (3 - self.quartic * r)) - 1 / (3 * r)

        return (clock(self.far()) - clock(jnp.minimum(start, self.far()))) / rate

    def picture(self, point: Float[Array, "2"]) -> Picture:
        """The plane itself."""
        zero = jnp.zeros_like(point)
        extent = 4 / self.quartic.astype(point.dtype) * jnp.asarray([-1.0, 1.0, -1.0, 1.0], point.dtype)
        return Picture(zero, jnp.eye(2, dtype=point.dtype), zero, self.way_out().astype(point.dtype), extent)

    def inside(self, point: Float[Array, "2"]) -> Bool[Array, ""]:
        """Everywhere."""
        return jnp.all(jnp.isfinite(point))

    def layers(self, params: Plane) -> Plane:
        """One layer."""
        return {"w": params["w"]}

    def footprint(self) -> tuple[int, int]:
        """Two numbers."""
        return 2, 2

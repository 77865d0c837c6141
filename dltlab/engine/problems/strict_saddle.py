"""A strict saddle that one can see: one way in, one way out, two minima.

f(x, y) = ½x² − ½γy² + ¼κy⁴, turned by an angle θ. Gradient descent from (x₀, 0) slides along the
stable manifold y = 0 into the saddle; from anywhere else it leaves it, y ← (1 + ηγ)y, for one of the
minima y = ±√(γ/κ). Lee, Simchowitz, Jordan & Recht 2016, arXiv:1602.04915; Panageas & Piliouras 2016,
arXiv:1605.00405.
"""

from typing import Annotated

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt32
from msgspec import Meta

from dltlab.engine.problems.base import AbstractProblem, Picture, Pictured, Saddled

Plane = dict[str, Float[Array, "2"]]
Distance = Annotated[float, Meta(ge=0, le=1e6)]


class StrictSaddle(AbstractProblem, Pictured, Saddled):
    """Descend ½x² − ½γy² + ¼κy⁴ from a point near its stable manifold."""

    escape: Float[Array, ""]
    """γ: how strongly the saddle drives out."""
    quartic: Float[Array, ""]
    """κ: what holds the minima, at √(γ/κ); 0 for a saddle without minima."""
    frame: Float[Array, "2 2"]
    """The way in and the way out, as rows."""
    along: float
    across: float

    def __init__(
        self,
        escape: Annotated[float, Meta(gt=0, le=1e3)] = 1.0,
        quartic: Annotated[float, Meta(ge=0, le=1e3)] = 0.0625,
        angle: Annotated[float, Meta(ge=-7, le=7)] = 0.0,
        along: Distance = 3.0,
        across: Distance = 0.0,
    ) -> None:
        """What a scenario says of the problem.

        Args:
            escape: γ: how strongly the saddle drives out.
            quartic: κ: what holds the minima, at √(γ/κ); 0 for a saddle without minima.
            angle: By how much the picture is turned, in radians.
            along: How far out on the way in it starts, at most.
            across: How far beside the way in.
        """
        self.escape, self.quartic = jnp.asarray(escape, float), jnp.asarray(quartic, float)
        cosine, sine = np.cos(angle), np.sin(angle)
        self.frame = jnp.asarray([[cosine, sine], [-sine, cosine]])
        self.along, self.across = along, across

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Between ½ and 1 times ``along`` on the way in, on either side; ``across`` off it, on either side."""
        side, other = random.choice([-1.0, 1.0], 2)
        inward = side * self.along * random.uniform(0.5, 1)
        frame = np.asarray(self.frame, np.float64)
        return {"w": inward * frame[0] + other * self.across * frame[1]}

    def loss(self, params: Plane) -> Float[Array, ""]:
        """F; 0 at the saddle, −γ²/4κ at the minima."""
        x, y = self.frame @ params["w"]
        return 0.5 * x**2 - 0.5 * self.escape * y**2 + 0.25 * self.quartic * y**4

    def objective(self, params: Plane, key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss itself."""
        del key
        return self.loss(params)

    def way_out(self) -> Float[Array, "2"]:
        """The direction of y."""
        return self.frame[1]

    def far(self) -> Float[Array, ""]:
        """|y| = 1, or half of the way to the minimum where that is nearer."""
        return jnp.minimum(1.0, 0.5 * jnp.sqrt(self.escape / self.quartic))

    def curvature(self) -> Float[Array, ""]:
        """γ."""
        return self.escape

    def leaving(self, start: Float[Array, ""], rate: Float[Array, ""]) -> Float[Array, ""]:
        """ln(far/|y₀|)/ln(1 + ηγ)."""
        return jnp.log(self.far() / start) / jnp.log1p(rate * self.escape)

    def picture(self, point: Float[Array, "2"]) -> Picture:
        """The plane itself."""
        size = 5.0
        zero = jnp.zeros_like(point)
        extent = jnp.asarray([-size, size, -size, size], point.dtype)
        return Picture(zero, jnp.eye(2, dtype=point.dtype), zero, self.frame[1], extent)

    def inside(self, point: Float[Array, "2"]) -> Bool[Array, ""]:
        """Everywhere."""
        return jnp.all(jnp.isfinite(point))

    def layers(self, params: Plane) -> Plane:
        """One layer."""
        return {"w": params["w"]}

    def footprint(self) -> tuple[int, int]:
        """Two numbers."""
        return 2, 2

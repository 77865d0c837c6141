"""Two dimensions that hold the edge of stability: a valley that sharpens as one goes down it.

L(x, y) = ½(s + y)x² − g·y (Damian, Nichani & Lee 2023, arXiv:2209.15594, section 4.1): y goes down the
valley, x across it, and S = ∂²L/∂x² = s + y is the sharpness. Gradient descent of step η makes

    x ← (1 − ηS)x,   y ← y + η(g − ½x²):

with x small the sharpness rises at the rate g; once S > 2/η, x grows, with period 2; once
x² > δ² = 2g, the cubic term ½yx² pushes the sharpness down again.
"""

from typing import Annotated

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32
from msgspec import Meta

from dltlab.engine.problems.base import AbstractProblem

Place = dict[str, Float[Array, ""]]


class SelfStabilization(AbstractProblem):
    """Descend ½(s + y)x² − g·y from y = 0 and x = scale·N(0, 1)."""

    sharpness: Float[Array, ""]
    slope: Float[Array, ""]
    scale: float

    def __init__(
        self,
        sharpness: Annotated[float, Meta(gt=0, le=1e6)],
        slope: Annotated[float, Meta(gt=0, le=1e6)],
        scale: Annotated[float, Meta(gt=0, le=1e6)] = 0.01,
    ) -> None:
        """What a scenario says of the problem.

        Args:
            sharpness: s, that of the valley at y = 0.
            slope: g: how steeply the valley falls to where it is sharper.
            scale: Of the start across the valley, N(0, 1) times it.
        """
        self.sharpness = jnp.asarray(sharpness, float)
        self.slope = jnp.asarray(slope, float)
        self.scale = scale

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """At y = 0, beside the valley's floor."""
        return {"x": np.asarray(self.scale * random.standard_normal()), "y": np.zeros(())}

    def across(self, params: Place) -> Float[Array, ""]:
        """S = ∂²L/∂x² = s + y."""
        return self.sharpness + params["y"]

    def loss(self, params: Place) -> Float[Array, ""]:
        """½Sx² − g·y."""
        return 0.5 * self.across(params) * params["x"] ** 2 - self.slope * params["y"]

    def objective(self, params: Place, key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss itself."""
        del key
        return self.loss(params)

    def layers(self, params: Place) -> dict[str, Place]:
        """One layer."""
        return {"xy": params}

    def footprint(self) -> tuple[int, int]:
        """Two numbers, and as many activations."""
        return 2, 2

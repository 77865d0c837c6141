"""The best symmetric approximation of rank one: f(x) = ¼‖xxᵀ − M‖², all of whose saddles are strict.

M is diagonal, as it is in its own eigenbasis: λ₁ > λ₂ ≥ … ≥ 0. The minima are ±√λ₁ e₁; at 0 the Hessian
is −M. From near 0 the first coordinate grows by 1 + ηλ₁ a step until it saturates.
"""

from typing import Annotated

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32
from msgspec import Meta

from dltlab.engine.problems.base import AbstractProblem, Saddled

Share = Annotated[float, Meta(ge=0, lt=1)]


class RankOne(AbstractProblem, Saddled):
    """Descend ¼‖xxᵀ − M‖² from x = scale·N(0, I)."""

    eigenvalues: Float[Array, " d"]
    scale: float

    def __init__(
        self,
        dimension: Annotated[int, Meta(ge=2, le=10_000)] = 20,
        largest: Annotated[float, Meta(gt=0, le=1e3)] = 1.0,
        second: Share = 0.5,
        scale: Annotated[float, Meta(gt=0, le=1)] = 1e-3,
    ) -> None:
        """What a scenario says of the problem.

        Args:
            dimension: d, the side of M.
            largest: λ₁ of M.
            second: λ₂/λ₁; the further ones fall evenly to 0.
            scale: Of the start, N(0, I) times it.
        """
        shares = np.concatenate([[1.0], second * np.linspace(1, 0, dimension - 1)])
        self.eigenvalues = jnp.asarray(largest * shares)
        self.scale = scale

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """One vector."""
        return {"w": self.scale * random.standard_normal(self.eigenvalues.shape)}

    def loss(self, params: dict[str, Float[Array, " d"]]) -> Float[Array, ""]:
        """¼(‖x‖⁴ − 2xᵀMx + ‖M‖²)."""
        x = params["w"]
        square = jnp.sum(x**2)
        return 0.25 * (square**2 - 2 * jnp.sum(self.eigenvalues * x**2) + jnp.sum(self.eigenvalues**2))

    def objective(self, params: dict[str, Float[Array, " d"]], key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss itself."""
        del key
        return self.loss(params)

    def way_out(self) -> Float[Array, " d"]:
        """E₁."""
        return jnp.zeros_like(self.eigenvalues).at[0].set(1.0)

    def far(self) -> Float[Array, ""]:
        """Half of the way to the minimum, ½√λ₁."""
        return 0.5 * jnp.sqrt(self.eigenvalues[0])

    def curvature(self) -> Float[Array, ""]:
        """λ₁."""
        return self.eigenvalues[0]

    def leaving(self, start: Float[Array, ""], rate: Float[Array, ""]) -> Float[Array, ""]:
        """ln(½√λ₁/|c₀|)/ln(1 + ηλ₁), c₀ the first coordinate; saturation adds about two steps."""
        return jnp.log(self.far() / start) / jnp.log1p(rate * self.eigenvalues[0])

    def layers(self, params: dict[str, Float[Array, " d"]]) -> dict[str, Float[Array, " d"]]:
        """One layer."""
        return {"w": params["w"]}

    def footprint(self) -> tuple[int, int]:
        """As many numbers as dimensions."""
        return self.eigenvalues.size, self.eigenvalues.size

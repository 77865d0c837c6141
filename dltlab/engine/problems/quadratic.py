"""A quadratic bowl with a known spectrum: where every threshold can be checked by hand."""

from typing import Annotated

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32
from msgspec import Meta

from dltlab.engine.problems.base import AbstractProblem

Eigenvalues = Annotated[list[float], Meta(min_length=1, max_length=100_000)]


class Quadratic(AbstractProblem):
    """Descend ½ Σ λᵢ wᵢ² from w = scale·N(0, I)."""

    eigenvalues: Float[Array, " p"]
    scale: float

    def __init__(self, eigenvalues: Eigenvalues, scale: Annotated[float, Meta(gt=0, le=1e6)] = 1.0) -> None:
        """What a scenario says of the problem.

        Args:
            eigenvalues: λ, one a parameter.
            scale: Of the start, N(0, I) times it.
        """
        self.eigenvalues = jnp.asarray(eigenvalues, float)
        self.scale = scale

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """One vector."""
        return {"w": self.scale * random.standard_normal(self.eigenvalues.shape)}

    def loss(self, params: dict[str, Float[Array, " p"]]) -> Float[Array, ""]:
        """½ Σ λᵢ wᵢ²."""
        return 0.5 * jnp.sum(self.eigenvalues * params["w"] ** 2)

    def objective(self, params: dict[str, Float[Array, " p"]], key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss itself."""
        del key
        return self.loss(params)

    def layers(self, params: dict[str, Float[Array, " p"]]) -> dict[str, Float[Array, " p"]]:
        """One layer."""
        return {"w": params["w"]}

    def footprint(self) -> tuple[int, int]:
        """As many activations as parameters."""
        return self.eigenvalues.size, self.eigenvalues.size

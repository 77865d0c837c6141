"""What a loss of a network's outputs is: L(θ) = ℓ(f(θ)), the two of them apart."""

import abc
from typing import Any

from jaxtyping import Array, Float


class Composed(abc.ABC):
    """A problem whose loss is a convex function of outputs."""

    @abc.abstractmethod
    def size(self) -> int:
        """k, the outputs of all examples."""

    @abc.abstractmethod
    def outputs(self, params: Any) -> Float[Array, " k"]:
        """The f(θ) of all examples, flattened."""

    @abc.abstractmethod
    def of_outputs(self, outputs: Float[Array, " k"]) -> Float[Array, ""]:
        """The loss of all examples that have these outputs."""

"""What a regression is: a problem whose residual obeys its tangent kernel.

Where L = c·½‖f(θ) − y‖² over the flattened outputs, one small step of gradient descent
takes the residual r = f − y to (I − ηcK) r, K = J Jᵀ.
"""

import abc
from typing import Any

from jaxtyping import Array, Float


class Regression(abc.ABC):
    """A problem that fits targets, with L = c·½‖f(θ) − y‖²."""

    @abc.abstractmethod
    def size(self) -> int:
        """k, the outputs of all examples."""

    @abc.abstractmethod
    def weight(self) -> float:
        """The c of the loss that every step descends. Raises ValueError where that is no such thing."""

    @abc.abstractmethod
    def residual(self, params: Any) -> Float[Array, " k"]:
        """The r = f(θ) − y of every example, flattened."""

    @abc.abstractmethod
    def tangent(self, params: Any) -> Float[Array, "k k"]:
        """The tangent kernel K = J Jᵀ."""

    @abc.abstractmethod
    def tangent_holds(self) -> int:
        """Numbers held at once by the tangent kernel, formed and decomposed; known before any of them exist."""

    @abc.abstractmethod
    def limit(self) -> Float[Array, "k k"]:
        """The kernel H∞ of infinite width at the start. Raises ValueError where there is no closed form."""

"""What every model is: a function of parameters and inputs, and a way to draw the parameters."""

import abc
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PyTree


class AbstractModel(eqx.Module):
    """A network with its parametrisation; it holds no parameters."""

    @abc.abstractmethod
    def init(self, random: np.random.Generator, inputs: int, outputs: int) -> PyTree:
        """Draw initial parameters in NumPy float64."""

    @abc.abstractmethod
    def __call__(self, params: PyTree, x: Float[Array, "n d"]) -> Float[Array, "n c"]:
        """The outputs for a batch of inputs."""

    @abc.abstractmethod
    def layers(self, params: PyTree) -> dict[str, PyTree]:
        """The parameters by layer, in order."""

    @abc.abstractmethod
    def footprint(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Parameters, and activations an example. Raises ValueError where it cannot take such inputs."""

    @property
    @abc.abstractmethod
    def kinked(self) -> bool:
        """Whether it has kinks, where its second derivative does not exist."""


class InnerProducts(abc.ABC):
    """A network that sees an input through its inner products with weights, and in no other way."""

    @abc.abstractmethod
    def expressed(self, params: Any, frame: Float[np.ndarray, "d r"]) -> PyTree:
        """The parameters that do to an input's coordinates in a frame what these do to the input."""


class KernelInClosedForm(abc.ABC):
    """A network with one output whose tangent kernel needs no backward pass."""

    @abc.abstractmethod
    def kernel(self, params: Any, x: Float[Array, "n d"]) -> Float[Array, "n n"]:
        """K_ij = ⟨∇f(x_i), ∇f(x_j)⟩ over the weights that are trained."""

    @abc.abstractmethod
    def limit(self, x: Float[Array, "n d"]) -> Float[Array, "n n"]:
        """The kernel's mean over the initial weights. Raises ValueError where it has no closed form."""

"""What every problem is: data, parameters and a loss to go down."""

import abc
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PyTree, UInt32

Params = PyTree[Float[Array, "..."]]


class AbstractProblem(eqx.Module):
    """Data and a loss. A problem knows no way down, and holds no parameters."""

    @abc.abstractmethod
    def init(self, random: np.random.Generator) -> PyTree:
        """Draw initial parameters in NumPy float64, so that every precision starts from the same numbers."""

    @abc.abstractmethod
    def loss(self, params: Params) -> Float[Array, ""]:
        """The loss of all the data: the function whose Hessian is the sharpness."""

    @abc.abstractmethod
    def objective(self, params: Params, key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss that one step descends: that of a batch drawn with the key, or of all the data."""

    @abc.abstractmethod
    def layers(self, params: Params) -> dict[str, Params]:
        """The parameters by layer, in order, for readings that are taken per layer."""

    @abc.abstractmethod
    def footprint(self) -> tuple[int, int]:
        """Numbers held by the parameters, and by the activations of one gradient; known before either exists."""


class Labelled(abc.ABC):
    """A problem whose examples may carry class labels."""

    labels: Any

    @abc.abstractmethod
    def accuracy(self, params: Any) -> Float[Array, ""]:
        """The share of examples whose largest output is their label's."""


class Even(abc.ABC):
    """A problem that is a function of the squares of its d coordinates.

    Its parameters are kept as ``{"log": ln|x|, "sign": ±1}``, see :class:`dltlab.engine.charts.Logarithmic`.
    """

    @abc.abstractmethod
    def of_squares(self, squares: Float[Array, " d"]) -> Float[Array, ""]:
        """The loss, given x₁², …, x_d²; its slope there is finite at 0 too."""

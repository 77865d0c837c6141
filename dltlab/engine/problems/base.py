"""What every problem is: data, parameters and a loss to go down."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree, UInt32

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


class Sampled(abc.ABC):
    """A problem whose step may see another function than its loss."""

    @property
    @abc.abstractmethod
    def sampled(self) -> bool:
        """Whether a step descends the loss of a draw of the data."""

    @property
    @abc.abstractmethod
    def share(self) -> float:
        """The share of the data that a step sees."""


class Kinked(abc.ABC):
    """A problem whose loss may have kinks, where its Hessian does not exist."""

    @property
    @abc.abstractmethod
    def kinked(self) -> bool:
        """Whether it has some."""


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


class Picture(NamedTuple):
    """A plane on which a problem can be seen, and a saddle in it."""

    through: Float[Array, " d"]
    """A point of the plane, at which its coordinates are (0, 0)."""
    across: Float[Array, "2 d"]
    """Its two axes, orthonormal."""
    saddle: Float[Array, "2"]
    """The saddle, in the plane's coordinates."""
    escape: Float[Array, "2"]
    """The way out of it, as an arrow."""
    extent: Float[Array, "4"]
    """What is worth seeing: x_low, x_high, y_low, y_high."""


class Pictured(abc.ABC):
    """A problem of few directions, which can be seen on a plane. Its point is one vector of length d."""

    @abc.abstractmethod
    def picture(self, point: Float[Array, " d"]) -> Picture:
        """The plane, and the saddle in it, that a point is near."""

    @abc.abstractmethod
    def inside(self, point: Float[Array, " d"]) -> Bool[Array, ""]:
        """Whether the function is defined there."""


class Saddled(abc.ABC):
    """A problem that starts near a saddle at the origin, of which the way out is known."""

    @abc.abstractmethod
    def way_out(self) -> Float[Array, " d"]:
        """The direction of lowest curvature, of length 1."""

    @abc.abstractmethod
    def far(self) -> Float[Array, ""]:
        """How far along it the saddle counts as left."""

    @property
    def strict(self) -> bool:
        """Whether the Hessian has a negative eigenvalue at the saddle."""
        return True

    @abc.abstractmethod
    def curvature(self) -> Float[Array, ""]:
        """γ: minus the lowest eigenvalue of the Hessian at the saddle; 0 where the saddle is not strict."""

    @abc.abstractmethod
    def leaving(self, start: Float[Array, ""], rate: Float[Array, ""]) -> Float[Array, ""]:
        """Steps of gradient descent with this learning rate from a distance along the way out until it is left."""

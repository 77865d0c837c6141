"""The coordinates that parameters are kept in: a chart, in which a step is taken without rounding it away.

A chart's *point* is where the parameters are in the coordinates that the problem is written in;
slopes, kicks and noise are vectors there. Most problems live in the flat chart, where
parameters and point are the same.

Gradient descent on an even function multiplies each coordinate by a factor, so that a
coordinate at which the function curves upwards shrinks geometrically: x ← (1 − 2ηL)x. After some
thousand steps float64 knows it only as 0 (below 5·10⁻³²⁴), and the iterate sits on a saddle for
ever: an artefact that looks like a theorem. The logarithmic chart keeps ln|x| and the sign,
where the same step is ln|x| ← ln|x| + ln|1 − 2ηL|.
"""

import abc
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree, UInt32

from dltlab.engine.problems import AbstractProblem, Even, Params

Point = PyTree[Float[Array, "..."]]
"""Parameters, or a vector, in the coordinates that the problem is written in."""


class Slope(NamedTuple):
    """The objective, and its gradient as the chart keeps it."""

    loss: Float[Array, ""]
    gradient: Params


class AbstractChart(eqx.Module):
    """How parameters are kept, and how they are moved."""

    @property
    @abc.abstractmethod
    def flat(self) -> bool:
        """Whether parameters and point are the same."""

    @abc.abstractmethod
    def slope(self, problem: AbstractProblem, params: Params, key: UInt32[Array, "2"]) -> Slope:
        """The objective and its gradient."""

    @abc.abstractmethod
    def loss(self, problem: AbstractProblem, point: Point) -> Float[Array, ""]:
        """The loss at a point."""

    @abc.abstractmethod
    def retract(self, params: Params, updates: Params) -> Params:
        """The parameters moved by what an optimizer made of gradients."""

    @abc.abstractmethod
    def displaced(self, params: Params, vector: Point) -> Params:
        """The parameters moved by a vector."""

    @abc.abstractmethod
    def point(self, params: Params) -> Point:
        """Where the parameters are."""

    @abc.abstractmethod
    def vector(self, params: Params, gradient: Params) -> Point:
        """A gradient as a vector at the point."""


class Flat(AbstractChart):
    """Parameters are kept as they are."""

    @property
    def flat(self) -> bool:
        """It is."""
        return True

    def slope(self, problem: AbstractProblem, params: Params, key: UInt32[Array, "2"]) -> Slope:
        """∇L."""
        return Slope(*jax.value_and_grad(problem.objective)(params, key))

    def loss(self, problem: AbstractProblem, point: Point) -> Float[Array, ""]:
        """The problem's own."""
        return problem.loss(point)

    def retract(self, params: Params, updates: Params) -> Params:
        """θ + u."""
        moved: Params = optax.apply_updates(params, updates)
        return moved

    def displaced(self, params: Params, vector: Point) -> Params:
        """θ + v."""
        return jax.tree.map(jnp.add, params, vector)

    def point(self, params: Params) -> Point:
        """θ."""
        return params

    def vector(self, params: Params, gradient: Params) -> Point:
        """∇L."""
        del params
        return gradient


class Logarithmic(AbstractChart):
    """The parameters of an even function as ``{"log": ln|x|, "sign": ±1}``; finite where x underflows.

    Gradients are kept per unit of x, (∂f/∂x)/x = 2 ∂f/∂q with q = x². An optimizer whose step is
    a multiple −ηg of the gradient then moves x to x(1 − η·2∂f/∂q), exactly as in the flat chart.
    """

    @property
    def flat(self) -> bool:
        """It is not."""
        return False

    def slope(self, problem: AbstractProblem, params: Params, key: UInt32[Array, "2"]) -> Slope:
        """f, and 2 ∂f/∂q."""
        del key
        assert isinstance(problem, Even)
        loss, slope = jax.value_and_grad(problem.of_squares)(jnp.exp(2 * params["log"]))
        return Slope(loss, {"log": 2 * slope, "sign": jnp.zeros_like(slope)})

    def loss(self, problem: AbstractProblem, point: Point) -> Float[Array, ""]:
        """F of the squares."""
        assert isinstance(problem, Even)
        return problem.of_squares(point**2)

    def retract(self, params: Params, updates: Params) -> Params:
        """x(1 + u)."""
        return _multiplied(params, updates["log"])

    def displaced(self, params: Params, vector: Point) -> Params:
        """To x + v; where v is 0 even an x that underflows is kept."""
        x = self.point(params)
        outweighed = jnp.abs(vector) < jnp.abs(x)
        near = _multiplied(params, jnp.where(outweighed, vector, 0.0) / jnp.where(outweighed, x, 1.0))
        safe = jnp.where(vector == 0, 1.0, vector)
        far = _multiplied({"log": jnp.log(jnp.abs(safe)), "sign": jnp.sign(safe)}, x / safe)
        return jax.tree.map(lambda kept, other: jnp.where(outweighed | (vector == 0), kept, other), near, far)

    def point(self, params: Params) -> Float[Array, " d"]:
        """The coordinates x = ±exp(ln|x|), 0 where that underflows."""
        return params["sign"] * jnp.exp(params["log"])

    def vector(self, params: Params, gradient: Params) -> Float[Array, " d"]:
        """∂f/∂x."""
        return self.point(params) * gradient["log"]


def _multiplied(params: Params, growth: Float[Array, " d"]) -> dict[str, Float[Array, " d"]]:
    """x(1 + u): the logarithm grows by ln|1 + u|, and the sign turns where 1 + u < 0."""
    turned = growth < -1
    # ln|1 + u| loses no digit of a small u; below −1 it is ln(−1 − u) = ln(1 + (−2 − u)).
    grown = jnp.log1p(jnp.where(turned, -2 - growth, growth))
    return {"log": params["log"] + grown, "sign": jnp.where(turned, -params["sign"], params["sign"])}


def of(problem: AbstractProblem) -> AbstractChart:
    """The chart that a problem's parameters are kept in."""
    return Logarithmic() if isinstance(problem, Even) else Flat()

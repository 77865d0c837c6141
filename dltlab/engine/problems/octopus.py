"""The octopus: a function whose d saddles gradient descent must pass one after the other.

Du, Jin, Lee, Jordan, Singh & Póczos 2017, Gradient descent can take exponential time to escape
saddle points, arXiv:1705.10412. With L ≥ γ > 0, a width τ and i the first index with
|xᵢ| ≤ 2τ, the coordinates before i have found their place, L(|xⱼ| − 4τ)², and

|xᵢ| ≤ τ         −γxᵢ² + L Σ_{j>i} xⱼ²                                  the i-th saddle
τ < |xᵢ| ≤ 2τ    g₁(|xᵢ|) + g₂(|xᵢ|) xᵢ₊₁² + L Σ_{j>i+1} xⱼ²            the bridge to the next

less (i − 1)ν. The splines g₁, g₂ join the pieces with two continuous derivatives. The saddles lie
at |xⱼ| = 4τ for j < i and 0 from there on; the minima, where all |xⱼ| = 4τ, have the value −dν.
"""

import math
from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32
from msgspec import Meta

from dltlab.engine.problems.base import AbstractProblem, Even, Picture, Pictured

Positive = Annotated[float, Meta(gt=0, le=1e3)]
Scalar = Float[Array, ""]


class Octopus(AbstractProblem, Even, Pictured):
    """Descend from x uniform on [−1, 1]ᵈ, near the first of d saddles."""

    contraction: Scalar
    """L: how strongly a saddle draws in along the directions that lead to it."""
    escape: Scalar
    """γ: how strongly it drives out along the one that leads away."""
    width: Scalar
    """τ."""
    dimension: int = eqx.field(static=True)

    def __init__(
        self,
        dimension: Annotated[int, Meta(ge=2, le=1000)] = 5,
        contraction: Positive = math.e,
        escape: Positive = 1.0,
        width: Annotated[float, Meta(ge=1, le=1e3)] = math.e,
    ) -> None:
        """What a scenario says of the problem.

        Args:
            dimension: d, one saddle each.
            contraction: L: how strongly a saddle draws in along the directions that lead to it.
            escape: γ: how strongly it drives out along the one that leads away.
            width: τ: a saddle is 4τ away from the one before.
        """
        if contraction < escape:
            raise ValueError(f"contraction = {contraction:g} must not be below escape = {escape:g}: L ≥ γ.")
        self.dimension = dimension
        self.contraction, self.escape, self.width = (
            jnp.asarray(value, float) for value in (contraction, escape, width)
        )

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Uniform on [−1, 1]ᵈ; a coordinate that is exactly 0, where no gradient moves it, is no start."""
        x = random.uniform(-1, 1, self.dimension)
        while not x.all():
            x = random.uniform(-1, 1, self.dimension)
        return {"log": np.log(np.abs(x)), "sign": np.sign(x)}

    def first_bridge(self, x: Float[Array, "*d"]) -> Float[Array, "*d"]:
        """g₁ on [τ, 2τ]: −γτ² and the integral of the cubic with slopes −2γτ, −4Lτ and curvatures −2γ, 2L at the ends.

        Written with u = (x − τ)/τ; the integral of a cubic Hermite spline.
        """
        strong, weak, tau = self.contraction, self.escape, self.width
        u = (x - tau) / tau
        start, end = -2 * weak * tau, -4 * strong * tau
        rise, fall = -2 * weak * tau, 2 * strong * tau
        integral = (
            start * (u - u**3 + u**4 / 2)
            + end * (u**3 - u**4 / 2)
            + rise * (u**2 / 2 - 2 * u**3 / 3 + u**4 / 4)
            + fall * (u**4 / 4 - u**3 / 3)
        )
        return -weak * tau**2 + tau * integral

    def second_bridge(self, x: Float[Array, "*d"]) -> Float[Array, "*d"]:
        """g₂ on [τ, 2τ]: from L down to −γ, with two flat derivatives at both ends."""
        u = (x - 2 * self.width) / self.width
        return -self.escape - (self.contraction + self.escape) * u**3 * (10 + 15 * u + 6 * u**2)

    @property
    def depth(self) -> Scalar:
        """ν: how much deeper each saddle lies than the one before."""
        return 4 * self.contraction * self.width**2 - self.first_bridge(2 * self.width)

    def saddle(self, squares: Float[Array, " d"]) -> Int[Array, ""]:
        """How many coordinates have been found, counting up to the first with |xᵢ| ≤ 2τ."""
        near = squares <= 4 * self.width**2
        return jnp.where(jnp.any(near), jnp.argmax(near), self.dimension).astype(jnp.int32)

    def of_squares(self, squares: Float[Array, " d"]) -> Scalar:
        """The function."""
        strong, weak, tau = self.contraction, self.escape, self.width
        here = self.saddle(squares)
        index = jnp.arange(self.dimension, dtype=here.dtype)
        # A root has no slope at 0, where no piece that is used has one.
        x = jnp.sqrt(jnp.maximum(squares, tau**2 / 4))
        on_bridge = x > tau
        active = jnp.where(on_bridge, self.first_bridge(x), -weak * squares)
        present = jnp.minimum(here, self.dimension - 1)
        crossing = on_bridge[present] & (index == here + 1)
        pull = jnp.where(crossing, self.second_bridge(x[present]), strong)
        found = strong * (x - 4 * tau) ** 2
        terms = jnp.where(index < here, found, jnp.where(index == here, active, pull * squares))
        return jnp.sum(terms) - here.astype(terms.dtype) * self.depth

    def loss(self, params: dict[str, Float[Array, " d"]]) -> Scalar:
        """F; 0 at the first saddle, −dν at the minima."""
        return self.of_squares(jnp.exp(2 * params["log"]))

    def objective(self, params: dict[str, Float[Array, " d"]], key: UInt32[Array, "2"]) -> Scalar:
        """The loss itself."""
        del key
        return self.loss(params)

    def inside(self, point: Float[Array, " d"]) -> Bool[Array, ""]:
        """Whether f is defined there: |xⱼ| ≤ 6τ before the i-th coordinate, |xⱼ| ≤ τ after it."""
        x = jnp.abs(point)
        here = self.saddle(x**2)
        index = jnp.arange(self.dimension, dtype=here.dtype)
        most = jnp.where(index < here, 6.0, jnp.where(index == here, 2.0, 1.0)).astype(x.dtype)
        return jnp.all(x <= most * self.width)

    def picture(self, point: Float[Array, " d"]) -> Picture:
        """The plane of the way out of the present saddle and of the coordinate after it: alike at every saddle."""
        here = self.saddle(point**2)
        first = jnp.minimum(here, self.dimension - 2)
        across = jax.nn.one_hot(jnp.stack([first, first + 1]), self.dimension, dtype=point.dtype)
        last = here > first
        home = 4 * self.width * jnp.sign(point[first])
        index = jnp.arange(self.dimension, dtype=here.dtype)
        # The other coordinates where theory has them, so that the picture is that of the saddle.
        settled = jnp.where(index < first, 4 * self.width * jnp.sign(point), jnp.zeros_like(point))
        return Picture(
            through=settled,
            across=across,
            saddle=jnp.stack([jnp.where(last, home, jnp.zeros_like(home)), jnp.zeros_like(home)]),
            escape=jnp.stack([jnp.where(last, 0.0, 1.0), jnp.where(last, 1.0, 0.0)]).astype(point.dtype) * self.width,
            extent=6 * self.width * jnp.asarray([-1.0, 1.0, -1.0, 1.0], point.dtype),
        )

    def layers(self, params: dict[str, Float[Array, " d"]]) -> dict[str, Float[Array, " d"]]:
        """The two halves of the parameters."""
        return {"log": params["log"], "sign": params["sign"]}

    def footprint(self) -> tuple[int, int]:
        """Two numbers a coordinate, and some more while computing."""
        return 2 * self.dimension, 8 * self.dimension

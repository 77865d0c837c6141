"""The two-layer network in its three scalings: where the theory of wide networks lives.

f(x) = α · m^(−γ) · Σ_j a_j σ(w_j·x) over m neurons, with γ = ½ the NTK scaling (Jacot et al.
2018, arXiv:1806.07572; Du et al. 2019, arXiv:1810.02054), γ = 1 the mean-field scaling (Mei,
Montanari & Nguyen 2018, arXiv:1804.06561) and γ = 0 none. In the mean-field scaling a gradient
is 1/m small, so that its learning rate grows with m.

The numbers that only scale (α, m^(−γ), τ and the standard deviations) are arrays, not
constants of the compiled program: arms that differ in them alone share one.
"""

from typing import Annotated, Final, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.models.base import AbstractModel, KernelInClosedForm
from dltlab.engine.models.layers import ACTIVATIONS, KINKED, STEEPEST, Activation, Width
from dltlab.engine.numerics import kernel

Factor = Annotated[float, Meta(gt=0, le=1e12)]
Params = dict[str, Float[Array, "..."]]

POWERS: Final = {"ntk": 0.5, "mean_field": 1.0, "none": 0.0}
"""γ of each scaling."""

SQUARES: Final = {"sign": 1.0, "gaussian": 1.0, "uniform": 1 / 3}
"""E[a²] of each law of the outer weights."""


class TwoLayer(AbstractModel, KernelInClosedForm):
    """One hidden layer of m neurons: inner weights w_j in a column each, outer weights a_j in a row each."""

    width: int = eqx.field(static=True)
    activation: str = eqx.field(static=True)
    inner: str = eqx.field(static=True)
    outer: str = eqx.field(static=True)
    doubled: bool = eqx.field(static=True)
    train: str = eqx.field(static=True)
    bias: bool = eqx.field(static=True)
    inner_scale: Float[Array, ""]
    outer_scale: Float[Array, ""]
    scale: Float[Array, ""]
    alpha: Float[Array, ""]
    prefactor: Float[Array, ""]
    """s = m^(−γ)."""

    def __init__(
        self,
        width: Width,
        activation: Activation = "relu",
        scaling: Literal["ntk", "mean_field", "none"] = "ntk",
        gamma: Annotated[float, Meta(ge=0, le=4)] | None = None,
        inner: Literal["gaussian", "sphere"] = "gaussian",
        outer: Literal["sign", "gaussian", "uniform"] = "sign",
        inner_scale: Factor = 1.0,
        outer_scale: Annotated[float, Meta(ge=0, le=1e12)] = 1.0,
        scale: Factor = 1.0,
        alpha: Factor = 1.0,
        doubled: bool = False,
        train: Literal["both", "first"] = "both",
        bias: bool = False,
    ) -> None:
        """What a scenario says of the network.

        Args:
            width: m, the number of neurons.
            activation: σ.
            scaling: Names γ.
            gamma: γ itself; overrides ``scaling``.
            inner: The law of w_j: N(0, I), or uniform on the unit sphere.
            outer: The law of a_j: ±1, N(0, 1), or uniform on (0, 1).
            inner_scale: Multiplies the w_j at the start.
            outer_scale: Multiplies the a_j at the start.
            scale: τ multiplies all weights at the start, after everything else.
            alpha: α multiplies the output.
            doubled: The second half of the neurons starts as the first with −a, so that f₀ = 0
                (Chizat, Oyallon & Bach 2019, arXiv:1812.07956); m counts both halves.
            train: "first" keeps the outer weights where they are.
            bias: Appends a constant 1 to every input; its weights are drawn with the others.
        """
        if doubled and width % 2:
            raise ValueError(f"width = {width} cannot be doubled from two equal halves; make it even.")
        self.width, self.activation, self.inner, self.outer = width, activation, inner, outer
        self.doubled, self.train, self.bias = doubled, train, bias
        self.inner_scale, self.outer_scale = jnp.asarray(inner_scale, float), jnp.asarray(outer_scale, float)
        self.scale, self.alpha = jnp.asarray(scale, float), jnp.asarray(alpha, float)
        power = POWERS[scaling] if gamma is None else gamma
        self.prefactor = jnp.asarray(float(width) ** -power, float)

    def init(self, random: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
        """The inner weights first, neuron by neuron, then the outer: more outputs leave the inner ones alone."""
        drawn = self.width // 2 if self.doubled else self.width
        inner = random.standard_normal((drawn, inputs + self.bias)).T
        if self.inner == "sphere":
            inner = inner / np.linalg.norm(inner, axis=0, keepdims=True)
        match self.outer:
            case "sign":
                outer = random.choice(np.array([-1.0, 1.0]), (drawn, outputs))
            case "gaussian":
                outer = random.standard_normal((drawn, outputs))
            case _:
                outer = random.random((drawn, outputs))
        if self.doubled:
            inner, outer = np.concatenate([inner, inner], axis=1), np.concatenate([outer, -outer])
        tau = float(self.scale)
        return {
            "inner": np.ascontiguousarray(tau * float(self.inner_scale) * inner),
            "outer": tau * float(self.outer_scale) * outer,
        }

    def _seen(self, x: Float[Array, "n d"]) -> Float[Array, "n e"]:
        """What the neurons see: the inputs, and the constant where there is a bias."""
        return jnp.concatenate([x, jnp.ones((x.shape[0], 1), x.dtype)], axis=1) if self.bias else x

    def preactivations(self, params: Params, x: Float[Array, "n d"]) -> Float[Array, "n m"]:
        """w_j·x for every example and neuron."""
        return self._seen(x) @ params["inner"]

    def __call__(self, params: Params, x: Float[Array, "n d"]) -> Float[Array, "n c"]:
        """α s Σ_j a_j σ(w_j·x)."""
        outer = lax.stop_gradient(params["outer"]) if self.train == "first" else params["outer"]
        hidden = ACTIVATIONS[self.activation](self.preactivations(params, x))
        return self.alpha * self.prefactor * (hidden @ outer)

    def steepest(self, params: Params, x: Float[Array, "n d"]) -> Float[Array, ""]:
        """α s max‖a_j‖ max‖x_i‖ sup|σ′|, which no ‖∂f(x_i)/∂w_j‖ exceeds."""
        outer = jnp.max(jnp.linalg.norm(params["outer"], axis=1))
        inputs = jnp.max(jnp.linalg.norm(self._seen(x), axis=1))
        return self.alpha * self.prefactor * outer * inputs * STEEPEST.get(self.activation, 1.0)

    def kernel(self, params: Params, x: Float[Array, "n d"]) -> Float[Array, "n n"]:
        """(αs)² Σ_j [a_j² σ′(w_j·x) σ′(w_j·x′) x·x′ + σ(w_j·x) σ(w_j·x′)]; the first term alone if that is trained."""
        before = self.preactivations(params, x)
        hidden, slopes = jax.jvp(ACTIVATIONS[self.activation], (before,), (jnp.ones_like(before),))
        slopes, seen = slopes * params["outer"].T, self._seen(x)
        inner = (seen @ seen.T) * (slopes @ slopes.T)
        outer = hidden @ hidden.T if self.train == "both" else jnp.zeros_like(inner)
        return (self.alpha * self.prefactor) ** 2 * (inner + outer)

    def limit(self, x: Float[Array, "n d"]) -> Float[Array, "n n"]:
        """The arc-cosine kernels, for ReLU neurons; H∞ of Du et al. in the NTK scaling with the first layer trained."""
        if self.activation != "relu":
            raise ValueError(f'the limit kernel is known for activation = "relu", not for "{self.activation}".')
        seen = self._seen(x)
        square = (self.scale * self.outer_scale) ** 2 * SQUARES[self.outer]
        total = square * kernel.relu_limit(seen)
        if self.train == "both":
            # On the unit sphere the mean square of w·x is d times smaller than for N(0, I).
            shrunk = seen.shape[1] if self.inner == "sphere" else 1
            total = total + (self.scale * self.inner_scale) ** 2 / shrunk * kernel.arc_cosine(seen, 1)
        return (self.alpha * self.prefactor) ** 2 * self.width * total

    def layers(self, params: Params) -> dict[str, Float[Array, "..."]]:
        """The inner weights and the outer ones."""
        return {"inner": params["inner"], "outer": params["outer"]}

    @property
    def kinked(self) -> bool:
        """Whether its activation has kinks."""
        return self.activation in KINKED

    def footprint(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Both layers; two numbers a neuron and example for the backward pass."""
        return self.width * (inputs + self.bias + outputs), 2 * self.width + outputs

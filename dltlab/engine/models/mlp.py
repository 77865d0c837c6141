"""The fully connected network, in the standard parametrisation.

f(x) = W_L σ(… σ(W₁x + b₁) …) + b_L. Initial weights are Gaussian with the variance that
``init`` names ("uniform": uniform on ±1/√fan-in, of variance 1/(3·fan-in), PyTorch's
default); ``gain`` multiplies the standard deviation of every layer but the last
(Cohen et al. 2021 take 1.9 for their one-hidden-layer toy). Biases start at zero.
"""

import itertools
from typing import Annotated, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.models.base import AbstractModel

Width = Annotated[int, Meta(ge=1, le=1_000_000)]
Layer = dict[str, Float[Array, "..."]]

ACTIVATIONS = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "gelu": jax.nn.gelu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "linear": lambda x: x,
}


def _variance(init: str, fan_in: int, fan_out: int) -> float:
    """The variance of a weight."""
    match init:
        case "xavier":
            return 2 / (fan_in + fan_out)
        case "lecun":
            return 1 / fan_in
        case "he":
            return 2 / fan_in
        case _:
            return 1 / (3 * fan_in)


class MLP(AbstractModel):
    """A fully connected network."""

    widths: tuple[Width, ...] = eqx.field(static=True)
    activation: str = eqx.field(static=True)
    init_variance: str = eqx.field(static=True)
    gain: float = eqx.field(static=True)
    bias: bool = eqx.field(static=True)
    output_bias: bool = eqx.field(static=True)

    def __init__(
        self,
        widths: Annotated[list[Width], Meta(min_length=0, max_length=1000)],
        activation: Literal["tanh", "relu", "gelu", "sigmoid", "softplus", "linear"] = "tanh",
        init: Literal["xavier", "lecun", "he", "uniform"] = "xavier",
        gain: Annotated[float, Meta(gt=0, le=1000)] = 1.0,
        bias: bool = True,
        output_bias: bool = True,
    ) -> None:
        self.widths = tuple(widths)
        self.activation = activation
        self.init_variance = init
        self.gain = gain
        self.bias = bias
        self.output_bias = output_bias

    def _shapes(self, inputs: int, outputs: int) -> list[tuple[int, int, bool]]:
        """Per layer: fan-in, fan-out, whether it has a bias."""
        sizes = [inputs, *self.widths, outputs]
        last = len(sizes) - 2
        return [
            (fan_in, fan_out, self.output_bias if depth == last else self.bias)
            for depth, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes))
        ]

    def init(self, random: np.random.Generator, inputs: int, outputs: int) -> list[dict[str, np.ndarray]]:
        """Weights of the named variance, zero biases."""
        layers = []
        shapes = self._shapes(inputs, outputs)
        for depth, (fan_in, fan_out, biased) in enumerate(shapes):
            gain = self.gain if depth < len(shapes) - 1 else 1.0
            deviation = gain * np.sqrt(_variance(self.init_variance, fan_in, fan_out))
            uniform = self.init_variance == "uniform"
            drawn = (
                random.uniform(-(3**0.5), 3**0.5, (fan_in, fan_out))
                if uniform
                else random.standard_normal((fan_in, fan_out))
            )
            layer = {"weight": deviation * drawn}
            layers.append(layer | ({"bias": np.zeros(fan_out)} if biased else {}))
        return layers

    def __call__(self, params: list[Layer], x: Float[Array, "n d"]) -> Float[Array, "n c"]:
        """The outputs for a batch of inputs."""
        activation = ACTIVATIONS[self.activation]
        for depth, layer in enumerate(params):
            x = x @ layer["weight"]
            if "bias" in layer:
                x = x + layer["bias"][None, :]
            if depth < len(params) - 1:
                x = activation(x)
        return x

    def layers(self, params: list[Layer]) -> dict[str, Layer]:
        """W1, W2, …: each with its bias."""
        return {f"W{depth}": layer for depth, layer in enumerate(params, 1)}

    def footprint(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Weights and biases; two numbers a unit and example for the backward pass."""
        shapes = self._shapes(inputs, outputs)
        weights = sum(fan_in * fan_out + fan_out * biased for fan_in, fan_out, biased in shapes)
        return weights, 2 * sum(fan_out for _, fan_out, _ in shapes)

"""The fully connected network, in the standard parametrisation.

f(x) = W_L σ(… σ(W₁x + b₁) …) + b_L. ``gain`` multiplies the standard deviation of the initial
weights of every layer but the last (Cohen et al. 2021 take 1.9 for their one-hidden-layer toy).
"""

import itertools
from typing import Annotated, Final

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.models.base import AbstractModel, InnerProducts
from dltlab.engine.models.layers import ACTIVATIONS, KINKED, Activation, Gain, Law, Layer, Width, affine, drawn

_FEW: Final = 32
"""Examples below which columns are too many and too short: two vectors of AVX-512 in float32."""


class MLP(AbstractModel, InnerProducts):
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
        activation: Activation = "tanh",
        init: Law = "xavier",
        gain: Gain = 1.0,
        bias: bool = True,
        output_bias: bool = True,
    ) -> None:
        """What a scenario says of the network.

        Args:
            widths: Of the hidden layers, from the first on.
            activation: σ.
            init: The variance of the initial weights: 2/(in + out), 1/in, 2/in, or uniform of 1/(3·in).
            gain: Multiplies the initial weights of every layer but the last.
            bias: Whether the hidden layers have biases; they start at 0.
            output_bias: Whether the last layer has one.
        """
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
            layer = {"weight": drawn(random, self.init_variance, fan_in, fan_out, gain=gain, fan_out=fan_out)}
            layers.append(layer | ({"bias": np.zeros(fan_out)} if biased else {}))
        return layers

    def expressed(
        self, params: list[dict[str, np.ndarray]], frame: Float[np.ndarray, "d r"]
    ) -> list[dict[str, np.ndarray]]:
        """The first layer's weights in the frame."""
        first, *others = params
        return [first | {"weight": first["weight"] @ frame}, *others]

    def __call__(self, params: list[Layer], x: Float[Array, "n d"]) -> Float[Array, "n c"]:
        """The outputs for a batch of inputs."""
        # From one number through one hidden layer there are no products of matrices to gain by.
        thin = x.shape[1] == 1 and len(params) == 2
        return self._in_rows(params, x) if thin or x.shape[0] < _FEW else self._in_columns(params, x.T).T

    def _in_columns(self, params: list[Layer], x: Float[Array, "d n"]) -> Float[Array, "c n"]:
        """An example in each column."""
        x = affine(params[0], x)
        for layer in params[1:]:
            x = affine(layer, ACTIVATIONS[self.activation](x))
        return x

    def _in_rows(self, params: list[Layer], x: Float[Array, "n d"]) -> Float[Array, "n c"]:
        """An example in each row."""
        for depth, layer in enumerate(params):
            x = (ACTIVATIONS[self.activation](x) if depth else x) @ layer["weight"].T
            x = x + layer["bias"][None, :] if "bias" in layer else x
        return x

    def layers(self, params: list[Layer]) -> dict[str, Layer]:
        """W1, W2, …: each with its bias."""
        return {f"W{depth}": layer for depth, layer in enumerate(params, 1)}

    @property
    def kinked(self) -> bool:
        """Whether its activation has kinks."""
        return self.activation in KINKED

    def footprint(self, inputs: int, outputs: int) -> tuple[int, int]:
        """Weights and biases; two numbers a unit and example for the backward pass."""
        shapes = self._shapes(inputs, outputs)
        weights = sum(fan_in * fan_out + fan_out * biased for fan_in, fan_out, biased in shapes)
        return weights, 2 * sum(fan_out for _, fan_out, _ in shapes)

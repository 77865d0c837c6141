"""What every optimizer is: an Optax transformation whose hyperparameters live in its state.

Because they live there, turning a knob is a state edit and compiles nothing, and an
ensemble over learning rates is a batched state.

Each optimizer also knows its theory: the largest eigenvalue of the (preconditioned) Hessian
at which its linearised dynamics are stable. The thresholds follow from the companion
polynomial at z = −1 (Cohen et al. 2021, arXiv:2103.00065; Cohen et al. 2022, arXiv:2207.14484).
"""

import abc
from collections.abc import Mapping
from typing import Annotated, Any, Final

import equinox as eqx
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, PyTree, UInt32
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0, le=1e6)]
Decay = Annotated[float, Meta(ge=0, le=0.999999)]
"""What stays of a mean from step to step; so far below 1 that it lies below it in float32 too."""
LearningRate = Positive
"""η."""
Momentum = Decay
"""β: what stays of the velocity from step to step."""
Smoothing = Decay
"""β₂: what stays of the mean square of the gradients from step to step."""
Hyperparameters = Mapping[str, Float[Array, ""]]

LETTERS: Final[dict[str, str]] = {
    "learning_rate": "η",
    "momentum": "β",
    "beta1": "β₁",
    "beta2": "β₂",
    "epsilon": "ε",
    "radius": "r",
    "gradient_threshold": "g_thres",
    "interval": "t_thres",
    "decrease": "f_thres",
    "noise": "‖ξ‖",
}
"""How the field writes the hyperparameters."""


class AbstractOptimizer(eqx.Module):
    """A way down, and what theory says of its stability."""

    formula: eqx.AbstractClassVar[str]
    """The threshold in the field's letters, for titles and legends."""

    @abc.abstractmethod
    def transformation(self) -> optax.GradientTransformation:
        """The Optax transformation, its hyperparameters injected into the state."""

    @abc.abstractmethod
    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """The largest stable eigenvalue of the preconditioned Hessian."""

    def elapsed(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """The physical time of a step, η: in which gradient flow goes as far where the gradient stays the same."""
        return hyperparameters["learning_rate"]

    @abc.abstractmethod
    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> PyTree | None:
        """The diagonal P such that a step is −η P⁻¹ times a momentum of gradients; None for P = I."""


class Proportional:
    """An optimizer whose step is −η times the gradient of now: it means the same in every chart."""


class Isotropic:
    """An optimizer whose step is a linear combination of gradients: in rotated coordinates it goes the same way."""


class Adaptive:
    """An optimizer that steps in a metric that it learns: its threshold is that of the preconditioned Hessian alone.

    The sharpness of the Hessian itself is free to pass any such number (Cohen et al. 2022, arXiv:2207.14484).
    """


class Unsmoothed:
    """An optimizer whose step is −η times the gradient of now in a metric that it learns.

    Where such a step overshoots, residuals change their signs at every step, and weights whose gradients are small are
    far in that metric. So eigenvalues of the preconditioned Hessian come in pairs ±c, c the larger the smaller those
    gradients are, and what was its lowest end is its largest one step on. Momentum averages that away.
    """


class Kicking(abc.ABC):
    """An optimizer that kicks the point now and then, and takes its step from there."""

    @abc.abstractmethod
    def due(
        self, opt: Any, step: Int[Array, ""], loss: Float[Array, ""], steepness: Float[Array, ""]
    ) -> tuple[Bool[Array, ""], Any]:
        """Whether to kick where the loss and the gradient's length are these; and its state, which takes note of it."""

    @abc.abstractmethod
    def kick(self, opt: Any, key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " p"]:
        """The vector of a kick."""


class Shaking(abc.ABC):
    """An optimizer that adds noise to every gradient."""

    @abc.abstractmethod
    def shake(self, opt: Any, key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " p"]:
        """What the noise of one step adds to the point."""

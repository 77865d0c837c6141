"""RMSProp and Adam: gradient descent in a metric that they learn.

Near a minimum the metric moves slowly, so their stability is that of gradient descent (with
momentum) on the preconditioned Hessian P^(−1/2) H P^(−1/2) (Cohen et al. 2022, arXiv:2207.14484):

RMSProp  P = diag(√ν̂ + ε)                 2/η
Adam     P = (1 − β₁ᵗ)·diag(√ν̂ + ε)       (2 + 2β₁)/((1 − β₁)η), that is 38/η at β₁ = 0.9

ν̂ is the bias-corrected second moment, t the steps taken; the factor 1 − β₁ᵗ is Adam's
correction of its first moment.
"""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree
from msgspec import Meta

from dltlab.engine.optimizers.base import (
    AbstractOptimizer,
    Adaptive,
    Decay,
    Hyperparameters,
    LearningRate,
    Smoothing,
    Unsmoothed,
)

Epsilon = Annotated[float, Meta(ge=0, le=1)]
"""ε: what is added to the root of the mean square."""
Scalar = Float[Array, ""] | float


def _rmsprop(learning_rate: Scalar, beta2: Scalar, epsilon: Scalar) -> optax.GradientTransformation:
    scaled = optax.scale_by_rms(decay=beta2, eps=epsilon, eps_in_sqrt=False, bias_correction=True)
    return optax.chain(scaled, optax.scale_by_learning_rate(learning_rate))


class RMSProp(AbstractOptimizer, Adaptive, Unsmoothed):
    """RMSProp with bias correction."""

    learning_rate: LearningRate
    beta2: Smoothing = 0.99
    epsilon: Epsilon = 1e-8
    formula: ClassVar[str] = "2/η"

    def transformation(self) -> optax.GradientTransformation:
        """−η g/(√ν̂ + ε)."""
        injected = optax.inject_hyperparams(_rmsprop)
        return injected(learning_rate=self.learning_rate, beta2=self.beta2, epsilon=self.epsilon)

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """2/η."""
        return 2 / hyperparameters["learning_rate"]

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> PyTree:
        """√ν̂ + ε, at the second moment that the last step used."""
        moment = optax.tree.get(opt, "nu")
        return _root(moment, optax.tree.get(opt.inner_state, "count"), hyperparameters)


class Adam(AbstractOptimizer, Adaptive):
    """Adam."""

    learning_rate: LearningRate
    beta1: Decay = 0.9
    """β₁: what stays of the mean gradient from step to step."""
    beta2: Smoothing = 0.999
    epsilon: Epsilon = 1e-8
    formula: ClassVar[str] = "(2+2β₁)/((1−β₁)η)"

    def transformation(self) -> optax.GradientTransformation:
        """−η m̂/(√ν̂ + ε)."""
        return optax.inject_hyperparams(_adam)(
            learning_rate=self.learning_rate, beta1=self.beta1, beta2=self.beta2, epsilon=self.epsilon
        )

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """(2 + 2β₁)/((1 − β₁)η)."""
        beta1 = hyperparameters["beta1"]
        return (2 + 2 * beta1) / ((1 - beta1) * hyperparameters["learning_rate"])

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> PyTree:
        """(1 − β₁ᵗ)(√ν̂ + ε), at the moments that the last step used."""
        count = optax.tree.get(opt.inner_state, "count")
        root = _root(optax.tree.get(opt, "nu"), count, hyperparameters)
        beta1 = hyperparameters["beta1"]
        correction = 1 - beta1 ** jnp.maximum(count, 1).astype(beta1.dtype)
        return jax.tree.map(lambda entry: correction * entry, root)


def _adam(learning_rate: Scalar, beta1: Scalar, beta2: Scalar, epsilon: Scalar) -> optax.GradientTransformation:
    return optax.adam(learning_rate, b1=beta1, b2=beta2, eps=epsilon)


def _root(moment: PyTree, count: Any, hyperparameters: Hyperparameters) -> PyTree:
    """√ν̂ + ε with ν̂ = ν/(1 − β₂ᵗ); before the first step ν is zero and the metric all ones."""
    beta2, epsilon = hyperparameters["beta2"], hyperparameters["epsilon"]
    correction = 1 - beta2 ** jnp.maximum(count, 1).astype(beta2.dtype)
    return jax.tree.map(lambda nu: jnp.where(count > 0, jnp.sqrt(nu / correction) + epsilon, jnp.ones_like(nu)), moment)

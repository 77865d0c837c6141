"""Gradient descent and its momentum variants, with their stability thresholds.

Gradient descent     w ← w − ηg                              2/η
Polyak (heavy ball)  v ← βv + g,       w ← w − ηv            (2 + 2β)/η
Nesterov             v ← βv + g,       w ← w − η(g + βv)     (2 + 2β)/((1 + 2β)η)
EMA momentum         m ← βm + (1−β)g,  w ← w − ηm            (2 + 2β)/((1 − β)η)
"""

from typing import Any, ClassVar

import optax
from jaxtyping import Array, Float

from dltlab.engine.optimizers.base import (
    AbstractOptimizer,
    Hyperparameters,
    Isotropic,
    LearningRate,
    Momentum,
    Proportional,
)


class GradientDescent(AbstractOptimizer, Isotropic, Proportional):
    """Plain gradient descent."""

    learning_rate: LearningRate
    formula: ClassVar[str] = "2/η"

    def transformation(self) -> optax.GradientTransformation:
        """−ηg."""
        return optax.inject_hyperparams(optax.sgd)(learning_rate=self.learning_rate)

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """2/η."""
        return 2 / hyperparameters["learning_rate"]

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> None:
        """None: P = I."""
        del opt, hyperparameters


class _Summing(AbstractOptimizer, Isotropic):
    """Momentum that sums up gradients: at a constant one the velocity is 1/(1 − β) times it."""

    def elapsed(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """η/(1 − β)."""
        return hyperparameters["learning_rate"] / (1 - hyperparameters["momentum"])


class Polyak(_Summing):
    """Gradient descent with heavy-ball momentum."""

    learning_rate: LearningRate
    momentum: Momentum = 0.9
    formula: ClassVar[str] = "(2+2β)/η"

    def transformation(self) -> optax.GradientTransformation:
        """The velocity v ← βv + g, stepped by −η."""
        return optax.inject_hyperparams(optax.sgd)(learning_rate=self.learning_rate, momentum=self.momentum)

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """(2 + 2β)/η."""
        return (2 + 2 * hyperparameters["momentum"]) / hyperparameters["learning_rate"]

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> None:
        """None: P = I."""
        del opt, hyperparameters


class Nesterov(_Summing):
    """Gradient descent with Nesterov momentum."""

    learning_rate: LearningRate
    momentum: Momentum = 0.9
    formula: ClassVar[str] = "(2+2β)/((1+2β)η)"

    def transformation(self) -> optax.GradientTransformation:
        """G + βv with v ← βv + g, stepped by −η."""
        nesterov = optax.inject_hyperparams(optax.sgd, static_args=("nesterov",))
        return nesterov(learning_rate=self.learning_rate, momentum=self.momentum, nesterov=True)

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """(2 + 2β)/((1 + 2β)η)."""
        beta = hyperparameters["momentum"]
        return (2 + 2 * beta) / ((1 + 2 * beta) * hyperparameters["learning_rate"])

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> None:
        """None: P = I."""
        del opt, hyperparameters


def _ema(learning_rate: Float[Array, ""] | float, momentum: Float[Array, ""] | float) -> optax.GradientTransformation:
    return optax.chain(optax.ema(momentum, debias=False), optax.scale_by_learning_rate(learning_rate))


class ExponentialMomentum(AbstractOptimizer, Isotropic):
    """Gradient descent on an exponential moving average of gradients."""

    learning_rate: LearningRate
    momentum: Momentum = 0.9
    formula: ClassVar[str] = "(2+2β)/((1−β)η)"

    def transformation(self) -> optax.GradientTransformation:
        """M ← βm + (1−β)g, stepped by −η."""
        return optax.inject_hyperparams(_ema)(learning_rate=self.learning_rate, momentum=self.momentum)

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """(2 + 2β)/((1 − β)η)."""
        beta = hyperparameters["momentum"]
        return (2 + 2 * beta) / ((1 - beta) * hyperparameters["learning_rate"])

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> None:
        """None: P = I."""
        del opt, hyperparameters

"""The shelf of optimizers."""

from collections.abc import Callable
from typing import Final

from dltlab.engine.optimizers.adaptive import Adam, RMSProp
from dltlab.engine.optimizers.base import LETTERS as LETTERS
from dltlab.engine.optimizers.base import AbstractOptimizer as AbstractOptimizer
from dltlab.engine.optimizers.base import Adaptive as Adaptive
from dltlab.engine.optimizers.base import Hyperparameters as Hyperparameters
from dltlab.engine.optimizers.base import Isotropic as Isotropic
from dltlab.engine.optimizers.base import Kicking as Kicking
from dltlab.engine.optimizers.base import Proportional as Proportional
from dltlab.engine.optimizers.base import Shaking as Shaking
from dltlab.engine.optimizers.base import Unsmoothed as Unsmoothed
from dltlab.engine.optimizers.descent import ExponentialMomentum, GradientDescent, Nesterov, Polyak
from dltlab.engine.optimizers.perturbed import NoisyGradientDescent, PerturbedGradientDescent, jin_2017

OPTIMIZERS: Final[dict[str, Callable[..., AbstractOptimizer]]] = {
    "gradient_descent": GradientDescent,
    "polyak": Polyak,
    "nesterov": Nesterov,
    "ema_momentum": ExponentialMomentum,
    "rmsprop": RMSProp,
    "adam": Adam,
    "perturbed_gradient_descent": PerturbedGradientDescent,
    "jin_2017": jin_2017,
    "noisy_gradient_descent": NoisyGradientDescent,
}

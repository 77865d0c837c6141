"""The shelf of optimizers."""

from typing import Final

from dltlab.engine.optimizers.adaptive import Adam, RMSProp
from dltlab.engine.optimizers.base import LETTERS as LETTERS
from dltlab.engine.optimizers.base import AbstractOptimizer as AbstractOptimizer
from dltlab.engine.optimizers.base import Hyperparameters as Hyperparameters
from dltlab.engine.optimizers.descent import ExponentialMomentum, GradientDescent, Nesterov, Polyak

OPTIMIZERS: Final[dict[str, type[AbstractOptimizer]]] = {
    "gradient_descent": GradientDescent,
    "polyak": Polyak,
    "nesterov": Nesterov,
    "ema_momentum": ExponentialMomentum,
    "rmsprop": RMSProp,
    "adam": Adam,
}

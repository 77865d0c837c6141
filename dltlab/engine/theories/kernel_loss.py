"""The loss of a network on a fixed kernel, known before it is trained, and the bound that is proven.

The sum over modes ½c Σ_i (1 − ηcλ_i)^{2t} r_i(0)² (Arora et al. 2019, arXiv:1901.08584, theorem
4.1), and the bound ½c (1 − ηcλ₀/2)^t ‖r(0)‖² with the smallest eigenvalue λ₀ (Du et al. 2019,
arXiv:1810.02054, theorem 4.1; proven for η = O(λ₀/n²) and widths far beyond any computer's).
"""

from collections.abc import Mapping
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from dltlab.engine import modes
from dltlab.engine.modes import AbstractModal, Kernel, Modes
from dltlab.engine.numerics.relative import relative
from dltlab.engine.probes.base import Every, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation


class Bounded(NamedTuple):
    """The modes, and the factor Π (1 − ηcλ₀/2) of the bound."""

    modes: Modes
    bound: Float[Array, ""]


class KernelLoss(AbstractModal):
    """The predicted loss, the bound of Du et al., and the loss's distance from the prediction."""

    every: Every = 0
    kernel: Kernel = eqx.field(default="limit", static=True)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Three numbers."""
        modes.regression(simulation, self.kernel)
        return {
            "": Shown("predicted loss", scale="log"),
            "bound": Shown("proven bound", scale="log"),
            "error": Shown("|L−prediction|/L(0)", scale="log", gaps=True),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Bounded:
        """The modes before the first step."""
        return Bounded(modes.begun(simulation, moment.state, self.kernel), jnp.ones((), jnp.float64))

    def measure(self, simulation: Simulation, moment: Moment, memory: Bounded) -> tuple[Readings, Bounded]:
        """The prediction at the moment's step."""
        steps, rate = modes.passed(memory.modes, moment.state)
        bound = memory.bound * modes.power(1 - rate * jnp.min(memory.modes.values) / 2, steps)
        now = modes.onward(memory.modes, moment.state)
        half = 0.5 * modes.regression(simulation, self.kernel).weight()
        first = half * jnp.sum(now.start**2)
        predicted = half * jnp.sum((now.factor * now.start) ** 2)
        error = relative(jnp.abs(moment.loss.astype(predicted.dtype) - predicted), first)
        return {"": predicted, "bound": bound * first, "error": error}, Bounded(now, bound)

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing: a few numbers a mode."""
        del simulation, parameters
        return 0.0

"""The fall of the residual along every eigenvector of a fixed kernel.

Jacot, Gabriel & Hongler 2018 (arXiv:1806.07572), section 5; Arora et al. 2019
(arXiv:1901.08584), theorem 4.1: ‖f(t) − y‖² = Σ_i (1 − ηλ_i)^{2t} (v_i·y)² up to an error
that vanishes with the width.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from dltlab.engine import modes
from dltlab.engine.modes import AbstractModal, Kernel, Modes
from dltlab.engine.probes.base import Every, Following, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation

_TINY: Final = 1e-300


class Rated(NamedTuple):
    """The modes with the rates at which the network's own residual falls."""

    modes: Modes
    rate: Float[Array, " k"]
    settled: Bool[Array, " k"]


class KernelModes(AbstractModal, Following):
    """Energy r_i² in every mode as predicted; and how fast the network's own falls, in units of the prediction.

    The rate is ln(r_i(t)/r_i(0)) over Σ ln|1 − ηλ_i|, taken when r_i has fallen to a tenth and kept.
    """

    every: Every = 0
    kernel: Kernel = eqx.field(default="limit", static=True)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two numbers a mode."""
        modes.regression(simulation, self.kernel)
        return {
            "": Shown("predicted (1−ηλᵢ)²ᵗ rᵢ(0)²", axes=("mode",), scale="log"),
            "rate": Shown("rate of mode i / ln(1−ηλᵢ)", axes=("mode",)),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Rated:
        """No rate is known."""
        begun = modes.begun(simulation, moment.state, self.kernel)
        return Rated(begun, jnp.zeros_like(begun.start), jnp.zeros(begun.start.shape, bool))

    def measure(self, simulation: Simulation, moment: Moment, memory: Rated) -> tuple[Readings, Rated]:
        """The prediction, and the rates up to now."""
        now = modes.onward(memory.modes, moment.state)
        left = jnp.abs(modes.residual(simulation, moment.state, now))
        start = jnp.abs(now.start)
        fall = jnp.log(jnp.maximum(left, _TINY) / jnp.maximum(start, _TINY))
        begun = now.logarithm < 0
        rate = jnp.where(begun, fall / jnp.where(begun, now.logarithm, -1.0), 0.0)
        rate = jnp.where(memory.settled, memory.rate, rate)
        readings = {"": modes.energies(now.factor * now.start, now), "rate": rate}
        return readings, Rated(now, rate, memory.settled | (left <= 0.1 * start))

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A forward pass."""
        del simulation, parameters
        return 0.4

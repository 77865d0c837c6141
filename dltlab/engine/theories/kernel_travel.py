"""How far the weights travel on a fixed kernel, and how far a single neuron can.

‖θ(∞) − θ(0)‖² = r(0)ᵀ K⁻¹ r(0), which from f = 0 is the complexity yᵀ K⁻¹ y that also bounds
generalisation (Arora et al. 2019, arXiv:1901.08584, theorem 5.1). No neuron moves by more
than 4√n ‖r(0)‖/(√m λ₀) (Du et al. 2019, arXiv:1810.02054, corollary 4.1): it vanishes with
the width.
"""

import math
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp

from dltlab.engine import modes
from dltlab.engine.modes import Kernel, Modes
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.probes.neuron_movement import network
from dltlab.engine.simulation import Moment, Simulation


class KernelTravel(AbstractProbe):
    """The length of the whole way, and how much of it lies behind: √(Σ_i (1 − (1−ηcλ_i)^t)² r_i(0)²/λ_i)."""

    every: Every = 0
    kernel: Kernel = eqx.field(default="limit", static=True)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two numbers."""
        modes.regression(simulation, self.kernel)
        return {"": Shown("√(r₀ᵀK⁻¹r₀)"), "path": Shown("predicted ‖θ−θ₀‖")}

    def remember(self, simulation: Simulation, moment: Moment) -> Modes:
        """The modes before the first step."""
        return modes.begun(simulation, moment.state, self.kernel)

    def measure(self, simulation: Simulation, moment: Moment, memory: Modes) -> tuple[Readings, Modes]:
        """The distance at the moment's step, and the last one."""
        now = modes.onward(memory, moment.state)
        whole = modes.regression(simulation, self.kernel).weight() * now.start**2 / now.values
        way = jnp.sqrt(jnp.sum((1 - now.factor) ** 2 * whole))
        return {"": jnp.sqrt(jnp.sum(whole)), "path": way}, now

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing: a few numbers a mode."""
        del simulation, parameters
        return 0.0


class NeuronCap(AbstractProbe):
    """The proven cap 4√n ‖r(0)‖/(√m λ₀) on the way of any neuron: the same at every step."""

    every: Every = 0
    kernel: Kernel = eqx.field(default="limit", static=True)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number."""
        modes.regression(simulation, self.kernel)
        network(simulation)
        return {"": Shown("4√n ‖r₀‖/(√m λ₀)")}

    def remember(self, simulation: Simulation, moment: Moment) -> Modes:
        """The modes before the first step."""
        return modes.begun(simulation, moment.state, self.kernel)

    def measure(self, simulation: Simulation, moment: Moment, memory: Modes) -> tuple[Readings, Modes]:
        """The cap."""
        del moment
        lowest = jnp.min(memory.values) / modes.regression(simulation, self.kernel).weight()
        factor = 4 * math.sqrt(memory.start.shape[0] / network(simulation).width)
        return {"": factor * jnp.linalg.norm(memory.start) / lowest}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0

"""How far the weights travel on a fixed kernel, and how far a single neuron can.

‖θ(∞) − θ(0)‖² = r(0)ᵀ K⁻¹ r(0), which from f = 0 is the complexity yᵀ K⁻¹ y that also bounds
generalisation (Arora et al. 2019, arXiv:1901.08584, theorem 5.1).

While ‖r(t)‖² ≤ (1 − ηcλ₀/2)^t ‖r(0)‖², which is what Du et al. prove (2019, arXiv:1810.02054, theorem
4.1), no neuron of f = s Σ_j a_j σ(w_j·x) with fixed a_j moves by more than 4s√n ‖r(0)‖ max|a| max‖x‖/λ₀: a
step moves it by ηcs|a_j| Σ_i |r_i|‖x_i‖ at most. On the unit sphere with s = 1/√m, |a_j| = 1 this is their corollary
4.1, 4√n ‖r(0)‖/(√m λ₀); it vanishes with the width.
"""

import math
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp

from dltlab.engine import modes
from dltlab.engine.modes import AbstractModal, Kernel, Modes
from dltlab.engine.probes.base import Every, Readings, Shown
from dltlab.engine.probes.neuron_movement import network
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.simulation import Moment, Simulation, in_precision


class KernelTravel(AbstractModal):
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
        there = now.values > modes.negligible(now)
        whole = modes.regression(simulation, self.kernel).weight() * now.start**2 / jnp.where(there, now.values, 1.0)
        way = jnp.sum(jnp.where(there, (1 - now.factor) ** 2 * whole, 0.0))
        # What of the residual no direction of the kernel reaches would take an infinite way, and is never gone.
        lost = jnp.sum(jnp.where(there, 0.0, now.start**2)) > modes.ROUNDING * jnp.sum(now.start**2)
        return {"": jnp.sqrt(jnp.where(lost, jnp.inf, jnp.sum(whole))), "path": jnp.sqrt(way)}, now

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing: a few numbers a mode."""
        del simulation, parameters
        return 0.0


class NeuronCap(AbstractModal):
    """The proven cap on the way of any neuron: the same at every step; infinite where the kernel is singular."""

    every: Every = 0
    kernel: Kernel = eqx.field(default="limit", static=True)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number; refuses outer weights that are trained as well."""
        modes.regression(simulation, self.kernel)
        if network(simulation).train != "first":
            raise ValueError('the cap is proved for fixed outer weights; use train = "first", or remove the theory.')
        return {"": Shown("4s√n ‖r₀‖ max|a| max‖x‖/λ₀")}

    def remember(self, simulation: Simulation, moment: Moment) -> Modes:
        """The modes before the first step."""
        return modes.begun(simulation, moment.state, self.kernel)

    def measure(self, simulation: Simulation, moment: Moment, memory: Modes) -> tuple[Readings, Modes]:
        """The cap."""
        simulation, params = in_precision((simulation, moment.state.params), memory.start.dtype)
        problem = simulation.problem
        assert isinstance(problem, Supervised)
        steepest = network(simulation).steepest(params, problem.inputs)
        lowest = jnp.min(memory.values)
        lowest = jnp.where(lowest > modes.negligible(memory), lowest, 0.0) / problem.weight()
        length = jnp.linalg.norm(memory.start)
        return {"": 4 * steepest * math.sqrt(problem.inputs.shape[0]) * length / lowest}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0

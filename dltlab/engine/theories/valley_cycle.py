"""What the first integral of the self-stabilization cycle promises (Damian, Nichani & Lee 2023, arXiv:2209.15594).

With E conserved the sharpness peaks where dy/dτ = 0, that is at x² = δ² = 2g:

    (S_max − 2/η)² = y₀² + g(x₀²/δ² − 1 − ln(x₀²/δ²)).

Over whole cycles y comes back, so that ⟨g − ½x²⟩ = 0: the mean of x² is δ², whatever the start.
"""

from collections.abc import Mapping

import jax.numpy as jnp

from dltlab.engine.optimizers.descent import GradientDescent
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.probes.valley import Cycle, cycle, need_valley
from dltlab.engine.simulation import Moment, Simulation


class ValleyCycle(AbstractProbe):
    """The overshoot, the mean square and the energy of the cycle that begins at the start."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Three numbers that stay; refuses optimizers of which they are not the cycle's."""
        need_valley(simulation, "a valley_cycle")
        if not isinstance(simulation.optimizer, GradientDescent):
            message = "the valley's cycle is that of gradient_descent; use that, or remove the theory."
            raise ValueError(message)  # noqa: TRY004
        return {
            "overshoot": Shown("√(y₀² + g(x₀²/δ² − 1 − ln x₀²/δ²))"),
            "square": Shown("δ² = 2g"),
            "energy": Shown("E at the start"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Cycle:
        """The start."""
        return cycle(simulation, moment)

    def measure(self, simulation: Simulation, moment: Moment, memory: Cycle) -> tuple[Readings, Cycle]:
        """The formulas at the start."""
        del simulation, moment
        fixed = 2 * memory.slope
        share = memory.square / fixed
        rise = memory.excess**2 + memory.slope * (share - 1 - jnp.log(share))
        return {"overshoot": jnp.sqrt(rise), "square": fixed, "energy": memory.energy}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Next to nothing."""
        del simulation, parameters
        return 0.5

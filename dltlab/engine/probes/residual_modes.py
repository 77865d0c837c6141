"""The residual along the eigenvectors of a kernel: which part of the labels is learned already.

The modes are those of the limit kernel H∞ (Arora et al. 2019, arXiv:1901.08584) or of the
tangent kernel at the start; :mod:`dltlab.engine.theories.kernel_modes` predicts them.
"""

from collections.abc import Mapping

import equinox as eqx

from dltlab.engine import modes
from dltlab.engine.modes import AbstractModal, Kernel, Modes
from dltlab.engine.probes.base import Every, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation


class ResidualModes(AbstractModal):
    """Energies r_i(t)² = (v_i·(f(t) − y))², largest eigenvalue first."""

    every: Every = 0
    kernel: Kernel = eqx.field(default="limit", static=True)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number a mode."""
        modes.regression(simulation, self.kernel, descends=False)
        return {"": Shown("residual energy rᵢ²", axes=("mode",), scale="log")}

    def remember(self, simulation: Simulation, moment: Moment) -> Modes:
        """The eigenvectors."""
        return modes.begun(simulation, moment.state, self.kernel)

    def measure(self, simulation: Simulation, moment: Moment, memory: Modes) -> tuple[Readings, Modes]:
        """The energies of now."""
        left = modes.residual(simulation, moment.state, memory)
        return {"": modes.energies(left, memory)}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A forward pass."""
        del simulation, parameters
        return 0.4

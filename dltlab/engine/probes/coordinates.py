"""How large each coordinate is, however small."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from dltlab.engine.probes.base import AbstractMomentary, Every, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation


class Coordinates(AbstractMomentary):
    """log₁₀|xⱼ| of the parameters: honest below 10⁻³⁰⁸ where the problem keeps logarithms."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number a coordinate."""
        del simulation
        return {"": Shown("log₁₀|xⱼ|", axes=("x",), gaps=True)}

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """The logarithms, as they are kept or taken."""
        del memory
        params = moment.state.params
        if simulation.chart.flat:
            return {"": jnp.log10(jnp.abs(ravel_pytree(params)[0]))}, None
        return {"": params["log"] / float(np.log(10))}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0

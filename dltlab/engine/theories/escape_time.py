"""How long a saddle should hold: the closed form of the linearised dynamics.

From a distance |y₀| along the way out, y ← (1 + ηγ)y takes ln(far/|y₀|)/ln(1 + ηγ) steps (Lee et al.
2016, arXiv:1602.04915). A start is known up to rounding only: on the stable manifold |y₀| is not 0 but
about ε_mach‖x₀‖, so that floating point is a perturbation. Noise −ηξ of length ησ, uniform on the
sphere of Rᵈ, adds η²σ²/d to the variance of y at each step; grown by (1 + ηγ)² a step this looks, from
late on, as if y had started at a normal number of variance η²σ²/(d((1 + ηγ)² − 1)) (Ge et al. 2015,
arXiv:1503.02101). Its median is 0.674 standard deviations.
"""

from collections.abc import Mapping
from typing import Final

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from dltlab.engine.optimizers.descent import GradientDescent
from dltlab.engine.optimizers.perturbed import NoisyGradientDescent
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.probes.escape import away, saddled
from dltlab.engine.simulation import Moment, Simulation

_MEDIAN: Final = 0.6744897501960817
"""Of |N(0, 1)|."""


class EscapeTime(AbstractProbe):
    """The step at which the saddle should be left, from where the run starts; of noise the median."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number; refuses optimizers of which it is not the escape."""
        problem = saddled(simulation, "an escape")
        if not isinstance(simulation.optimizer, GradientDescent | NoisyGradientDescent):
            message = "the escape time is that of gradient_descent and noisy_gradient_descent; use one, or remove it."
            raise ValueError(message)  # noqa: TRY004
        if isinstance(simulation.optimizer, NoisyGradientDescent) and not problem.strict:
            raise ValueError("how long noise takes to leave a saddle is known for strict ones; use gradient_descent.")
        return {"": Shown("predicted escape step", scale="log")}

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, ""]:
        """The prediction."""
        problem = saddled(simulation, "an escape")
        given = moment.state.opt.hyperparams
        rate = given["learning_rate"].astype(moment.loss.dtype)
        flat, _ = ravel_pytree(simulation.chart.point(moment.state.params))
        start = jnp.maximum(away(problem, simulation, moment), jnp.finfo(flat.dtype).eps * jnp.linalg.norm(flat))
        if isinstance(simulation.optimizer, NoisyGradientDescent):
            growth = (1 + rate * problem.curvature()) ** 2 - 1
            spread = rate * given["noise"].astype(rate.dtype) / jnp.sqrt(flat.size * growth)
            start = jnp.maximum(start, _MEDIAN * spread)
        # A start that is far already has left.
        return jnp.maximum(problem.leaving(start, rate), 0.0)

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, ""]
    ) -> tuple[Readings, Float[Array, ""]]:
        """The same at every step."""
        del simulation, moment
        return {"": memory}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0

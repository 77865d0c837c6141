"""The neural tangent kernel while it trains: its spectrum, how far it drifts, how far it is from its limit.

K_ij = ⟨∇f(x_i), ∇f(x_j)⟩ (Jacot, Gabriel & Hongler 2018, arXiv:1806.07572). Where K stays at
K₀ training is lazy; where it moves, features are learned (Chizat, Oyallon & Bach 2019,
arXiv:1812.07956).
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from dltlab.engine.numerics import kernel
from dltlab.engine.numerics.relative import relative
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems import AbstractProblem, Regression
from dltlab.engine.simulation import Moment, Simulation


class Start(NamedTuple):
    """The kernel at the start and its spectrum; the limit's spectrum, if it is known."""

    kernel: Float[Array, "k k"]
    spectrum: Float[Array, " k"]
    limit: Float[Array, " k"]


class TangentKernel(AbstractProbe):
    """Spectra of K(t), K(0) and the limit kernel, largest eigenvalue first; drift and distance."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Three spectra and two numbers; without a closed form of the limit, those that need none."""
        _regression(simulation)
        eigenvalue = ("eigenvalue",)
        known = {
            "": Shown("K(t)", axes=eigenvalue, scale="log"),
            "initial": Shown("K(0)", axes=eigenvalue, scale="log"),
            "drift": Shown("‖K(t)−K(0)‖/‖K(0)‖", gaps=True),
        }
        if _limit(simulation) is not None:
            known["limit"] = Shown("H∞", axes=eigenvalue, scale="log")
            known["limit_distance"] = Shown("‖K(t)−H∞‖")
        return known

    def remember(self, simulation: Simulation, moment: Moment) -> Start:
        """The kernel at the start."""
        start, limit = _regression(simulation).tangent(moment.state.params), _limit(simulation)
        nothing = jnp.zeros((0,), start.dtype)
        return Start(start, _spectrum(start), nothing if limit is None else _spectrum(limit))

    def measure(self, simulation: Simulation, moment: Moment, memory: Start) -> tuple[Readings, Start]:
        """The kernel of now against that of the start and the limit."""
        now, limit = _regression(simulation).tangent(moment.state.params), _limit(simulation)
        drift = relative(jnp.linalg.norm(now - memory.kernel), jnp.linalg.norm(memory.kernel))
        readings = {"": _spectrum(now), "initial": memory.spectrum, "drift": drift}
        if limit is not None:
            readings |= {"limit": memory.limit, "limit_distance": jnp.linalg.norm(now - limit)}
        return readings, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A backward pass an output, or a third of one where the kernel has a closed form."""
        del parameters
        outputs = _regression(simulation).size()
        return 1.0 + outputs / 3

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The kernel and what it is made of."""
        return item * problem.tangent_holds() if isinstance(problem, Regression) else 0


def _regression(simulation: Simulation) -> Regression:
    if isinstance(simulation.problem, Regression):
        kernel.fit(simulation.problem.size())
        return simulation.problem
    raise ValueError("a tangent kernel needs a network fitted to examples; this problem has none.")


def _limit(simulation: Simulation) -> Float[Array, "k k"] | None:
    try:
        return _regression(simulation).limit()
    except ValueError:
        return None


def _spectrum(matrix: Float[Array, "k k"]) -> Float[Array, " k"]:
    return jnp.linalg.eigvalsh(matrix)[::-1]

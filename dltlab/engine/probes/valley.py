"""Where the iterate of :class:`~dltlab.engine.problems.self_stabilization.SelfStabilization` is in its cycle.

For small ηy the map follows d ln|x|/dτ = y, dy/dτ = g − ½x², with τ = ηt and y the sharpness less
2/η. This is the predator-prey system of Lotka and Volterra in ln x² and y, with the first integral

    E = y² + ½x² − g ln x².
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems.self_stabilization import SelfStabilization
from dltlab.engine.simulation import Moment, Simulation


class Cycle(NamedTuple):
    """A place in the cycle."""

    square: Float[Array, ""]
    """x²."""
    excess: Float[Array, ""]
    """S − 2/η."""
    slope: Float[Array, ""]
    """g."""

    @property
    def energy(self) -> Float[Array, ""]:
        """The first integral E."""
        return self.excess**2 + 0.5 * self.square - self.slope * jnp.log(self.square)


def cycle(simulation: Simulation, moment: Moment) -> Cycle:
    """The place of a moment. Raises ValueError where the problem is no such valley."""
    problem, params = simulation.problem, moment.state.params
    assert isinstance(problem, SelfStabilization)
    edge = simulation.optimizer.threshold(moment.state.opt.hyperparams)
    across = problem.across(params)
    return Cycle(params["x"] ** 2, across - edge.astype(across.dtype), problem.slope)


def need_valley(simulation: Simulation, noun: str) -> None:
    """Refuse other problems. Raises ValueError."""
    if isinstance(simulation.problem, SelfStabilization):
        return
    raise ValueError(f"{noun} belongs to the problem self_stabilization; choose that, or remove it.")


class Valley(AbstractProbe):
    """The sharpness S across the valley, its excess over 2/η, the square of x, the first integral, and (x, S − 2/η)."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Four numbers and a point."""
        need_valley(simulation, "a valley")
        return {
            "": Shown("S = ∂²L/∂x²"),
            "excess": Shown("S − 2/η"),
            "square": Shown("x²", scale="log"),
            "energy": Shown("E = y² + x²/2 − g ln x²"),
            "place": Shown("(x, S − 2/η)", axes=("coordinate",)),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """Read it off the parameters."""
        del memory
        assert isinstance(simulation.problem, SelfStabilization)
        now, params = cycle(simulation, moment), moment.state.params
        readings = {
            "": simulation.problem.across(params),
            "excess": now.excess,
            "square": now.square,
            "energy": now.energy,
            "place": jnp.stack([params["x"], now.excess]),
        }
        return readings, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Next to nothing, and less than nothing would cost."""
        del simulation, parameters
        return 0.5

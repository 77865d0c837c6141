"""The neurons of a two-layer network: how far each moves, and how many switch sides.

Du et al. 2019 (arXiv:1810.02054): in a wide network no neuron moves far, so few change the
set of examples on which they are active, so the kernel stays.
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from dltlab.engine.models.two_layer import TwoLayer
from dltlab.engine.numerics.relative import relative
from dltlab.engine.probes.base import AbstractMomentary, AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.simulation import Moment, Simulation


class NeuronMovement(AbstractMomentary):
    """‖W − W(0)‖ of the first layer, the same relative to ‖W(0)‖; and of its neurons the farthest and the mean."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Four numbers."""
        network(simulation)
        return {
            "": Shown("weight movement ‖W−W₀‖"),
            "relative": Shown("‖W−W₀‖/‖W₀‖", gaps=True),
            "farthest": Shown("maxᵣ ‖wᵣ−wᵣ(0)‖"),
            "mean": Shown("mean ‖wᵣ−wᵣ(0)‖"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, "e m"]:
        """The inner weights at the start."""
        del simulation
        return moment.state.params["inner"]

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, "e m"]
    ) -> tuple[Readings, Float[Array, "e m"]]:
        """The lengths of the columns of W − W(0)."""
        del simulation
        lengths = jnp.sqrt(jnp.sum((moment.state.params["inner"] - memory) ** 2, axis=0))
        whole = jnp.linalg.norm(lengths)
        share = relative(whole, jnp.linalg.norm(memory))
        return {"": whole, "relative": share, "farthest": jnp.max(lengths), "mean": jnp.mean(lengths)}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A pass over the weights."""
        del simulation, parameters
        return 0.05


class ActivationFlips(AbstractProbe):
    """The share of pairs of a neuron and an example whose sign of w_r·x_i is not what it was at the start."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number in [0, 1]."""
        network(simulation)
        return {"": Shown("activation patterns flipped")}

    def remember(self, simulation: Simulation, moment: Moment) -> Bool[Array, "n m"]:
        """The pattern at the start."""
        return _pattern(simulation, moment)

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Bool[Array, "n m"]
    ) -> tuple[Readings, Bool[Array, "n m"]]:
        """The pattern of now against it."""
        now = _pattern(simulation, moment)
        return {"": jnp.mean((now != memory).astype(moment.loss.dtype))}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A forward pass."""
        del simulation, parameters
        return 0.35


def network(simulation: Simulation) -> TwoLayer:
    """The two-layer network of the problem. Raises ValueError where there is none."""
    problem = simulation.problem
    if isinstance(problem, Supervised) and isinstance(problem.model, TwoLayer):
        return problem.model
    raise ValueError("only a two_layer network has such neurons; use one.")


def _pattern(simulation: Simulation, moment: Moment) -> Bool[Array, "n m"]:
    problem, model = simulation.problem, network(simulation)
    assert isinstance(problem, Supervised)
    return model.preactivations(moment.state.params, problem.inputs) > 0

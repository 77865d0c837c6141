"""The neurons of a two-layer network, and whether they have turned to those of the teacher.

A neuron (a, w) acts through the product a·w alone, since relu is homogeneous: in two
dimensions it is a point of the plane. In the lazy regime the points hardly move; where
features are learned they gather along the teacher's directions (Chizat, Oyallon & Bach 2019,
arXiv:1812.07956, figure 1).
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from dltlab.engine.data.base import Neurons
from dltlab.engine.models.two_layer import TwoLayer
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.problems.unseen import fitted
from dltlab.engine.simulation import Moment, Simulation


class NeuronPlane(AbstractProbe):
    """The points a_j w_j and the signs of the a_j; the teacher's points b_k v_k, and how far the neurons have turned.

    Scaled, the points are in units of the longest neuron of the start, so that every scale of weights fits one plane.

    The turn is Σ_j μ_j max_k cos(w_j, v_k) / Σ_j μ_j over the teacher's neurons k of j's own sign, with the
    masses μ_j = |a_j|‖w_j‖: 1 where all the mass points to the teacher, about 0.3 at random in the plane.
    """

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Points in two dimensions only; the teacher and the turn where the data have a teacher."""
        problem = _problem(simulation)
        known = {"sign": Shown("aⱼ", axes=("neuron",))}
        if _flat(problem):
            known[""] = Shown("neurons aⱼwⱼ", axes=("neuron", "coordinate"))
            known["scaled"] = Shown("aⱼwⱼ / maxₖ ‖aₖwₖ‖ at the start", axes=("neuron", "coordinate"))
        if problem.teacher is not None:
            known["turn"] = Shown("turn of the neurons to the teacher")
            if _flat(problem):
                known["teacher"] = Shown("teacher", axes=("teacher", "coordinate"))
        return known

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, ""]:
        """The length of the longest neuron, max_k |a_k|‖w_k‖."""
        del simulation
        inner, outer = moment.state.params["inner"].T, moment.state.params["outer"][:, 0]
        return jnp.max(jnp.abs(outer) * jnp.linalg.norm(inner, axis=1))

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, ""]
    ) -> tuple[Readings, Float[Array, ""]]:
        """Look at the weights."""
        problem = _problem(simulation)
        inner, outer = moment.state.params["inner"].T, moment.state.params["outer"][:, 0]
        readings: Readings = {"sign": jnp.sign(outer)}
        if _flat(problem):
            readings[""] = outer[:, None] * inner
            readings["scaled"] = readings[""] / jnp.where(memory > 0, memory, jnp.ones_like(memory))
        if problem.teacher is not None:
            readings["turn"] = turn(inner, outer, problem.teacher)
            if _flat(problem):
                readings["teacher"] = jnp.asarray(problem.teacher.outputs[:, None] * problem.teacher.directions)
        return readings, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A look at each weight, and a product with each neuron of the teacher."""
        del simulation, parameters
        return 0.5


def turn(inner: Float[Array, "m d"], outer: Float[Array, " m"], teacher: Neurons) -> Float[Array, ""]:
    """The mass-weighted cosine of each neuron with the nearest of the teacher's that has its sign, −1 if none has."""
    lengths = jnp.linalg.norm(inner, axis=1)
    cosines = (inner @ teacher.directions.T) / jnp.where(lengths > 0, lengths, jnp.ones_like(lengths))[:, None]
    alike = jnp.sign(outer)[:, None] == jnp.sign(jnp.asarray(teacher.outputs))[None, :]
    nearest = jnp.max(jnp.where(alike, cosines, -jnp.ones_like(cosines)), axis=1)
    masses = jnp.abs(outer) * lengths
    return jnp.sum(masses * nearest) / jnp.sum(masses)


def _problem(simulation: Simulation) -> Supervised:
    problem = fitted(simulation.problem)
    if not isinstance(problem.model, TwoLayer) or problem.targets.shape[1] != 1:
        raise ValueError("neurons are those of a two_layer model with one output; use one.")
    if problem.model.bias and problem.teacher is not None:
        raise ValueError("the teacher's neurons have no bias, so the network's cannot turn to them; use bias = false.")
    return problem


def _flat(problem: Supervised) -> bool:
    assert isinstance(problem.model, TwoLayer)
    return problem.inputs.shape[1] + problem.model.bias == 2

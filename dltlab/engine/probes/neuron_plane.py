"""The neurons of a two-layer network, and whether they have turned to those of the teacher.

A neuron (a, w) acts through the product a·w alone, since relu is homogeneous: in two
dimensions it is a point of the plane. In the lazy regime the points hardly move; where
features are learned they gather along the teacher's directions (Chizat, Oyallon & Bach 2019,
arXiv:1812.07956, figure 1).
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from dltlab.engine.data.base import Neurons
from dltlab.engine.models.two_layer import TwoLayer
from dltlab.engine.numerics.relative import relative
from dltlab.engine.probes.base import AbstractMomentary, Every, Readings, Shown
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.problems.unseen import fitted
from dltlab.engine.simulation import Moment, Simulation


class Beginning(NamedTuple):
    """What is kept of the first weights."""

    longest: Float[Array, ""]
    """max_k |a_k|‖w_k‖."""
    directions: Float[Array, "m d"]
    """w_j/‖w_j‖."""


class NeuronPlane(AbstractMomentary):
    """The points a_j w_j and the signs of the a_j; the teacher's points b_k v_k, and how far the neurons have turned.

    Scaled, the points are in units of the longest neuron of the start, so that every scale of weights fits one plane.

    The turn is Σ_j μ_j max_k cos(w_j, v_k) / Σ_j μ_j over the teacher's neurons k of j's own sign, with the
    masses μ_j = |a_j|‖w_j‖: 1 where all the mass points to the teacher, about 0.3 at random in the plane.
    The swing is the mean angle of the w_j to where they pointed at the start, with the same masses.
    """

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Points in two dimensions only; the teacher and the turn where the data have a teacher."""
        problem = _problem(simulation)
        known = {
            "sign": Shown("aⱼ", axes=("neuron",)),
            "swing": Shown("angle of the neurons to their start, in °", gaps=True),
        }
        if _flat(problem):
            known[""] = Shown("neurons aⱼwⱼ", axes=("neuron", "coordinate"))
            known["scaled"] = Shown("aⱼwⱼ / maxₖ ‖aₖwₖ‖ at the start", axes=("neuron", "coordinate"))
        if problem.teacher is not None:
            known["turn"] = Shown("turn of the neurons to the teacher", gaps=True)
            if _flat(problem):
                known["teacher"] = Shown("teacher", axes=("teacher", "coordinate"))
        return known

    def remember(self, simulation: Simulation, moment: Moment) -> Beginning:
        """Where the neurons point, and how long the longest is."""
        del simulation
        inner, outer = moment.state.params["inner"].T, moment.state.params["outer"][:, 0]
        return Beginning(jnp.max(jnp.abs(outer) * jnp.linalg.norm(inner, axis=1)), directions(inner))

    def measure(self, simulation: Simulation, moment: Moment, memory: Beginning) -> tuple[Readings, Beginning]:
        """Look at the weights."""
        problem = _problem(simulation)
        inner, outer = moment.state.params["inner"].T, moment.state.params["outer"][:, 0]
        readings: Readings = {"sign": jnp.sign(outer), "swing": swing(inner, outer, memory.directions)}
        if _flat(problem):
            readings[""] = outer[:, None] * inner
            longest = memory.longest
            readings["scaled"] = readings[""] / jnp.where(longest > 0, longest, jnp.ones_like(longest))
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
    cosines = directions(inner) @ teacher.directions.T
    alike = jnp.sign(outer)[:, None] == jnp.sign(jnp.asarray(teacher.outputs))[None, :]
    nearest = jnp.max(jnp.where(alike, cosines, -jnp.ones_like(cosines)), axis=1)
    return _weighted(nearest, inner, outer)


def swing(inner: Float[Array, "m d"], outer: Float[Array, " m"], first: Float[Array, "m d"]) -> Float[Array, ""]:
    """The mass-weighted angle, in degrees, of each neuron to its first direction."""
    # Of small angles the cosine keeps half the digits only, the chord all.
    chords = jnp.linalg.norm(directions(inner) - first, axis=1)
    return _weighted(jnp.rad2deg(2 * jnp.arcsin(jnp.minimum(chords / 2, 1.0))), inner, outer)


def directions(inner: Float[Array, "m d"]) -> Float[Array, "m d"]:
    """The w_j at length 1, 0 where they are 0."""
    lengths = jnp.linalg.norm(inner, axis=1, keepdims=True)
    return inner / jnp.where(lengths > 0, lengths, jnp.ones_like(lengths))


def _weighted(values: Float[Array, " m"], inner: Float[Array, "m d"], outer: Float[Array, " m"]) -> Float[Array, ""]:
    masses = jnp.abs(outer) * jnp.linalg.norm(inner, axis=1)
    return relative(jnp.sum(masses * values), jnp.sum(masses))


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

"""Scaling the weights by τ is scaling the output by α = τ²: the exact identity behind lazy training.

Let h(w) be homogeneous of degree two in the weights, as a two-layer ReLU network without a bias
is, and α = τ². Gradient descent on R(h(u)) from u₀ = τw₀ with step η and gradient descent on
R(αh(w))/α² from w₀ with step αη then keep u_t = τw_t: at every step, for steps of any size, since
Dh(τw) = τDh(w). A large initialisation is a large α, and training with a large α is lazy
(Chizat, Oyallon & Bach 2019, arXiv:1812.07956, section 1).
"""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree
from msgspec import Meta

from dltlab.engine.models.two_layer import TwoLayer
from dltlab.engine.optimizers.descent import GradientDescent
from dltlab.engine.probes.base import AbstractProbe, Every, Following, Readings, Shown
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.problems.unseen import fitted
from dltlab.engine.simulation import Moment, Simulation


class Twin(NamedTuple):
    """Where the twin is."""

    weights: PyTree
    step: Int[Array, ""]
    apart: Float[Array, ""]
    """The largest max|u/τ − w| that was read."""


class RescaledTwin(AbstractProbe, Following):
    """The largest max|u/τ − w| so far, over the first ``until`` steps; the twin then stops."""

    every: Every = 0
    until: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 300
    """The step up to which the twin is trained too."""

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number."""
        _problem(simulation)
        return {"apart": Shown(f"max|u/τ−w| over {self.until} steps", scale="log")}

    def remember(self, simulation: Simulation, moment: Moment) -> Twin:
        """The common start: w₀ = u₀/τ."""
        tau = _model(_problem(simulation)).scale
        weights = jax.tree.map(lambda leaf: leaf / tau, moment.state.params)
        return Twin(weights, moment.state.step, jnp.zeros_like(tau))

    def measure(self, simulation: Simulation, moment: Moment, memory: Twin) -> tuple[Readings, Twin]:
        """Let the twin take the steps since the last reading, and compare."""
        problem = _problem(simulation)
        tau = _model(problem).scale
        alpha = tau**2
        scaled = eqx.tree_at(lambda one: _model(one).alpha, problem, _model(problem).alpha * alpha)
        # A step αη on R(αh)/α².
        rate = moment.state.opt.hyperparams["learning_rate"].astype(tau.dtype) / alpha

        def once(_: Array, weights: PyTree) -> PyTree:
            return jax.tree.map(lambda at, slope: at - rate * slope, weights, jax.grad(scaled.loss)(weights))

        late = moment.state.step > self.until
        ahead = jnp.where(late, 0, moment.state.step - memory.step)
        weights = lax.fori_loop(0, ahead, once, memory.weights)
        apart = jax.tree.map(lambda u, w: jnp.max(jnp.abs(u / tau - w)), moment.state.params, weights)
        largest = jnp.maximum(memory.apart, jnp.max(jnp.stack(jax.tree.leaves(apart))))
        largest = jnp.where(late, memory.apart, largest)
        return {"apart": largest}, Twin(weights, moment.state.step, largest)

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A gradient a step while it follows: nothing in the long run."""
        del simulation, parameters
        return 1.0


def _problem(simulation: Simulation) -> Supervised:
    problem = fitted(simulation.problem)
    model = problem.model
    if not isinstance(model, TwoLayer) or model.activation not in ("relu", "linear") or model.bias:
        raise ValueError('the twin is that of a two_layer model with activation = "relu" and no bias; use one.')
    if (
        not isinstance(simulation.optimizer, GradientDescent)
        or problem.batch
        or problem.kind_of_loss == "cross_entropy"
    ):
        raise ValueError("the identity is that of full-batch gradient descent on a square loss; use that.")
    return problem


def _model(problem: Supervised) -> TwoLayer:
    assert isinstance(problem.model, TwoLayer)
    return problem.model

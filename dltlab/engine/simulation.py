"""The dynamics: what a step carries, and how it goes down."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree, UInt32

from dltlab.engine.optimizers import AbstractOptimizer
from dltlab.engine.problems import AbstractProblem, Params


class State(NamedTuple):
    """All that a step must carry."""

    step: Int[Array, ""]
    clock: Float[Array, ""]
    """Physical time: the sum of the learning rates of all steps; float64."""
    key: UInt32[Array, "2"]
    """Never split: the randomness of step t is ``fold_in(key, t)``, wherever a chunk ended."""
    params: Params
    opt: Any
    """Optax's state, with the hyperparameters in it."""


class Moment(NamedTuple):
    """What a probe may look at: a state, and what the step took from it anyway."""

    state: State
    loss: Float[Array, ""]
    """The objective at the state's parameters, as its step sees it."""
    gradient: Params
    """Its gradient."""


class Simulation(eqx.Module):
    """A problem and a way down, as a pair of pure functions: begin and step."""

    problem: AbstractProblem
    optimizer: AbstractOptimizer

    def begin(self, seed: int) -> State:
        """The state before the first step. Parameters are drawn in NumPy, then cast."""
        dtype = floating(self.problem)
        drawn = self.problem.init(np.random.default_rng([seed, 0]))
        params = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), drawn)
        opt = self.optimizer.transformation().init(params)
        opt = jax.tree.map(jnp.asarray, opt)
        key = jr.key_data(jr.key(seed))
        return State(jnp.asarray(0, jnp.int32), jnp.asarray(0.0, jnp.float64), key, params, opt)

    def look(self, state: State) -> Moment:
        """The objective and its gradient at a state."""
        key = jr.key_data(jr.fold_in(jr.wrap_key_data(state.key), state.step))
        return Moment(state, *jax.value_and_grad(self.problem.objective)(state.params, key))

    def move(self, moment: Moment) -> State:
        """The state one step on."""
        state = moment.state
        # Optax promotes counts to floats by itself; elsewhere the tests forbid that.
        with jax.numpy_dtype_promotion("standard"):
            stepped: tuple[Any, Any] = self.optimizer.transformation().update(moment.gradient, state.opt, state.params)
            updates, opt = stepped
            params = optax.apply_updates(state.params, updates)
        # Optax counts steps for schedules of hyperparameters, which there are none of.
        opt = opt._replace(count=state.opt.count)
        clock = state.clock + state.opt.hyperparams["learning_rate"].astype(state.clock.dtype)
        return State(state.step + 1, clock, state.key, params, opt)

    def step(self, state: State) -> State:
        """One step."""
        return self.move(self.look(state))


def floating(problem: AbstractProblem) -> jnp.dtype:
    """The floating-point type that a problem computes in."""
    leaves = [leaf.dtype for leaf in jax.tree.leaves(problem) if eqx.is_inexact_array(leaf)]
    return leaves[0] if leaves else jnp.dtype(jnp.float32)


def in_precision(tree: PyTree, dtype: jnp.dtype) -> PyTree:
    """The same tree as JAX arrays with every floating-point leaf cast."""

    def cast(leaf: Any) -> Any:
        if not eqx.is_array_like(leaf) or isinstance(leaf, bool | int | float | complex):
            return leaf
        return jnp.asarray(leaf, dtype if jnp.issubdtype(jnp.asarray(leaf).dtype, jnp.floating) else None)

    return jax.tree.map(cast, tree)

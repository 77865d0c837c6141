"""Hyperparameters inside a state: read and turned without compiling anything."""

import jax.numpy as jnp

from dltlab.engine.simulation import State


def read(state: State, knob: str) -> float:
    """A hyperparameter's value; an ensemble's members share it."""
    return float(jnp.ravel(state.opt.hyperparams[knob])[0])


def turned(state: State, knob: str, value: float) -> State:
    """The same state with one hyperparameter set; dtype and shape stay, or everything would compile again."""
    old = state.opt.hyperparams
    new = {**old, knob: jnp.full_like(old[knob], value)}
    return state._replace(opt=state.opt._replace(hyperparams=new))

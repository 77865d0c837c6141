"""Hyperparameters inside a state: read and turned without compiling anything."""

from typing import NamedTuple

import jax.numpy as jnp

from dltlab.engine.simulation import State


class Shares(NamedTuple):
    """How the arms stand to each other in a hyperparameter, whatever it is turned to.

    An arm keeps its ratio to the first one that has it: of β, what stays of a mean from step to step, that of 1 − β,
    lest a turn leave the values below 1 in which it means anything.
    """

    own: tuple[float | None, ...]
    """Per arm its ratio; None for an arm that lacks it."""
    decays: bool = False
    """Whether the ratio is one of 1 − β."""

    @classmethod
    def among(cls, values: list[float | None], *, decays: bool) -> "Shares":
        """Those of arms with these values."""
        amounts = [None if value is None else 1 - value if decays else value for value in values]
        first = next(amount for amount in amounts if amount is not None)
        return cls(tuple(None if one is None else one / first if first else 1.0 for one in amounts), decays)

    @property
    def first(self) -> int:
        """The first arm that has it, whose value is the knob's."""
        return next(arm for arm, ratio in enumerate(self.own) if ratio is not None)

    def of(self, arm: int, value: float) -> float | None:
        """An arm's value where the knob stands at this one; None where the arm lacks it."""
        ratio = self.own[arm]
        if ratio is None:
            return None
        if ratio == 1:
            return value
        return max(1 - (1 - value) * ratio, 0.0) if self.decays else value * ratio


def read(state: State, knob: str) -> float:
    """A hyperparameter's value; an ensemble's members share it."""
    return float(jnp.ravel(state.opt.hyperparams[knob])[0])


def turned(state: State, knob: str, value: float) -> State:
    """The same state with one hyperparameter set; dtype and shape stay, or everything would compile again."""
    old = state.opt.hyperparams
    new = {**old, knob: jnp.full_like(old[knob], value)}
    return state._replace(opt=state.opt._replace(hyperparams=new))

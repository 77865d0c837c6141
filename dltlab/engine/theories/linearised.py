"""The linearised twin: the network's tangent model at its start, trained beside it in the same way.

h̄(θ) = h(θ₀) + Dh(θ₀)(θ − θ₀) is linear in its parameters, so that its training is that of a
kernel method. Lazy training is training that this twin cannot be told from: with h scaled by
α, sup‖θ_t − θ̄_t‖ = O(1/α²) (Chizat, Oyallon & Bach 2019, arXiv:1812.07956, section 2; Jacot
et al. 2018, arXiv:1806.07572; Lee et al. 2019, arXiv:1902.06720).
"""

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from dltlab.catalog import Kind
from dltlab.engine import modes
from dltlab.engine.data import DATA
from dltlab.engine.data.base import AbstractData
from dltlab.engine.modes import Modes
from dltlab.engine.probes.base import AbstractProbe, Every, Following, Readings, Shown
from dltlab.engine.problems import AbstractProblem, Regression
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.problems.unseen import Unseen, fitted
from dltlab.engine.simulation import Moment, Simulation, in_precision

_SHORT: Final = 1e-9
"""Below it (1 − e^(−x))/x is 1 to nine digits."""


class Twin(NamedTuple):
    """The common start, and how far each mode of its kernel has come; the kernel itself follows from the start."""

    start: PyTree
    factor: Float[Array, " k"]
    logarithm: Float[Array, " k"]
    step: Int[Array, ""]
    clock: Float[Array, ""]


class Linearised(AbstractProbe, Following):
    """The loss of the linearised twin, on unseen examples too, and how far apart the two models are.

    Its steps need not be taken one by one: with r₀ = h(θ₀) − y, the kernel K = J Jᵀ of the start and
    L = c·½‖h̄ − y‖², it stands after t steps at θ̄ = θ₀ − c Jᵀ q(K) r₀ with q(λ) = (1 − (1−ηcλ)^t)/(cλ).
    """

    unseen: Unseen | None
    every: int

    def __init__(self, data: Annotated[AbstractData, Kind("data set", DATA)] | None = None, every: Every = 0) -> None:
        """What a scenario says of the theory.

        Args:
            data: Examples that are not trained on, whose loss it tells too.
            every: Steps between readings; 0 reads at every frame.
        """
        self.unseen = None if data is None else Unseen(data)
        self.every = every

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The loss, and the distances in outputs and in weights; the same over unseen examples, where there are any."""
        _fitted(simulation)
        known = {
            "loss": Shown("loss, linearised", scale="log"),
            "gap": Shown("max |f−f_lin|", scale="log"),
            "distance": Shown("‖θ−θ_lin‖", scale="log"),
        }
        if self.unseen is not None:
            self.unseen.check(simulation.problem)
            known["test"] = Shown("test loss, linearised", scale="log")
            known["away"] = Shown("max |f−f_lin| on unseen examples", scale="log")
        return known

    def remember(self, simulation: Simulation, moment: Moment) -> Twin:
        """The common start."""
        state = moment.state
        ones = jnp.ones((_fitted(simulation).size(),), jnp.float64)
        return Twin(state.params, ones, jnp.zeros_like(ones), state.step, state.clock)

    def measure(self, simulation: Simulation, moment: Moment, memory: Twin) -> tuple[Readings, Twin]:
        """Place the twin at the moment's step, and compare."""
        start, *progress = memory
        # To hold the kernel's eigenvectors would cost more: the loop of steps copies a memory at each of them.
        begun = modes.begun(simulation, moment.state._replace(params=start), "initial")
        now = modes.onward(begun._replace(**dict(zip(Twin._fields[1:], progress, strict=True))), moment.state)
        wide = (_fitted(simulation), moment.state.params, start)
        problem, params, start = in_precision(wide, jnp.dtype(jnp.float64))
        _, pulled = jax.vjp(problem.outputs, start)
        (way,) = pulled(now.vectors @ (_filter(now) * now.start))
        moved = jax.tree.map(lambda leaf: -problem.weight() * leaf, way)
        others = jax.tree.map(jnp.add, start, moved)
        gap, loss = _apart(problem, params, start, moved)
        readings = {
            "loss": loss,
            "gap": gap,
            "distance": jnp.asarray(optax.tree.norm(jax.tree.map(jnp.subtract, params, others))),
        }
        if self.unseen is not None:
            readings["away"], readings["test"] = _apart(self.unseen.instead(problem), params, start, moved)
        return readings, Twin(memory.start, now.factor, now.logarithm, now.step, now.clock)

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A kernel and its modes, and forward passes over the unseen examples."""
        del parameters
        _, activations = simulation.problem.footprint()
        others = 0 if self.unseen is None else self.unseen.activations(simulation.problem)
        return 3.0 + _fitted(simulation).size() / 3 + others / activations

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The kernel of the start in float64 and what it is made of, or the activations of the unseen examples."""
        del item
        others = 0 if self.unseen is None else self.unseen.activations(problem)
        return 8 * max(problem.tangent_holds() if isinstance(problem, Regression) else 0, 2 * others)


def _apart(problem: Supervised, params: PyTree, start: PyTree, moved: PyTree) -> tuple[Array, Array]:
    """The largest |f − f_lin| over a problem's examples, and the loss of f_lin on them."""
    outputs, change = jax.jvp(problem.outputs, (start,), (moved,))
    linear = outputs + change
    loss = problem.weight() * 0.5 * jnp.sum((linear - problem.targets.ravel()) ** 2)
    return jnp.max(jnp.abs(problem.outputs(params) - linear)), loss


def _filter(now: Modes) -> Float[Array, " k"]:
    """(1 − (1−ηcλ)^t)/(cλ) of each mode, the time itself where λ is too small to tell from 0."""
    values = jnp.maximum(now.values, 0.0)
    short = values * now.clock < _SHORT
    passed = jnp.where(now.factor > 0, -jnp.expm1(now.logarithm), 1 - now.factor)
    return jnp.where(short, now.clock, passed / jnp.where(short, jnp.ones_like(values), values))


def _fitted(simulation: Simulation) -> Supervised:
    modes.regression(simulation, "initial")
    return fitted(simulation.problem)

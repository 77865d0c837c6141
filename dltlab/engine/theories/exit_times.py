"""When gradient descent leaves each saddle of the octopus, from its start alone.

While the iterate is held by saddle k its way out grows by 1 + 2ηγ a step, and every later coordinate
shrinks by |1 − 2ηL|: the longer it was held, the longer the next saddle will hold it. With T_b the steps of
the one-dimensional map that crosses the bridge from τ to 2τ, and ℓ_b the sum of ln|1 − 2ηg₂| along it,

T_{k+1} − T_k = [ln(τ/|x_{k+1}(0)|) + (T_k − T_b)·|ln|1 − 2ηL|| − ℓ_b]/ln(1 + 2ηγ) + T_b ,

so that the increments grow by 1 + ρ, ρ = |ln|1 − 2ηL||/ln(1 + 2ηγ): the exit of Du et al. 2017
(arXiv:1705.10412) that takes e^Ω(d) steps. Here every phase ends at a whole step.

Perturbed gradient descent meets every saddle afresh. It falls from the bridge to where the gradient is
short enough for a kick, which leaves each coordinate at about r/√(d + 2), and climbs out of the kick:

T_{k+1} − T_k ≈ ln(4Lτ/g_thres)/|ln|1 − 2ηL|| + ln(τ√(d + 2)/r)/ln(1 + 2ηγ) + T_b ,

the same for every saddle, so that the last exit is O(d ln(d/r)). Where longer than that has to pass between two
kicks, some saddles are left without one, and nothing is predicted.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from dltlab.engine.optimizers import Hyperparameters
from dltlab.engine.optimizers.descent import GradientDescent
from dltlab.engine.optimizers.perturbed import PerturbedGradientDescent
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.probes.exits import octopus
from dltlab.engine.problems.octopus import Octopus
from dltlab.engine.simulation import Moment, Simulation

Scalar = Float[Array, ""]


class Exits(NamedTuple):
    """What theory says of a run."""

    steps: Float[Array, " d"]
    base: Scalar
    """1 + ρ."""
    phase: Scalar
    """What each saddle costs perturbed gradient descent; NaN for others, and where that is not known."""


class _Bridge(NamedTuple):
    """On the way from τ to 2τ."""

    x: Scalar
    steps: Scalar
    following: Scalar
    """ln of what the next coordinate has been multiplied by."""


class ExitTimes(AbstractProbe):
    """The exits T_k that theory predicts from the start, the base 1 + ρ of their growth, and the last one's log₁₀."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """A vector and three numbers; refuses optimizers of which they are not the exits."""
        octopus(simulation, "exit times")
        if not isinstance(simulation.optimizer, GradientDescent | PerturbedGradientDescent):
            message = "exit times are of gradient_descent and perturbed_gradient_descent; use one, or remove them."
            raise ValueError(message)  # noqa: TRY004
        return {
            "": Shown("predicted T_k", axes=("saddle",), scale="log", gaps=True),
            "base": Shown("1 + ρ"),
            "phase": Shown("predicted steps a saddle", gaps=True),
            "decades": Shown("log₁₀ of the predicted last exit", gaps=True),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Exits:
        """The prediction."""
        problem = octopus(simulation, "exit times")
        log = moment.state.params["log"]
        given = {name: value.astype(log.dtype) for name, value in moment.state.opt.hyperparams.items()}
        exits, base = recursion(problem, log, given["learning_rate"])
        if not isinstance(simulation.optimizer, PerturbedGradientDescent):
            return Exits(exits, base, jnp.full_like(base, jnp.nan))
        phase = perturbed(problem, given, len(log))
        # A coordinate that is still larger than a kick needs none.
        met = exits[0] + phase * jnp.arange(len(log), dtype=log.dtype)
        return Exits(jnp.minimum(exits, met), base, phase)

    def measure(self, simulation: Simulation, moment: Moment, memory: Exits) -> tuple[Readings, Exits]:
        """The same at every step."""
        del simulation, moment
        decades = jnp.log10(memory.steps[-1])
        return {"": memory.steps, "base": memory.base, "phase": memory.phase, "decades": decades}, memory

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0


def recursion(problem: Octopus, log: Float[Array, " d"], rate: Scalar) -> tuple[Float[Array, " d"], Scalar]:
    """The exits of gradient descent from x(0), given ln|x(0)|, and their base 1 + ρ."""
    grown = jnp.log1p(2 * rate * problem.escape)
    shrunk = jnp.log(jnp.abs(1 - 2 * rate * problem.contraction))

    def phase(carry: tuple[Scalar, Scalar], start: Scalar) -> tuple[tuple[Scalar, Scalar], Scalar]:
        # All that this coordinate went through: shrunk at every step before the last bridge, then that bridge.
        begun, bridged = carry
        height = start + bridged
        wait = jnp.maximum(jnp.floor((jnp.log(problem.width) - height) / grown) + 1, 0.0)
        bridge = _crossed(problem, jnp.exp(height + wait * grown), rate)
        left = begun + wait + bridge.steps
        return (left, shrunk * (left - bridge.steps) + bridge.following), left

    zero = jnp.zeros((), log.dtype)
    _, exits = lax.scan(phase, (zero, zero), log)
    return exits, 1 - shrunk / grown


def perturbed(problem: Octopus, given: Hyperparameters, dimension: int) -> Scalar:
    """What each saddle costs perturbed gradient descent: to land, to grow out of a kick, to cross the bridge.

    NaN where it may not be kicked at every saddle.
    """
    rate, strong, weak, tau = given["learning_rate"], problem.contraction, problem.escape, problem.width
    landing = jnp.log(4 * strong * tau / given["gradient_threshold"]) / -jnp.log(jnp.abs(1 - 2 * rate * strong))
    kicked = given["radius"] / jnp.sqrt(jnp.asarray(dimension + 2.0, tau.dtype))
    steps = landing + jnp.log(tau / kicked) / jnp.log1p(2 * rate * weak) + _crossed(problem, tau, rate).steps
    return jnp.where(steps > given["interval"], steps, jnp.nan)


def _crossed(problem: Octopus, start: Scalar, rate: Scalar) -> _Bridge:
    """The one-dimensional map x ← x − ηg₁′(x) from a start above τ until it has passed 2τ."""
    slope = jax.grad(problem.first_bridge)

    def onward(at: _Bridge) -> _Bridge:
        factor = jnp.log(jnp.abs(1 - 2 * rate * problem.second_bridge(at.x)))
        return _Bridge(at.x - rate * slope(at.x), at.steps + 1, at.following + factor)

    zero = jnp.zeros_like(start)
    return lax.while_loop(lambda at: at.x <= 2 * problem.width, onward, _Bridge(start, zero, zero))

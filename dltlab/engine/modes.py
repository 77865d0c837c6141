"""Gradient descent on a fixed kernel, mode by mode: what the theories and probes of wide networks share.

Along the eigenvector v_i of the kernel with eigenvalue λ_i the residual of L = c·½‖f − y‖²
falls as r_i(t) = (1 − ηcλ_i)^t r_i(0). A knob turned on the way is followed: the factor is the
product over the steps at the learning rate that each had. Between two readings that is one rate: a
probe that is not read at every step is :class:`~dltlab.engine.probes.base.Following`.
"""

from typing import Final, Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from dltlab.engine.numerics import kernel as kernels
from dltlab.engine.optimizers.descent import GradientDescent
from dltlab.engine.probes.base import AbstractProbe
from dltlab.engine.problems import AbstractProblem, Regression
from dltlab.engine.simulation import Simulation, State, in_precision

Kernel = Literal["limit", "initial"]
"""Which kernel theory computes with: that of infinite width, or that of the network at its start."""


ROUNDING: Final = 1e-24
"""Share of the first energy below which a mode is noise: the rounding of f − y squared, with room for sums."""


class Modes(NamedTuple):
    """The residual's modes, largest eigenvalue first, in float64."""

    values: Float[Array, " k"]
    """cλ_i."""
    vectors: Float[Array, "k k"]
    """v_i in the columns."""
    start: Float[Array, " k"]
    """r_i(0)."""
    factor: Float[Array, " k"]
    """Π (1 − ηcλ_i) over the steps so far."""
    logarithm: Float[Array, " k"]
    """ln |factor|, which goes on where the factor underflows."""
    step: Int[Array, ""]
    clock: Float[Array, ""]


def regression(simulation: Simulation, kernel: Kernel, *, descends: bool = True) -> Regression:
    """The problem, where theory has something to say of it. Raises ValueError where it has not."""
    problem = simulation.problem
    if descends and not isinstance(simulation.optimizer, GradientDescent):
        raise ValueError('the prediction is of plain gradient descent; use optimizer.kind = "gradient_descent".')
    if isinstance(problem, Regression):
        kernels.fit(problem.size())
        problem.weight()
        if kernel == "limit":
            problem.limit()
        return problem
    raise ValueError("the modes of a kernel need a network fitted to examples; this problem has none.")


class AbstractModal(AbstractProbe):
    """A probe that decomposes a fixed kernel, in float64."""

    kernel: eqx.AbstractVar[Kernel]

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The kernel and what it is made of."""
        del item
        if not isinstance(problem, Regression):
            return 0
        return 8 * (kernels.held(problem.size()) if self.kernel == "limit" else problem.tangent_holds())


def begun(simulation: Simulation, state: State, kernel: Kernel) -> Modes:
    """The modes before the first step."""
    wide = jnp.dtype(jnp.float64)
    problem, params = in_precision((simulation.problem, state.params), wide)
    matrix = problem.limit() if kernel == "limit" else problem.tangent(params)
    values, vectors = jnp.linalg.eigh(matrix)
    values, vectors = problem.weight() * values[::-1], vectors[:, ::-1]
    start = vectors.T @ problem.residual(params)
    return Modes(values, vectors, start, jnp.ones_like(start), jnp.zeros_like(start), state.step, state.clock)


def onward(modes: Modes, state: State) -> Modes:
    """The modes at a later state."""
    steps, rate = passed(modes, state)
    base = 1 - rate * modes.values
    factor = modes.factor * power(base, steps)
    logarithm = modes.logarithm + steps * jnp.log(jnp.abs(base))
    return modes._replace(factor=factor, logarithm=logarithm, step=state.step, clock=state.clock)


def passed(modes: Modes, state: State) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Steps since the modes were told, and the learning rate of these."""
    steps = (state.step - modes.step).astype(modes.clock.dtype)
    return steps, (state.clock - modes.clock) / jnp.maximum(steps, 1.0)


def power(base: Float[Array, "*s"], steps: Float[Array, ""]) -> Float[Array, "*s"]:
    """Base^steps for a whole number of steps and a base of any sign."""
    odd = jnp.mod(steps, 2.0) == 1
    return jnp.where(odd & (base < 0), -1.0, 1.0) * jnp.abs(base) ** steps


def negligible(modes: Modes) -> Float[Array, ""]:
    """The eigenvalue below which one is that of a singular kernel."""
    return modes.values.size * float(jnp.finfo(modes.values.dtype).eps) * jnp.max(modes.values)


def energies(amplitudes: Float[Array, " k"], modes: Modes) -> Float[Array, " k"]:
    """Squares, down to where rounding rules: 1e-24 of the residual's energy at the start."""
    return jnp.maximum(amplitudes**2, ROUNDING * jnp.sum(modes.start**2))


def residual(simulation: Simulation, state: State, modes: Modes) -> Float[Array, " k"]:
    """The residual of the network itself along the modes."""
    problem, params = in_precision((simulation.problem, state.params), modes.start.dtype)
    return modes.vectors.T @ problem.residual(params)

"""Large steps that flatten: the catapult of a linear two-layer network on one example, as a recursion of two numbers.

f = k u·v with k = αsx on the example (x, y), and λ = k²(‖u‖² + ‖v‖²), its tangent kernel and, at r = f − y = 0, its
sharpness. A step η of gradient descent on ½cr² leads, with η̄ = ηc, exactly to

    r ← r(1 − η̄λ + η̄²k² r f)          λ ← λ + η̄k² r(η̄λr − 4f),

of which Lewkowycz, Bahri, Dyer, Sohl-Dickstein & Gur-Ari 2020 (arXiv:2003.02218, section 3) write the case y = 0,
k² = 1/m. Below 2/η the loss falls and λ hardly moves; between 2/η and 4/η it rises until f² is of the order of m,
which lowers λ below 2/η; above 4/η both grow without bound.
"""

from collections.abc import Mapping
from typing import NamedTuple

from jax import lax
from jaxtyping import Array, Float, Int

from dltlab.engine.models.two_layer import TwoLayer
from dltlab.engine.optimizers.descent import GradientDescent
from dltlab.engine.probes.base import AbstractProbe, Every, Following, Readings, Shown
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.simulation import Moment, Simulation


class Thrown(NamedTuple):
    """How far the recursion has come."""

    residual: Float[Array, ""]
    """r."""
    kernel: Float[Array, ""]
    """λ."""
    step: Int[Array, ""]


class Catapult(AbstractProbe, Following):
    """The loss and the tangent kernel that follow from those of the start, without the network."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two numbers."""
        _problem(simulation)
        return {"loss": Shown("½f², recursion", scale="log"), "kernel": Shown("λ, recursion")}

    def remember(self, simulation: Simulation, moment: Moment) -> Thrown:
        """What the network has at the start."""
        problem, _ = _problem(simulation)
        params = moment.state.params
        kernel = problem.tangent(params)[0, 0]
        return Thrown(problem.residual(params)[0], kernel, moment.state.step)

    def measure(self, simulation: Simulation, moment: Moment, memory: Thrown) -> tuple[Readings, Thrown]:
        """The steps since the last reading."""
        problem, model = _problem(simulation)
        target, weight = problem.targets[0, 0], problem.weight()
        rate = moment.state.opt.hyperparams["learning_rate"].astype(memory.kernel.dtype) * weight
        square = (model.alpha * model.prefactor * problem.inputs[0, 0]).astype(memory.kernel.dtype) ** 2

        def once(_: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
            (r, kernel), f = at, at[0] + target
            return (
                r * (1 - rate * kernel + rate**2 * square * r * f),
                kernel + rate * square * r * (rate * kernel * r - 4 * f),
            )

        ahead = moment.state.step - memory.step
        residual, kernel = lax.fori_loop(0, ahead, once, (memory.residual, memory.kernel))
        loss = 0.5 * weight * residual**2
        return {"loss": loss, "kernel": kernel}, Thrown(residual, kernel, moment.state.step)

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A few products of numbers."""
        del simulation, parameters
        return 0.2


def _problem(simulation: Simulation) -> tuple[Supervised, TwoLayer]:
    problem = simulation.problem
    if not isinstance(problem, Supervised) or not isinstance(problem.model, TwoLayer):
        raise ValueError("the catapult's recursion is that of a two_layer model; use one.")  # noqa: TRY004
    model = problem.model
    if model.activation != "linear" or model.train != "both" or model.bias:
        raise ValueError('the recursion is exact for activation = "linear", train = "both" and no bias; use these.')
    if problem.inputs.shape != (1, 1) or problem.targets.shape != (1, 1):
        raise ValueError("the recursion is that of one example, one number in and one out; use points with one input.")
    if not isinstance(simulation.optimizer, GradientDescent):
        raise ValueError("the recursion is that of gradient_descent; use that.")  # noqa: TRY004
    problem.weight()
    return problem, model

"""When is training lazy? The criterion κ of Chizat, Oyallon & Bach 2019 (arXiv:1812.07956), section 1.

With h(w) the outputs on the n examples, as a vector of L²(μ_n) (‖f‖² = (1/n) Σ f_i²), and
operator norms of its first two derivatives::

    κ_h(w) = ‖h(w) − y‖ ‖D²h(w)‖ / ‖Dh(w)‖²

One small gradient step changes the loss F by η‖∇F‖² and the differential by η D²h·∇F, so κ
compares the relative change of the model's linearisation with that of its loss: κ ≪ 1 is lazy.

For h = s Σ_j a_j relu(w_j·x) the second derivative couples each w_j with its own a_j alone. Along
unit vectors g of L²(μ_n) and (α, ω) of weights it is 2s Σ_j α_j ω_j·c_j with
c_j = (1/n) Σ_i g_i 1{w_j·x_i > 0} x_i, and 2 α_j ‖ω_j‖ ≤ α_j² + ‖ω_j‖², so that

    ‖D²h‖ = s max_j σ_max( diag(1{w_j·x_i > 0}) X / √n )

with a factor of exactly one. (Almost everywhere: the kinks of relu are left out.)
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from dltlab.engine.models.two_layer import TwoLayer
from dltlab.engine.numerics import kernel
from dltlab.engine.numerics.relative import relative
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems import AbstractProblem, Regression
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.problems.unseen import fitted
from dltlab.engine.simulation import Moment, Simulation


class Kappa(AbstractProbe):
    """κ_h at the weights, and what it foretells: the speed of the differential relative to that of the loss."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two numbers; none where no output depends on any weight."""
        _parts(simulation)
        return {
            "": Shown("κ = ‖h−y‖ ‖D²h‖/‖Dh‖²", scale="log", gaps=True),
            "rate": Shown("(‖∂Dh‖/‖Dh‖)/(|∂F|/F)", scale="log", gaps=True),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """The three norms; and the two speeds along −∇F, by a directional derivative of the Jacobian."""
        del memory
        problem, model = _parts(simulation)
        params, examples = moment.state.params, problem.inputs.shape[0]
        missed = problem.residual(params)
        loss = 0.5 * jnp.mean(missed**2)
        steepness = jnp.sqrt(kernel.norm(problem.tangent(params)) / examples)
        kappa = relative(jnp.sqrt(2 * loss) * bend(model, params, problem.inputs), steepness**2)

        flat, unravel = ravel_pytree(params)
        jacobian = jax.jacrev(lambda at: problem.outputs(unravel(at)))
        gradient = jax.grad(lambda at: 0.5 * jnp.mean(problem.residual(unravel(at)) ** 2))(flat)
        _, turned = jax.jvp(jacobian, (flat,), (-gradient,))
        turning = relative(jnp.sqrt(kernel.norm(turned @ turned.T) / examples), steepness)
        # At the minimum both speeds vanish.
        falling = jnp.vdot(gradient, gradient) / jnp.where(loss > 0, loss, jnp.ones_like(loss))
        rate = turning / jnp.where(falling > 0, falling, jnp.ones_like(falling))
        return {"": kappa, "rate": rate}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Two backward passes an example, each over that example alone; and singular values."""
        problem, _ = _parts(simulation)
        return 8.0 + problem.inputs.shape[0] * parameters / 3e4

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The Jacobian and its directional derivative."""
        if not isinstance(problem, Regression):
            return 0
        parameters, activations = problem.footprint()
        return item * kernel.held(problem.size(), 2 * parameters, activations)


def bend(model: TwoLayer, params: dict[str, Float[Array, "..."]], x: Float[Array, "n d"]) -> Float[Array, ""]:
    """‖D²h‖ of a two-layer ReLU network with one output, both of whose layers are trained."""
    inner = params["inner"]
    seen = model.preactivations({"inner": jnp.eye(inner.shape[0], dtype=inner.dtype)}, x)
    active = (model.preactivations(params, x) > 0).astype(x.dtype)
    grams = jnp.einsum("ij,id,ie->jde", active, seen, seen) / x.shape[0]
    largest = jnp.max(jnp.linalg.eigvalsh(grams))
    return model.alpha * model.prefactor * jnp.sqrt(jnp.maximum(largest, 0.0))


def _parts(simulation: Simulation) -> tuple[Supervised, TwoLayer]:
    problem = fitted(simulation.problem)
    model = problem.model
    if not isinstance(model, TwoLayer) or problem.targets.shape[1] != 1:
        raise ValueError("κ is known in closed form for a two_layer model with one output; use one.")
    if model.activation != "relu" or model.train != "both":
        raise ValueError('κ is known in closed form for activation = "relu" and train = "both"; use these.')
    kernel.fit(problem.size())
    return problem, model

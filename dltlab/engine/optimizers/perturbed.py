"""Gradient descent with noise that leads away from saddles.

Perturbed   where ‖∇f(x)‖ ≤ g_thres, and t_thres steps have passed since the last kick:
            x ← x + ξ, ξ uniform in the ball of radius r; then x ← x − η∇f(x)
Noisy       x ← x − η(∇f(x) + ξ), ξ uniform on the sphere

Jin, Ge, Netrapalli, Kakade & Jordan 2017, How to escape saddle points efficiently, arXiv:1703.00887,
algorithms 1 and 2; Ge, Huang, Jin & Yuan 2015, Escaping from saddle points, arXiv:1503.02101.
"""

import math
from typing import Annotated, Any, ClassVar, NamedTuple

import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, UInt32
from msgspec import Meta

from dltlab.engine.numerics import randoms
from dltlab.engine.optimizers.base import (
    AbstractOptimizer,
    Hyperparameters,
    Kicking,
    LearningRate,
    Positive,
    Proportional,
    Shaking,
)

Length = Annotated[float, Meta(ge=0, le=1e6)]
_LONG_AGO = -(2**30)


class Kicks(NamedTuple):
    """What perturbed gradient descent remembers."""

    last: Int[Array, ""]
    """The step of the last kick."""
    given: Int[Array, ""]
    """Kicks so far."""
    loss: Float[Array, ""]
    """The loss just before the last kick."""
    settled: Bool[Array, ""]
    """Whether a kick led to no decrease: the point that it was given at is returned as a minimum."""


def _kicking(
    learning_rate: Array | float,
    radius: Array | float,
    gradient_threshold: Array | float,
    interval: Array | float,
    decrease: Array | float,
) -> optax.GradientTransformation:
    """−ηg; the kicks are made outside, since they need the point and a second gradient."""
    del radius, gradient_threshold, interval, decrease
    scaled = optax.scale_by_learning_rate(learning_rate)

    def init(params: Any) -> Kicks:
        del params
        last, none = jnp.asarray(_LONG_AGO, jnp.int32), jnp.asarray(0, jnp.int32)
        return Kicks(last, none, jnp.asarray(jnp.inf, jnp.float64), jnp.asarray(False, jnp.bool_))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Kicks]:
        del params
        return scaled.update(updates, optax.EmptyState())[0], state

    return optax.GradientTransformation(init, update)


class PerturbedGradientDescent(AbstractOptimizer, Kicking, Proportional):
    """Gradient descent that is kicked where it is almost flat.

    The defaults are those of the experiments of Du et al. 2017 (arXiv:1705.10412), for γ = 1 and L = e.
    """

    learning_rate: LearningRate
    radius: Length = math.e / 100
    """r, of the ball that a kick is drawn from."""
    gradient_threshold: Length = math.e / 100
    """The length of the gradient up to which a kick may be given."""
    interval: Annotated[float, Meta(ge=0, le=1e9)] = 1.0
    """Steps that must have passed since the last kick, and more."""
    decrease: Length = 0.0
    """A kick is the last one if ``interval`` steps later the loss has fallen by less than this; 0: no such test."""
    formula: ClassVar[str] = "2/η"

    def transformation(self) -> optax.GradientTransformation:
        """−ηg, at a point that may have been kicked."""
        return optax.inject_hyperparams(_kicking)(
            learning_rate=self.learning_rate,
            radius=self.radius,
            gradient_threshold=self.gradient_threshold,
            interval=self.interval,
            decrease=self.decrease,
        )

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """2/η."""
        return 2 / hyperparameters["learning_rate"]

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> None:
        """None: P = I."""
        del opt, hyperparameters

    def due(
        self, opt: Any, step: Int[Array, ""], loss: Float[Array, ""], steepness: Float[Array, ""]
    ) -> tuple[Bool[Array, ""], Any]:
        """‖∇f‖ ≤ g_thres, more than t_thres steps after the last kick, and no kick yet that led nowhere."""
        chosen, kicks = opt.hyperparams, opt.inner_state
        interval, decrease = chosen["interval"], chosen["decrease"].astype(kicks.loss.dtype)
        waited, loss = step - kicks.last, loss.astype(kicks.loss.dtype)
        judged = (waited == jnp.floor(interval).astype(waited.dtype)) & (decrease > 0)
        settled = kicks.settled | judged & (loss - kicks.loss > -decrease)
        calm = steepness <= chosen["gradient_threshold"].astype(steepness.dtype)
        # The first kick waits for nothing, however long a schedule makes the wait between two.
        rested = (kicks.given == 0) | (waited.astype(interval.dtype) > interval)
        due = calm & rested & ~settled
        fresh = Kicks(
            jnp.where(due, step, kicks.last),
            kicks.given + due.astype(kicks.given.dtype),
            jnp.where(due, loss, kicks.loss),
            settled,
        )
        return due, opt._replace(inner_state=fresh)

    def kick(self, opt: Any, key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " p"]:
        """Uniform in the ball of radius r."""
        return opt.hyperparams["radius"].astype(dtype) * randoms.in_ball(key, size, dtype)


def jin_2017(
    dimension: Annotated[int, Meta(ge=1, le=10**9)],
    gradient_lipschitz: Positive,
    hessian_lipschitz: Positive,
    accuracy: Positive,
    gap: Positive,
    constant: Annotated[float, Meta(gt=0, le=1)] = 1.0,
    failure: Annotated[float, Meta(gt=0, lt=1)] = 0.1,
) -> PerturbedGradientDescent:
    """Perturbed gradient descent with the schedule of Jin et al. 2017.

    Its guarantee is proved for ε ≤ ℓ²/ρ and for c below an absolute constant that the paper does not name: an
    ε-second-order stationary point, ‖∇f‖ ≤ ε and λ_min ≥ −√(ρε), with probability 1 − δ within
    O(ℓΔ/ε² · ln⁴(dℓΔ/(ε²δ))) steps, for f with gradients ℓ-Lipschitz and Hessians ρ-Lipschitz that
    starts Δ above its minimum.

    Args:
        dimension: d.
        gradient_lipschitz: ℓ.
        hessian_lipschitz: ρ.
        accuracy: ε.
        gap: Δ.
        constant: c; η = c/ℓ.
        failure: δ.

    Raises:
        ValueError: ε is above ℓ²/ρ.
    """
    ell, rho, epsilon, c = gradient_lipschitz, hessian_lipschitz, accuracy, constant
    if epsilon > ell**2 / rho:
        raise ValueError(f"accuracy = {epsilon:g} is above ℓ²/ρ = {ell**2 / rho:g}, where nothing is proved; lower it.")
    chi = 3 * max(math.log(dimension * ell * gap / (c * epsilon**2 * failure)), 4.0)
    return PerturbedGradientDescent(
        learning_rate=c / ell,
        radius=math.sqrt(c) / chi**2 * epsilon / ell,
        gradient_threshold=math.sqrt(c) / chi**2 * epsilon,
        interval=float(math.ceil(chi / c**2 * ell / math.sqrt(rho * epsilon))),
        decrease=c / chi**3 * math.sqrt(epsilon**3 / rho),
    )


def _shaking(learning_rate: Array | float, noise: Array | float) -> optax.GradientTransformation:
    del noise
    return optax.sgd(learning_rate)


class NoisyGradientDescent(AbstractOptimizer, Shaking, Proportional):
    """Gradient descent with noise of fixed length added to every gradient."""

    learning_rate: LearningRate
    noise: Length = 1.0
    """The length of the noise ξ."""
    formula: ClassVar[str] = "2/η"

    def transformation(self) -> optax.GradientTransformation:
        """−ηg; the noise comes on top."""
        return optax.inject_hyperparams(_shaking)(learning_rate=self.learning_rate, noise=self.noise)

    def threshold(self, hyperparameters: Hyperparameters) -> Float[Array, ""]:
        """2/η."""
        return 2 / hyperparameters["learning_rate"]

    def preconditioner(self, opt: Any, hyperparameters: Hyperparameters) -> None:
        """None: P = I."""
        del opt, hyperparameters

    def shake(self, opt: Any, key: UInt32[Array, "2"], size: int, dtype: jnp.dtype) -> Float[Array, " p"]:
        """−ηξ."""
        length = (opt.hyperparams["learning_rate"] * opt.hyperparams["noise"]).astype(dtype)
        return -length * randoms.on_sphere(key, size, dtype)

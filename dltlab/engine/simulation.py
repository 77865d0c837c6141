"""The dynamics: what a step carries, and how it goes down."""

from typing import Any, Final, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jax import lax
from jax.core import Tracer
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree, UInt32

from dltlab.engine import charts, compact
from dltlab.engine.arrays import placed
from dltlab.engine.charts import AbstractChart, Point
from dltlab.engine.numerics import lanczos, randoms
from dltlab.engine.numerics.hessian import products
from dltlab.engine.optimizers import OPTIMIZERS, AbstractOptimizer, Isotropic, Kicking, Proportional, Shaking
from dltlab.engine.problems import AbstractProblem, Params
from dltlab.engine.problems.supervised import Supervised

_OPTIMIZERS_NOISE: Final = 2**30
_VIEWERS_NOISE: Final = 2**31
"""What is added to a step's number for noise that is not the problem's; there are fewer steps than that."""
_CURVATURE: Final = 1e-6
"""Residual, relative to the largest eigenvalue, up to which the direction of lowest curvature is sought."""
_PRODUCTS: Final = 128
"""Hessian-vector products that this may take."""


class State(NamedTuple):
    """All that a step must carry."""

    step: Int[Array, ""]
    clock: Float[Array, ""]
    """Physical time: what the optimizer says that its steps take, Σ η for gradient descent; float64."""
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
    """Its gradient, as the chart keeps it: in the flat chart ∇L itself."""


class Simulation(eqx.Module):
    """A problem and a way down, as a pair of pure functions: begin and step."""

    problem: AbstractProblem
    optimizer: AbstractOptimizer

    def __check_init__(self) -> None:
        spanned = isinstance(self.problem, Supervised) and self.problem.frame is not None
        if spanned and not isinstance(self.optimizer, Isotropic):
            raise ValueError(
                'with coordinates = "span" a metric for each weight, or noise, means something else: '
                'take gradient_descent, polyak, nesterov or ema_momentum, or coordinates = "given".'
            )
        if not self.chart.flat and not isinstance(self.optimizer, Proportional):
            exact = " and ".join(name for name, kind in OPTIMIZERS.items() if _proportional(kind))
            raise ValueError(
                "this problem keeps ln|x|, and in a logarithmic chart a momentum or a metric means something else: "
                f"only {exact} are exact there; choose one of them."
            )

    @property
    def chart(self) -> AbstractChart:
        """The coordinates that the parameters are kept in."""
        return charts.of(self.problem)

    @property
    def size(self) -> int:
        """The numbers that a gradient touches: what a step costs, about."""
        return sum(self.problem.footprint())

    @property
    def few(self) -> bool:
        """Whether they are so few that a chunk is to be one kernel on a CPU, or each step."""
        return self.size <= compact.FEW

    def begin(self, seed: int) -> State:
        """The state before the first step. Parameters are drawn in NumPy, then cast."""
        dtype = floating(self.problem)
        drawn = self.problem.init(np.random.default_rng([seed, 0]))
        params = jax.tree.map(lambda leaf: placed(leaf, dtype), drawn)
        opt = jax.tree.map(jnp.asarray, self.optimizer.transformation().init(params))
        # A key of Threefry is the seed itself (Salmon et al. 2011).
        key = placed([seed >> 32, seed & 0xFFFFFFFF], np.uint32)
        return State(placed(0, np.int32), placed(0.0, np.float64), key, params, opt)

    def look(self, state: State) -> Moment:
        """The objective and its gradient at a state."""
        return Moment(state, *self.chart.slope(self.problem, state.params, _folded(state.key, state.step)))

    def gradient(self, moment: Moment) -> Point:
        """∇L as a vector at the point, whatever the chart."""
        return self.chart.vector(moment.state.params, moment.gradient)

    def move(self, moment: Moment) -> State:
        """The state one step on."""
        if isinstance(self.optimizer, Kicking):
            moment = self._perturbed(self.optimizer, moment)
        state = moment.state
        # Optax promotes counts to floats by itself; elsewhere the tests forbid that.
        with jax.numpy_dtype_promotion("standard"):
            stepped: tuple[Any, Any] = self.optimizer.transformation().update(moment.gradient, state.opt, state.params)
            updates, opt = stepped
            params = self.chart.retract(state.params, updates)
        # Optax counts steps for schedules of hyperparameters, which there are none of.
        opt = opt._replace(count=state.opt.count)
        if isinstance(self.optimizer, Shaking):
            flat, unravel = ravel_pytree(self.chart.point(params))
            key = _folded(state.key, state.step, _OPTIMIZERS_NOISE)
            params = self.chart.displaced(params, unravel(self.optimizer.shake(opt, key, flat.size, flat.dtype)))
        clock = state.clock + self.optimizer.elapsed(state.opt.hyperparams).astype(state.clock.dtype)
        return State(state.step + 1, clock, state.key, params, opt)

    def _perturbed(self, optimizer: Kicking, moment: Moment) -> Moment:
        """Where the step is taken from: the moment, or where the optimizer's kick leads from it."""
        state = moment.state
        steepness = jnp.asarray(optax.tree.norm(self.gradient(moment)))
        due, opt = optimizer.due(state.opt, state.step, moment.loss, steepness)
        calm = moment._replace(state=state._replace(opt=opt))

        def kicked() -> Moment:
            flat, unravel = ravel_pytree(self.chart.point(state.params))
            key = _folded(state.key, state.step, _OPTIMIZERS_NOISE)
            vector = unravel(optimizer.kick(opt, key, flat.size, flat.dtype))
            return self.look(calm.state._replace(params=self.chart.displaced(state.params, vector)))

        return lax.cond(due, kicked, lambda: calm)

    def kicked(self, state: State, radius: Float[Array, ""], *, lowest: bool) -> State:
        """The state displaced by a vector of this length.

        Uniform on the sphere, or along the eigenvector of the Hessian's ``lowest`` eigenvalue, to either side.
        """
        flat, unravel = ravel_pytree(self.chart.point(state.params))
        direction = randoms.on_sphere(_folded(state.key, state.step, _VIEWERS_NOISE), flat.size, flat.dtype)
        if lowest:
            product = products(lambda at: self.chart.loss(self.problem, unravel(at)), flat)
            descent = lanczos.largest(
                lambda vector: -product(vector), direction, count=1, tolerance=_CURVATURE, most=_PRODUCTS
            )
            # The start is random, and so is the side on which it lies.
            direction = descent.vectors[0] * jnp.sign(jnp.vdot(direction, descent.vectors[0]))
        vector = unravel(radius.astype(flat.dtype) * direction)
        return state._replace(params=self.chart.displaced(state.params, vector))

    def step(self, state: State) -> State:
        """One step."""
        return self.move(self.look(state))


def _folded(key: UInt32[Array, "2"], step: Int[Array, ""], noise: int = 0) -> UInt32[Array, "2"]:
    """The key of a step, or of noise at that step."""
    number = step if noise == 0 else step.astype(jnp.uint32) + jnp.asarray(noise, jnp.uint32)
    return jr.key_data(jr.fold_in(jr.wrap_key_data(key), number))


def _proportional(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Proportional)


def floating(problem: AbstractProblem) -> jnp.dtype:
    """The floating-point type that a problem computes in."""
    leaves = [leaf.dtype for leaf in jax.tree.leaves(problem) if eqx.is_inexact_array(leaf)]
    return leaves[0] if leaves else jnp.dtype(jnp.float32)


def in_precision(tree: PyTree, dtype: jnp.dtype) -> PyTree:
    """The same tree as JAX arrays with every floating-point leaf cast."""

    def cast(leaf: Any) -> Any:
        if not eqx.is_array_like(leaf) or isinstance(leaf, bool | int | float | complex):
            return leaf
        kind = dtype if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf.dtype
        return leaf.astype(kind) if isinstance(leaf, Tracer) else placed(leaf, kind)

    return jax.tree.map(cast, tree)

"""Laws over the shelf of optimizers: they descend, and stability ends where their thresholds say."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab import catalog, records
from dltlab.engine import keyframes
from dltlab.engine.optimizers import OPTIMIZERS, AbstractOptimizer
from dltlab.engine.problems import PROBLEMS
from dltlab.engine.simulation import Simulation, State, in_precision

pytestmark = pytest.mark.usefixtures("wide")
ADAPTIVE = {"adam", "rmsprop"}
QUIET = {"radius": 0.0, "noise": 0.0}
"""What switches an optimizer's noise off, so that it comes to rest."""


def names(kind: str) -> set[str]:
    return {parameter.name for parameter in catalog.parameters(OPTIMIZERS[kind])}


EVERY = sorted(kind for kind in OPTIMIZERS if "learning_rate" in names(kind))
"""All but those that compute their hyperparameters from what they know of the function."""


def optimizer(kind: str, **given: float) -> AbstractOptimizer:
    given = {name: value for name, value in QUIET.items() if name in names(kind)} | given
    return catalog.make(OPTIMIZERS, {"kind": kind, **given}, noun="optimizer", at=("optimizer",))


def bowl(*eigenvalues: float) -> Any:
    return catalog.make(PROBLEMS, {"kind": "quadratic", "eigenvalues": list(eigenvalues)}, noun="problem", at=())


TOLD: dict[str, dict[str, float]] = {
    "perturbed_gradient_descent": {"gradient_threshold": 10.0, "interval": 3.0, "radius": 0.01},
    "jin_2017": {"dimension": 2, "gradient_lipschitz": 10.0, "hessian_lipschitz": 1.0, "accuracy": 1e-3, "gap": 1.0},
    "noisy_gradient_descent": {"noise": 0.1},
    **{kind: {"momentum": 0.9} for kind in ("polyak", "nesterov", "ema_momentum")},
}
"""Enough to have an optimizer remember, and draw."""


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS))
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_from_a_keyframe_it_goes_on_to_the_same_bits(kind: str, precision: str) -> None:
    rate = {"learning_rate": 0.05} if kind in EVERY else {}
    chosen = catalog.make(OPTIMIZERS, {"kind": kind, **rate, **TOLD.get(kind, {})}, noun="optimizer", at=("optimizer",))
    simulation = Simulation(in_precision(bowl(3.0, 0.5, 0.01), jnp.dtype(precision)), chosen)
    step, begin = jax.jit(lambda state: simulation.step(state)), simulation.begin(0)
    left = begin
    for _ in range(7):
        left = step(left)
    kept = records.decode(records.encode(keyframes.taken(7, [(left, {})]))[:-1])
    assert isinstance(kept, records.Keyframe)
    assert str(left.params["w"].dtype) == precision
    [(read, _)] = keyframes.restored(kept, [(begin, {})])
    for _ in range(5):
        left, read = step(left), step(read)
    for one, other in zip(*map(jax.tree.leaves, (left, read)), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def after(simulation: Simulation, steps: int) -> State:
    state = simulation.begin(0)
    return jax.jit(lambda s: jax.lax.fori_loop(0, steps, lambda _, x: simulation.step(x), s))(state)


@pytest.mark.parametrize("kind", EVERY)
def test_it_descends_a_bowl(kind: str) -> None:
    simulation = Simulation(bowl(1.0, 0.3), optimizer(kind, learning_rate=0.01))
    start = simulation.problem.loss(simulation.begin(0).params)
    assert simulation.problem.loss(after(simulation, 3000).params) < 5e-3 * start


@pytest.mark.parametrize("kind", sorted(set(EVERY) - ADAPTIVE))
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_stability_ends_at_its_threshold(kind: str, momentum: float) -> None:
    given = {"momentum": momentum} if "momentum" in names(kind) else {}
    chosen = optimizer(kind, learning_rate=0.1, **given)
    hyperparameters = Simulation(bowl(1.0), chosen).begin(0).opt.hyperparams
    edge = float(chosen.threshold(hyperparameters))
    sizes = [abs(float(after(Simulation(bowl(edge * by), chosen), 4000).params["w"][0])) for by in (0.99, 1.01)]
    assert sizes[0] < 1e-3
    assert sizes[1] > 1e3


@pytest.mark.parametrize("kind", sorted(ADAPTIVE))
def test_its_step_is_a_momentum_over_its_metric(kind: str) -> None:
    given = {"beta1": 0.9} if kind == "adam" else {}
    simulation = Simulation(bowl(3.0, 0.5, 0.01), optimizer(kind, learning_rate=0.01, beta2=0.99, **given))
    state = simulation.begin(0)
    momentum = jnp.zeros(3)
    for _ in range(5):
        gradient = simulation.look(state).gradient["w"]
        momentum = 0.9 * momentum + 0.1 * gradient if kind == "adam" else gradient
        new = simulation.step(state)
        metric = simulation.optimizer.preconditioner(new.opt, new.opt.hyperparams)
        assert metric is not None
        np.testing.assert_allclose(new.params["w"] - state.params["w"], -0.01 * momentum / metric["w"], rtol=1e-12)
        state = new


@pytest.mark.parametrize("kind", sorted(ADAPTIVE))
@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_its_threshold_is_that_of_its_momentum_in_a_metric_that_stays(kind: str, beta: float) -> None:
    kept = beta if "beta1" in names(kind) else 0.0
    chosen = optimizer(kind, learning_rate=0.1, **({"beta1": beta} if kept else {}))
    edge = float(chosen.threshold(Simulation(bowl(1.0), chosen).begin(0).opt.hyperparams))
    sizes = []
    for by in (0.99, 1.01):
        x, momentum = 1.0, 0.0
        for _ in range(4000):
            momentum = kept * momentum + (1 - kept) * by * edge * x
            x -= 0.1 * momentum
        sizes.append(abs(x))
    assert sizes[0] < 1e-3
    assert sizes[1] > 1e3


@pytest.mark.parametrize("kind", EVERY)
def test_its_hyperparameters_live_in_the_state(kind: str) -> None:
    simulation = Simulation(bowl(1.0), optimizer(kind, learning_rate=0.1))
    state = simulation.begin(0)
    assert state.opt.hyperparams["learning_rate"] == pytest.approx(0.1)
    assert names(kind) == set(state.opt.hyperparams)
    assert simulation.optimizer.formula

"""The edge of stability in NumPy alone: momentum, the central flow and the valley share no line with the engine.

The network's gradient is written by hand; Hessians and third derivatives are differences of it.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab import catalog, scenario
from dltlab.engine import ensemble, experiment
from dltlab.engine.optimizers import OPTIMIZERS
from dltlab.engine.problems import PROBLEMS
from dltlab.engine.simulation import Simulation

pytestmark = pytest.mark.usefixtures("wide")
X = np.linspace(-1, 1, 20)[:, None]
Y = 8 * X**4 - 8 * X**2 + 1
SHAPES = [(1, 40), (40,), (40, 1), (1,)]


def unpacked(w: np.ndarray) -> list[np.ndarray]:
    ends = np.cumsum([int(np.prod(shape)) for shape in SHAPES])[:-1]
    return [piece.reshape(shape) for piece, shape in zip(np.split(w, ends), SHAPES, strict=True)]


def look(w: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss of the tanh network with 121 parameters on the points of T₄, and its gradient."""
    first, bias, second, last = unpacked(w)
    hidden = np.tanh(X @ first + bias)
    error = hidden @ second + last - Y
    back = (error @ second.T) * (1 - hidden**2)
    pieces = [X.T @ back, back.sum(0), hidden.T @ error, error.sum(0)]
    return 0.5 * float(np.sum(error**2)) / 20, np.concatenate([piece.ravel() for piece in pieces]) / 20


def slope(w: np.ndarray) -> np.ndarray:
    return look(w)[1]


def sharpness(w: np.ndarray, step: float = 1e-5) -> float:
    matrix = np.stack([(slope(w + step * e) - slope(w - step * e)) / (2 * step) for e in np.eye(w.size)])
    return float(np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[-1])


def engine(name: str, steps: int, *sets: str, arm: str | None = None, series: str = "") -> tuple[Any, np.ndarray]:
    """One seed of a scenario: where it starts, and a reading at every step that has it.

    ``series`` is a probe's table and a suffix, such as ``theories.central.loss``.
    """
    document = scenario.read(name)
    for assignment in sets:
        document.set(assignment)
    made = experiment.build(document, seeds=1, steps=steps, only=[arm] if arm else [])
    program = made.program
    state, memories = ensemble.begin(program, (0,))
    flight = ensemble.compiled(program, 1)(state, memories, steps)
    section, probe, *suffix = series.split(".")
    source = f"{section}.{probe}"
    every = program.cadence(source)
    return state.params, np.asarray(flight.rows[source][suffix[0] if suffix else ""])[: -(-steps // every)]


def start(layers: Any) -> np.ndarray:
    return np.concatenate([np.asarray(layers[i][k]).ravel() for i in (0, 1) for k in ("weight", "bias")])


def test_polyak_is_held_at_its_own_edge_and_not_at_that_of_gradient_descent() -> None:
    steps, rate, beta = 4000, 0.3, 0.5
    params, told = engine("edge-of-stability-momentum", steps, arm="polyak-3", series="probes.sharpness")
    w, velocity, found = start(params), np.zeros(121), []
    assert told[0, 0] == pytest.approx(sharpness(w), rel=1e-6)
    for step in range(steps):
        if step == 400:
            assert told[10, 0] == pytest.approx(sharpness(w), rel=1e-6)
        if step >= 2000 and step % 80 == 0:
            found.append(sharpness(w))
        velocity = beta * velocity + slope(w)
        w = w - rate * velocity
    mine, theirs = np.median(found), np.median(told[50:, 0])
    # At the edge rounding grows, so that only the averages are the same.
    assert mine == pytest.approx(theirs, rel=0.02)
    assert mine * rate / (2 + 2 * beta) == pytest.approx(1, abs=0.05)
    assert mine * rate / 2 > 1.4


def turned_up(w: np.ndarray, u: np.ndarray) -> tuple[float, np.ndarray]:
    """The top eigenvalue near u and its eigenvector: Rayleigh and Ritz in span{u, Hu, H²u}."""

    def product(v: np.ndarray) -> np.ndarray:
        return (slope(w + 1e-5 * v) - slope(w - 1e-5 * v)) / 2e-5

    first = product(u)
    basis = np.linalg.qr(np.stack([u, first, product(first)], axis=1))[0].T
    small = basis @ np.stack([product(v) for v in basis], axis=1)
    values, vectors = np.linalg.eigh(0.5 * (small + small.T))
    return float(values[-1]), vectors[:, -1] @ basis


def central(w: np.ndarray, steps: int, rate: float, substeps: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """The central flow of one direction: per step its averaged loss and σ²."""
    u, stride = np.ones(w.size) / np.sqrt(w.size), rate / substeps
    for _ in range(20):
        u = turned_up(w, u)[1]
    losses, variances = np.empty(steps), np.empty(steps)
    square = 0.0
    for place in range(steps * substeps):
        value, u = turned_up(w, u)
        if place % substeps == 0:
            losses[place // substeps] = look(w)[0] + 0.5 * square * value
            variances[place // substeps] = square
        down = -slope(w)
        rise = (slope(w + 1e-3 * u) - 2 * slope(w) + slope(w - 1e-3 * u)) / 1e-6
        square = max(0.0, 2 * (down @ rise - (2 / rate - value) / stride) / (rise @ rise))
        w = w + stride * (down - 0.5 * square * rise)
    return losses, variances


def test_the_central_flow_predicts_the_averaged_loss_of_gradient_descent() -> None:
    steps, rate = 1150, 0.4
    params, told = engine("central-flow", steps, series="theories.central.loss")
    losses, variances = central(start(params), steps, rate)
    np.testing.assert_allclose(losses[:500], told[:500], rtol=1e-6)
    np.testing.assert_allclose(losses[600:], told[600:], rtol=5e-3)
    w, descent = start(params), []
    for _ in range(steps):
        loss, gradient = look(w)
        descent.append(loss)
        w = w - rate * gradient
    window = slice(550, 1150)
    averaged, predicted = np.mean(descent[window]), np.mean(losses[window])
    bare = predicted - np.mean(variances[window]) / rate
    assert predicted == pytest.approx(averaged, rel=0.25)
    assert abs(predicted - averaged) < abs(bare - averaged)


def test_the_valley_is_the_map_and_overshoots_as_its_first_integral_says() -> None:
    steps, rate, rise = 2600, 0.05, 0.0025
    params, told = engine("self-stabilization", steps, "run.every=1", arm="steep", series="probes.valley.excess")
    x, y, heights = float(params["x"]), 0.0, []
    fixed = 2 * rise
    for _ in range(steps):
        heights.append(y)
        x, y = (1 - rate * (2 / rate + y)) * x, y + rate * (rise - 0.5 * x * x)
    np.testing.assert_allclose(told, heights, rtol=1e-6, atol=1e-9)
    share = float(params["x"]) ** 2 / fixed
    assert max(heights) == pytest.approx(np.sqrt(rise * (share - 1 - np.log(share))), rel=0.01)


def largest_stable(grown: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(24):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if grown(middle) <= 1 else (low, middle)
    return low


@pytest.mark.parametrize(
    ("kind", "edge"),
    [
        ("gradient_descent", lambda beta: 2.0 + 0 * beta),
        ("polyak", lambda beta: 2 + 2 * beta),
        ("nesterov", lambda beta: (2 + 2 * beta) / (1 + 2 * beta)),
        ("ema_momentum", lambda beta: (2 + 2 * beta) / (1 - beta)),
    ],
)
@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_bisection_finds_the_largest_stable_curvature(kind: str, edge: Callable[[float], float], beta: float) -> None:
    table = {"kind": kind, "learning_rate": 1.0} | ({} if kind == "gradient_descent" else {"momentum": beta})
    chosen = catalog.make(OPTIMIZERS, table, noun="optimizer", at=())
    bowl = catalog.make(PROBLEMS, {"kind": "quadratic", "eigenvalues": [1.0]}, noun="problem", at=())
    simulation = Simulation(bowl, chosen)
    begin = simulation.begin(0)

    @jax.jit
    def size(curvature: jax.Array) -> jax.Array:
        steep = eqx.tree_at(lambda one: one.problem.eigenvalues, simulation, curvature)
        end = jax.lax.fori_loop(0, 20_000, lambda _, state: steep.step(state), begin)
        return jnp.abs(end.params["w"][0] / begin.params["w"][0])

    found = largest_stable(lambda curvature: float(size(jnp.asarray([curvature]))), 0.1, 100.0)
    assert found == pytest.approx(edge(beta), abs=6e-4)

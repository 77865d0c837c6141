"""Charts: a step means the same in each, and in the logarithmic one nothing underflows."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float, UInt32

from dltlab.engine.charts import Flat, Logarithmic
from dltlab.engine.optimizers import OPTIMIZERS
from dltlab.engine.optimizers.perturbed import NoisyGradientDescent, PerturbedGradientDescent, jin_2017
from dltlab.engine.problems import AbstractProblem, Even
from dltlab.engine.problems.quadratic import Quadratic
from dltlab.engine.simulation import Simulation, State

pytestmark = pytest.mark.usefixtures("wide")
CURVATURES = [3.0, -1.0, 0.5, 1.0]


class EvenQuadratic(AbstractProblem, Even):
    """The quadratic ½ Σ λᵢxᵢ² once more, in the logarithmic chart."""

    eigenvalues: Float[Array, " d"]

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        x = random.standard_normal(self.eigenvalues.shape)
        return {"log": np.log(np.abs(x)), "sign": np.sign(x)}

    def of_squares(self, squares: Float[Array, " d"]) -> Float[Array, ""]:
        return 0.5 * jnp.sum(self.eigenvalues * squares)

    def loss(self, params: Any) -> Float[Array, ""]:
        return self.of_squares(jnp.exp(2 * params["log"]))

    def objective(self, params: Any, key: UInt32[Array, "2"]) -> Float[Array, ""]:
        del key
        return self.loss(params)

    def layers(self, params: Any) -> Any:
        return params

    def footprint(self) -> tuple[int, int]:
        return 2 * self.eigenvalues.size, self.eigenvalues.size


def both(kind: str, **given: float) -> tuple[Simulation, Simulation]:
    """The same function and the same way down in the flat and in the logarithmic chart."""
    optimizer = OPTIMIZERS[kind](**given)
    return Simulation(Quadratic(CURVATURES), optimizer), Simulation(EvenQuadratic(jnp.asarray(CURVATURES)), optimizer)


def compiled(function: Callable[..., Any], **static: Any) -> Callable[..., Any]:
    return jax.jit(lambda *given: function(*given, **static))


def after(simulation: Simulation, steps: int, start: State | None = None) -> State:
    begin = simulation.begin(5) if start is None else start
    return jax.jit(lambda s: jax.lax.fori_loop(0, steps, lambda _, x: simulation.step(x), s))(begin)


def point(simulation: Simulation, state: State) -> np.ndarray:
    at: Any = simulation.chart.point(state.params)
    return np.asarray(at["w"] if simulation.chart.flat else at)


@pytest.mark.parametrize("rate", [0.05, 0.5])
@pytest.mark.parametrize("kind", ["gradient_descent", "perturbed_gradient_descent", "noisy_gradient_descent"])
def test_both_charts_take_the_same_steps(kind: str, rate: float) -> None:
    flat, log = both(kind, learning_rate=rate)
    assert (flat.chart.flat, log.chart.flat) == (True, False)
    # η = 0.5 turns signs at the curvature 3.
    for steps in (0, 1, 2, 17):
        np.testing.assert_allclose(*(point(s, after(s, steps)) for s in (flat, log)), rtol=1e-10)
        one, other = (s.gradient(s.look(after(s, steps))) for s in (flat, log))
        np.testing.assert_allclose(jax.tree.leaves(one)[0], other, rtol=1e-10)


def test_nothing_underflows_in_the_logarithmic_chart() -> None:
    flat, log = both("gradient_descent", learning_rate=0.25)
    steps = 3000
    lost, kept = after(flat, steps), after(log, steps)
    assert point(flat, lost)[0] == point(log, kept)[0] == 0
    start = np.asarray(log.begin(5).params["log"])
    expected = start + steps * np.log(np.abs(1 - 0.25 * np.array(CURVATURES)))
    np.testing.assert_allclose(kept.params["log"], expected, rtol=1e-10)
    # A kick brings the coordinate back, with the size of the kick; a displacement by 0 leaves it alone.
    chart = log.chart
    moved = chart.displaced(kept.params, jnp.asarray([0.0, 0.0, 1e-5, -2.0]))
    np.testing.assert_allclose(moved["log"][:2], expected[:2], rtol=1e-10)
    np.testing.assert_allclose(moved["log"][2:], np.log([1e-5, 2.0]), rtol=1e-10)
    np.testing.assert_allclose(moved["sign"][2:], [1.0, -1.0])


def test_displacements_add_up_to_rounding_and_turn_signs() -> None:
    chart = Logarithmic()
    random = np.random.default_rng(0)
    x, v = (random.standard_normal(200) * 10.0 ** random.integers(-8, 8, 200) for _ in range(2))
    params = {"log": jnp.log(jnp.abs(jnp.asarray(x))), "sign": jnp.sign(jnp.asarray(x))}
    reached = np.asarray(chart.point(chart.displaced(params, jnp.asarray(v))))
    np.testing.assert_allclose(reached, x + v, rtol=1e-10)
    assert (np.sign(reached) == np.sign(x + v)).all()
    assert (np.sign(reached) != np.sign(x)).sum() > 20


@pytest.mark.parametrize("kind", ["polyak", "adam", "rmsprop"])
def test_a_momentum_or_a_metric_is_refused_in_the_logarithmic_chart(kind: str) -> None:
    problem = EvenQuadratic(jnp.asarray(CURVATURES))
    with pytest.raises(ValueError, match="only gradient_descent and perturbed_gradient_descent"):
        Simulation(problem, OPTIMIZERS[kind](learning_rate=0.1))


@pytest.mark.parametrize("chart", [0, 1])
def test_kicks_have_their_length_and_are_the_same_at_the_same_step(chart: int) -> None:
    simulation = both("gradient_descent", learning_rate=0.1)[chart]
    kick = compiled(simulation.kicked, lowest=False)
    radius = jnp.asarray(0.3)
    vectors = []
    for seed in range(400):
        state = simulation.begin(seed)
        vectors.append(point(simulation, kick(state, radius)) - point(simulation, state))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 0.3, rtol=1e-9)
    # Uniform on the sphere: mean 0, covariance r²/d.
    np.testing.assert_allclose(np.cov(np.transpose(vectors)), 0.3**2 / 4 * np.eye(4), atol=0.006)
    state = simulation.begin(0)
    later = state._replace(step=state.step + 1)
    assert (point(simulation, kick(state, radius)) == point(simulation, kick(state, radius))).all()
    assert not (point(simulation, kick(state, radius)) == point(simulation, kick(later, radius))).all()


@pytest.mark.parametrize("chart", [0, 1])
def test_the_lowest_direction_is_the_lowest_eigenvector(chart: int) -> None:
    simulation = both("gradient_descent", learning_rate=0.1)[chart]
    kick = compiled(simulation.kicked, lowest=True)
    moves = []
    for seed in range(20):
        state = simulation.begin(seed)
        moves.append(point(simulation, kick(state, jnp.asarray(0.3))) - point(simulation, state))
    np.testing.assert_allclose(np.abs(moves), 0.3 * np.array([[0.0, 1.0, 0.0, 0.0]] * 20), atol=1e-7)
    assert {float(np.sign(move[1])) for move in moves} == {-1.0, 1.0}


def test_it_is_kicked_where_flat_and_not_too_often() -> None:
    optimizer = PerturbedGradientDescent(learning_rate=0.1, radius=1e-3, gradient_threshold=0.01, interval=4.0)
    simulation = Simulation(Quadratic([1.0, -1e-9]), optimizer)
    state, kicked = simulation.begin(0), []
    step = compiled(simulation.step)
    for now in range(120):
        before, flat = state.opt.inner_state.given, np.linalg.norm(simulation.look(state).gradient["w"]) <= 0.01
        expected = point(simulation, state) * (1 - 0.1 * np.array([1.0, -1e-9]))
        state = step(state)
        if state.opt.inner_state.given > before:
            assert flat
            kicked.append(now)
        else:
            np.testing.assert_allclose(point(simulation, state), expected, rtol=1e-12)
    assert kicked
    assert set(np.diff(kicked)) == {5}
    steep = np.flatnonzero(0.9 ** np.arange(120) * abs(float(simulation.begin(0).params["w"][0])) > 0.02)
    assert kicked[0] > steep[-1]


def test_kicks_are_uniform_in_the_ball() -> None:
    optimizer = PerturbedGradientDescent(learning_rate=0.1, radius=0.5)
    opt = Simulation(Quadratic([1.0] * 3), optimizer).begin(0).opt
    draw = jax.jit(jax.vmap(lambda key: optimizer.kick(opt, key, 3, jnp.dtype(jnp.float64))))
    kicks = np.asarray(draw(jax.vmap(lambda n: jax.random.key_data(jax.random.key(n)))(jnp.arange(4000))))
    radii = np.linalg.norm(kicks, axis=1) / 0.5
    # (R/r)³ is uniform on [0, 1].
    np.testing.assert_allclose(np.quantile(radii**3, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)
    np.testing.assert_allclose(kicks.mean(axis=0), 0, atol=0.02)


def test_jins_algorithm_stops_at_a_minimum_and_not_at_a_saddle() -> None:
    schedule = jin_2017(dimension=2, gradient_lipschitz=1.0, hessian_lipschitz=1.0, accuracy=0.1, gap=1.0, failure=0.1)
    chi = 3 * np.log(2 * 1 * 1 / (0.01 * 0.1))
    expected = [1.0, 0.1 / chi**2, 0.1 / chi**2, np.ceil(chi / np.sqrt(0.1)), np.sqrt(1e-3) / chi**3]
    found = [schedule.learning_rate, schedule.radius, schedule.gradient_threshold, schedule.interval, schedule.decrease]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for curvatures, settles in (([1.0, 0.5], True), ([1.0, -0.5], False)):
        simulation = Simulation(Quadratic(curvatures, scale=1e-9), schedule)
        end = after(simulation, int(schedule.interval) + 3)
        assert bool(end.opt.inner_state.settled) is settles
        assert int(end.opt.inner_state.given) == 1


def test_noise_has_its_length_at_every_step() -> None:
    simulation = Simulation(Quadratic([0.0, 0.0, 0.0]), NoisyGradientDescent(learning_rate=0.1, noise=2.0))
    state, moves = simulation.begin(0), []
    step = compiled(simulation.step)
    for _ in range(300):
        new = step(state)
        moves.append(point(simulation, new) - point(simulation, state))
        state = new
    np.testing.assert_allclose(np.linalg.norm(moves, axis=1), 0.2, rtol=1e-9)
    np.testing.assert_allclose(np.mean(moves, axis=0), 0, atol=0.03)
    assert isinstance(simulation.chart, Flat)

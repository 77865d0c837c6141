"""The readings of curvature beside the sharpness: Gauss–Newton spectra, traces, densities, and all of them by layer."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dltlab import scenario
from dltlab.engine import ensemble, experiment
from dltlab.engine.numerics import gauss_newton, hessian
from dltlab.engine.probes import blocks
from dltlab.engine.problems import Composed
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")
DIGITS = 'data = {kind = "digits", points = 10}\nmodel = {kind = "mlp", widths = [2], activation = "ACTIVATION"}'


def built(
    more: str, *, loss: str = "square", activation: str = "tanh", precision: str = "float64", world: str = DIGITS
) -> experiment.Experiment:
    text = f"""
title = "curvature"
[problem]
kind = "supervised"
loss = "{loss}"
{world.replace("ACTIVATION", activation)}
[optimizer]
kind = "gradient_descent"
learning_rate = 0.1
[run]
steps = 40
precision = "{precision}"
{more}
"""
    return experiment.build(scenario.parse(text, "curvature.toml"))


def read(made: experiment.Experiment, seed: int = 0, steps: int = 2) -> dict[str, np.ndarray]:
    flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (seed,)), steps)
    return {key: np.asarray(rows, float)[:steps] for key, rows in flight.rows["probes.it"].items()}


def dense(made: experiment.Experiment) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The Hessian, the matrix Jᵀ(∂²ℓ/∂f²)J and each layer's coordinates, where the first reading is taken."""
    problem: Any = made.program.simulation.problem
    flat, unravel = ravel_pytree(made.program.simulation.begin(0).params)

    @jax.jit
    def found(at: jax.Array) -> tuple[jax.Array, jax.Array]:
        slopes = jax.jacfwd(lambda at: problem.outputs(unravel(at)))(at)
        curvature = jax.hessian(problem.of_outputs)(problem.outputs(unravel(at)))
        return hessian.dense(lambda at: problem.loss(unravel(at)), at), slopes.T @ curvature @ slopes

    whole, exact = map(np.asarray, found(flat))
    numbered = unravel(jnp.arange(flat.size, dtype=flat.dtype))
    places = {name: np.asarray(ravel_pytree(layer)[0], int) for name, layer in problem.layers(numbered).items()}
    return whole, exact, places


def top(matrix: np.ndarray, count: int) -> np.ndarray:
    return np.linalg.eigvalsh(matrix)[::-1][:count]


@pytest.mark.parametrize(("precision", "exactly", "nearly"), [("float64", 1e-12, 1e-5), ("float32", 1e-5, 1e-2)])
@pytest.mark.parametrize("unit", [True, False])
def test_products_and_differences_are_those_of_the_dense_matrix(
    precision: str, exactly: float, nearly: float, unit: bool
) -> None:
    made = built("", precision=precision)
    problem, params = made.program.simulation.problem, made.program.simulation.begin(0).params
    flat, unravel = ravel_pytree(params)
    matrix = np.asarray(hessian.dense(lambda at: problem.loss(unravel(at)), flat), float)
    vector = jax.random.normal(jax.random.key(1), flat.shape, flat.dtype)
    vector = vector / jnp.linalg.norm(vector) * (1.0 if unit else 30.0)
    truth = matrix @ np.asarray(vector, float)
    gradient = jax.grad(problem.loss)
    for product, most in (
        (hessian.products(problem.loss, params), exactly),
        (hessian.differenced(gradient, params, gradient(params), unit=unit), nearly),
    ):
        found = product(vector)
        assert found.dtype == flat.dtype
        assert np.linalg.norm(np.asarray(found, float) - truth) <= most * np.linalg.norm(truth)


def test_a_problem_too_large_for_one_kernel_is_read_by_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = '[probes]\nit = {kind = "sharpness"}'
    few = read(built(probe, precision="float32"), steps=12)
    monkeypatch.setattr("dltlab.engine.compact.FEW", 0)
    large = read(built(probe, precision="float32"), steps=12)
    np.testing.assert_allclose(large[""], few[""], rtol=2e-3)
    # Differences say what they lack, exact products have nothing to say.
    assert large["error"].min() > 2 * few["error"].min()
    assert (large[""] != few[""]).any()


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("more", ["", "lowest = true", "top = 3", "top = 16\npreconditioned = true"])
@pytest.mark.parametrize("method", ["auto", "dense", "tracked", "lanczos"])
def test_a_sharpness_tells_shapes_as_it_will_read_them(method: str, more: str, precision: str) -> None:
    made = built(f'[probes.it]\nkind = "sharpness"\nmethod = "{method}"\n{more}', precision=precision)
    probe, simulation = made.program.probes["probes.it"], made.program.simulation
    moment = jax.eval_shape(simulation.look, simulation.begin(0))
    memory = jax.eval_shape(probe.remember, simulation, moment)
    read, _ = jax.eval_shape(probe.measure, simulation, moment, memory)
    told = probe.told(simulation, moment, memory)
    assert {key: (one.shape, one.dtype) for key, one in told.items()} == {
        key: (one.shape, one.dtype) for key, one in read.items()
    }


@pytest.mark.parametrize("loss", ["square", "cross_entropy"])
def test_gauss_newton_products_and_the_weighted_kernel_are_those_of_the_dense_matrix(loss: str) -> None:
    made = built("", loss=loss)
    problem = made.program.simulation.problem
    assert isinstance(problem, Composed)
    flat, unravel = ravel_pytree(made.program.simulation.begin(0).params)
    _, exact, _ = dense(made)

    @jax.jit
    def found(at: jax.Array) -> tuple[jax.Array, jax.Array]:
        def outputs(at: jax.Array) -> jax.Array:
            return problem.outputs(unravel(at))

        product = gauss_newton.products(outputs, problem.of_outputs, at)
        return jax.vmap(product)(jnp.eye(at.size)), gauss_newton.gram(outputs, problem.of_outputs, at)

    products, gram = (np.asarray(matrix) for matrix in found(flat))
    np.testing.assert_allclose(products, exact, atol=1e-12 * np.abs(exact).max())
    assert gram.shape == (100, 100)
    assert np.linalg.eigvalsh(gram).min() > -1e-12
    np.testing.assert_allclose(top(gram, 100), top(exact, 100), atol=1e-12 * top(exact, 1)[0])


@pytest.mark.parametrize("loss", ["square", "cross_entropy"])
def test_of_a_linear_network_gauss_newton_is_the_hessian(loss: str) -> None:
    world = 'data = {kind = "digits", points = 10}\nmodel = {kind = "mlp", widths = []}'
    whole, exact, _ = dense(built("", loss=loss, world=world))
    np.testing.assert_allclose(whole, exact, atol=1e-12 * np.abs(exact).max())


@pytest.mark.parametrize(
    ("method", "layer", "precision"),
    [("gram", "", "float32"), ("gram", "W2", "float64"), ("lanczos", "W2", "float32")],
)
def test_the_probe_reads_the_top_of_gauss_newton(method: str, layer: str, precision: str) -> None:
    table = f'[probes.it]\nkind = "gauss_newton"\ntop = 3\nmethod = "{method}"\nlayer = "{layer}"'
    readings = read(built(table, loss="cross_entropy", precision=precision))
    _, exact, places = dense(built("", loss="cross_entropy"))
    chosen = places[layer] if layer else np.arange(len(exact))
    truth = top(exact[np.ix_(chosen, chosen)], 3)
    apart = np.abs(readings[""][0] - truth)
    assert (apart <= 2e-3 * truth[0]).all()
    assert (apart <= readings["error"][0] + (1e-5 if precision == "float32" else 1e-10) * truth[0]).all()
    assert (readings["error"] <= 2e-3 * readings[""][:, :1]).all()


@pytest.mark.parametrize("layer", ["", "W2"])
def test_a_trace_with_products_enough_is_that_of_the_layers_block(layer: str) -> None:
    table = f'[probes.it]\nkind = "hessian_trace"\nproducts = 3000\nlayer = "{layer}"'
    readings = read(built(table))
    whole, _, places = dense(built(""))
    chosen = places[layer] if layer else np.arange(len(whole))
    assert readings[""][0] == pytest.approx(np.diag(whole)[chosen].sum(), rel=1e-10)
    assert readings["products"][0] == len(chosen)
    assert readings["error"][0] < 1e-10


def test_the_layers_partition_the_parameters() -> None:
    made = built("")
    params = made.program.simulation.begin(0).params
    flat, _ = ravel_pytree(params)
    parts = [blocks.block(made.program.simulation, params, layer) for layer in ("W1", "W2")]
    assert sum(part.size for part in parts) == flat.size
    np.testing.assert_array_equal(sum(part.embed(part.select(flat)) for part in parts), flat)


def test_a_density_has_the_spectrums_mass_and_mean() -> None:
    table = '[probes.it]\nkind = "spectral_density"\nstarts = 32\nbroadening = 0.02\nlayer = "W2"'
    readings = read(built(table))
    whole, _, places = dense(built(""))
    spectrum = np.linalg.eigvalsh(whole[np.ix_(places["W2"], places["W2"])])
    grid, values, error = readings["grid"][0], readings[""][0], readings["error"][0]
    assert np.trapezoid(values, grid) == pytest.approx(1, abs=0.02)
    scatter = np.sqrt(2 * np.var(spectrum) / (len(spectrum) + 2) / 32)
    assert np.trapezoid(grid * values, grid) == pytest.approx(spectrum.mean(), abs=4 * scatter + 0.02 * np.ptp(grid))
    assert grid[0] < spectrum[0] < spectrum[-1] < grid[-1]
    assert (error >= 0).all()
    assert error.max() > 0


def test_readings_depend_on_the_seed_and_the_step_alone() -> None:
    made = built('[probes.it]\nkind = "spectral_density"\nlow = -1.0\nhigh = 3.0\n[probes.sum]\nkind = "hessian_trace"')
    fly = ensemble.compiled(made.program, 1)
    state, memories = ensemble.begin(made.program, (0,))
    whole = fly(state, memories, 4)
    half = fly(state, memories, 2)
    rest = fly(half.state, half.memories, 2)
    for name in ("probes.it", "probes.sum"):
        for suffix, rows in whole.rows[name].items():
            np.testing.assert_array_equal(rows[2:4], rest.rows[name][suffix][:2])
    # Every step draws anew, and a grid that is said is kept.
    assert len(np.unique(np.asarray(whole.rows["probes.sum"]["error"])[:4])) == 4
    grid = np.asarray(whole.rows["probes.it"]["grid"])[:4]
    np.testing.assert_allclose(grid, np.broadcast_to(np.linspace(-1, 3, 101), (4, 101)))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('kind = "hessian_trace"\nlayer = "W3"', "no layer 'W3'"),
        ('kind = "spectral_density"\nlow = 2.0\nhigh = 1.0', "high = 1 is not above low = 2"),
        ('kind = "spectral_density"\npoints = 20\nbroadening = 0.001', "take 502 at least"),
    ],
)
def test_what_cannot_be_read_is_refused(table: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        built(f"[probes.it]\n{table}")


def test_a_loss_without_outputs_has_no_gauss_newton_matrix() -> None:
    text = """
title = "bowl"
problem = {kind = "quadratic", eigenvalues = [3.0, 0.5]}
optimizer = {kind = "gradient_descent", learning_rate = 0.01}
run = {steps = 10}
probes.it = {kind = "gauss_newton"}
"""
    with pytest.raises(ScenarioError, match="needs a loss of a network's outputs"):
        experiment.build(scenario.parse(text, "bowl.toml"))

"""What the central flow and the oscillation stand on: complementarity, and cases done by hand."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltlab import scenario
from dltlab.engine import ensemble, experiment
from dltlab.engine.numerics import complementarity
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")


@given(st.integers(1, 4), st.integers(0, 10_000), st.floats(-1, 1))
@settings(max_examples=25)
def test_the_complementarity_conditions_hold(size: int, seed: int, shift: float) -> None:
    random = np.random.default_rng(seed)
    slopes = random.standard_normal((size, size, 30))
    slopes = 0.5 * (slopes + slopes.transpose(1, 0, 2))
    flat = slopes.reshape(size * size, 30)
    growth = random.standard_normal((size, size))
    growth = 0.5 * (growth + growth.T) + shift * np.eye(size)
    found = np.asarray(
        complementarity.solved(
            jnp.asarray(growth), jnp.asarray(flat @ flat.T), jnp.zeros((size, size)), tolerance=1e-12, most=20_000
        )
    )
    left = (flat @ flat.T @ found.ravel()).reshape(size, size) - growth
    assert np.linalg.eigvalsh(found).min() >= -1e-9
    assert np.linalg.eigvalsh(left).min() >= -1e-5
    assert abs(np.sum(found * left)) <= 1e-5


def readings(text: str, steps: int, source: str) -> dict[str, np.ndarray]:
    made = experiment.build(scenario.parse(f'title = "case"\n{text}', "case.toml"), steps=steps)
    flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), steps)
    return {suffix: np.asarray(values)[:steps] for suffix, values in flight.rows[source].items()}


VALLEY = """
problem = {kind = "self_stabilization", sharpness = 38.0, slope = 0.25, scale = 1e-8}
optimizer = {kind = "gradient_descent", learning_rate = 0.05}
run = {steps = 200, precision = "float64"}
"""


def test_in_the_valley_the_flow_climbs_to_the_edge_and_stays_with_the_variance_2g() -> None:
    found = readings(VALLEY + '[theories.it]\nkind = "central_flow"', 200, "theories.it")
    time = 0.05 * np.arange(200)
    np.testing.assert_allclose(found["sharpness"][:, 0], np.minimum(38 + 0.25 * time, 40), rtol=1e-6)
    assert (found["variance"][time < 7.9] == 0).all()
    np.testing.assert_allclose(found["variance"][time > 8.1], 2 * 0.25, rtol=1e-5)
    np.testing.assert_allclose(found["loss"] - found["bare"], found["variance"] / 0.05, rtol=1e-3, atol=1e-9)


def test_below_the_edge_it_is_gradient_flow() -> None:
    bowl = """
problem = {kind = "quadratic", eigenvalues = [3.0, 0.5]}
optimizer = {kind = "gradient_descent", learning_rate = 0.01}
run = {steps = 100, precision = "float64"}
"""
    flow = readings(bowl + '[theories.it]\nkind = "gradient_flow"', 100, "theories.it")
    central = readings(bowl + '[theories.it]\nkind = "central_flow"\nsubsteps = 64', 100, "theories.it")
    np.testing.assert_allclose(central["loss"], flow["loss"], rtol=2e-3)
    np.testing.assert_allclose(central["bare"], central["loss"], rtol=0)
    np.testing.assert_allclose(central["sharpness"], np.tile([3.0, 0.5], (100, 1)), rtol=1e-9)


def test_it_refuses_other_optimizers_with_the_cure() -> None:
    text = VALLEY.replace("gradient_descent", "polyak") + '[theories.it]\nkind = "central_flow"'
    with pytest.raises(ScenarioError, match="use that, or remove the theory"):
        readings(text, 1, "theories.it")


@pytest.mark.parametrize("every", [1, 7])
def test_along_the_top_eigenvector_steps_multiply_by_one_minus_eta_lambda(every: int) -> None:
    bowl = f"""
problem = {{kind = "quadratic", eigenvalues = [0.5, 3.9, 1.0]}}
optimizer = {{kind = "gradient_descent", learning_rate = 0.5}}
run = {{steps = 70, precision = "float64"}}
[probes.it]
kind = "oscillation"
every = {every}
"""
    found = readings(bowl, 70, "probes.it")
    start = np.random.default_rng([0, 0]).standard_normal(3)[1]
    steps = np.arange(0, 70, every)
    x = start * (1 - 0.5 * 3.9) ** steps
    sign = np.sign(found["displacement"][0] * x[0])
    count = len(steps)
    np.testing.assert_allclose(found["product"][:count], (1 - 0.5 * 3.9) * found["square"][:count], rtol=1e-6)
    np.testing.assert_allclose(sign * found[""][:count], -0.5 * 3.9 * x, rtol=1e-6)
    # (x − 2x′ + x″)/4 with x′ = −0.95x is x but for a factor that is 1 at the edge.
    np.testing.assert_allclose(sign * found["displacement"][:count], x * (1.95 / 2) ** 2, rtol=1e-6)

"""Tangent kernels against backward passes, and their limits against random features by the thousand."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab import catalog, scenario
from dltlab.engine import ensemble, experiment, knobs
from dltlab.engine.numerics import kernel
from dltlab.engine.problems import PROBLEMS
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")
NETWORKS = [
    {"width": 8, "train": "first", "outer": "gaussian"},
    {"width": 8, "train": "both", "scaling": "mean_field", "alpha": 3.0, "bias": True},
    {"width": 9, "train": "both", "activation": "tanh", "outer": "uniform", "inner": "sphere", "scale": 0.4},
]


def problem(network: dict[str, Any], data: dict[str, Any] | None = None, **more: Any) -> Any:
    data = data or {"kind": "sphere", "points": 7, "dimension": 4}
    table = {"kind": "supervised", "data": data, "model": {"kind": "two_layer", **network}, **more}
    return catalog.make(PROBLEMS, table, noun="problem", at=("problem",))


def params_of(made: Any, seed: int = 0) -> Any:
    return jax.tree.map(jnp.asarray, made.init(np.random.default_rng(seed)))


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_the_closed_form_is_the_gram_matrix_of_gradients(network: dict[str, Any]) -> None:
    made = problem(network)
    params = params_of(made)
    np.testing.assert_allclose(made.tangent(params), kernel.gram(made.outputs, params), rtol=1e-11, atol=1e-14)


def test_several_outputs_have_a_kernel_of_every_pair() -> None:
    made = problem({"width": 5}, {"kind": "digits", "points": 10})
    found = np.asarray(made.tangent(params_of(made)))
    assert found.shape == (100, 100)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    assert np.linalg.eigvalsh(found)[0] > -1e-10
    with pytest.raises(ValueError, match="one output"):
        made.limit()


@pytest.mark.parametrize("network", [n for n in NETWORKS if n.get("activation") != "tanh"], ids=str)
def test_the_limit_is_the_mean_of_the_kernel_at_the_start(network: dict[str, Any]) -> None:
    """Over 60 000 neurons the mean is right to within five standard errors, about 2 % of the diagonal."""
    many = 60_000
    few, lots = problem(network), problem({**network, "width": many})
    found = np.asarray(lots.tangent(params_of(lots, 4)))
    expected = np.asarray(lots.limit())
    np.testing.assert_allclose(found, expected, atol=0.025 * np.abs(np.diag(expected)).max())
    # In the mean-field scaling the kernel itself is m times smaller; in the NTK scaling it has no width.
    shrunk = many / few.model.width if network.get("scaling") == "mean_field" else 1.0
    np.testing.assert_allclose(shrunk * expected, few.limit(), rtol=1e-9)


def test_the_limit_of_other_starts_follows_their_laws() -> None:
    network = {"inner": "sphere", "outer": "uniform", "inner_scale": 2.0, "outer_scale": 3.0, "scale": 0.5}
    lots = problem({**network, "width": 60_000})
    found, expected = np.asarray(lots.tangent(params_of(lots))), np.asarray(lots.limit())
    np.testing.assert_allclose(found, expected, atol=0.025 * np.abs(np.diag(expected)).max())


def test_parallel_inputs_do_not_leave_the_arc_cosine() -> None:
    x = np.array([[3.0, 4.0], [0.6, 0.8], [-0.3, -0.4], [0.0, 0.0]])
    for order, twice in ((0, 0.5), (1, 2.5)):
        found = kernel.arc_cosine(x, order)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found[0, 1], twice, rtol=1e-7)
        np.testing.assert_allclose(found[0, 2], 0, atol=1e-7)
        np.testing.assert_allclose(found, np.asarray(kernel.arc_cosine(jnp.asarray(x), order)), atol=1e-12)


def test_a_kernel_problem_needs_inputs_that_are_not_parallel() -> None:
    table = {"kind": "kernel_regression", "data": {"kind": "chebyshev"}}
    with pytest.raises(ScenarioError, match="parallel"):
        catalog.make(PROBLEMS, table, noun="problem", at=("problem",))


def test_no_limit_is_known_beyond_relu() -> None:
    with pytest.raises(ValueError, match="relu"):
        problem(NETWORKS[2]).limit()


LINEAR = """
title = "linear"
problem = {kind = "kernel_regression", data = {kind = "sphere", points = 9, dimension = 5}, labels = "noise"}
optimizer = {kind = "gradient_descent", learning_rate = 0.9}
run = {steps = 60, precision = "float64"}
probes = {loss = "loss", movement = "weight_movement", modes = {kind = "residual_modes", every = 3}}
theories = {loss = "kernel_loss", movement = "kernel_travel", modes = {kind = "kernel_modes", every = 3}}
"""


def test_on_a_fixed_kernel_theory_is_exact_and_follows_the_knob() -> None:
    """In a linear problem nothing may differ but by rounding, at a rate that overshoots (ηλ > 1), after a turn too."""
    [program] = experiment.build(scenario.parse(LINEAR, "linear.toml")).programs
    fly = ensemble.compiled(program, 1)
    first = fly(*ensemble.begin(program, (3,)), 18)
    second = fly(knobs.turned(first.state, "learning_rate", 0.3), first.memories, 40)
    for flight, steps in ((first, 18), (second, 40)):
        rows = {f"{name}.{key}": np.asarray(v) for name, r in flight.rows.items() for key, v in r.items()}
        np.testing.assert_allclose(rows["probes.loss."][:steps], rows["theories.loss."][:steps], rtol=1e-8)
        np.testing.assert_allclose(rows["theories.loss.error"][:steps], 0, atol=1e-12)
        np.testing.assert_allclose(rows["probes.movement."][:steps], rows["theories.movement.path"][:steps], rtol=1e-8)
        modes, predicted = rows["probes.modes."][: steps // 3], rows["theories.modes."][: steps // 3]
        np.testing.assert_allclose(modes, predicted, rtol=1e-6, atol=1e-20 * predicted.max())
    np.testing.assert_allclose(rows["theories.modes.rate"][steps // 3 - 1], 1, rtol=1e-6)
    assert rows["probes.loss."][steps - 1] < 1e-3 * np.asarray(first.rows["probes.loss"][""])[0]

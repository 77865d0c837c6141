"""Laws over the shelves of problems and models: their gradients are gradients, their sizes are what they said."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dltlab import catalog
from dltlab.engine.models import MODELS
from dltlab.engine.models.layers import ACTIVATIONS
from dltlab.engine.problems import PROBLEMS, AbstractProblem

pytestmark = pytest.mark.usefixtures("wide")
DIGITS = {"kind": "digits", "points": 40}
NETWORKS = [{"kind": "mlp", "widths": [4, 3], "activation": a, "gain": 1.3} for a in sorted(ACTIVATIONS)]
NETWORKS += [{"kind": "mlp", "widths": [], "bias": False, "output_bias": False}]
NETWORKS += [
    {"kind": "cnn", "channels": [2, 3]},
    {"kind": "cnn", "channels": [2, 1], "shrink": "stride", "activation": "gelu", "init": "he"},
]
NETWORKS += [
    {"kind": "two_layer", "width": 6, "doubled": True, "outer": "gaussian", "inner": "sphere", "scale": 0.3},
    {"kind": "two_layer", "width": 5, "activation": "tanh", "scaling": "mean_field", "bias": True, "outer": "uniform"},
    {"kind": "two_layer", "width": 5, "activation": "softplus", "gamma": 0.25, "alpha": 3.0, "outer": "sign"},
]
BANK: list[dict[str, Any]] = [
    {"kind": "quadratic", "eigenvalues": [3.0, -1.0, 0.5]},
    {"kind": "octopus", "dimension": 4, "contraction": 2.0},
    {"kind": "strict_saddle", "angle": 0.7, "across": 0.3},
    {"kind": "saddle_monkey", "start": 0.4},
    {"kind": "rank_one", "dimension": 6, "scale": 0.5},
    {"kind": "self_stabilization", "sharpness": 5.0, "slope": 0.1, "scale": 0.3},
    {"kind": "kernel_regression", "data": {"kind": "sphere", "points": 8}, "labels": "linear"},
    *({"kind": "supervised", "data": DIGITS, "model": network} for network in NETWORKS),
    {"kind": "supervised", "data": DIGITS, "model": NETWORKS[0], "loss": "cross_entropy"},
    {"kind": "supervised", "data": DIGITS, "model": NETWORKS[0], "loss": "square_sum"},
    {"kind": "supervised", "data": {"kind": "chebyshev"}, "model": NETWORKS[0], "batch": 5},
]


def made(table: dict[str, Any]) -> AbstractProblem:
    return catalog.make(PROBLEMS, table, noun="problem", at=("problem",))


def params_of(problem: AbstractProblem, seed: int = 0) -> Any:
    return jax.tree.map(jnp.asarray, problem.init(np.random.default_rng(seed)))


def test_the_bank_holds_every_kind() -> None:
    assert {table["kind"] for table in BANK} == set(PROBLEMS)
    assert {network["kind"] for network in NETWORKS} == set(MODELS)


@pytest.mark.parametrize("table", BANK, ids=str)
def test_its_gradient_is_the_slope_of_its_loss(table: dict[str, Any]) -> None:
    problem = made(table)
    flat, unravel = ravel_pytree(params_of(problem))
    loss = jax.jit(lambda at: problem.loss(unravel(at)))
    gradient = jax.jit(jax.grad(loss))(flat)
    random = np.random.default_rng(3)
    for _ in range(3):
        along = jnp.asarray(random.standard_normal(flat.size)) / np.sqrt(flat.size)
        rise = loss(flat + 1e-6 * along) - loss(flat - 1e-6 * along)
        # Between the two points a ReLU may switch: then the slope is a mixture.
        kinked = table.get("model", {}).get("activation") == "relu"
        np.testing.assert_allclose(rise / 2e-6, gradient @ along, rtol=1e-2 if kinked else 1e-5, atol=1e-8)


@pytest.mark.parametrize("table", BANK, ids=str)
def test_it_says_beforehand_how_large_it_is(table: dict[str, Any]) -> None:
    problem = made(table)
    weights, activations = problem.footprint()
    assert weights == sum(leaf.size for leaf in jax.tree.leaves(params_of(problem)))
    assert activations > 0


@pytest.mark.parametrize("table", BANK, ids=str)
def test_its_layers_are_all_of_its_parameters(table: dict[str, Any]) -> None:
    params = params_of(problem := made(table))
    layers = problem.layers(params)
    assert sorted(leaf.size for leaf in jax.tree.leaves(layers)) == sorted(p.size for p in jax.tree.leaves(params))


@pytest.mark.parametrize("table", BANK, ids=str)
def test_a_seed_decides_its_start_and_another_seed_another(table: dict[str, Any]) -> None:
    problem = made(table)
    same, again, other = (ravel_pytree(params_of(problem, seed))[0] for seed in (1, 1, 2))
    assert (same == again).all()
    assert not (same == other).all()


def test_batches_are_drawn_without_replacement_and_average_to_the_loss() -> None:
    problem = made(BANK[-1])
    params = params_of(problem)
    draw = jax.jit(jax.vmap(lambda key: problem.objective(params, jr.key_data(key))))
    losses = np.asarray(draw(jr.split(jr.key(0), 4000)))
    assert losses.std() > 0
    np.testing.assert_allclose(losses.mean(), problem.loss(params), atol=4 * losses.std() / np.sqrt(4000))


def test_the_square_loss_is_the_half_mean_square() -> None:
    problem: Any = made({"kind": "supervised", "data": DIGITS, "model": NETWORKS[0]})
    params = params_of(problem)
    outputs = np.asarray(problem.model(params, problem.inputs))
    expected = 0.5 * np.mean(np.sum((outputs - np.asarray(problem.targets)) ** 2, axis=1))
    np.testing.assert_allclose(problem.loss(params), expected, rtol=1e-12)


def test_the_cross_entropy_is_the_mean_surprise() -> None:
    problem: Any = made({"kind": "supervised", "data": DIGITS, "model": NETWORKS[0], "loss": "cross_entropy"})
    params = params_of(problem)
    outputs = np.asarray(problem.model(params, problem.inputs))
    shares = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    expected = -np.mean(np.log(shares[np.arange(len(shares)), np.asarray(problem.labels)]))
    np.testing.assert_allclose(problem.loss(params), expected, rtol=1e-12)


def surprise(problem: Any, params: Any) -> jax.Array:
    """The cross-entropy as it is usually written."""
    outputs = problem.model(params, problem.inputs)
    return -jnp.sum(problem.targets.astype(outputs.dtype) * jax.nn.log_softmax(outputs, axis=1)) / outputs.shape[0]


def entropic(widths: list[int]) -> Any:
    network = {"kind": "mlp", "widths": widths, "activation": "tanh"}
    return made({"kind": "supervised", "data": DIGITS, "model": network, "loss": "cross_entropy"})


def test_the_cross_entropy_its_gradient_and_hessian_are_those_of_log_softmax() -> None:
    problem = entropic([2])
    flat, unravel = ravel_pytree(params_of(problem))
    for scale in (1.0, 5.0):
        told = [
            jax.jit(lambda at, of=of: (of(unravel(at)), jax.grad(lambda w: of(unravel(w)))(at)))(scale * flat)
            for of in (problem.loss, lambda params: surprise(problem, params))
        ]
        for ours, theirs in zip(*told, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)
    outputs = jnp.asarray(np.random.default_rng(1).standard_normal(problem.targets.shape))
    one_hot = problem.targets

    def usual(at: jax.Array) -> jax.Array:
        return -jnp.sum(one_hot * jax.nn.log_softmax(at.reshape(one_hot.shape), axis=1)) / one_hot.shape[0]

    ours, theirs = (jax.jit(jax.hessian(of))(outputs.ravel()) for of in (problem.of_outputs, usual))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def test_late_in_a_fit_the_cross_entropy_does_not_cancel_in_float32() -> None:
    problem = entropic([30])
    flat, unravel = ravel_pytree(params_of(problem))
    # Logits that name every example rightly, by so much that the loss is about 1e-5.
    descend = jax.jit(lambda at: jax.lax.fori_loop(0, 400, lambda _, w: w - 1.0 * slope(w), at))
    slope = jax.grad(lambda w: problem.loss(unravel(w)))
    fitted = descend(flat)
    low, high = 1.0, 30.0
    for _ in range(40):
        scale = 0.5 * (low + high)
        low, high = (scale, high) if problem.loss(stretched(unravel(fitted), scale)) > 1e-5 else (low, scale)
    params = stretched(unravel(fitted), low)
    assert float(problem.loss(params)) == pytest.approx(1e-5, rel=1e-3)
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), params)
    narrow = jax.tree.map(lambda leaf: leaf.astype(jnp.float32) if eqx.is_inexact_array(leaf) else leaf, problem)
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), single)
    truth = np.asarray(ravel_pytree(jax.grad(problem.loss)(wide))[0])

    def strays(gradient: Any) -> float:
        return float(np.linalg.norm(np.asarray(ravel_pytree(gradient)[0], float) - truth) / np.linalg.norm(truth))

    assert strays(jax.grad(narrow.loss)(single)) < 1e-4
    assert strays(jax.grad(lambda at: surprise(narrow, at))(single)) > 1e-3


def stretched(params: Any, scale: float) -> Any:
    """A network whose outputs are so many times larger: its last layer is."""
    return type(params)([*params[:-1], jax.tree.map(lambda leaf: scale * leaf, params[-1])])

"""The two-layer network against its formula in NumPy, and the starts that theory asks for."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab import catalog
from dltlab.engine.models import MODELS
from dltlab.engine.problems import PROBLEMS
from dltlab.engine.simulation import in_precision
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")
X = np.random.default_rng(5).standard_normal((7, 3))


def made(**table: Any) -> Any:
    return catalog.make(MODELS, {"kind": "two_layer", **table}, noun="model", at=("problem", "model"))


def drawn(model: Any, seed: int = 0, outputs: int = 1) -> dict[str, np.ndarray]:
    return model.init(np.random.default_rng(seed), 3, outputs)


def outputs(model: Any, params: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(model(jax.tree.map(jnp.asarray, params), jnp.asarray(X)))


@pytest.mark.parametrize(
    ("table", "factor"),
    [
        ({}, 8**-0.5),
        ({"scaling": "mean_field"}, 1 / 8),
        ({"scaling": "none"}, 1.0),
        ({"scaling": "none", "gamma": 0.75, "alpha": 5.0}, 5 * 8**-0.75),
    ],
)
def test_it_is_its_formula(table: dict[str, Any], factor: float) -> None:
    model = made(width=8, outer="gaussian", **table)
    params = drawn(model, outputs=2)
    expected = factor * np.maximum(X @ params["inner"], 0) @ params["outer"]
    np.testing.assert_allclose(outputs(model, params), expected, rtol=1e-12)


def test_a_bias_is_one_more_input_of_one() -> None:
    model, wider = made(width=4, bias=True, activation="tanh"), made(width=4, activation="tanh")
    params = drawn(model)
    assert params["inner"].shape == (4, 4)
    ones = jnp.asarray(np.hstack([X, np.ones((7, 1))]))
    np.testing.assert_allclose(outputs(model, params), wider(jax.tree.map(jnp.asarray, params), ones), rtol=1e-12)


def test_doubling_silences_the_start_and_leaves_the_kernel_alive() -> None:
    model = made(width=10, doubled=True, outer="gaussian")
    params = drawn(model)
    assert abs(outputs(model, params)).max() < 1e-14
    assert (params["inner"][:, :5] == params["inner"][:, 5:]).all()
    assert (params["outer"][:5] == -params["outer"][5:]).all()
    slopes = jax.jacrev(lambda p: model(p, jnp.asarray(X))[:, 0])(jax.tree.map(jnp.asarray, params))
    assert float(jnp.abs(slopes["inner"]).max()) > 0.01
    with pytest.raises(ScenarioError, match="even"):
        made(width=7, doubled=True)


def test_the_starts_have_the_laws_that_they_name() -> None:
    width = 40_000
    gaussian = drawn(made(width=width, outer="gaussian", inner_scale=0.5, outer_scale=2.0, scale=0.1))
    np.testing.assert_allclose(gaussian["inner"].std(), 0.05, rtol=0.02)
    np.testing.assert_allclose(gaussian["outer"].std(), 0.2, rtol=0.02)
    sphere = drawn(made(width=width, inner="sphere", inner_scale=3.0, outer="uniform"))
    np.testing.assert_allclose(np.linalg.norm(sphere["inner"], axis=0), 3.0, rtol=1e-12)
    np.testing.assert_allclose(sphere["inner"] @ sphere["inner"].T / width, 3.0 * np.eye(3), atol=0.05)
    assert 0 <= sphere["outer"].min() < 1e-3 < 0.999 < sphere["outer"].max() < 1
    signs = drawn(made(width=width))["outer"]
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert abs(signs.mean()) < 0.02


def test_training_the_first_layer_leaves_the_second() -> None:
    both, first = ({"kind": "two_layer", "width": 6, "train": train} for train in ("both", "first"))
    slopes = []
    for model in (both, first):
        table = {"kind": "supervised", "data": {"kind": "chebyshev"}, "model": model, "loss": "square_sum"}
        problem = catalog.make(PROBLEMS, table, noun="problem", at=("problem",))
        params = jax.tree.map(jnp.asarray, problem.init(np.random.default_rng(0)))
        slopes.append(jax.grad(problem.loss)(params))
    np.testing.assert_array_equal(slopes[0]["inner"], slopes[1]["inner"])
    assert (slopes[1]["outer"] == 0).all()
    assert (slopes[0]["outer"] != 0).any()


def test_models_that_differ_in_scales_alone_are_one_program() -> None:
    tables = [{}, {"scale": 0.1, "alpha": 7.0, "inner_scale": 2.0, "outer_scale": 0.5, "scaling": "mean_field"}]
    parts = [eqx.partition(in_precision(made(width=6, **t), jnp.dtype(jnp.float32)), eqx.is_array) for t in tables]
    assert eqx.tree_equal(parts[0][1], parts[1][1])
    assert jax.tree.structure(parts[0][0]) == jax.tree.structure(parts[1][0])
    assert len(jax.tree.leaves(parts[0][0])) == 5
    assert {leaf.dtype for leaf in jax.tree.leaves(parts[1][0])} == {jnp.dtype(jnp.float32)}

"""Fewer examples than dimensions: in coordinates of their span a network is trained as it is in the given ones."""

from pathlib import Path

import jax
import numpy as np
import pytest

from dltlab import scenario
from dltlab.engine import ensemble, experiment
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")
STEPS = 120


def case(folder: Path, coordinates: str, optimizer: str, model: str, rows: int = 12, probes: str = "") -> str:
    random = np.random.default_rng(3)
    np.savez(folder / "data.npz", x=random.standard_normal((rows, 30)), y=random.standard_normal((rows, 2)))
    return f"""
title = "case"
problem = {{kind = "supervised", coordinates = "{coordinates}", model = {model},
 data = {{kind = "npz", path = "{folder / "data.npz"}"}}}}
optimizer = {optimizer}
run = {{steps = {STEPS}, every = 1, precision = "float64"}}
probes.loss = {{kind = "loss"}}
probes.movement = {{kind = "weight_movement"}}
probes.sharpness = {{kind = "sharpness", method = "dense", top = 5, above = 0}}
{probes}
"""


@pytest.mark.parametrize(
    "optimizer",
    [
        '{kind = "gradient_descent", learning_rate = 0.3}',
        '{kind = "polyak", learning_rate = 0.05, momentum = 0.8}',
        '{kind = "nesterov", learning_rate = 0.05, momentum = 0.8}',
        '{kind = "ema_momentum", learning_rate = 0.3, momentum = 0.8}',
    ],
)
def test_training_is_the_same(tmp_path: Path, optimizer: str) -> None:
    told, sizes = [], []
    for coordinates in ("given", "span"):
        text = case(tmp_path, coordinates, optimizer, '{kind = "mlp", widths = [8, 7], init = "uniform"}')
        program = experiment.build(scenario.parse(text, "case.toml")).program
        state, memories = ensemble.begin(program, (0,))
        flight = ensemble.compiled(program, 1)(state, memories, STEPS)
        told.append(jax.tree.map(np.asarray, dict(flight.rows)))
        sizes.append(sum(leaf.size for leaf in jax.tree.leaves(flight.state.params)))
    given, span = told
    assert sizes[0] - sizes[1] == (30 - 12) * 8
    loss = given["probes.loss"][""]
    assert loss[STEPS - 1] < 0.5 * loss[0]
    for name in ("probes.loss", "probes.movement", "probes.sharpness"):
        np.testing.assert_allclose(span[name][""][:STEPS], given[name][""][:STEPS], rtol=1e-8, atol=1e-12)


MLP = '{kind = "mlp", widths = [4]}'
DESCENT = '{kind = "gradient_descent", learning_rate = 0.1}'


@pytest.mark.parametrize(
    ("model", "rows", "probes", "cure"),
    [
        (MLP, 30, "", "no shorter with 30 examples; use"),
        ('{kind = "two_layer", width = 4}', 12, "", 'an mlp; use "given"'),
        (
            MLP,
            12,
            'probes.test = {kind = "test_loss", data = {kind = "digits", points = 10}}',
            "does not lie in the span",
        ),
    ],
)
def test_where_it_is_of_no_use_it_is_refused(tmp_path: Path, model: str, rows: int, probes: str, cure: str) -> None:
    with pytest.raises(ScenarioError, match=cure):
        experiment.build(scenario.parse(case(tmp_path, "span", DESCENT, model, rows, probes), "case.toml"))


@pytest.mark.parametrize("kind", ["adam", "rmsprop", "perturbed_gradient_descent", "noisy_gradient_descent"])
def test_optimizers_that_are_not_the_same_in_other_coordinates_are_refused(tmp_path: Path, kind: str) -> None:
    optimizer = f'{{kind = "{kind}", learning_rate = 0.1}}'
    with pytest.raises(
        ScenarioError, match=r'means something else: take gradient_descent, .* or coordinates = "given"'
    ):
        experiment.build(scenario.parse(case(tmp_path, "span", optimizer, MLP), "case.toml"))

"""A theory is right where it is told, and refuses where it would not be."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab import scenario
from dltlab.engine import ensemble, experiment
from dltlab.engine.models.two_layer import TwoLayer
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")
DESCENT = '{kind = "gradient_descent", learning_rate = 0.1}'
NOISY = '{kind = "noisy_gradient_descent", learning_rate = 0.1}'
POLYAK = '{kind = "polyak", learning_rate = 0.01, momentum = 0.9}'
ADAM = '{kind = "adam", learning_rate = 0.01}'
STRICT = '{kind = "strict_saddle", across = 1e-6}'
MONKEY = '{kind = "saddle_monkey"}'
OCTOPUS = '{kind = "octopus", dimension = 5}'
BOWL = '{kind = "quadratic", eigenvalues = [3.0, 0.5]}'
BATCHES = """{kind = "supervised", batch = 5, data = {kind = "chebyshev", degree = 3, points = 20},
 model = {kind = "mlp", widths = [4]}}"""
NETWORK = """{kind = "supervised", loss = "square_sum",
 data = {kind = "sphere", points = 12, dimension = 6, labels = "noise"},
 model = {kind = "two_layer", width = 200, OPTIONS}}"""
LINEAR = 'activation = "linear"'
ONE = """{kind = "supervised", data = {kind = "points", inputs = [2.0], targets = [0.7]},
 model = {kind = "two_layer", width = 15, outer = "gaussian", alpha = 0.5, OPTIONS}}"""


def scene(problem: str, optimizer: str, theory: str, probe: str = "") -> str:
    probed = f'probes = {{it = {{kind = "{probe}"}}}}' if probe else ""
    return f"""
title = "case"
problem = {problem}
optimizer = {optimizer}
run = {{steps = 1000, every = 1, precision = "float64"}}
{probed}
[theories.it]
{theory}
"""


def readings(text: str, steps: int) -> dict[str, Mapping[str, np.ndarray]]:
    program = experiment.build(scenario.parse(text, "case.toml"), steps=steps).program
    fly = ensemble.compiled(program, 1)
    state, memories = ensemble.begin(program, (0,))
    pieces: list[dict[str, dict[str, np.ndarray]]] = []
    for first in range(0, steps, program.longest):
        flight = fly(state, memories, min(program.longest, steps - first))
        state, memories, count = flight.state, flight.memories, int(flight.steps)
        pieces.append(jax.tree.map(lambda rows, count=count: np.asarray(rows)[:count], dict(flight.rows)))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *pieces)


@pytest.mark.parametrize(
    ("problem", "optimizer", "kind", "cure"),
    [
        (STRICT, POLYAK, "escape_time", "of gradient_descent and noisy_gradient_descent; use one"),
        (STRICT, '{kind = "perturbed_gradient_descent", learning_rate = 0.1}', "escape_time", "use one"),
        (MONKEY, NOISY, "escape_time", "for strict ones; use gradient_descent"),
        (OCTOPUS, NOISY, "exit_times", "use one, or remove them"),
        (BOWL, ADAM, "gradient_flow", "use gradient_descent, or remove"),
        (BOWL, '{kind = "rmsprop", learning_rate = 0.01}', "gradient_flow", "use gradient_descent, or remove"),
        (BATCHES, DESCENT, "central_flow", "on all the data; use batch = 0"),
        (
            '{kind = "self_stabilization", sharpness = 40.0, slope = 0.25}',
            POLYAK,
            "valley_cycle",
            "is that of gradient_descent; use that",
        ),
        (ONE.replace("OPTIONS", 'activation = "relu"'), DESCENT, "catapult", 'exact for activation = "linear"'),
        (
            ONE.replace("[2.0]", "[2.0, 1.0]").replace("[0.7]", "[0.7, 0.1]").replace("OPTIONS", LINEAR),
            DESCENT,
            "catapult",
            "use points with one input",
        ),
        (ONE.replace("OPTIONS", LINEAR), POLYAK, "catapult", "is that of gradient_descent; use that"),
        (NETWORK.replace("OPTIONS", 'train = "both"'), DESCENT, "neuron_cap", 'use train = "first"'),
    ],
)
def test_elsewhere_it_refuses_with_the_cure(problem: str, optimizer: str, kind: str, cure: str) -> None:
    with pytest.raises(ScenarioError, match=cure):
        experiment.build(scenario.parse(scene(problem, optimizer, f'kind = "{kind}"'), "case.toml"))


def in_arms(first: str, **others: str) -> tuple[str, ...]:
    """The faults of a bowl with a sharpness, its threshold and a flow, under one optimizer or one an arm."""
    text = scene(BOWL, first, 'kind = "stability_threshold"', "sharpness") + '[theories.flow]\nkind = "gradient_flow"\n'
    text += "".join(f'[[arms]]\nname = "{name}"\noptimizer = {other}\n' for name, other in others.items())
    with pytest.raises(ScenarioError) as found:
        experiment.build(scenario.parse(text, "case.toml"))
    return found.value.faults


def test_what_is_refused_in_several_arms_is_told_once_and_names_them() -> None:
    sharpness, flow = in_arms(ADAM)
    told = (sharpness.split(": ", 2), flow.split(": ", 2))
    assert tuple(key for _, key, _ in told) == ("probes.it", "theories.flow")
    assert in_arms(DESCENT, a=ADAM, b=ADAM.replace("0.01", "0.02")) == (sharpness, flow)
    some = in_arms(DESCENT, a=ADAM, b="{learning_rate = 0.2}", c='{kind = "rmsprop", learning_rate = 0.01}')
    assert flow.replace(told[1][2], f"(arms a, c) {told[1][2]}") in some
    assert [fault.split(": ")[2].split(") ")[0] for fault in some] == ["(arm a", "(arm c", "(arms a, c"], (
        "thresholds that differ are told apart"
    )
    _, told, *_ = in_arms(DESCENT, plain="{learning_rate = 0.2}", **{f"a{n}": ADAM for n in range(11)})
    assert "theories.flow: (arms a0, a1, a2, a3, a4, a5, a6, a7, and 3 more) gradient flow" in told


@pytest.mark.parametrize("optimizer", [ADAM, '{kind = "rmsprop", learning_rate = 0.01}'])
def test_a_threshold_stands_beside_the_sharpness_that_it_is_of(optimizer: str) -> None:
    threshold = 'kind = "stability_threshold"'
    raw = scene(BOWL, optimizer, threshold, "sharpness")
    with pytest.raises(ScenarioError, match=r"probes\.it: the threshold .* set preconditioned = true, or remove"):
        experiment.build(scenario.parse(raw, "case.toml"))
    for text, relative in (
        (raw.replace('"sharpness"', '"sharpness", preconditioned = true'), True),
        (raw.replace("[theories.it]", "[theories.edge]"), False),
        (raw.replace(optimizer, DESCENT), True),
        (raw.replace(optimizer, DESCENT).replace('"sharpness"', '"sharpness", preconditioned = true'), True),
    ):
        names = {series.name for series in experiment.build(scenario.parse(text, "case.toml")).series}
        assert "it" in names
        assert ("it.relative" in names) == relative


def test_without_a_threshold_of_its_own_every_eigenvalue_is_followed() -> None:
    eigenvalues = "eigenvalues = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5]"
    bowl = BOWL.replace("eigenvalues = [3.0, 0.5]", eigenvalues)
    read = scene(bowl, ADAM, 'kind = "stability_threshold"', "sharpness").replace("[theories.it]", "[theories.edge]")
    found = readings(read.replace('"sharpness"', '"sharpness", top = 3, method = "tracked"'), 40)["probes.it"]
    assert sorted(found) == ["", "error", "products", "residual"]
    np.testing.assert_allclose(found[""][-1], [9.0, 8.0, 7.0], rtol=1e-2)


def test_a_schedule_that_nothing_is_proved_of_is_refused() -> None:
    constants = "dimension = 2, gradient_lipschitz = 1.0, hessian_lipschitz = 4.0, gap = 1.0"
    for accuracy, refused in ((0.25, False), (0.26, True)):
        text = scene(
            STRICT, f'{{kind = "jin_2017", {constants}, accuracy = {accuracy}}}', 'kind = "stability_threshold"'
        )
        if refused:
            with pytest.raises(ScenarioError, match=r"above ℓ²/ρ = 0\.25"):
                experiment.build(scenario.parse(text, "case.toml"))
        else:
            experiment.build(scenario.parse(text, "case.toml"))


@pytest.mark.parametrize("quartic", [0.0, 0.0625, 1.0, 4.0])
def test_the_saddle_is_left_where_theory_says_though_the_minimum_be_near(quartic: float) -> None:
    problem = f'{{kind = "strict_saddle", across = 1e-6, quartic = {quartic}}}'
    found = readings(scene(problem, DESCENT, 'kind = "escape_time"', "escape"), 200)
    left = found["probes.it"][""]
    assert np.isfinite(left[-1])
    assert abs(left[-1] - found["theories.it"][""][0]) < 3


@pytest.mark.parametrize(("interval", "known"), [(1, True), (300, False)])
def test_exits_are_predicted_where_every_saddle_is_met_by_a_kick(interval: int, *, known: bool) -> None:
    kicked = f"""{{kind = "perturbed_gradient_descent", learning_rate = 0.09,
 radius = 0.027, gradient_threshold = 0.027, interval = {interval}}}"""
    found = readings(scene(OCTOPUS, kicked, 'kind = "exit_times"', "exits"), 1000)
    measured, predicted = found["probes.it"][""][-1], found["theories.it"][""][0]
    assert np.isfinite(measured).all()
    assert np.isfinite(predicted[1:]).all() == known
    if known:
        assert np.mean(np.diff(measured[1:])) == pytest.approx(np.mean(np.diff(predicted[1:])), rel=0.1)


@pytest.mark.parametrize("kind", ["polyak", "nesterov", "ema_momentum"])
def test_momentum_shadows_the_flow_at_its_own_time(kind: str) -> None:
    rate = 0.01 if kind == "ema_momentum" else 0.001
    optimizer = f'{{kind = "{kind}", learning_rate = {rate}, momentum = 0.9}}'
    found = readings(scene(BOWL, optimizer, 'kind = "gradient_flow"', "weight_movement"), 200)
    # The whole way is some hundred times as long; after the start the velocity lags by about β/(1 − β) steps.
    assert found["theories.it"]["distance"][-1] < 0.05 * found["probes.it"][""][-1]


@pytest.mark.parametrize("scaling", ["ntk", "mean_field"])
@pytest.mark.parametrize("alpha", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_no_neuron_passes_its_cap_at_any_scale(scaling: str, alpha: float, activation: str) -> None:
    power = {"ntk": 0.0, "mean_field": 1.0}[scaling]
    rate = 0.3 * 200**power / alpha**2
    options = f'activation = "{activation}", scaling = "{scaling}", alpha = {alpha}, train = "first"'
    text = scene(
        NETWORK.replace("OPTIONS", options),
        f'{{kind = "gradient_descent", learning_rate = {rate}}}',
        'kind = "neuron_cap"\nkernel = "initial"',
        "neuron_movement",
    )
    found = readings(text, 300)
    farthest, cap = found["probes.it"]["farthest"], found["theories.it"][""]
    assert farthest[-1] > 0
    assert (farthest <= cap).all()
    # A cap a hundred times lower would be passed: it is not so loose that nothing could.
    assert farthest[-1] > 0.002 * cap[-1]


def test_the_bound_on_a_neurons_slope_holds() -> None:
    random = np.random.default_rng(0)
    x = jnp.asarray(random.standard_normal((7, 3)))
    for activation in ("relu", "tanh", "gelu", "sigmoid", "softplus", "linear"):
        model = TwoLayer(5, activation, outer="gaussian", alpha=3.0, bias=True)
        params = jax.tree.map(jnp.asarray, model.init(random, 3, 1))
        slopes = jax.jacobian(lambda inner, params=params, model=model: model({**params, "inner": inner}, x))
        lengths = jnp.linalg.norm(slopes(params["inner"]), axis=2)
        assert float(jnp.max(lengths)) <= (1 + 1e-12) * float(model.steepest(params, x))


def test_on_a_singular_kernel_there_is_no_cap_and_no_end_of_the_way() -> None:
    linear = NETWORK.replace("OPTIONS", 'activation = "linear", train = "first"')
    for kind in ("neuron_cap", "kernel_travel"):
        told = readings(scene(linear, DESCENT, f'kind = "{kind}"\nkernel = "initial"'), 20)["theories.it"]
        assert np.isposinf(told[""]).all()
        assert np.isfinite(told.get("path", np.zeros(1))).all()


@pytest.mark.parametrize("rate", [0.2, 2.0])
def test_two_numbers_foretell_the_catapult_for_any_input_and_target(rate: float) -> None:
    problem = ONE.replace("OPTIONS", LINEAR)
    optimizer = f'{{kind = "gradient_descent", learning_rate = {rate}}}'
    read = readings(scene(problem, optimizer, 'kind = "catapult"', "loss"), 60)
    loss, foretold = read["probes.it"][""], read["theories.it"]["loss"]
    np.testing.assert_allclose(foretold, loss, rtol=0, atol=1e-9 * loss.max())
    # It was thrown, or it was not; at the end the curvature is below 2/η either way.
    assert (loss.max() > 2 * loss[0]) == (rate == 2.0)
    assert read["theories.it"]["kernel"][-1] < 2 / rate

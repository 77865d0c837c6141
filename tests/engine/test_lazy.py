"""Lazy training and feature learning once more, in NumPy alone: forward, backward and norms written by hand."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from dltlab import catalog, scenario
from dltlab.engine import ensemble, experiment, knobs
from dltlab.engine.data import DATA
from dltlab.engine.data.base import Examples
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")


class Net(NamedTuple):
    """Neurons in rows, and their outer weights."""

    inner: np.ndarray
    outer: np.ndarray


def outputs(net: Net, x: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """Factor · Σ_j a_j relu(w_j·x)."""
    return factor * np.maximum(x @ net.inner.T, 0) @ net.outer


def loss(net: Net, x: np.ndarray, y: np.ndarray, factor: float = 1.0) -> float:
    """(1/2n) Σ (f − y)²."""
    return 0.5 * float(np.mean((outputs(net, x, factor) - y) ** 2))


def stepped(net: Net, x: np.ndarray, y: np.ndarray, rate: float, factor: float = 1.0) -> Net:
    """One step of gradient descent, its gradient by hand."""
    before = x @ net.inner.T
    missed = factor * (factor * np.maximum(before, 0) @ net.outer - y) / len(x)
    back = (before > 0) * missed[:, None] * net.outer
    return Net(net.inner - rate * back.T @ x, net.outer - rate * np.maximum(before, 0).T @ missed)


def jacobian(net: Net, x: np.ndarray) -> np.ndarray:
    """∂f(x_i)/∂(w_j, a_j), shape (n, m(d + 1))."""
    before = x @ net.inner.T
    inner = ((before > 0) * net.outer)[:, :, None] * x[:, None, :]
    return np.concatenate([inner, np.maximum(before, 0)[:, :, None]], axis=2).reshape(len(x), -1)


def movement(now: Net, start: Net) -> float:
    """‖θ − θ₀‖/‖θ₀‖."""
    apart = sum(np.sum((a - b) ** 2) for a, b in zip(now, start, strict=True))
    return float(np.sqrt(apart / sum(np.sum(b**2) for b in start)))


def built(name: str, arm: str, seed: int = 0) -> experiment.Experiment:
    """One arm of a scenario of the gallery, of one seed."""
    return experiment.build(scenario.read(name), seed=seed, seeds=1, only=[arm])


def start_of(state: Any) -> Net:
    """The engine's initial weights."""
    return Net(np.asarray(state.params["inner"]).T, np.asarray(state.params["outer"])[:, 0])


def examples(name: str, probe: str = "") -> Examples:
    """The data of a scenario, or of one of its probes."""
    table = scenario.read(name).table
    found = table["probes"][probe]["data"] if probe else table["problem"]["data"]
    return catalog.make(DATA, found, noun="data set", at=("data",)).examples()


def flown(made: experiment.Experiment, steps: int) -> tuple[Net, dict[str, np.ndarray]]:
    """The initial weights, and every reading of a run of this many steps."""
    state, memories = ensemble.begin(made.program, made.seeds)
    start, fly = start_of(state), ensemble.compiled(made.program, 1)
    pieces: list[dict[str, np.ndarray]] = []
    while steps > 0:
        flight = fly(state, memories, chunk := min(steps, made.program.longest))
        first = int(state.step)
        rows = {}
        for source, readings in flight.rows.items():
            cadence = made.program.cadence(source)
            count = -(-(first + chunk) // cadence) - -(-first // cadence)
            rows |= {f"{source}.{key}": np.asarray(values)[:count] for key, values in readings.items()}
        pieces.append(rows)
        state, memories, steps = flight.state, flight.memories, steps - chunk
    return start, {key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}


@pytest.mark.parametrize(("arm", "rate"), [("rich", 0.05), ("lazy", 0.0125)])
def test_both_regimes_agree_with_numpy(arm: str, rate: float) -> None:
    made = built("lazy-vs-meanfield", arm)
    start, told = flown(made, 3001)
    train, test = examples("lazy-vs-meanfield"), examples("lazy-vs-meanfield", "test")
    x, y = train.inputs, train.targets[:, 0]
    net, first, drift = start, jacobian(start, x), 0.0
    for step in range(3001):
        if step % 300 == 0:
            assert loss(net, x, y) == pytest.approx(told["probes.loss."][step // 10], rel=1e-6)
            assert loss(net, test.inputs, test.targets[:, 0]) == pytest.approx(
                told["probes.test."][step // 20], rel=1e-6
            )
            now = jacobian(net, x)
            drift = float(np.linalg.norm(now @ now.T - first @ first.T) / np.linalg.norm(first @ first.T))
            assert drift == pytest.approx(told["probes.ntk.drift"][step // 60], rel=1e-6, abs=1e-12)
            far = movement(net, start)
            assert far == pytest.approx(told["probes.movement.relative"][step // 10], rel=1e-6, abs=1e-12)
            assert turn(net, train) == pytest.approx(told["probes.neurons.turn"][step // 30], rel=1e-6)
            assert swing(net, start) == pytest.approx(told["probes.neurons.swing"][step // 30], rel=1e-6, abs=1e-5)
        net = stepped(net, x, y, rate)
    # What the claims say of them, by NumPy's numbers alone.
    assert (movement(net, start) > 2) == (arm == "rich")
    assert (drift > 5) == (arm == "rich")
    assert (turn(net, train) > 0.75) == (arm == "rich")
    assert (swing(net, start) < 2) == (arm == "lazy")
    assert loss(net, x, y) < 1e-3


def turn(net: Net, data: Examples) -> float:
    """The mass-weighted cosine with the nearest neuron of the teacher that has the same sign, neuron by neuron."""
    assert data.teacher is not None
    total = weight = 0.0
    for w, a in zip(*net, strict=True):
        pairs = zip(data.teacher.directions, data.teacher.outputs, strict=True)
        cosines = [float(w @ v) / float(np.linalg.norm(w)) for v, b in pairs if a * float(b) > 0]
        mass = abs(a) * float(np.linalg.norm(w))
        total, weight = total + mass * max(cosines, default=-1.0), weight + mass
    return total / weight


def swing(net: Net, start: Net) -> float:
    """The mass-weighted angle to the first directions in degrees, neuron by neuron."""
    total = weight = 0.0
    for w, a, first in zip(net.inner, net.outer, start.inner, strict=True):
        cosine = float(w @ first) / float(np.linalg.norm(w) * np.linalg.norm(first))
        mass = abs(float(a)) * float(np.linalg.norm(w))
        total, weight = total + mass * np.degrees(np.arccos(np.clip(cosine, -1, 1))), weight + mass
    return total / weight


def bend(net: Net, x: np.ndarray, random: np.random.Generator) -> float:
    """‖D²h‖ from finite differences alone: sup over unit u of ‖D²h[u, u]‖ in L²(μ_n), climbed to from many sides."""
    flat = np.concatenate([net.inner.ravel(), net.outer])

    def at(point: np.ndarray) -> np.ndarray:
        return outputs(Net(point[: net.inner.size].reshape(net.inner.shape), point[net.inner.size :]), x)

    size, step = flat.size, 1e-4
    unit = step * np.eye(size)
    second = np.array([
        [at(flat + a + b) - at(flat + a - b) - at(flat - a + b) + at(flat - a - b) for b in unit] for a in unit
    ]) / (4 * step**2 * np.sqrt(len(x)))  # fmt: skip
    best = 0.0
    for _ in range(60):
        along = random.standard_normal(size)
        for _ in range(60):
            image = np.einsum("abi,a,b->i", second, along, along)
            values, vectors = np.linalg.eigh(np.einsum("abi,i->ab", second, image / np.linalg.norm(image)))
            along = vectors[:, np.argmax(np.abs(values))]
        best = max(best, float(np.linalg.norm(np.einsum("abi,a,b->i", second, along, along))))
    return best


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_kappa_is_that_of_a_brute_force_second_derivative(scale: float) -> None:
    made = small(f"scale = {scale}", '[probes.it]\nkind = "kappa"')
    start, told = flown(made, 2)
    data = small_data()
    x, y = data.inputs, data.targets[:, 0]
    steep = np.linalg.norm(jacobian(start, x), 2) / np.sqrt(len(x))
    missed = np.sqrt(np.mean((outputs(start, x) - y) ** 2))
    kappa = missed * bend(start, x, np.random.default_rng(0)) / steep**2
    assert told["probes.it."][0] == pytest.approx(kappa, rel=1e-6)
    # What κ foretells: the speeds of the differential and of the loss along a small step.
    rate = 1e-7 / scale**2
    after = stepped(start, x, y, rate)
    turned = np.linalg.norm(jacobian(after, x) - jacobian(start, x), 2) / np.sqrt(len(x)) / steep
    fell = 1 - loss(after, x, y) / loss(start, x, y)
    assert told["probes.it.rate"][0] == pytest.approx(turned / fell, rel=1e-4)


TEACHER = 'kind = "teacher", points = 5, dimension = 2, neurons = 2, seed = 4'


def small_data() -> Examples:
    table = {"kind": "teacher", "points": 5, "dimension": 2, "neurons": 2, "seed": 4}
    return catalog.make(DATA, table, noun="data set", at=("data",)).examples()


def small(model: str, more: str, optimizer: str = 'kind = "gradient_descent"\nlearning_rate = 0.1') -> Any:
    """A network of six neurons on five points."""
    text = f"""
title = "small"
[problem]
kind = "supervised"
data = {{{TEACHER}}}
[problem.model]
kind = "two_layer"
width = 6
scaling = "none"
outer = "gaussian"
doubled = true
{model}
[optimizer]
{optimizer}
[run]
steps = 400
precision = "float64"
{more}
"""
    return experiment.build(scenario.parse(text, "small.toml"))


@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_the_linearised_twin_is_gradient_descent_on_the_tangent_model(rate: float) -> None:
    more = f'[theories.lin]\nkind = "linearised"\nevery = 20\ndata = {{{TEACHER}, part = "test"}}'
    made = small("scale = 0.7", more, f'kind = "gradient_descent"\nlearning_rate = {rate}')
    state, memories = ensemble.begin(made.program, (0,))
    fly, start = ensemble.compiled(made.program, 1), start_of(state)
    flight = fly(state, memories, 100)
    later = fly(knobs.turned(flight.state, "learning_rate", 2 * rate), flight.memories, 101)
    told = {
        key: np.concatenate([np.asarray(flight.rows["theories.lin"][key])[:5], np.asarray(values)[:6]])
        for key, values in later.rows["theories.lin"].items()
    }
    data = small_data()
    fresh = catalog.make(
        DATA, {"kind": "teacher", "points": 5, "dimension": 2, "neurons": 2, "seed": 4, "part": "test"},
        noun="data set", at=("data",),
    ).examples()  # fmt: skip
    x, y, slopes, away = data.inputs, data.targets[:, 0], jacobian(start, data.inputs), jacobian(start, fresh.inputs)
    net, moved = start, np.zeros(slopes.shape[1])
    for step in range(201):
        linear, apart = outputs(start, x) + slopes @ moved, outputs(start, fresh.inputs) + away @ moved
        if step % 20 == 0:
            row = step // 20
            assert told["loss"][row] == pytest.approx(0.5 * np.mean((linear - y) ** 2), rel=1e-8)
            assert told["gap"][row] == pytest.approx(np.max(np.abs(outputs(net, x) - linear)), rel=1e-7, abs=1e-12)
            assert told["test"][row] == pytest.approx(0.5 * np.mean((apart - fresh.targets[:, 0]) ** 2), rel=1e-8)
            unlike = np.max(np.abs(outputs(net, fresh.inputs) - apart))
            assert told["away"][row] == pytest.approx(unlike, rel=1e-7, abs=1e-12)
        now = rate if step < 100 else 2 * rate
        moved = moved - now * slopes.T @ (linear - y) / len(x)
        net = stepped(net, x, y, now)
    assert told["gap"][-1] > 1e-3


def test_scaling_the_weights_is_scaling_the_output() -> None:
    tau, rate = 0.3, 0.1
    start, told = flown(small(f"scale = {tau}", '[theories.it]\nkind = "rescaled_twin"\nuntil = 300'), 302)
    data = small_data()
    x, y = data.inputs, data.targets[:, 0]

    def apart(power: float) -> float:
        """max|u/τ − w| after 300 steps, w trained with output α = τ^power and step αη on R(αh)/α²."""
        alpha, u, w = tau**power, start, Net(start.inner / tau, start.outer / tau)
        for _ in range(300):
            u, w = stepped(u, x, y, rate), stepped(w, x, y, rate / alpha, alpha)
        return max(float(np.max(np.abs(a / tau - b))) for a, b in zip(u, w, strict=True))

    assert apart(2) < 1e-12
    assert told["theories.it.apart"][300] < 1e-12
    assert told["theories.it.apart"][301] == told["theories.it.apart"][300]
    # Of degree one, as a wrong theory has it, the two are different networks.
    assert apart(1) > 1e-2


@pytest.mark.parametrize("wrong", ['activation = "tanh"', "bias = true"])
def test_what_is_not_homogeneous_has_no_rescaled_twin(wrong: str) -> None:
    with pytest.raises(ScenarioError, match="no bias"):
        small(wrong, '[theories.it]\nkind = "rescaled_twin"')


def test_unseen_examples_have_the_same_teacher_or_are_refused() -> None:
    other = TEACHER.replace("seed = 4", "seed = 5")
    with pytest.raises(ScenarioError, match="another teacher"):
        small("", f'[probes.it]\nkind = "test_loss"\ndata = {{{other}, part = "test"}}')
    with pytest.raises(ScenarioError, match="take data of one kind"):
        small("", '[probes.it]\nkind = "test_loss"\ndata = {kind = "teacher", dimension = 3}')


def test_a_teacher_labels_fresh_inputs_by_the_same_neurons_and_is_nobody_s_student() -> None:
    table = {"kind": "teacher", "points": 40, "dimension": 3, "neurons": 4, "labels_scale": 2.0, "seed": 7}
    train, test = (
        catalog.make(DATA, {**table, "part": part}, noun="data set", at=("data",)).examples()
        for part in ("train", "test")
    )
    assert train.teacher is not None
    assert test.teacher is not None
    for one, other in zip(train.teacher, test.teacher, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.abs(train.teacher.outputs).tolist() == [2.0] * 4
    for data in (train, test):
        np.testing.assert_allclose(np.linalg.norm(data.inputs, axis=1), 1, rtol=1e-12)
        expected = [sum(b * max(v @ x, 0) for v, b in zip(*train.teacher, strict=True)) for x in data.inputs]
        np.testing.assert_allclose(data.targets[:, 0], expected, rtol=1e-12, atol=1e-15)
    assert np.abs(train.inputs @ test.inputs.T).max() < 1 - 1e-9
    # A student of the same seed would else begin at the teacher.
    drawn = np.random.default_rng([7, 0]).standard_normal((4, 3))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    assert np.abs(drawn @ train.teacher.directions.T).max() < 1 - 1e-6


def test_the_phase_diagram_agrees_with_numpy() -> None:
    data = examples("phase-diagram")
    x, y = np.hstack([data.inputs, np.ones_like(data.inputs)]), data.targets[:, 0]
    table = {arm["name"]: arm for arm in scenario.read("phase-diagram").table["arms"]}
    widths, mine, its = (64, 256, 1024), [], []
    for width in widths:
        arm = table[f"g150-{width}"]
        start, told = flown(built("phase-diagram", arm["name"]), 2001)
        net = start
        for _ in range(2000):
            net = stepped(net, x, y, arm["optimizer"]["learning_rate"], width**-1.5)
        mine.append(np.linalg.norm(net.inner - start.inner) / np.linalg.norm(start.inner))
        its.append(told["probes.movement.layers"][-1][0])
    np.testing.assert_allclose(its, mine, rtol=1e-6)
    assert np.polyfit(np.log(widths), np.log(mine), 1)[0] == pytest.approx(0.25, abs=0.05)

"""A knob that is turned between two readings: theory goes by the learning rate that each step had."""

import itertools

import numpy as np
import pytest

from dltlab import catalog, scenario
from dltlab.engine import acts, experiment
from dltlab.engine.data import DATA
from dltlab.engine.fleet import Fleet
from dltlab.engine.numerics import kernel
from dltlab.engine.probes.base import Following
from dltlab.engine.theories import THEORIES

pytestmark = pytest.mark.usefixtures("wide")

KERNEL = 'kind = "kernel_regression"\ndata = {kind = "sphere", points = 6, dimension = 4, labels = "noise"}'
NETWORK = """kind = "supervised"
loss = "square"
data = {kind = "teacher", points = 8, dimension = 2, neurons = 2, seed = 4}
model = {kind = "two_layer", width = 12, scaling = "none", inner = "sphere", outer = "uniform", scale = 0.7}"""
EDGE = """kind = "supervised"
loss = "square"
data = {kind = "chebyshev", degree = 4, points = 20}
model = {kind = "mlp", widths = [10], activation = "tanh", init = "xavier", gain = 1.9}"""
ONE = """kind = "supervised"
data = {kind = "points", inputs = [1.0], targets = [0.5]}
model = {kind = "two_layer", width = 9, activation = "linear"}"""
CASES = {
    "catapult": (ONE, 0.1, 1.3),
    "kernel_modes": (KERNEL, 0.1, 1.0),
    "linearised": (NETWORK, 0.05, 0.3),
    "rescaled_twin": (NETWORK, 0.01, 0.02),
    "central_flow": (EDGE, 0.1, 0.5),
}


def told(kind: str, every: int, turns: dict[int, float], steps: int = 50) -> dict[str, np.ndarray]:
    """Readings of a theory at every tenth step, while its knob is turned at some steps."""
    problem, rate, _ = CASES[kind]
    text = f"""title = "turned"
[problem]
{problem}
[optimizer]
kind = "gradient_descent"
learning_rate = {rate}
[run]
steps = {steps}
precision = "float64"
[theories.it]
kind = "{kind}"
every = {every}
[[knobs]]
name = "learning_rate"
low = 0.001
high = 2.0
"""
    made = experiment.build(scenario.parse(text, "turned.toml"))
    fleet, rows, marks = Fleet(made.programs, made.members), {}, [0, *turns, steps]
    fleet.place(fleet.begin())
    for start, end in itertools.pairwise(marks):
        if start in turns:
            acts.turn(fleet, made, "learning_rate", turns[start])
        flights = fleet.fly(end - start)
        fleet.land(flights)
        due = [step for step in range(start, end) if step % every == 0]
        for suffix in flights.blocks[0].rows["theories.it"]:
            [found] = fleet.rows(flights, "theories.it", suffix).values()
            rows.setdefault(suffix, []).extend(found[0][at] for at, step in enumerate(due) if step % 10 == 0)
    return {suffix: np.array(found) for suffix, found in rows.items()}


def test_every_theory_that_goes_by_the_rate_of_now_is_tried_here() -> None:
    assert {name for name, kind in THEORIES.items() if issubclass(kind, Following)} == set(CASES)


@pytest.mark.parametrize("turned", [(25,), (23, 26, 28), (20,)])
@pytest.mark.parametrize("kind", CASES)
def test_what_it_says_does_not_depend_on_how_often_it_is_read(kind: str, turned: tuple[int, ...]) -> None:
    _, low, high = CASES[kind]
    turns = {step: high if place % 2 == 0 else (low + high) / 2 for place, step in enumerate(turned)}
    seldom, often = told(kind, 10, turns), told(kind, 1, turns)
    for suffix, values in seldom.items():
        if (kind, suffix) == ("kernel_modes", "rate"):
            # On the kernel itself it is 1, at whichever reading it is settled, once there are two.
            np.testing.assert_allclose(values[1:], 1, rtol=1e-6)
        else:
            np.testing.assert_allclose(values, often[suffix], rtol=1e-5, atol=1e-9)


def test_the_identity_stays_exact_whenever_the_knob_is_turned() -> None:
    assert told("rescaled_twin", 10, {25: 0.02})["apart"].max() < 1e-13


def test_the_energies_of_modes_are_those_of_the_network_whenever_the_knob_is_turned() -> None:
    """(1 − ηλ)ⁿ at the mean of two rates is no product at each: at step 30 it was off by up to 100 %."""
    rates = np.where(np.arange(50) < 25, 0.1, 1.0)
    table = {"kind": "sphere", "points": 6, "dimension": 4, "labels": "noise"}
    data = catalog.make(DATA, table, noun="data set", at=("data",))
    values = np.linalg.eigvalsh(kernel.relu_limit(data.examples().inputs))[::-1]
    energies = told("kernel_modes", 10, {25: 1.0})[""]
    for row, step in enumerate(range(0, 50, 10)):
        factor = np.prod(1 - rates[:step, None] * values, axis=0) ** 2
        expected = np.maximum(energies[0] * factor, 1e-24 * energies[0].sum())
        np.testing.assert_allclose(energies[row], expected, rtol=1e-6)

"""RMSProp at its edge: eigenvalues of the preconditioned Hessian leap from one end of the spectrum to the other."""

from typing import Any

import numpy as np
import pytest

from dltlab import scenario
from dltlab.engine import ensemble, experiment
from dltlab.engine.probes.sharpness import Sharpness

STEPS = 830
WAVE = """
title = "leaps"
[problem]
kind = "supervised"
data = {kind = "chebyshev", degree = 4, points = 20}
model = {kind = "mlp", widths = [40], activation = "tanh", init = "xavier", gain = 1.9}
[optimizer]
kind = "rmsprop"
learning_rate = 0.005
epsilon = 1e-7
[run]
steps = 2000
every = 1
precision = "float32"
[probes.true]
kind = "sharpness"
method = "dense"
preconditioned = true
lowest = true
[probes.sharpness]
kind = "sharpness"
preconditioned = true
"""


@pytest.fixture(scope="module", name="readings")
def _readings(wide: None) -> dict[str, Any]:
    """By series, a reading for each step."""
    del wide
    program = experiment.build(scenario.parse(WAVE, "leaps.toml")).program
    fly = ensemble.compiled(program, 1)
    state, memories = ensemble.begin(program, [0])
    pieces = []
    for first in range(0, STEPS, program.longest):
        flight = fly(state, memories, min(program.longest, STEPS - first))
        state, memories, count = flight.state, flight.memories, int(flight.steps)
        told = {(name, part): rows for name, own in flight.rows.items() for part, rows in own.items()}
        pieces.append({key: np.asarray(rows)[:count].reshape(count, -1)[:, 0] for key, rows in told.items()})
    return {".".join(key).strip("."): np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]}


def test_what_leaps_is_read_from_the_first_step_on(readings: dict[str, Any]) -> None:
    true, read, error = (readings[f"probes.{name}"] for name in ("true", "sharpness", "sharpness.error"))
    assert np.max(np.abs(read - true) / true) < 1e-4
    # The truth is of the same parameters and the same metric, so rounding is all that is between them.
    assert np.all(np.abs(read - true) <= error)
    assert np.max(readings["probes.sharpness.products"]) < Sharpness().products


def test_it_leaps_from_the_lowest_end(readings: dict[str, Any]) -> None:
    true, lowest = readings["probes.true"], readings["probes.true.lowest"]
    settled = slice(20, None)
    mirrored = np.flatnonzero(-lowest[settled] > 0.99 * true[settled])
    assert len(mirrored) >= 5

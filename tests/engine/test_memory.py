"""What an experiment holds is reckoned before any of it exists: neither far too little nor far too much."""

from collections.abc import Callable
from pathlib import Path

import jax
import pytest

from dltlab import scenario
from dltlab.engine import ensemble, experiment, keyframes, memory
from dltlab.engine.experiment import Experiment
from dltlab.errors import ScenarioError
from dltlab.records import encode

pytestmark = pytest.mark.usefixtures("wide")
Build = Callable[..., Experiment]
DIGITS = """
title = "it"
[problem]
kind = "supervised"
data = {kind = "digits", points = 40}
model = {kind = "mlp", widths = [30, 20]}
[optimizer]
kind = "gradient_descent"
learning_rate = 0.05
[run]
steps = 50
[probes.loss]
kind = "loss"
"""


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Build the scenario, with overrides."""
    path = tmp_path / "it.toml"
    path.write_text(DIGITS)
    return lambda *overrides: experiment.build(scenario.read(str(path), overrides))


def reckoned(it: Experiment) -> memory.Footprint:
    return memory.footprint(it.scenario.run.precision, [(it.program.simulation.problem, 1)], it.program.probes)


def test_a_step_that_sees_a_batch_is_reckoned_by_its_batch(build: Build) -> None:
    wide = ("problem.data.points=1000", "problem.model.widths=[3000]")
    whole, few = reckoned(build(*wide)), reckoned(build(*wide, "problem.batch=10"))
    assert few.activations == whole.activations // 100
    assert whole.needed - few.needed == 4 * 2 * (whole.activations - few.activations)
    # An accuracy is that of all examples.
    seen = reckoned(build(*wide, "problem.batch=10", 'probes.seen={kind="accuracy"}'))
    assert (seen.needed, seen.dearest) == (whole.needed, "probes.seen")


@pytest.mark.parametrize(
    "table",
    [
        'probes.it={kind="ntk"}',
        'probes.it={kind="residual_modes", kernel="initial"}',
        'probes.it={kind="gauss_newton", method="gram"}',
        'probes.it={kind="sharpness", method="dense"}',
        'theories.it={kind="linearised"}',
    ],
)
def test_what_a_reading_holds_is_what_its_code_takes(build: Build, table: str) -> None:
    it = build(table)
    simulation, probe = it.program.simulation, next(own for at, own in it.program.probes.items() if at.endswith(".it"))
    moment = jax.eval_shape(simulation.look, simulation.begin(0))
    kept = jax.eval_shape(probe.remember, simulation, moment)
    ways = jax.jit(probe.remember).lower(simulation, moment), jax.jit(probe.measure).lower(simulation, moment, kept)
    sizes = [way.compile().memory_analysis() for way in ways]
    taken = max(getattr(size, "temp_size_in_bytes", 0) for size in sizes)
    assert taken / 1.5 < probe.holds(simulation.problem, 4) < 2.5 * taken
    assert reckoned(it).needed > probe.holds(simulation.problem, 4)


def test_a_state_that_no_line_can_hold_is_refused(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = 'probes.it={kind="ntk"}'
    it = build(kernel, "run.seeds=2", 'optimizer.kind="polyak"')
    keyframe = keyframes.taken(0, [ensemble.begin(it.program, it.seeds)])
    assert it.kept == sum(len(leaf.data) for leaf in keyframe.leaves.values())
    line = len(encode(keyframe))
    assert 0.99 * line < memory.BASE64 * it.kept < line
    monkeypatch.setattr(memory, "LONGEST_LINE", line)
    with pytest.raises(ScenarioError, match=r"it.toml:3:2: problem: the state .* a line of a recording holds"):
        build(kernel, "run.seeds=2", 'optimizer.kind="polyak"')
    assert build("run.seeds=2").kept < it.kept


def test_a_probe_is_blamed_for_what_would_fit_without_it(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, at in ((3 << 20, "probes.it"), (3 << 10, "problem.model.widths")):
        monkeypatch.setattr(memory, "free", lambda free=free: free)
        with pytest.raises(ScenarioError, match=rf"{at}: .* need about"):
            build('probes.it={kind="ntk"}')

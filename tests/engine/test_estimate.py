"""What a run would take is told before it runs, by flying a little of it; nothing is recorded."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from dltlab.engine import costs, estimate, experiment, keyframes, memory
from dltlab.engine.fleet import Fleet, Flights
from dltlab.engine.program import Read
from dltlab.errors import ScenarioError, UsageError
from dltlab.records import Array, Frames, Part, encode

SCENARIO = """
title = "Small"
[problem]
kind = "supervised"
loss = "square"
data = { kind = "chebyshev", degree = 2, points = 8 }
model = { kind = "mlp", widths = [4], activation = "tanh" }
[optimizer]
kind = "gradient_descent"
learning_rate = 0.1
[run]
steps = 300
seeds = 3
[probes.loss]
kind = "loss"
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SCENARIO)
    return str(path)


def test_an_estimate_flies_the_first_steps_and_leaves_nothing_behind(small, tmp_path, monkeypatch):
    monkeypatch.setenv("DLTLAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "compiled"))
    order = [sys.executable, "-P", "-m", "dltlab.engine", "estimate", "--scenario", small, "--steps=500"]
    done = subprocess.run(order, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["steps"], told["members"], told["parameters"]) == (500, 3, 13)
    assert 0 < told["timed"] <= 500
    assert told["computing"] == pytest.approx(500 * told["seconds_a_step"])
    assert told["computing"] > 0 < told["compiling"]
    assert 1 << 26 < told["memory"] < told["free"]
    # 501 losses of three members in float32 at least, in base64.
    assert told["recording"] > 501 * 3 * 4 * 4 / 3
    assert not (tmp_path / "data").exists()
    assert told["read"] > told["flops"] > 0 < told["moved"]
    assert told["outputs"] > 501 * 3 * 4
    assert told["arguments"] > 3 * 13 * 4
    # What was compiled to be counted is what was flown: nothing is compiled twice.
    assert len([*(tmp_path / "compiled").glob("jit_fly-*-cache")]) == 1


class Clocked(Fleet):
    """Steps and readings that take as long as is said; a reading is due at step 0 too."""

    def __init__(self, built, costs):
        super().__init__(built.programs, built.members)
        self.costs, self.now, self.step = costs, 0.0, 0

    def fly(self, steps: int, read: int = Read.DUE, **_):
        self.now += 1e-4 + 1e-3 * steps
        for name, seconds in self.costs.items():
            due = range(self.step + -self.step % self.cadence(name), self.step + steps, self.cadence(name))
            times = len(due) if read == Read.DUE else steps * (read == self.programs[0].alone(name))
            self.now += seconds * times
        return Flights([], np.array([True]), np.array([steps]))

    def land(self, flights):
        self.step += int(flights.steps[0])


@pytest.mark.parametrize("steps", [9000, 300, 1])
def test_a_reading_counts_as_often_as_the_run_takes_it(steps, monkeypatch, wide):
    from dltlab import scenario

    tables = ("density", "spectral_density", 3000), ("trace", "hessian_trace", 7), ("norm", "gradient_norm", 1)
    text = SCENARIO + "".join(f'[probes.{name}]\nkind = "{kind}"\nevery = {every}\n' for name, kind, every in tables)
    built = experiment.build(scenario.parse(text, "clocked"), steps=steps)
    costs = {"probes.density": 4.0, "probes.trace": 0.02, "probes.norm": 1e-4}
    fleet = Clocked(built, costs)
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: fleet.now)
    seconds, timed = estimate._timed(built, fleet)
    whole = steps * 1e-3 + sum(cost * (-(-steps // fleet.cadence(name)) + 1) for name, cost in costs.items())
    assert steps * seconds == pytest.approx(whole, rel=0.1)
    assert timed <= steps


def test_a_recording_is_reckoned_with_a_line_a_slow_step_and_keyframes_on_the_way(wide):
    from dltlab import scenario

    built = experiment.build(scenario.parse(SCENARIO + '[probes.movement]\nkind = "weight_movement"\n', "slow"))
    columns = {one.name: Array.of(np.zeros((1, *one.shape), one.dtype)) for one in built.series}
    line = len(encode(Frames(101, (Part(100, 1, 1, columns),), 28.81595976999961, 0.06212924099, 1.5500000230967999)))
    assert len(columns) > 2
    ends = (2 + keyframes.Rhythm.over(300.0, 1)) * built.kept * memory.BASE64
    assert estimate._recorded(built, 1.0) == pytest.approx(300 * line + ends, rel=0.25)
    # Where steps are quick a line has thousands of them.
    assert estimate._recorded(built, 1e-6) < 0.2 * estimate._recorded(built, 1.0)


def test_keyframes_come_by_the_clock_and_large_ones_more_seldom():
    assert [keyframes.Rhythm.over(seconds, 1) for seconds in (0.0, 4.9, 5.1, 50.1, 60.1)] == [0, 0, 1, 10, 11]
    few, many = (keyframes.Rhythm.over(1e4, size) for size in (keyframes.BUDGET // 2, 1 << 10))
    assert 5 < few < 20 < many


def test_a_disk_without_room_for_the_ends_of_a_recording_is_refused(small, tmp_path, monkeypatch, wide):
    from dltlab import scenario

    built = experiment.build(scenario.read(small))
    monkeypatch.setattr(memory.os, "statvfs", lambda _: SimpleNamespace(f_bavail=256, f_frsize=4096))
    wanted = built.scenario, built.series, built.program.probes
    memory.fit_disk(tmp_path, *wanted, built.kept)
    with pytest.raises(UsageError, match=r"would take 1.34 MiB, and the disk has 1 MiB free; make room"):
        memory.fit_disk(tmp_path, *wanted, 1 << 19)


def test_every_member_is_reckoned_with(small, wide):
    from dltlab import scenario

    built = experiment.build(scenario.read(small))
    problem = built.program.simulation.problem
    one, many = (memory.footprint("float32", [(problem, members)], built.program.probes) for members in (1, 1000))
    assert many.needed > 100 * one.needed
    double = memory.footprint("float64", [(problem, 1000)], built.program.probes)
    assert double.needed == pytest.approx(2 * many.needed, rel=0.01)


@pytest.mark.parametrize(("points", "width", "members"), [(64, 128, 1), (32, 256, 2)])
def test_the_arithmetic_of_a_step_is_that_of_its_products(points, width, members, wide):
    """Forward n·(d·m + m·c) products, and as many for either factor of each on the way back; 2 operations each."""
    from dltlab import scenario

    text = SCENARIO.replace("points = 8", f"points = {points}").replace("[4]", f"[{width}, {width}]")
    text = text.replace('"tanh"', '"relu"').replace("seeds = 3", f"seeds = {members}")
    built = experiment.build(scenario.parse(text, "product"))
    fleet = Fleet(built.programs, built.members)
    fleet.place(fleet.begin())
    found = costs.of(fleet)
    inputs, outputs = 1, 1
    forward = 2 * points * (inputs * width + width * width + width * outputs)
    assert 2.5 * forward * members < found.flops < 4 * forward * members
    # Weights are read, their gradients too, and new ones written.
    assert found.moved > 3 * 4 * width * width * members
    assert found.arguments >= 4 * built.parameters * members
    assert found.outputs >= found.arguments - 4 * 2 * points * members
    assert found.memory < 100 * (found.arguments + found.outputs)


def test_what_the_compiled_chunk_cannot_have_is_refused(small, monkeypatch, wide):
    monkeypatch.setattr(costs, "of", lambda _: costs.Costs(1.0, 1.0, 1.0, 1 << 50, 0, 0, 0.0))
    with pytest.raises(ScenarioError, match=r"1,024 TiB as compiled"):
        estimate.estimate(small)


def test_an_ordinary_start_counts_nothing(small, tmp_path):
    code = f"""
import sys
from pathlib import Path
from dltlab.engine import costs, machine
costs.of = None
machine.prepare()
from dltlab.engine import session
sys.exit(session.run(Path({str(tmp_path / "s.dltlab.jsonl")!r}), {small!r}, steps=4, seeds=1, headless=True))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0

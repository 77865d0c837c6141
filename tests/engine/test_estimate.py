"""What a run would take is told before it runs, by flying a little of it; nothing is recorded."""

import json
import subprocess
import sys

import pytest

from dltlab.engine import experiment, memory

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


def test_every_member_is_reckoned_with(small, wide):
    from dltlab import scenario

    built = experiment.build(scenario.read(small))
    problem = built.program.simulation.problem
    one, many = (memory.footprint("float32", [(problem, members)], built.program.probes) for members in (1, 1000))
    assert many.needed > 100 * one.needed
    double = memory.footprint("float64", [(problem, 1000)], built.program.probes)
    assert double.needed == pytest.approx(2 * many.needed, rel=0.01)

"""The octopus is the function of the paper, and what is read of saddles is right."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

from dltlab import errors, scenario
from dltlab.engine import ensemble, experiment, keyframes
from dltlab.engine.optimizers import perturbed
from dltlab.engine.problems.octopus import Octopus
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")


def value(problem: Octopus, x: Any) -> Any:
    return problem.of_squares(jnp.asarray(x, jnp.float64) ** 2)


def inside(problem: Octopus, random: np.random.Generator) -> np.ndarray:
    """A point of the tube, near any of its saddles."""
    tau, here = float(problem.width), random.integers(0, problem.dimension + 1)
    x = random.uniform(-tau, tau, problem.dimension)
    x[:here] = random.uniform(2 * tau, 6 * tau, here) * random.choice([-1, 1], here)
    if here < problem.dimension:
        x[here] = random.uniform(-2 * tau, 2 * tau)
    return x


def test_the_octopus_has_its_saddles_and_minima() -> None:
    problem = Octopus(dimension=4)
    tau, depth = float(problem.width), float(problem.depth)
    # The figure of the card; by hand ν = 4Lτ² + γτ² − ∫p.
    assert value(problem, [4 * tau] * 4) == pytest.approx(-559.48, abs=0.01)
    slope = jax.jit(jax.grad(lambda x: value(problem, x)))
    curve = jax.jit(jax.hessian(lambda x: value(problem, x)))
    for found in range(5):
        at = jnp.asarray([4 * tau, -4 * tau, 4 * tau, -4 * tau][:found] + [0.0] * (4 - found))
        assert value(problem, at) == pytest.approx(-found * depth, abs=1e-10)
        np.testing.assert_allclose(slope(at), 0, atol=1e-12)
        # A strict saddle: −2γ along the way out, 2L along all others.
        curvatures = np.full(4, 2 * math.e)
        curvatures[found : found + 1] = -2
        np.testing.assert_allclose(np.diag(curve(at)), curvatures, rtol=1e-9)


def test_the_octopus_pieces_join_with_two_derivatives() -> None:
    problem = Octopus(dimension=3)
    tau = float(problem.width)
    slope = jax.jit(jax.grad(lambda x: value(problem, x)))
    curve = jax.jit(jax.hessian(lambda x: value(problem, x)))
    for which, at in ((0, tau), (0, 2 * tau), (1, tau), (2, tau), (1, 2 * tau), (2, 2 * tau)):
        x = np.array([4.3 * tau, 3.8 * tau, 0.0])
        x[which:] = 0.3 * tau
        low, high = x.copy(), x.copy()
        low[which], high[which] = at * (1 - 1e-9), at * (1 + 1e-9)
        for function, close in ((lambda x: value(problem, x), 1e-5), (slope, 1e-5), (curve, 1e-4)):
            np.testing.assert_allclose(function(jnp.asarray(low)), function(jnp.asarray(high)), atol=close)


def test_the_octopus_curvature_is_bounded_by_that_of_its_bridges() -> None:
    problem = Octopus(dimension=4)
    random = np.random.default_rng(0)
    points = jnp.asarray([inside(problem, random) for _ in range(3000)])
    assert bool(jnp.all(jax.vmap(problem.inside)(points)))
    values = np.asarray(
        jax.jit(jax.vmap(lambda x: jnp.linalg.eigvalsh(jax.hessian(lambda y: value(problem, y))(x))))(points)
    )
    # The bridges, not 2L = 5.4, set the Lipschitz constant of the gradient.
    assert -34.7 < values.min() < -30
    assert 12 < values.max() < 17.1


def test_a_function_of_squares_keeps_its_slope_where_coordinates_underflow() -> None:
    problem = Octopus(dimension=3, contraction=2.0)
    slope = np.asarray(jax.grad(problem.of_squares)(jnp.asarray([0.04, 0.0, 0.0])))
    np.testing.assert_allclose(slope, [-1.0, 2.0, 2.0], rtol=1e-12)


def built(text: str, **settings: Any) -> experiment.Experiment:
    return experiment.build(scenario.parse(f'title = "saddle"\n{text}', "saddle.toml"), **settings)


def test_the_landscape_is_the_function_around_the_present_saddle() -> None:
    made = built("""
problem = {kind = "octopus", dimension = 4}
optimizer = {kind = "gradient_descent", learning_rate = 0.09}
run = {steps = 200, precision = "float64"}
[probes.field]
kind = "landscape"
rows = 9
columns = 13
[probes.at]
kind = "position"
""")
    fly = ensemble.compiled(made.program, 1)
    flight = fly(*ensemble.begin(made.program, (0,)), 120)
    problem: Any = made.program.simulation.problem
    tau = float(problem.width)
    fields, extents = (np.asarray(flight.rows["probes.field"][key]) for key in ("", "extent"))
    x, y = np.linspace(-6 * tau, 6 * tau, 13), np.linspace(-6 * tau, 6 * tau, 9)
    np.testing.assert_allclose(extents[0], [-6 * tau, 6 * tau, -6 * tau, 6 * tau])
    for row, column in ((4, 6), (4, 8), (4, 11), (1, 2), (7, 10)):
        expected = value(problem, [x[column], y[row], 0.0, 0.0])
        np.testing.assert_allclose(fields[0, row, column], expected, rtol=1e-9, atol=1e-9)
    # Beside the first saddle the tube is only τ wide.
    assert np.isnan(fields[0, 0, 6])
    # At the third saddle the same picture, two steps of the stairs lower.
    known = np.isfinite(fields[0]) & np.isfinite(fields[119])
    np.testing.assert_allclose((fields[0] - fields[119])[known], 2 * float(problem.depth), rtol=1e-9)
    ways = [np.asarray(flight.rows["probes.at"][key]) for key in ("", "saddle", "escape")]
    start = np.asarray(made.program.simulation.chart.point(made.program.simulation.begin(0).params))
    np.testing.assert_allclose(ways[0][0], start[:2], rtol=1e-12)
    np.testing.assert_allclose([way[0] for way in ways[1:]], [[0, 0], [tau, 0]])


def test_exits_are_seen_at_every_step_whatever_the_cadence() -> None:
    text = """
problem = {kind = "octopus", dimension = 3, contraction = 1.5}
optimizer = {kind = "perturbed_gradient_descent", learning_rate = 0.1667}
run = {steps = 400, every = EVERY, precision = "float64"}
[probes.exits]
kind = "exits"
[probes.kicks]
kind = "kicks"
"""
    ends = []
    for every in (1, 50):
        made = built(text.replace("EVERY", str(every)))
        flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (4,)), 400)
        assert int(flight.state.opt.inner_state.given) > 2
        ends.append(np.asarray(flight.memories["probes.exits"]))
    np.testing.assert_array_equal(*ends)
    assert np.isfinite(ends[0]).all()


@pytest.mark.parametrize(
    ("change", "cure"),
    [
        ('optimizer={kind="adam", learning_rate=0.1}', "only gradient_descent and perturbed_gradient_descent"),
        ('probes.more={kind="sharpness"}', "a sharpness needs parameters as they are"),
        ('probes.more={kind="weight_movement"}', "a weight movement needs parameters as they are"),
        ('theories.more={kind="gradient_flow"}', "gradient flow needs parameters as they are"),
        ('problem={kind="quadratic", eigenvalues=[1.0]}', "exit times are those of the saddles of an octopus"),
        ("problem.contraction=0.5", "must not be below escape"),
    ],
)
def test_what_has_no_meaning_there_is_refused_with_its_place(change: str, cure: str) -> None:
    document = scenario.read("saddle-octopus")
    document.table.pop("arms")
    document.table.pop("questions")
    document.set(change)
    with pytest.raises(ScenarioError, match=cure) as fault:
        experiment.build(document)
    assert "saddle-octopus" in str(fault.value) or "--set" in str(fault.value)


def test_a_wrong_theory_fails_and_is_named(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    order = ["run", "strict-saddle-matrix", "--quiet", "--seeds=2", f"--json={report}", f"--out={tmp_path / 'a.jsonl'}"]
    wrong = ["--set=claims.logarithm.predicted=-8.0"]
    done = subprocess.run(
        [sys.executable, "-m", "dltlab", *order, *wrong], capture_output=True, timeout=300, check=False
    )
    assert done.returncode == errors.FAILS
    told = {one["name"]: one["status"] for one in json.loads(report.read_text(encoding="utf-8"))["runs"][0]["claims"]}
    assert told == {"escape": "holds", "logarithm": "fails", "left": "holds"}


def test_gradient_descent_that_is_kicked_leaves_its_saddle_at_once() -> None:
    made = built("""
problem = {kind = "octopus", dimension = 4}
optimizer = {kind = "gradient_descent", learning_rate = 0.09}
run = {steps = 900, every = 10, precision = "float64"}
[probes.exits]
kind = "exits"
""")
    simulation = made.program.simulation
    fly = ensemble.compiled(made.program, 1)
    held = fly(*ensemble.begin(made.program, (0,)), 200)
    for lowest in (False, True):
        kick = jax.jit(lambda state, lowest=lowest: simulation.kicked(state, jnp.asarray(0.03), lowest=lowest))
        kicked = fly(kick(held.state), held.memories, 60)
        alone = fly(held.state, held.memories, 60)
        left = [int(np.isfinite(np.asarray(flight.memories["probes.exits"])).sum()) for flight in (kicked, alone)]
        assert left == [3, 2]


@pytest.mark.parametrize("constant", [1e-3, 1e-5])
def test_the_first_kick_waits_for_nothing_however_long_the_wait_between_two(constant: float) -> None:
    optimizer = perturbed.jin_2017(2, 1.0, 1.0, 0.1, 10.0, constant)
    opt: Any = optimizer.transformation().init(jnp.zeros(2))
    assert float(opt.hyperparams["interval"]) > 1e8
    flat, at_rest = jnp.asarray(0.0), []
    for step in range(3):
        due, opt = optimizer.due(opt, jnp.asarray(step, jnp.int32), flat, flat)
        at_rest.append(bool(due))
    assert at_rest == [True, False, False]


def test_kicks_are_the_same_wherever_a_run_was_cut_and_continued() -> None:
    made = built("""
problem = {kind = "octopus", dimension = 3, contraction = 2.0}
optimizer = {kind = "perturbed_gradient_descent", learning_rate = 0.125}
run = {steps = 300, precision = "float64"}
[probes.exits]
kind = "exits"
[theories.exits]
kind = "exit_times"
""")
    fly = ensemble.compiled(made.program, 1)
    start = ensemble.begin(made.program, (0,))
    whole = fly(*start, 200)
    first = fly(*start, 73)
    kept = keyframes.taken(73, [(first.state, first.memories)])
    [(state, memories)] = keyframes.restored(kept, [start])
    second = fly(state, memories, 127)
    assert int(whole.state.opt.inner_state.given) > 3
    for one, other in zip(*(jax.tree.leaves((end.state, end.memories)) for end in (whole, second)), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_a_monkey_saddle_takes_as_long_as_its_flow() -> None:
    for start, quartic in ((0.1, 1.0), (0.02, 1.0), (0.005, 1.0), (0.02, 3.0)):
        made = built(f"""
problem = {{kind = "saddle_monkey", start = {start}, quartic = {quartic}}}
optimizer = {{kind = "gradient_descent", learning_rate = 0.01}}
run = {{steps = 9000, every = 100, precision = "float64"}}
[probes.escape]
kind = "escape"
""")
        problem: Any = made.program.simulation.problem
        slope, far = jax.jit(jax.grad(problem.loss)), float(problem.far())
        # At x = −r the way down is dr/dt = ∂f/∂x; the time from r₀ to r is the integral of dr over it.
        flow, _ = scipy.integrate.quad(
            lambda r, slope=slope: 1 / float(slope({"w": jnp.asarray([-r, 0.0])})["w"][0]), start, far, epsrel=1e-9
        )
        predicted = float(problem.leaving(jnp.asarray(start), jnp.asarray(0.01)))
        assert predicted == pytest.approx(flow / 0.01, rel=1e-6)
        flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), 8000)
        assert float(flight.memories["probes.escape"]) == pytest.approx(predicted, rel=0.015)
        # Who starts beyond has left it.
        assert float(problem.leaving(jnp.asarray(5.0), jnp.asarray(0.01))) == 0

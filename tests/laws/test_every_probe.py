"""Laws over the shelves of probes and theories: what they say they show they read, and readings disturb nothing."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from dltlab import records, scenario
from dltlab.engine import ensemble, experiment, keyframes
from dltlab.engine.probes import PROBES
from dltlab.engine.probes.base import AbstractMomentary
from dltlab.engine.probes.sharpness import Sharpness
from dltlab.engine.problems.supervised import Supervised
from dltlab.engine.readings import series_name
from dltlab.engine.theories import THEORIES
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")
ALL = [("probes", kind) for kind in sorted(PROBES)] + [("theories", kind) for kind in sorted(THEORIES)]
DIGITS = 'data = {kind = "digits", points = 40}\nmodel = {kind = "mlp", widths = [3], activation = "tanh"}'
SPHERE = """loss = "square_sum"
data = {kind = "sphere", points = 9, dimension = 4}
model = {kind = "two_layer", width = 20, doubled = true, train = "first"}"""
TEACHER = """data = {kind = "teacher", points = 9, dimension = 2}
model = {kind = "two_layer", width = 20, doubled = true}"""
VALLEY = 'kind = "self_stabilization"\nsharpness = 20.0\nslope = 0.01'
OCTOPUS = 'kind = "octopus"\ndimension = 5'
SADDLE = 'kind = "strict_saddle"\nacross = 0.5'
ONE = """data = {kind = "points", inputs = [1.0], targets = [0.5]}
model = {kind = "two_layer", width = 9, activation = "linear"}"""
WORLDS = [DIGITS, SPHERE, TEACHER, VALLEY, OCTOPUS, SADDLE, ONE]
"""Where probes are tried: each in the first that has what it reads."""
NEEDS = {"test_loss": 'data = {kind = "teacher", points = 50, dimension = 2, part = "test"}'}
"""What a probe cannot do without."""


def built(
    more: str, *, precision: str = "float64", problem: str = DIGITS, rate: float = 0.1, adaptive: bool = False
) -> experiment.Experiment:
    if not problem.startswith("kind"):
        problem = f'kind = "supervised"\n{problem}'
    text = f"""
title = "law"
[problem]
{problem}
[optimizer]
kind = "{"rmsprop" if adaptive else "gradient_descent"}"
learning_rate = {rate / 20 if adaptive else rate}
[run]
steps = 40
precision = "{precision}"
{more}
"""
    return experiment.build(scenario.parse(text, "law.toml"))


def suited(section: str, kind: str, more: str = "", **settings: Any) -> tuple[experiment.Experiment, str]:
    """The first world that the probe says it can read, with the probe in it; and the world."""
    refused: list[ScenarioError] = []
    for world in WORLDS:
        try:
            table = f'[{section}.it]\nkind = "{kind}"\n{NEEDS.get(kind, "")}\n{more}'
            return built(table, problem=world, **settings), world
        except ScenarioError as fault:
            refused.append(fault)
    raise refused[-1]


def goes_on(made: experiment.Experiment, fly: Any, flight: Any, steps: int) -> None:
    """What a flight left, written to a recording and read back, goes on to the same bits: state, memory, readings."""
    left = (flight.state, flight.memories)
    kept = records.decode(records.encode(keyframes.taken(steps, [left]))[:-1])
    assert isinstance(kept, records.Keyframe)
    [read] = keyframes.restored(kept, [ensemble.begin(made.program, (0,))])
    ends = [fly(*start, 12) for start in (left, read)]
    for one, other in zip(*map(jax.tree.leaves, ends), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def gapped(made: experiment.Experiment, at: str) -> set[str]:
    """The readings of a probe that may be no finite numbers."""
    probe, simulation = made.program.probes[at], made.program.simulation
    return {series_name(at, suffix) for suffix, shown in probe.shown(simulation).items() if shown.gaps}


@pytest.mark.parametrize(("section", "kind"), ALL)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_it_reads_what_it_shows_and_goes_on_from_a_keyframe(section: str, kind: str, precision: str) -> None:
    made, _ = suited(section, kind, precision=precision)
    fly = ensemble.compiled(made.program, 1)
    flight = fly(*ensemble.begin(made.program, (0,)), 5)
    rows = {series_name(f"{section}.it", key): values for key, values in flight.rows[f"{section}.it"].items()}
    assert {item.name for item in made.series} == set(rows)
    for item in made.series:
        values = np.asarray(rows[item.name])[:5]
        assert values.shape == (5, *item.shape)
        assert values.dtype == np.dtype(item.dtype)
        assert np.isfinite(values).all() or item.name in gapped(made, f"{section}.it")
        assert len(item.axes) == len(item.shape)
    goes_on(made, fly, flight, 5)


@pytest.mark.parametrize(
    ("kind", "unknown"), [("weight_movement", {"it.layers"}), ("neurons", {"it.swing", "it.turn"})]
)
def test_of_what_starts_at_zero_no_share_is_told(kind: str, unknown: set[str]) -> None:
    made = built(f'[probes.it]\nkind = "{kind}"', problem=f"{TEACHER[:-1]}, outer_scale = 0.0}}")
    flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), 3)
    rows = {series_name("probes.it", key): values for key, values in flight.rows["probes.it"].items()}
    told = {name: np.asarray(values)[:3] for name, values in rows.items()}
    assert not any(np.isinf(values).any() for values in told.values())
    assert {name for name, values in told.items() if not np.isfinite(values).all()} == unknown
    assert unknown <= gapped(made, "probes.it")


@pytest.mark.parametrize(("section", "kind"), ALL)
def test_reading_it_disturbs_nothing(section: str, kind: str) -> None:
    read, world = suited(section, kind)
    bare = built("", problem=world)
    ends = [ensemble.compiled(m.program, 1)(*ensemble.begin(m.program, (0,)), 30).state for m in (bare, read)]
    for left, right in zip(*map(jax.tree.leaves, ends), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("section", "kind"), ALL)
def test_it_is_read_at_its_cadence_and_no_more(section: str, kind: str) -> None:
    made, _ = suited(section, kind, "every = 4")
    flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), 9)
    for suffix, rows in flight.rows[f"{section}.it"].items():
        # The last row is the spare one.
        whole = np.isfinite(np.asarray(rows)[:-1]).reshape(len(rows) - 1, -1)
        if series_name(f"{section}.it", suffix) in gapped(made, f"{section}.it"):
            assert whole.any(axis=1).sum() <= 3
        else:
            assert whole.all(axis=1).sum() == 3


def exact_hessian(made: experiment.Experiment, params: Any) -> np.ndarray:
    """The Hessian by central differences of the gradient, in float64."""
    flat, unravel = ravel_pytree(jax.tree.map(lambda leaf: leaf.astype(jnp.float64), params))
    problem = built("").program.simulation.problem
    gradient = jax.jit(jax.grad(lambda at: problem.loss(unravel(at))))
    step = 1e-5
    columns = [(gradient(flat + step * e) - gradient(flat - step * e)) / (2 * step) for e in np.eye(flat.size)]
    return np.stack(columns)


SETTINGS = [
    ('method = "dense"', "float32", 1e-5),
    ('method = "dense"\npreconditioned = true', "float64", 1e-5),
    ('method = "lanczos"', "float32", 2e-3),
    ('method = "lanczos"', "float64", 2e-3),
    ('method = "tracked"', "float32", 2e-3),
    ('method = "tracked"\nprecise = true\npreconditioned = true', "float64", 5e-4),
]
"""Of a sharpness that reads every eigenvalue, and how far they may be off relative to the first."""


def spectrum(made: experiment.Experiment, state: Any) -> np.ndarray:
    """All eigenvalues that a sharpness is of, largest first."""
    hessian = exact_hessian(made, state.params)
    probe = made.program.probes["probes.it"]
    assert isinstance(probe, Sharpness)
    if probe.preconditioned:
        metric = made.program.simulation.optimizer.preconditioner(state.opt, state.opt.hyperparams)
        root = 1 / np.sqrt(np.asarray(ravel_pytree(metric)[0], float))
        hessian = root[:, None] * hessian * root
    return np.linalg.eigvalsh(0.5 * (hessian + hessian.T))[::-1]


@pytest.mark.parametrize(("setting", "precision", "allowed"), SETTINGS)
def test_the_sharpness_is_the_hessians_top_eigenvalues(setting: str, precision: str, allowed: float) -> None:
    table = f'[probes.it]\nkind = "sharpness"\ntop = 3\nabove = 0\n{setting}\n'
    made = built(table, precision=precision, adaptive="preconditioned" in setting)
    fly = ensemble.compiled(made.program, 1)
    begin = ensemble.begin(made.program, (0,))
    # The first reading searches from noise; another one has been followed.
    for steps in (0, 7):
        state, memories = begin
        if steps:
            flight = fly(state, memories, steps)
            state, memories = flight.state, flight.memories
            goes_on(made, fly, flight, steps)
        truth, rows = spectrum(made, state)[:3], fly(state, memories, 1).rows["probes.it"]
        found, bar, residual = (np.asarray(rows[part])[0] for part in ("", "error", "residual"))
        np.testing.assert_allclose(found, truth, rtol=0, atol=allowed * truth[0])
        assert (np.abs(found - truth) <= residual + bar + 1e-5 * truth[0]).all()


def test_eigenvalues_behind_the_first_are_read_where_they_are_above_a_share_of_the_threshold() -> None:
    settings, threshold = '[probes.it]\nkind = "sharpness"\ntop = 3\nmethod = "tracked"\nlowest = true', 2 / 0.1
    made = built(settings)
    truth = spectrum(made, ensemble.begin(made.program, (0,))[0])
    between = 0.5 * (truth[1] + truth[2]) / threshold
    made = built(f"{settings}\nabove = {between}")
    rows = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), 1).rows["probes.it"]
    for part in ("", "error", "relative", "residual"):
        assert np.isfinite(np.asarray(rows[part])[0]).tolist() == [True, True, False], part
    np.testing.assert_allclose(np.asarray(rows["relative"])[0, :2], truth[:2] / threshold, rtol=2e-3)
    # The lowest is read besides: above the true one, as every Rayleigh quotient is.
    assert truth[-1] - 1e-6 <= float(rows["lowest"][0]) <= truth[-1] + float(rows["lowest_error"][0]) + 1e-6
    assert float(rows["lowest"][0]) == pytest.approx(truth[-1], rel=0.01)


@pytest.mark.parametrize("method", ["lanczos", "tracked"])
def test_a_warm_reading_takes_fewer_products(method: str) -> None:
    problem = DIGITS.replace("[3]", "[30]")
    made = built(f'[probes.it]\nkind = "sharpness"\nmethod = "{method}"', problem=problem)
    flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), 20)
    products = np.asarray(flight.rows["probes.it"]["products"])[:20]
    assert products[1:].mean() <= products[0] / (4 if method == "tracked" else 1)
    assert products[1:].max() <= Sharpness().products


@pytest.mark.parametrize(("method", "products"), [("tracked", 5), ("auto", 5), ("auto", 2)])
def test_too_few_products_to_track_with_are_refused(method: str, products: int) -> None:
    with pytest.raises(ScenarioError, match=f"products = {products} is too few to track 3 .* take 6 or more"):
        built(f'[probes.it]\nkind = "sharpness"\ntop = 3\nmethod = "{method}"\nproducts = {products}')
    built(f'[probes.it]\nkind = "sharpness"\ntop = 3\nmethod = "lanczos"\nproducts = {products}')


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_last_layers_gauss_newton_eigenvalues_are_found_as_often_as_they_are_there(precision: str) -> None:
    """Under the square loss its matrix is K ⊗ I: each is there once for each of the ten outputs."""
    settings = 'layer = "W2"\ntop = 4\nevery = 1'
    problem = DIGITS.replace("points = 40", "points = 20")
    way = {
        name: f'[probes.{name}]\nkind = "gauss_newton"\nmethod = "{name}"\n{settings}\n' for name in ("gram", "lanczos")
    }
    made = built("".join(way.values()), precision=precision, problem=problem)
    rows = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), 20).rows
    found, truth = (np.asarray(rows[f"probes.{name}"][""])[:20] for name in ("lanczos", "gram"))
    np.testing.assert_allclose(truth[:, 3], truth[:, 0], rtol=1e-4)
    np.testing.assert_allclose(found, truth, rtol=2e-3)


def test_gradient_flow_on_a_bowl_is_the_exponential() -> None:
    text = """
title = "flow"
problem = {kind = "quadratic", eigenvalues = [3.0, 0.5]}
optimizer = {kind = "gradient_descent", learning_rate = 0.01}
run = {steps = 100, precision = "float64"}
[theories.flow]
kind = "gradient_flow"
"""
    made = experiment.build(scenario.parse(text, "flow.toml"))
    state, memories = ensemble.begin(made.program, (0,))
    flight = ensemble.compiled(made.program, 1)(state, memories, 100)
    start, rates, time = np.asarray(state.params["w"]), np.array([3.0, 0.5]), 0.01 * np.arange(100)
    exact = 0.5 * np.sum(rates * (start * np.exp(-np.outer(time, rates))) ** 2, axis=1)
    np.testing.assert_allclose(np.asarray(flight.rows["theories.flow"]["loss"])[:100], exact, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(flight.rows["theories.flow"]["sharpness"])[:100], 3.0, rtol=1e-9)


def test_the_threshold_follows_the_knob() -> None:
    from dltlab.engine import knobs

    made = built('[theories.it]\nkind = "stability_threshold"', rate=0.4)
    state, memories = ensemble.begin(made.program, (0,))
    fly = ensemble.compiled(made.program, 1)
    before = fly(state, memories, 1).rows["theories.it"][""][0]
    after = fly(knobs.turned(state, "learning_rate", 0.2), memories, 1).rows["theories.it"][""][0]
    assert (float(before), float(after)) == (pytest.approx(5.0), pytest.approx(10.0))


def shape_of(array: jax.Array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


@pytest.mark.parametrize(("section", "kind"), ALL)
def test_what_looks_at_its_moment_alone_needs_no_examples(section: str, kind: str) -> None:
    made, _ = suited(section, kind)
    [probe], simulation = made.program.probes.values(), made.program.simulation
    if not (isinstance(probe, AbstractMomentary) and isinstance(simulation.problem, Supervised)):
        return
    moment = jax.eval_shape(simulation.look, simulation.begin(0))
    # Of a shape without numbers nothing can be computed.
    blind = eqx.tree_at(lambda it: (it.problem.inputs, it.problem.targets), simulation, replace_fn=shape_of)
    memory = jax.eval_shape(functools.partial(probe.remember, blind), moment)
    jax.eval_shape(functools.partial(probe.measure, blind), moment, memory)

"""The chunk: its bits do not depend on how a run is cut, on company, or on being looked at."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest

from dltlab import scenario
from dltlab.engine import ensemble, experiment, knobs
from dltlab.engine.program import Kind, Read

pytestmark = pytest.mark.usefixtures("wide")
TEXT = """
title = "cut"
[problem]
kind = "supervised"
data = {kind = "chebyshev", degree = 4, points = 20}
model = {kind = "mlp", widths = [12], gain = 1.9}
[optimizer]
kind = "adam"
learning_rate = 0.01
[run]
steps = 400
precision = "PRECISION"
[probes.loss]
kind = "loss"
[probes.sharpness]
kind = "sharpness"
method = "lanczos"
every = 5
[probes.movement]
kind = "weight_movement"
every = 10
"""


def built(precision: str = "float64", *, batch: int = 0, seeds: int = 1) -> experiment.Experiment:
    document = scenario.parse(TEXT.replace("PRECISION", precision), "cut.toml")
    document.set(f"problem.batch={batch}")
    return experiment.build(document, seeds=seeds)


def same(left: Any, right: Any) -> bool:
    pairs = zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    return all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, 2**32 + 5])
def test_the_key_is_that_of_jax(seed: int) -> None:
    key = built().program.simulation.begin(seed).key
    np.testing.assert_array_equal(key, jax.random.key_data(jax.random.key(seed)))


def flown(made: experiment.Experiment, *cuts: int, read: Read = Read.DUE) -> tuple[Any, np.ndarray]:
    """The end of a run cut into chunks, and the losses read on the way."""
    fly = ensemble.compiled(made.program, len(made.seeds))
    state, memories = ensemble.begin(made.program, made.seeds)
    losses = []
    for steps in cuts:
        flight = fly(state, memories, steps, read)
        losses.append(np.asarray(flight.rows["probes.loss"][""])[..., :steps])
        state, memories = flight.state, flight.memories
    return (state, memories), np.concatenate(losses, axis=-1)


@pytest.mark.parametrize(("precision", "batch"), [("float32", 7), ("float64", 0)])
def test_bits_do_not_depend_on_where_chunks_end(precision: str, batch: int) -> None:
    made = built(precision, batch=batch)
    whole, losses = flown(made, 200)
    for cuts in ([1] * 200, [3, 197], [100, 100]):
        end, read = flown(made, *cuts)
        assert same(whole, end)
        assert losses.tobytes() == read.tobytes()


def test_the_state_does_not_depend_on_how_often_it_is_read() -> None:
    made = built()
    often, _ = flown(made, 200)
    rarely, _ = flown(made, 200, read=Read.NOTHING)
    assert same(often[0], rarely[0])


def test_a_member_alone_gives_the_bits_that_it_gives_in_company() -> None:
    together = built(seeds=3)
    (state, _), losses = flown(together, 150)
    for member in range(3):
        document = scenario.parse(TEXT.replace("PRECISION", "float64"), "cut.toml")
        alone = experiment.build(document, seed=member, seeds=1)
        (one, _), loss = flown(alone, 150)
        assert same(jax.tree.map(lambda leaf, at=member: leaf[at], state), one)
        assert losses[member].tobytes() == loss.tobytes()


def test_a_peek_changes_nothing_and_reads_everything() -> None:
    made = built()
    fly = ensemble.compiled(made.program, 1)
    state, memories = ensemble.begin(made.program, (0,))
    flight = fly(state, memories, 3)
    peek = fly(flight.state, flight.memories, 1, Read.EVERYTHING)
    readings = [np.asarray(rows) for probe in peek.rows.values() for rows in probe.values()]
    assert all(np.isfinite(rows[0]).all() and np.isnan(rows[1:]).all() for rows in readings)
    again = fly(flight.state, flight.memories, 10)
    straight = fly(state, memories, 13)
    assert same(again.state, straight.state)


def test_turning_a_knob_compiles_nothing(caplog: pytest.LogCaptureFixture) -> None:
    made = built()
    fly = ensemble.compiled(made.program, 1)
    state, memories = ensemble.begin(made.program, (0,))
    fly(state, memories, 2)
    turned = knobs.turned(state, "learning_rate", 0.02)
    assert knobs.read(turned, "learning_rate") == pytest.approx(0.02)
    with jax.log_compiles(), caplog.at_level("DEBUG"):
        fly(turned, memories, 7)
        assert not [line for line in caplog.messages if "Compiling" in line and "fly" in line]
        ensemble.compiled(made.program, 1)(turned, memories, 7)
    assert [line for line in caplog.messages if "Compiling" in line and "fly" in line]


def test_a_chunk_stops_where_the_loss_stops_being_finite() -> None:
    text = """
title = "blow up"
problem = {kind = "quadratic", eigenvalues = [1.0]}
optimizer = {kind = "gradient_descent", learning_rate = 1e5}
run = {steps = 1000}
[probes.loss]
kind = "loss"
"""
    made = experiment.build(scenario.parse(text, "blow.toml"))
    flight = ensemble.compiled(made.program, 1)(*ensemble.begin(made.program, (0,)), 1000)
    losses = np.asarray(flight.rows["probes.loss"][""])
    steps = int(flight.steps)
    assert not bool(flight.finite)
    assert steps < 20
    assert np.isfinite(losses[: steps - 1]).all()
    assert not np.isfinite(losses[steps - 1])


def test_both_precisions_start_from_the_same_numbers() -> None:
    wide, narrow = (ensemble.begin(built(p).program, (0,))[0].params for p in ("float64", "float32"))
    for one, other in zip(jax.tree.leaves(wide), jax.tree.leaves(narrow), strict=True):
        assert other.dtype == np.float32
        np.testing.assert_array_equal(np.asarray(one).astype(np.float32), np.asarray(other))


def test_a_batch_of_members_agrees_with_the_members_one_by_one() -> None:
    made = built(seeds=3)
    start = ensemble.begin(made.program, made.seeds)
    arrays, static = eqx.partition(made.program, eqx.is_array)
    one_by_one, batched = (
        ensemble.bound(ensemble.code(static, several=True, batch=batch), arrays, made.program)(*start, 150)
        for batch in (False, True)
    )
    assert np.array_equal(one_by_one.steps, batched.steps)
    for source, readings in one_by_one.rows.items():
        for suffix, values in readings.items():
            other = np.asarray(batched.rows[source][suffix])
            assert np.array_equal(np.isnan(values), np.isnan(other)), (source, suffix)
            if suffix not in ("residual", "products"):
                np.testing.assert_allclose(values, other, rtol=1e-5, atol=1e-9)


def test_in_a_batch_who_diverges_stops_where_that_was_seen_and_the_others_go_on() -> None:
    text = TEXT.replace("PRECISION", "float64").replace('"adam"', '"gradient_descent"').replace("0.01", "0.4")
    made = experiment.build(scenario.parse(text, "blow.toml"), seeds=3)
    state, memories = ensemble.begin(made.program, made.seeds)
    rates = state.opt.hyperparams["learning_rate"].at[1].set(1e3)
    state = state._replace(opt=state.opt._replace(hyperparams={"learning_rate": rates}))
    arrays, static = eqx.partition(made.program, eqx.is_array)
    ends = [
        ensemble.bound(ensemble.code(static, several=True, batch=batch), arrays, made.program)(state, memories, 100)
        for batch in (False, True)
    ]
    for flight in ends:
        assert list(np.asarray(flight.finite)) == [True, False, True]
        losses = np.asarray(flight.rows["probes.loss"][""])[:, :100]
        assert np.isfinite(losses[[0, 2]]).all()
        assert np.isnan(losses[1, int(flight.steps[1]) :]).all()
    assert np.array_equal(ends[0].steps, ends[1].steps)


def test_every_kind_of_code_leaves_the_same_bits() -> None:
    document = scenario.parse(TEXT.replace("PRECISION", "float32"), "cut.toml")
    document.set("probes.sharpness.every=1")
    document.set('probes.sharpness.method="tracked"')
    made = experiment.build(document)
    start = ensemble.begin(made.program, made.seeds)
    flights = {kind: ensemble.compiled(made.program, 1, kind)(*start, 90) for kind in Kind}
    asked = flights[Kind.ANY]
    assert all(same(flight.state, asked.state) for flight in flights.values())
    assert same(flights[Kind.STEADY].memories, asked.memories)
    assert same(flights[Kind.STEADY].rows, asked.rows)
    bare = flights[Kind.BARE]
    # It leaves out what would have to be asked, and what that remembers passes through.
    assert "probes.sharpness" not in bare.rows
    assert same(bare.memories["probes.sharpness"], start[1]["probes.sharpness"])
    assert not same(asked.memories["probes.sharpness"], start[1]["probes.sharpness"])

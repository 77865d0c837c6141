"""A budget picks the cadence: within its limit, without flapping, and without a bit of the dynamics.

The seconds of these sessions are made up: a reading costs as much as 30 bare steps.
"""

import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from jaxtyping import Array, Float

from dltlab import records, scenario
from dltlab.commands import Command, Stop, Turn
from dltlab.engine import ensemble, experiment, loop, pacing, session
from dltlab.engine.fleet import Fleet, Flights
from dltlab.engine.inbox import Inbox
from dltlab.engine.loop import Loop
from dltlab.engine.probes import PROBES
from dltlab.engine.probes.base import AbstractProbe, Budget, Budgeted, Every, Readings, Shown
from dltlab.engine.program import Read
from dltlab.engine.simulation import Moment, Simulation
from dltlab.records import Event, Footer, Frames, Header, Keyframe, Record

CALL, STEP, COST = 1e-4, 1e-5, 30
"""Seconds of a call and of a step, and bare steps of a reading with three products."""
TEXT = """
title = "budget"
problem = {kind = "quadratic", eigenvalues = [3.0, 0.5]}
optimizer = {kind = "gradient_descent", learning_rate = 0.01}
run = {steps = STEPS, precision = "float64"}
[probes.loss]
kind = "loss"
[probes.it]
kind = "dear"
every = 2
budget = BUDGET
[[knobs]]
name = "learning_rate"
low = 0.001
high = 0.1
"""
ARMS = """
[[arms]]
name = "slow"
seeds = 2
[[arms]]
name = "fast"
optimizer.learning_rate = 0.02
"""


class Dear(AbstractProbe, Budgeted):
    """The loss, and how many readings there have been; three products a reading."""

    every: Every = 0
    budget: Budget = 0.0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The loss; readings so far; products."""
        del simulation
        return {"": Shown("loss"), "count": Shown("readings"), "products": Shown("products")}

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, ""]:
        """No reading yet."""
        del simulation
        return jnp.zeros_like(moment.loss)

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, ""]
    ) -> tuple[Readings, Float[Array, ""]]:
        """L(θ)."""
        del simulation
        return {"": moment.loss, "count": memory, "products": jnp.full_like(memory, 3)}, memory + 1

    def price(self, simulation: Simulation, parameters: int) -> float:
        """An estimate that is wrong."""
        del simulation, parameters
        return 5.0


class Driven:
    """Commands that come at a step, and seconds that are made up."""

    def __init__(self) -> None:
        self.orders: list[tuple[int, Command]] = []
        self.step = 0
        self.cost: Callable[[int], float] = lambda _: COST

    def take(self, wait: float) -> list[Command]:
        """What an inbox hears."""
        del wait
        due = [order for order in self.orders if order[0] <= self.step]
        self.orders = [order for order in self.orders if order[0] > self.step]
        return [order for _, order in due]

    def flown(self, flying: Loop, steps: int, read: int = Read.DUE) -> tuple[Flights, float]:
        """A chunk, and the seconds that it would have taken."""
        flights, at = flying.fleet.fly(steps, read), flying.step
        self.step, taken, cadence = at, int(flights.steps.max()), flying.fleet.cadence("probes.it")
        due = len(range(at + -at % cadence, at + taken, cadence))
        readings = {Read.NOTHING: 0, Read.DUE: due}.get(Read(read) if read < Read.ONE else Read.ONE, taken)
        return flights, CALL + STEP * (taken + self.cost(at) * readings)


@pytest.fixture
def driven(wide: None, monkeypatch: pytest.MonkeyPatch) -> Driven:
    """The probe on the shelf, and the engine at our command."""
    it = Driven()
    monkeypatch.setitem(PROBES, "dear", Dear)
    monkeypatch.setattr(Loop, "_flown", lambda flying, steps, read=Read.DUE: it.flown(flying, steps, read))
    monkeypatch.setattr(Inbox, "take", lambda _, wait: it.take(wait))
    # Made-up seconds do not wait for a compiler.
    monkeypatch.setattr(Fleet, "prepared", lambda *_: True)
    # These sessions run in our process, whose signals are not theirs.
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return it


def text(budget: float, steps: int = 30_000, more: str = "") -> str:
    return TEXT.replace("BUDGET", repr(budget)).replace("STEPS", str(steps)) + more


class Recording(NamedTuple):
    """A session's file."""

    path: Path

    def told(self) -> list[Record]:
        decoder = records.Decoder()
        found = list(decoder.feed(self.path.read_bytes()))
        assert not decoder.note
        return found

    def events(self, what: str) -> list[Event]:
        return [record for record in self.told() if isinstance(record, Event) and record.what == what]

    def column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A series: its steps, (n,), and its readings."""
        parts = [part for record in self.told() if isinstance(record, Frames) for part in record.parts]
        own = [part for part in parts if name in part.columns]
        steps = np.concatenate([part.steps() for part in own])
        return steps, np.concatenate([part.columns[name].numpy() for part in own])

    def header(self) -> Header:
        header = self.told()[0]
        assert isinstance(header, Header)
        return header


def recorded(folder: Path, name: str, words: str) -> Recording:
    source, path = folder / f"{name}.toml", folder / f"{name}{records.SUFFIX}"
    source.write_text(words, encoding="utf-8")
    assert session.run(path, str(source), headless=True) == 0
    return Recording(path)


def at_their_cadence(it: Recording, finest: int = 2) -> np.ndarray:
    """The steps of the readings: but for the last, where it was looked around, multiples of the cadence of then."""
    steps, _ = it.column("it")
    changes = [(0, finest), *((event.step, event.data["every"]) for event in it.events("cadence"))]
    begins, kept = np.array(changes).T
    every = kept[np.searchsorted(begins, np.arange(steps[-1]), side="right") - 1]
    assert np.array_equal(steps[:-1], np.flatnonzero(np.arange(steps[-1]) % every == 0))
    return steps


# -- the choice ---------------------------------------------------------------------------

costs, budgets = some.floats(1e-3, 1e5), some.floats(pacing.LEAST, 31.0)


@given(costs, budgets, some.integers(1, 50))
def test_the_finest_cadence_within_the_budget_is_chosen(cost: float, budget: float, finest: int) -> None:
    every = pacing.chosen(cost, budget, finest, most=10**9)
    assert cost <= budget * every
    finer = [other for other in pacing.cadences(finest, every) if other < every]
    assert all(cost > budget * other for other in finer)
    assert every % finest == 0
    assert str(every // finest).rstrip("0") in ("1", "2", "5")


@given(costs, budgets, some.floats(0.81, 1.24))
def test_a_cadence_stays_while_the_price_is_noisy(cost: float, budget: float, noise: float) -> None:
    every = pacing.chosen(cost, budget, 1, most=10**9)
    assert pacing.chosen(noise * cost, budget, 1, most=10**9, now=every) == every


@given(costs, budgets, some.sampled_from([1, 2, 5, 10, 20, 50, 100, 1000]))
def test_a_changed_price_brings_the_cadence_near_the_budget_at_once(cost: float, budget: float, now: int) -> None:
    every = pacing.chosen(cost, budget, 1, most=10**9, now=now)
    assert cost <= 1.25 * budget * every
    assert every in (1, now) or pacing.chosen(cost, budget, 1, most=10**9, now=every) == every


def test_no_limit_is_the_finest_cadence_and_none_is_coarser_than_the_run() -> None:
    assert pacing.chosen(1e9, pacing.UNLIMITED, 3, most=1000, now=300) == 3
    assert pacing.chosen(1e9, 0.01, 3, most=1000) == 600
    assert pacing.chosen(1e9, 0.01, 3000, most=1000) == 3000


# -- the chunk ----------------------------------------------------------------------------


def test_another_cadence_compiles_nothing_and_leaves_the_bits_of_the_state(
    driven: Driven, caplog: pytest.LogCaptureFixture
) -> None:
    del driven
    made = experiment.build(scenario.parse(text(0.0), "budget.toml"), seeds=2)
    fleet = Fleet(made.programs, made.members)
    start = fleet.begin()
    ends, counts = [], []
    fleet.place(start)
    fleet.fly(5)
    with jax.log_compiles(), caplog.at_level("DEBUG"):
        for every in (2, 10, 50):
            fleet.place(start)
            fleet.pace("probes.it", every=every)
            flights = fleet.fly(101)
            readings = fleet.rows(flights, "probes.it", "count")[0]
            assert np.array_equal(readings[0], readings[1], equal_nan=True)
            due = len(range(0, 101, every))
            assert readings[0, :due].tolist() == list(range(due))
            assert np.isnan(readings[0, due:]).all()
            fleet.land(flights)
            ends.append(jax.tree.leaves([state for state, _ in fleet.gathered()]))
            counts.append(due)
    assert not [line for line in caplog.messages if "Compiling" in line and "fly" in line]
    for leaf, *others in zip(*ends, strict=True):
        assert all(np.asarray(leaf).tobytes() == np.asarray(other).tobytes() for other in others)
    assert counts == [51, 11, 3]


def test_a_chunk_compiled_while_others_fly_is_the_same_chunk(wide: None, caplog: pytest.LogCaptureFixture) -> None:
    del wide
    ends = []
    for ahead in (False, True):
        made = experiment.build(scenario.parse(text(0.0).replace('"dear"', '"sharpness"'), "budget.toml"))
        fleet = Fleet(made.programs, made.members)
        fleet.place(fleet.begin())
        assert not fleet.prepared(Read.NOTHING)
        if ahead:
            fleet.prepare(Read.NOTHING)
        fleet.land(fleet.fly(7))
        for _ in range(600):
            if not ahead or fleet.prepared(Read.NOTHING):
                break
            time.sleep(0.1)
        caplog.clear()
        with jax.log_compiles(), caplog.at_level("DEBUG"):
            fleet.land(fleet.fly(20, Read.NOTHING))
        assert ahead != any("Compiling" in line and "fly" in line for line in caplog.messages)
        assert fleet.prepared(Read.NOTHING)
        ends.append(jax.tree.leaves([state for state, _ in fleet.gathered()]))
    assert all(np.asarray(leaf).tobytes() == np.asarray(other).tobytes() for leaf, other in zip(*ends, strict=True))


def test_one_probe_alone_is_read_at_every_step_of_a_timed_flight(driven: Driven) -> None:
    del driven
    made = experiment.build(scenario.parse(text(0.0), "budget.toml"))
    start, fly = ensemble.begin(made.program, (0,)), ensemble.compiled(made.program, 1)
    alone, other = (made.program.alone(name) for name in ("probes.it", "probes.loss"))
    for read, readings in ((Read.NOTHING, 0), (Read.DUE, 4), (alone, 7), (other, 0)):
        memory = fly(*start, 7, read).memories["probes.it"]
        assert int(memory.memory) == readings
    still = fly(*start, 0, Read.DUE)
    assert int(still.steps) == 0
    assert all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (still.state, start[0])), strict=True))


# -- the session --------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["", ARMS])
def test_the_readings_of_a_session_cost_what_the_budget_allows(tmp_path: Path, driven: Driven, more: str) -> None:
    words = text(0.5, more=more) if not more else text(0.5, more=more).replace("steps = 30", "seeds = 2, steps = 30")
    it = recorded(tmp_path, "limited", words)
    # 30 bare steps every 100 are 0.3 a step; every 50 they would be 0.6.
    (change,) = it.events("cadence")
    assert (change.data["probe"], change.data["every"], change.data["budget"]) == ("it", 100, 0.5)
    assert change.data["share"] == pytest.approx(0.3 / 1.3, rel=1e-2)
    assert at_their_cadence(it)[-1] == 30_000
    price = it.events("price")[0].data
    # While it was read every other step it took 15 of 16 parts of the time.
    assert price["share"] == pytest.approx(15 / 16, rel=0.1)
    assert price["probes"]["it"] == {"share": pytest.approx(price["share"]), "every": 2, "products": 3.0}
    assert price["seconds_a_step"] == pytest.approx(STEP, rel=1e-2)
    (knob,) = [knob for knob in it.header().knobs if knob.name == "it.budget"]
    assert (knob.title, knob.value, knob.low, knob.high) == ("budget of it", 0.5, 0.01, 32)


def test_without_a_budget_every_reading_is_taken_and_the_knob_stands_at_its_end(tmp_path: Path, driven: Driven) -> None:
    del driven
    it = recorded(tmp_path, "free", text(0.0))
    assert not it.events("cadence")
    assert np.array_equal(it.column("it")[0], np.arange(0, 30_001, 2))
    assert [knob.value for knob in it.header().knobs if knob.name == "it.budget"] == [32]


def test_a_turned_budget_picks_the_cadence_at_once_and_changes_no_bit_of_the_run(
    tmp_path: Path, driven: Driven
) -> None:
    free = recorded(tmp_path, "free", text(0.0))
    driven.orders = [(500, Turn("it.budget", 4.0)), (9000, Turn("it.budget", 0.04)), (15_000, Turn("it.budget", 32.0))]
    driven.orders += [(20_000, Turn("it.budget", value)) for value in (0.0, 33.0, float("nan"))]
    it = recorded(tmp_path, "turned", text(0.0))
    turns, changes = it.events("turn"), it.events("cadence")
    assert [event.data["every"] for event in changes] == [10, 1000, 2]
    assert [event.step for event in turns] == [event.step for event in changes]
    assert [event.data["old"] for event in turns] == [32, 4, 0.04]
    assert len(it.events("refused")) == 3
    at_their_cadence(it)
    assert it.column("loss")[1].tobytes() == free.column("loss")[1].tobytes()
    ends = [[r for r in one.told() if isinstance(r, Keyframe)][-1].leaves for one in (it, free)]
    dynamics = [{k: v for k, v in leaves.items() if "probes" not in k} for leaves in ends]
    assert dynamics[0] == dynamics[1]


def test_a_reading_that_gets_dearer_is_taken_less_often_and_noise_moves_nothing(
    tmp_path: Path, driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Prices are asked for after every chunk.
    monkeypatch.setattr(loop, "_PRICES", 0.0)
    monkeypatch.setattr(loop, "_MEASURING", 0.0)
    noise = np.random.default_rng(0)
    driven.cost = lambda step: noise.uniform(0.9, 1.1) * (COST if step < 15_000 else 10 * COST)
    it = recorded(tmp_path, "dearer", text(0.5))
    assert len(it.events("price")) >= 10
    assert [event.data["every"] for event in it.events("cadence")] == [100, 1000]
    assert it.events("cadence")[1].step > 15_000
    at_their_cadence(it)


@pytest.mark.parametrize("lost", [False, True])
def test_a_broken_session_keeps_its_budget_and_the_cadences_that_it_had(
    tmp_path: Path, driven: Driven, lost: bool
) -> None:
    """Killed before its end; also where every keyframe but the first is lost, so that all is computed again."""
    driven.orders = [(500, Turn("it.budget", 4.0)), (9000, Turn("it.budget", 0.4)), (20_000, Stop())]
    it = recorded(tmp_path, "broken", text(0.0))
    lines = it.path.read_bytes().splitlines(keepends=True)
    kinds = [records.decode(line[:-1]) for line in lines]
    cut = next(i for i, r in enumerate(kinds) if isinstance(r, Frames) and r.step > 12_000)
    first = next(i for i, r in enumerate(kinds) if isinstance(r, Keyframe))
    kept = [
        line
        for i, (line, r) in enumerate(zip(lines, kinds, strict=True))
        if i <= cut and not isinstance(r, Footer) and not (lost and isinstance(r, Keyframe) and i > first)
    ]
    it.path.write_bytes(b"".join(kept))
    before = {name: it.column(name) for name in ("loss", "it", "it.count")}
    assert session.resume(it.path, headless=True) == 0
    assert [event.data["every"] for event in it.events("cadence")] == [10, 100]
    steps = at_their_cadence(it)
    assert steps[-1] == 30_000
    for name, (at, values) in before.items():
        assert it.column(name)[0][: len(at)].tolist() == at.tolist()
        assert it.column(name)[1][: len(at)].tobytes() == values.tobytes()
    # Each reading remembers how many there were before it: none was lost or taken twice.
    assert it.column("it.count")[1].tolist() == list(range(len(steps)))


def test_a_crafted_cadence_is_left_undone(tmp_path: Path, driven: Driven) -> None:
    driven.orders = [(500, Stop())]
    it = recorded(tmp_path, "crafted", text(0.0))
    kept = [line for line in it.path.read_bytes().splitlines(keepends=True) if b'"record":"footer"' not in line]
    step = max(record.step for record in it.told() if isinstance(record, Keyframe))
    crafted = [{"probe": "it", "every": every} for every in (0, -2, 3, 2**40, "x", None)] + [{}, {"probe": 1}]
    kept += [records.encode(Event(step, "cadence", "", data)) for data in crafted]
    it.path.write_bytes(b"".join(kept))
    assert session.resume(it.path, headless=True) == 0
    assert np.array_equal(it.column("it")[0][-100:], np.arange(29_802, 30_001, 2))

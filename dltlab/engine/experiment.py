"""A scenario becomes an experiment: looked up, bound, sized and described."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dltlab import catalog
from dltlab.catalog import Shelf
from dltlab.engine import arms, described, memory, pacing
from dltlab.engine.arms import Overlaid, Variant
from dltlab.engine.optimizers import LETTERS, OPTIMIZERS
from dltlab.engine.probes import PROBES, AbstractProbe
from dltlab.engine.probes.base import Budgeted
from dltlab.engine.problems import PROBLEMS
from dltlab.engine.program import Program
from dltlab.engine.simulation import Simulation, in_precision
from dltlab.engine.theories import THEORIES
from dltlab.errors import ScenarioError
from dltlab.records import Arm, Knob, Series
from dltlab.scenario import Document, Scenario, validate

_CHUNK_BYTES: Final = 1 << 20
_MOST_FRAMES: Final = 32768


class Experiment(NamedTuple):
    """All that the loop needs to know."""

    scenario: Scenario
    programs: tuple[Program, ...]
    """One an arm; a single one for a scenario without arms."""
    arms: tuple[Arm, ...]
    """The arms as readers know them; none for a scenario without."""
    members: tuple[tuple[int, ...], ...]
    """The seeds of each arm."""
    series: tuple[Series, ...]
    knobs: tuple[Knob, ...]
    ratios: dict[str, tuple[float | None, ...]]
    """Per hyperparameter's knob what an arm's value is, in units of the knob's; None for an arm that lacks it."""
    budgets: dict[str, str]
    """Per knob that is a probe's budget, the probe; it has no part in the dynamics."""
    parameters: int

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the arm that has most."""
        return max(self.members, key=len)

    @property
    def program(self) -> Program:
        """The only arm's program, or the first one's."""
        return self.programs[0]


def shelves() -> dict[str, Shelf]:
    """The engine's shelves, by the noun that a scenario knows them by."""
    return {"problem": PROBLEMS, "optimizer": OPTIMIZERS, "probe": PROBES, "theory": THEORIES}


def build(
    document: Document,
    *,
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    only: Sequence[str] = (),
) -> Experiment:
    """Build the experiment of a scenario.

    Args:
        document: The scenario with its overrides.
        seed: Overrides ``run.seed``.
        seeds: Overrides ``run.seeds``, and caps the seeds of every arm.
        steps: Overrides ``run.steps``.
        only: The arms to run; all where none is named.

    Raises:
        ScenarioError: With every fault that was found.
    """
    if only:
        arms.chosen(document, only)
    if seeds is not None:
        arms.capped(document, seeds)
    for key, value in (("seed", seed), ("seeds", seeds), ("steps", steps)):
        if value is not None:
            document.set(f"run.{key}={value}")
    scenario = validate(document)
    variants = tuple(arms.variants(document, scenario))
    simulations, probes = _made(document, scenario, variants)
    return _bound(document, scenario, variants, simulations, probes)


def _made(
    document: Document, scenario: Scenario, variants: Sequence[Variant]
) -> tuple[list[Simulation], dict[str, AbstractProbe]]:
    """Everything that the scenario names, built."""
    faults: list[str] = []

    def made(shelf: Shelf, table: object, noun: str, places: Overlaid | Document, *at: str) -> Any:
        try:
            return catalog.make(shelf, table, noun=noun, at=at, places=places)
        except ScenarioError as found:
            faults.extend(fault for fault in found.faults if fault not in faults)

    probes: dict[str, AbstractProbe] = {}
    optimizers = [made(OPTIMIZERS, one.optimizer, "optimizer", one.places, "optimizer") for one in variants]
    for section, shelf, noun in (("probes", PROBES, "probe"), ("theories", THEORIES, "theory")):
        for name, table in getattr(scenario, section).items():
            probes[f"{section}.{name}"] = made(shelf, table, noun, document, section, name)
    problems = [made(PROBLEMS, one.problem, "problem", one.places, "problem") for one in variants]
    if faults:
        raise ScenarioError(*faults)
    memory.fit(
        document, scenario, [(problem, one.seeds) for problem, one in zip(problems, variants, strict=True)], probes
    )
    dtype = jnp.dtype(scenario.run.precision)
    simulations: list[Simulation] = []
    for one, problem, optimizer in zip(variants, problems, optimizers, strict=True):
        try:
            simulations.append(Simulation(in_precision(problem, dtype), optimizer))
        except ValueError as fault:
            faults.append(one.places.fault(("optimizer",), str(fault)))
    if faults:
        raise ScenarioError(*dict.fromkeys(faults))
    return simulations, probes


def _bound(
    document: Document,
    scenario: Scenario,
    variants: Sequence[Variant],
    simulations: Sequence[Simulation],
    probes: dict[str, AbstractProbe],
) -> Experiment:
    """Check the parts against each other, and describe what they will tell."""
    faults: list[str] = []
    run = scenario.run
    members = tuple(tuple(range(run.seed, run.seed + one.seeds)) for one in variants)
    states = [simulation.begin(run.seed) for simulation in simulations]
    sizes = [sum(leaf.size for leaf in jax.tree.leaves(state.params)) for state in states]
    told = [
        described.series(document, one, simulation, state, probes, run.every, faults)
        for one, simulation, state in zip(variants, simulations, states, strict=True)
    ]
    lead = described.lead(scenario, members)
    series = described.merged(document, told, lead, faults)
    described.check_panels(document, scenario.panels, [item.name for item in series], faults)
    knobs, ratios = _knobs(document, scenario, states, faults)
    if faults:
        raise ScenarioError(*dict.fromkeys(faults))
    memory.fit_readings(document, scenario, series, probes)
    row = sum(math.prod(item.shape) * np.dtype(item.dtype).itemsize * run.every / item.every for item in series)
    frames = int(min(_MOST_FRAMES, max(2, _CHUNK_BYTES // max(row, 1))))
    frames = min(frames, max(2, -(-run.steps // run.every)))
    heads = tuple(
        Arm(one.table.name, one.table.title or one.table.name, one.table.value, one.seeds, size)
        for one, size in zip(variants, sizes, strict=True)
        if one.table is not None
    )
    programs = tuple(Program(simulation, probes, run.every, frames) for simulation in simulations)
    limits, budgets = _budgets(probes)
    return Experiment(scenario, programs, heads, members, series, knobs + limits, ratios, budgets, max(sizes))


def _budgets(probes: Mapping[str, AbstractProbe]) -> tuple[tuple[Knob, ...], dict[str, str]]:
    """A knob for every probe that has a budget, and whose each is."""
    knobs: list[Knob] = []
    whose: dict[str, str] = {}
    for at, probe in probes.items():
        if isinstance(probe, Budgeted):
            name = at.split(".", 1)[1]
            value, low, high = pacing.allowed(probe), pacing.LEAST, pacing.UNLIMITED
            knobs.append(Knob(f"{name}.budget", f"budget of {name}", value, low, high))
            whose[f"{name}.budget"] = at
    return tuple(knobs), whose


def _knobs(
    document: Document, scenario: Scenario, states: Sequence[Any], faults: list[str]
) -> tuple[tuple[Knob, ...], dict[str, tuple[float | None, ...]]]:
    """The knobs, at the value of the first arm that has them, and every arm's value in units of that one."""
    values = [{name: float(value) for name, value in state.opt.hyperparams.items()} for state in states]
    known = dict.fromkeys(name for own in values for name in own)
    found: list[Knob] = []
    ratios: dict[str, tuple[float | None, ...]] = {}
    for index, knob in enumerate(scenario.knobs):
        if knob.name not in known:
            cure = catalog.near_miss(knob.name, known)
            faults.append(document.fault(("knobs", index, "name"), f"the optimizer has no {knob.name!r}; {cure}"))
            continue
        title = knob.title or LETTERS.get(knob.name, knob.name)
        first = next(own[knob.name] for own in values if knob.name in own)
        found.append(Knob(knob.name, title, first, knob.low, knob.high, knob.scale))
        ratios[knob.name] = tuple(
            (own[knob.name] / first if first else 1.0) if knob.name in own else None for own in values
        )
    return tuple(found), ratios

"""A scenario becomes an experiment: looked up, bound, sized and described."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from msgspec.structs import replace

from dltlab import catalog, places
from dltlab.catalog import Shelf
from dltlab.engine import arms, described, memory, pacing
from dltlab.engine.arms import Refusals, Variant
from dltlab.engine.knobs import Shares
from dltlab.engine.optimizers import LETTERS, OPTIMIZERS
from dltlab.engine.optimizers.base import Decay
from dltlab.engine.probes import PROBES, AbstractProbe
from dltlab.engine.probes.base import Budgeted
from dltlab.engine.problems import PROBLEMS
from dltlab.engine.program import Program
from dltlab.engine.simulation import Simulation, State, in_precision
from dltlab.engine.theories import THEORIES
from dltlab.errors import AbsentDataError, RefusedError, ScenarioError
from dltlab.records import Arm, Knob, Series
from dltlab.scenario import Document, Sound, narrow, read, sound
from dltlab.tables import Scenario
from dltlab.values import convert

_CHUNK_BYTES: Final = 1 << 20
_MOST_FRAMES: Final = 32768
_Knobs = tuple[tuple[Knob, ...], dict[str, Shares]]
"""The knobs of the optimizers, and how the arms stand to each other in them."""


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
    shares: dict[str, Shares]
    """Per hyperparameter's knob what each arm's value is, by the knob's."""
    budgets: dict[str, str]
    """Per knob that is a probe's budget, the probe; it has no part in the dynamics."""
    parameters: int
    kept: int
    """Bytes of the state of all members, with what their probes remember: what a keyframe holds."""

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
    """Build the experiment of a scenario, changed as :func:`tried` takes it.

    Raises:
        RefusedError: All that is wrong with it is that something does not hold of its problem or its optimizer.
        ScenarioError: With every fault of its common part and of what it names of the engine, as the file goes.
    """
    found = tried(document, seed=seed, seeds=seeds, steps=steps, only=only)
    if found.experiment is None:
        refusal = RefusedError if found.refused.issuperset(found.faults) else ScenarioError
        raise refusal(*places.in_order(found.faults, document.name))
    return found.experiment


def tried(
    document: Document,
    *,
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    only: Sequence[str] = (),
) -> "Survey":
    """What becomes of building the experiment of a scenario.

    Args:
        document: The scenario with its overrides.
        seed: Overrides ``run.seed``.
        seeds: Overrides ``run.seeds``, and caps the seeds of every arm.
        steps: Overrides ``run.steps``.
        only: The arms to run; all where none is named.

    Raises:
        ScenarioError: It has no such arm.
    """
    narrow(document, seed=seed, seeds=seeds, steps=steps, arms=only)
    return survey(document, sound(document))


def checked(
    name: str,
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    arms: Sequence[str] = (),
) -> dict[str, Any]:
    """What of a scenario's :class:`Survey` those need who look for what else is wrong with it.

    Raises:
        ScenarioError: It cannot be read, or has no such arm.
    """
    found = tried(read(name, overrides), seed=seed, seeds=seeds, steps=steps, only=arms)
    return {"faults": found.faults, "series": found.series, "open": sorted(found.open)}


class Survey(NamedTuple):
    """What became of building a scenario: an experiment, or all that is wrong with it."""

    experiment: Experiment | None
    faults: tuple[str, ...]
    series: tuple[str, ...] | None
    """The names of the series that are known; None if nobody knows of any."""
    open: frozenset[str]
    """The probes and theories that may have more of them."""
    absent: frozenset[str]
    """The faults that are none of the scenario: data that are not on this machine."""
    refused: frozenset[str]
    """The faults that lie in what does not hold of the problem or the optimizer."""


def survey(document: Document, common: Sound) -> Survey:
    """Build what is sound of a scenario, and tell every fault that shows, those of its common part among them."""
    faults = list(common.faults)
    scenario, lacking = common.scenario, common.lacking
    if "arms" in lacking:
        scenario = replace(scenario, arms=arms.bare(document))
    variants = tuple(arms.variants(document, scenario))
    refusals = Refusals()
    parts = _made(document, scenario, lacking, variants, faults, refusals)
    told = [
        described.series(one.variant, one.simulation, one.state, parts.probes, scenario.run.every, refusals)
        for one in parts.arms
    ]
    refused = tuple(refusals.told(document, variants))
    faults += refused
    whole = len(parts.arms) == len(variants)
    series = described.merged(
        document, [one.series for one in told], described.lead(scenario, _members(scenario, variants)), faults
    )
    read = [{one.source for one in own.series.values()} for own in told]
    tables = [(section, name) for section in ("probes", "theories") for name in getattr(scenario, section)]
    unread = {name for at, name in tables if not whole or any(f"{at}.{name}" not in own for own in read)}
    names = None if lacking & {"probes", "theories"} else tuple(one.name for one in series)
    if names is not None:
        described.check_panels(document, scenario.panels, names, unread, faults)
    # Which hyperparameters there are is known once every arm has its optimizer.
    knobs = _knobs(document, scenario, parts.arms, faults) if whole else ((), {})
    experiment = None
    if not faults and not lacking:
        try:
            kept = sum(one.kept * own.seeds for one, own in zip(told, variants, strict=True))
            experiment = _bound(document, scenario, parts, series, knobs, kept)
        except ScenarioError as found:
            faults += found.faults
    told_of = tuple(dict.fromkeys(faults))
    return Survey(experiment, told_of, names, frozenset(unread), frozenset(parts.absent), frozenset(refused))


class _Arm(NamedTuple):
    """An arm, or the only one of a scenario without, at its start."""

    variant: Variant
    simulation: Simulation
    state: State


class _Parts(NamedTuple):
    """What of a scenario could be built: arms, and probes with theories by their place."""

    arms: list[_Arm]
    probes: dict[str, AbstractProbe]
    absent: list[str]
    """The faults that are only missing data."""


def _made(
    document: Document,
    scenario: Scenario,
    lacking: Collection[str],
    variants: Sequence[Variant],
    faults: list[str],
    refusals: Refusals,
) -> _Parts:
    """Everything that the scenario names and that can be built."""
    absent: list[str] = []
    unmade = Refusals()

    def made(shelf: Shelf, table: object, noun: str, whose: Variant | None, *at: str) -> Any:
        if at[0] in lacking:
            return None
        try:
            return catalog.make(shelf, table, noun=noun, at=at, places=whose.places if whose else document)
        except ScenarioError as found:
            shared = whose.places.shared if whose and not isinstance(found, AbsentDataError) else {}
            for fault in found.faults:
                if whose and fault in shared:
                    unmade.add(whose, *shared[fault])
                else:
                    faults.append(fault)
            if isinstance(found, AbsentDataError):
                absent.extend(found.faults)

    optimizers = [made(OPTIMIZERS, one.optimizer, "optimizer", one, "optimizer") for one in variants]
    probes: dict[str, AbstractProbe] = {}
    for section, shelf, noun in (("probes", PROBES, "probe"), ("theories", THEORIES, "theory")):
        for name, table in getattr(scenario, section).items():
            if (probe := made(shelf, table, noun, None, section, name)) is not None:
                probes[f"{section}.{name}"] = probe
    problems = [made(PROBLEMS, one.problem, "problem", one, "problem") for one in variants]
    faults += unmade.told(document, variants)
    sized = [(problem, one.seeds) for problem, one in zip(problems, variants, strict=True) if problem is not None]
    try:
        memory.fit(document, scenario, sized, probes)
    except ScenarioError as found:
        faults += found.faults
        return _Parts([], probes, absent)
    dtype = jnp.dtype(scenario.run.precision)
    begun: list[_Arm] = []
    for one, problem, optimizer in zip(variants, problems, optimizers, strict=True):
        if problem is None or optimizer is None:
            continue
        try:
            simulation = Simulation(in_precision(problem, dtype), optimizer)
        except ValueError as fault:
            refusals.add(one, ("optimizer",), str(fault))
        else:
            begun.append(_Arm(one, simulation, simulation.begin(scenario.run.seed)))
    return _Parts(begun, probes, absent)


def _members(scenario: Scenario, variants: Sequence[Variant]) -> tuple[tuple[int, ...], ...]:
    """The seeds of each arm."""
    first = scenario.run.seed
    return tuple(tuple(range(first, first + one.seeds)) for one in variants)


def _bound(
    document: Document, scenario: Scenario, parts: _Parts, series: tuple[Series, ...], own: _Knobs, kept: int
) -> Experiment:
    """The parts together, all of them sound.

    Raises:
        ScenarioError: Their readings would not fit, or their keyframes.
    """
    run = scenario.run
    memory.fit_keyframe(document, kept)
    memory.fit_readings(document, scenario, series, parts.probes)
    row = sum(math.prod(item.shape) * np.dtype(item.dtype).itemsize * run.every / item.every for item in series)
    frames = int(min(_MOST_FRAMES, max(2, _CHUNK_BYTES // max(row, 1))))
    frames = min(frames, max(2, -(-run.steps // run.every)))
    sizes = [sum(leaf.size for leaf in jax.tree.leaves(one.state.params)) for one in parts.arms]
    variants = [one.variant for one in parts.arms]
    heads = tuple(
        Arm(one.table.name, one.table.title or one.table.name, one.table.value, one.seeds, size)
        for one, size in zip(variants, sizes, strict=True)
        if one.table is not None
    )
    programs = tuple(Program(one.simulation, parts.probes, run.every, frames) for one in parts.arms)
    (knobs, shares), (limits, budgets) = own, _budgets(parts.probes)
    members = _members(scenario, variants)
    return Experiment(scenario, programs, heads, members, series, knobs + limits, shares, budgets, max(sizes), kept)


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


def _knobs(document: Document, scenario: Scenario, arms: Sequence[_Arm], faults: list[str]) -> _Knobs:
    """The knobs, at the value of the first arm that has them, and how the arms stand to each other in them."""
    values = [{name: float(value) for name, value in arm.state.opt.hyperparams.items()} for arm in arms]
    known = dict.fromkeys(name for own in values for name in own)
    found: list[Knob] = []
    shares: dict[str, Shares] = {}
    for index, knob in enumerate(scenario.knobs):
        if knob.name not in known:
            cure = catalog.near_miss(knob.name, known)
            # It may be one of an arm that was left out.
            if not document.narrowed:
                faults.append(document.fault(("knobs", index, "name"), f"the optimizer has no {knob.name!r}; {cure}"))
            continue
        title = knob.title or LETTERS.get(knob.name, knob.name)
        first = next(place for place, own in enumerate(values) if knob.name in own)
        kinds = {one.name: one.annotation for one in catalog.parameters(type(arms[first].simulation.optimizer))}
        for bound in ("low", "high"):
            try:
                convert(getattr(knob, bound), kinds[knob.name], at=("knobs", index, bound), places=document)
            except ScenarioError as fault:
                faults += fault.faults
        found.append(Knob(knob.name, title, values[first][knob.name], knob.low, knob.high, knob.scale))
        own = [each.get(knob.name) for each in values]
        shares[knob.name] = Shares.among(own, decays=kinds[knob.name] == Decay)
    return tuple(found), shares

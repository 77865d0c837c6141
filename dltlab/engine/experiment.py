"""A scenario becomes an experiment: looked up, bound, sized and described."""

import math
import os
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dltlab import catalog
from dltlab.catalog import Shelf
from dltlab.engine.optimizers import LETTERS, OPTIMIZERS
from dltlab.engine.probes import PROBES, AbstractProbe, Shown
from dltlab.engine.problems import PROBLEMS, AbstractProblem
from dltlab.engine.program import Program
from dltlab.engine.readings import series_name
from dltlab.engine.simulation import Simulation, in_precision
from dltlab.engine.theories import THEORIES
from dltlab.errors import ScenarioError
from dltlab.records import Knob, Series
from dltlab.scenario import Document, Scenario, validate

_CHUNK_BYTES: Final = 1 << 20
_MOST_FRAMES: Final = 32768


class Experiment(NamedTuple):
    """All that the loop needs to know."""

    scenario: Scenario
    program: Program
    series: tuple[Series, ...]
    knobs: tuple[Knob, ...]
    seeds: tuple[int, ...]
    parameters: int


def shelves() -> dict[str, Shelf]:
    """The engine's shelves, by the noun that a scenario knows them by."""
    return {"problem": PROBLEMS, "optimizer": OPTIMIZERS, "probe": PROBES, "theory": THEORIES}


def check(document: Document) -> None:
    """Build everything that a scenario names, and run nothing.

    Raises:
        ScenarioError: With every fault that was found.
    """
    build(document)


def build(
    document: Document, *, seed: int | None = None, seeds: int | None = None, steps: int | None = None
) -> Experiment:
    """Build the experiment of a scenario.

    Args:
        document: The scenario with its overrides.
        seed: Overrides ``run.seed``.
        seeds: Overrides ``run.seeds``.
        steps: Overrides ``run.steps``.

    Raises:
        ScenarioError: With every fault that was found.
    """
    for key, value in (("seed", seed), ("seeds", seeds), ("steps", steps)):
        if value is not None:
            document.set(f"run.{key}={value}")
    scenario = validate(document)
    faults: list[str] = []

    def made(shelf: Shelf, table: object, noun: str, *at: str) -> Any:
        try:
            return catalog.make(shelf, table, noun=noun, at=at, places=document)
        except ScenarioError as found:
            faults.extend(found.faults)

    optimizer = made(OPTIMIZERS, scenario.optimizer, "optimizer", "optimizer")
    probes: dict[str, AbstractProbe] = {}
    for section, shelf, noun in (("probes", PROBES, "probe"), ("theories", THEORIES, "theory")):
        for name, table in getattr(scenario, section).items():
            probes[f"{section}.{name}"] = made(shelf, table, noun, section, name)
    problem = made(PROBLEMS, scenario.problem, "problem", "problem")
    if faults:
        raise ScenarioError(*faults)
    _fit_in_memory(document, problem, probes, scenario)
    simulation = Simulation(in_precision(problem, jnp.dtype(scenario.run.precision)), optimizer)
    return _bound(document, scenario, simulation, probes)


def _bound(
    document: Document, scenario: Scenario, simulation: Simulation, probes: dict[str, AbstractProbe]
) -> Experiment:
    """Check the parts against each other, and describe what they will tell."""
    faults: list[str] = []
    run = scenario.run
    seeds = tuple(range(run.seed, run.seed + run.seeds))
    series: list[Series] = []
    state = simulation.begin(run.seed)
    moment = jax.eval_shape(simulation.look, state)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    for at, probe in probes.items():
        section, name = at.split(".", 1)
        if probe.every % run.every:
            place = document.fault(
                (section, name, "every"), f"{probe.every} is no multiple of run.every = {run.every}."
            )
            faults.append(place)
            continue
        try:
            shown = probe.shown(simulation)
        except ValueError as fault:
            faults.append(document.fault((section, name), str(fault)))
            continue
        series += _series(at, shown, probe, simulation, moment, run.every, len(seeds), parameters)
    known = [item.name for item in series]
    for index, panel in enumerate(scenario.panels):
        named = panel.get("series", ())
        for place, wanted in enumerate(named if isinstance(named, list) else ()):
            if wanted not in known:
                cure = catalog.near_miss(str(wanted), known)
                faults.append(document.fault(("panels", index, "series", place), f"no series {wanted!r}; {cure}"))
    knobs = _knobs(document, scenario, state, faults)
    if faults:
        raise ScenarioError(*faults)
    row = sum(math.prod(item.shape) * np.dtype(item.dtype).itemsize * run.every / item.every for item in series)
    frames = int(min(_MOST_FRAMES, max(2, _CHUNK_BYTES // max(row, 1))))
    program = Program(simulation, probes, run.every, min(frames, max(2, -(-run.steps // run.every))))
    return Experiment(scenario, program, tuple(series), knobs, seeds, parameters)


def _series(
    source: str,
    shown: Mapping[str, Shown],
    probe: AbstractProbe,
    simulation: Simulation,
    moment: Any,
    every: int,
    members: int,
    parameters: int,
) -> list[Series]:
    """What a probe's readings are called and look like."""
    memory = jax.eval_shape(probe.remember, simulation, moment)
    shapes, _ = jax.eval_shape(probe.measure, simulation, moment, memory)
    lead = ((), ()) if members == 1 else (("seed",), (members,))
    price = probe.price(simulation, parameters)
    return [
        Series(
            name=series_name(source, suffix),
            title=shown[suffix].title,
            axes=lead[0] + shown[suffix].axes,
            shape=lead[1] + tuple(shapes[suffix].shape),
            dtype=np.dtype(shapes[suffix].dtype).str,
            every=probe.every or every,
            scale=shown[suffix].scale,
            source=source,
            price=price,
        )
        for suffix in shown
    ]


def _knobs(document: Document, scenario: Scenario, state: Any, faults: list[str]) -> tuple[Knob, ...]:
    values = {name: float(value) for name, value in state.opt.hyperparams.items()}
    found = []
    for index, knob in enumerate(scenario.knobs):
        if knob.name not in values:
            cure = catalog.near_miss(knob.name, values)
            faults.append(document.fault(("knobs", index, "name"), f"the optimizer has no {knob.name!r}; {cure}"))
            continue
        title = knob.title or LETTERS.get(knob.name, knob.name)
        found.append(Knob(knob.name, title, values[knob.name], knob.low, knob.high, knob.scale))
    return tuple(found)


def _fit_in_memory(document: Document, problem: AbstractProblem, probes: dict[str, Any], scenario: Scenario) -> None:
    """Refuse what the machine cannot hold, before anything is allocated or compiled."""
    weights, activations = problem.footprint()
    basis = max((getattr(probe, "products", 0) + getattr(probe, "top", 0) for probe in probes.values()), default=0)
    bytes_each = 8 if scenario.run.precision == "float64" else 4
    copies = 12 + (basis if weights > 300 else weights)
    needed = bytes_each * (copies * weights * max(1, scenario.run.seeds if basis == 0 else 1) + 2 * activations)
    needed += 8 * weights * 2
    available = _available()
    if needed > 0.8 * available:
        gib = 1 << 30
        at = ("problem", "model", "widths") if "model" in scenario.problem else ("problem",)
        message = (
            f"{weights:,} parameters and {activations:,} activations need about {needed / gib:,.1f} GiB; "
            f"this machine has {available / gib:,.1f} GiB free, make it smaller."
        )
        raise ScenarioError(document.fault(at, message))


def _available() -> int:
    """Bytes of memory that are free or can be freed."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            for line in stream:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

"""What a run would take: built and flown for a moment as a session would be, and nothing recorded."""

import math
import resource
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import jax
import numpy as np

from dltlab import scenario
from dltlab.engine import costs, experiment, machine, memory
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet, Flights
from dltlab.engine.keyframes import Rhythm
from dltlab.engine.loop import CHUNK_SECONDS
from dltlab.engine.program import Read
from dltlab.errors import ScenarioError
from dltlab.text import size

_LONGEST: Final = 2.0
"""Seconds of timed chunks, the first and the last one on top."""
_TRIES: Final = 3
"""Flights of which the fastest tells what a reading costs."""
_SLOW: Final = 0.05
"""Seconds of flying after which no other is tried."""
_COLUMN: Final = 100
"""Bytes of a recorded column beside its readings: its name, its shape, and its part of what the line tells."""


def estimate(
    name: str,
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    arms: Sequence[str] = (),
) -> dict[str, Any]:
    """Seconds and bytes that a run of a scenario would take.

    What is compiled tells its arithmetic and its memory. The first steps are flown, in chunks that grow,
    and the time of a step is that of the later half of them, with every reading as often as in the whole
    run. Where readings grow dearer on the way (an eigenvalue that becomes hard to follow) it is too low.
    The memory is the largest of what was reckoned and what this process has held.

    Raises:
        ScenarioError: The scenario has faults, or the machine cannot hold it.
    """
    document = scenario.read(name, overrides)
    built = experiment.build(document, seed=seed, seeds=seeds, steps=steps, only=arms)
    fleet = Fleet(built.programs, built.members)
    fleet.place(fleet.begin())
    found = costs.of(fleet)
    if found.memory > 0.8 * memory.free():
        message = f"a chunk takes {size(found.memory)} as compiled, more than this machine has free"
        raise ScenarioError(document.fault(("problem",), f"{message}; make it smaller."))
    fleet.fly(0)
    seconds_a_step, timed = _timed(built, fleet)
    planned = built.scenario.run.steps
    return {
        "title": built.scenario.title,
        "steps": planned,
        "members": sum(map(len, built.members)),
        "parameters": built.parameters,
        "compiling": found.compiling,
        "flops": found.flops,
        "moved": found.moved,
        "read": found.read,
        "arguments": found.arguments,
        "outputs": found.outputs,
        "temporaries": found.temporaries,
        "timed": timed,
        "seconds_a_step": seconds_a_step,
        "computing": planned * seconds_a_step,
        "memory": max(_reckoned(built), _held()),
        "free": memory.free(),
        "recording": _recorded(built, seconds_a_step),
        "fingerprint": machine.describe()[3],
    }


def _timed(built: Experiment, fleet: Fleet) -> tuple[float, int]:
    """Seconds a step, and the steps that were timed; the fleet has taken them.

    Readings that came more often in these steps than they do in the whole run, or more seldom, are timed by themselves.
    """
    planned, most = built.scenario.run.steps, built.program.longest
    chunks: list[tuple[int, int, float]] = []
    done, steps, until = 0, 1, math.inf
    while done < planned and time.perf_counter() < until:
        flights, seconds = _flown(fleet, min(steps, most, planned - done))
        taken = int(np.max(flights.steps))
        chunks.append((done, taken, seconds))
        fleet.land(flights)
        # At the first step every probe is read: it may take long, and says little of the others.
        until = until if done else time.perf_counter() + _LONGEST
        done, steps = done + taken, 2 * steps
        if not flights.finite.any():
            break
    # The first chunks are all call and little step.
    later = chunks[len(chunks) // 2 :]
    taken, spent = sum(taken for _, taken, _ in later), sum(seconds for *_, seconds in later)
    for name in built.program.probes:
        if (every := fleet.cadence(name)) > 1:
            there = len(range(later[0][0] + -later[0][0] % every, done, every))
            spent += _cost(built, fleet, name) * (_readings(planned, every) / planned * taken - there)
    return max(spent, 0.0) / max(taken, 1), done


def _cost(built: Experiment, fleet: Fleet, name: str) -> float:
    """Seconds of one reading of a probe, where the fleet is."""
    alone, bare = (_least(fleet, read) for read in (built.program.alone(name), Read.NOTHING))
    return max(alone - bare, 0.0)


def _least(fleet: Fleet, read: int) -> float:
    """Seconds of a step that is read so, in the code that a run flies; what else the machine does only ever adds."""
    least, tried = math.inf, 0.0
    for _ in range(_TRIES):
        _, seconds = _flown(fleet, 1, read)
        least, tried = min(least, seconds), tried + seconds
        if tried > _SLOW:
            break
    return least


def _flown(fleet: Fleet, steps: int, read: int = Read.DUE) -> tuple[Flights, float]:
    begin = time.perf_counter()
    flights = fleet.fly(steps, read, kind=fleet.kind(Read.DUE))
    return flights, time.perf_counter() - begin


def _readings(steps: int, every: int) -> int:
    """Readings of a run of so many steps: at its start, at its end, and between them."""
    return -(-steps // every) + 1


def _reckoned(built: Experiment) -> int:
    problems = [(one.simulation.problem, len(own)) for one, own in zip(built.programs, built.members, strict=True)]
    return memory.footprint(built.scenario.run.precision, problems, built.program.probes).needed


def _held() -> int:
    """Bytes that this process has held at most; what a GPU holds counts there."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    told = (jax.devices()[0].memory_stats() or {}) if jax.default_backend() != "cpu" else {}
    return max(own, int(told.get("peak_bytes_in_use", 0)))


def _recorded(built: Experiment, seconds_a_step: float) -> int:
    """Bytes of the recording, about: readings at their finest cadence, what stands beside them, and keyframes."""
    steps = built.scenario.run.steps
    chunk = min(max(CHUNK_SECONDS / max(seconds_a_step, 1e-9), 1.0), built.program.longest)
    rows, columns = 0, 0
    for one in built.series:
        readings = _readings(steps, one.every)
        rows += math.prod(one.shape) * np.dtype(one.dtype).itemsize * readings
        columns += min(readings, math.ceil(steps / chunk) + 1)
    # Beside those on its way, one at its beginning and one at its end.
    kept = 2 + Rhythm.over(steps * seconds_a_step, int(memory.BASE64 * built.kept))
    whole = kept * built.kept
    return int(memory.BASE64 * (rows + whole)) + _COLUMN * columns

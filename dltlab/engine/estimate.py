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
from dltlab.engine import costs, experiment, keyframes, machine, memory
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet
from dltlab.errors import ScenarioError
from dltlab.text import size

_LONGEST: Final = 2.0
"""Seconds of timed chunks, the last one on top."""
_KEYFRAMES: Final = 3
"""That a run of ordinary length records: at its start, on its way, at its end."""


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
    and the time of a step is that of the later half of them. Where readings grow dearer on the way (an
    eigenvalue that becomes hard to follow) it is too low. The memory is the largest of what was reckoned
    and what this process has held.

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
        "recording": _recorded(built, fleet),
        "fingerprint": machine.describe()[3],
    }


def _timed(built: Experiment, fleet: Fleet) -> tuple[float, int]:
    """Seconds a step, and the steps that were timed; the fleet has taken them."""
    planned, most = built.scenario.run.steps, built.program.longest
    chunks: list[tuple[int, float]] = []
    done, steps, begin = 0, 1, time.perf_counter()
    while done < planned and time.perf_counter() - begin < _LONGEST:
        start = time.perf_counter()
        flights = fleet.fly(min(steps, most, planned - done))
        taken = int(np.max(flights.steps))
        chunks.append((taken, time.perf_counter() - start))
        fleet.land(flights)
        done, steps = done + taken, 2 * steps
        if not flights.finite.any():
            break
    # The first chunks are all call and little step.
    later = chunks[len(chunks) // 2 :]
    return sum(seconds for _, seconds in later) / max(sum(taken for taken, _ in later), 1), done


def _reckoned(built: Experiment) -> int:
    problems = [(one.simulation.problem, len(own)) for one, own in zip(built.programs, built.members, strict=True)]
    return memory.footprint(built.scenario.run.precision, problems, built.program.probes).needed


def _held() -> int:
    """Bytes that this process has held at most; what a GPU holds counts there."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    told = (jax.devices()[0].memory_stats() or {}) if jax.default_backend() != "cpu" else {}
    return max(own, int(told.get("peak_bytes_in_use", 0)))


def _recorded(built: Experiment, fleet: Fleet) -> int:
    """Bytes of the recording, about: readings at their finest cadence, and a few keyframes."""
    steps = built.scenario.run.steps
    rows = sum(math.prod(one.shape) * np.dtype(one.dtype).itemsize * (steps // one.every + 1) for one in built.series)
    whole = keyframes.taken(0, fleet.gathered())
    return int(memory.BASE64 * (rows + _KEYFRAMES * sum(len(leaf.data) for leaf in whole.leaves.values())))

"""Whether the machine can hold an experiment, asked before anything is allocated or compiled."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from dltlab.engine.machine import threads_of_xla
from dltlab.engine.probes.base import AbstractProbe, Budgeted, passing
from dltlab.engine.problems import AbstractProblem, Sampled
from dltlab.errors import ScenarioError, UsageError
from dltlab.records import LONGEST_LINE, Series
from dltlab.scenario import Document
from dltlab.soundness import LARGEST_READING
from dltlab.tables import Scenario
from dltlab.text import one_line, size

BASE64: Final = 4 / 3
"""Bytes that a byte of a recording's arrays takes."""
_LONGEST: Final = 0.99
"""Of the longest line, what arrays may take: their names stand there too."""
_STEP: Final = 8
"""Bytes of the step of a reading."""


class Footprint(NamedTuple):
    """What an experiment will hold at its peak."""

    needed: int
    """Bytes, about."""
    weights: int
    activations: int
    """Numbers that the arms hold together: parameters, and the activations of the gradient that a step takes."""
    dearest: str
    """The probe or theory that holds more at a reading than anything holds at a step; "" where there is none."""


def footprint(
    precision: str, problems: Sequence[tuple[AbstractProblem, int]], probes: Mapping[str, AbstractProbe]
) -> Footprint:
    """What an experiment will hold, reckoned before any of it exists.

    Args:
        precision: float32 or float64.
        problems: Each arm's problem with the number of its members, at least 1.
        probes: The probes, which are read one after the other.
    """
    item = 8 if precision == "float64" else 4
    needed, weights, activations, dearest, most = 0, 0, 0, "", 0
    for problem, members in problems:
        own, live = problem.footprint()
        share = problem.share if isinstance(problem, Sampled) else 1.0
        held = {"": int(share * item * passing(problem))}
        held |= {at: probe.holds(problem, item) for at, probe in probes.items()}
        largest = max(held, key=held.__getitem__)
        # Every member has its state; only those that fly at the same time have work in hand.
        work = held[largest] * min(members, threads_of_xla())
        needed += item * 12 * own * members + work + 16 * own
        weights, activations = weights + own, activations + int(share * live)
        dearest, most = (largest, work) if work > most else (dearest, most)
    return Footprint(needed, weights, activations, dearest)


def fit(
    document: Document,
    scenario: Scenario,
    problems: Sequence[tuple[AbstractProblem, int]],
    probes: Mapping[str, AbstractProbe],
) -> None:
    """Refuse what the machine cannot hold.

    Args:
        document: Where the scenario says what.
        scenario: The scenario.
        problems: Each arm's problem with the number of its members.
        probes: The probes.

    Raises:
        ScenarioError: It would not fit.
    """
    needed, weights, activations, dearest = footprint(scenario.run.precision, problems, probes)
    available = free()
    if needed > 0.8 * available:
        at = ("problem", "model", "widths") if "model" in scenario.problem else ("problem",)
        what, cure = f"{activations:,} activations need", "make it smaller"
        # What does not fit without any reading is no fault of a probe.
        if dearest and footprint(scenario.run.precision, problems, {}).needed <= 0.8 * available:
            at = tuple(dearest.split(".", 1))
            what, cure = "what a reading of this holds at once need", "make the problem smaller, or remove this"
        message = (
            f"{weights:,} parameters and {what} about {size(needed)}; this machine has {size(available)} free, {cure}."
        )
        raise ScenarioError(document.fault(at, message))


def fit_keyframe(document: Document, kept: int) -> None:
    """Refuse a state that no line of a recording can hold.

    Args:
        document: Where the scenario says what.
        kept: Bytes of the state of all members, with what their probes remember.

    Raises:
        ScenarioError: It would not fit.
    """
    if BASE64 * kept > _LONGEST * LONGEST_LINE:
        message = (
            f"the state of all members with what their probes remember takes {size(kept)}, and a line of a recording "
            f"holds {size(_LONGEST * LONGEST_LINE / BASE64)}; take fewer parameters or fewer members."
        )
        raise ScenarioError(document.fault(("problem",), message))


def fit_readings(
    document: Document, scenario: Scenario, series: Sequence[Series], probes: Mapping[str, AbstractProbe]
) -> None:
    """Refuse readings that no reader takes, or that a viewer could not hold.

    Raises:
        ScenarioError: They would not fit.
    """
    numbers = sum(math.prod(one.shape) for one in series)
    if numbers > LARGEST_READING:
        message = f"{numbers:,} numbers would be read at a time; {LARGEST_READING:,} are the most, read fewer."
        raise ScenarioError(document.fault(("probes",), message))
    held, available = readings(scenario, series, probes), free()
    if held > 0.8 * available:
        message = (
            f"the readings of {scenario.run.steps:,} steps take {size(held)}; this machine has "
            f"{size(available)} free, take fewer steps or raise run.every."
        )
        raise ScenarioError(document.fault(("run", "steps"), message))


def fit_disk(
    folder: Path, scenario: Scenario, series: Sequence[Series], probes: Mapping[str, AbstractProbe], kept: int
) -> None:
    """Refuse to begin a recording whose readings and first and last keyframe the disk has no room for.

    Arguments are those of :func:`fit_readings` and :func:`fit_keyframe`.

    Raises:
        UsageError: The disk has too little room.
    """
    try:
        found = os.statvfs(folder)
    except OSError:
        return
    needed = BASE64 * (readings(scenario, series, probes) + 2 * kept)
    available = found.f_bavail * found.f_frsize
    if needed > available:
        raise UsageError(
            f"{one_line(str(folder))}: the recording would take {size(needed)}, and the disk has "
            f"{size(available)} free; make room, or take fewer steps or parameters."
        )


def readings(scenario: Scenario, series: Sequence[Series], probes: Mapping[str, AbstractProbe]) -> int:
    """Bytes of all readings with their steps, but of those that a budget makes as few as it likes."""
    return sum(
        (math.prod(one.shape) * np.dtype(one.dtype).itemsize + _STEP) * (scenario.run.steps // one.every + 1)
        for one in series
        if not isinstance(probes[one.source], Budgeted)
    )


def free() -> int:
    """Bytes of memory that are free or can be freed."""
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            for line in stream:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

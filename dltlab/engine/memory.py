"""Whether the machine can hold an experiment, asked before anything is allocated or compiled."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from dltlab.engine.machine import threads_of_xla
from dltlab.engine.probes.base import AbstractProbe, Budgeted
from dltlab.engine.problems import AbstractProblem
from dltlab.errors import ScenarioError, UsageError
from dltlab.records import Series
from dltlab.scenario import Document
from dltlab.soundness import LARGEST_READING
from dltlab.tables import Scenario
from dltlab.text import one_line, size

BASE64: Final = 4 / 3
"""Bytes that a byte of a recording's arrays takes."""
_STEP: Final = 8
"""Bytes of the step of a reading."""


class Footprint(NamedTuple):
    """What an experiment will hold at its peak."""

    needed: int
    """Bytes, about."""
    weights: int
    activations: int
    """Numbers that the arms hold together: parameters, and the activations of one gradient."""


def footprint(precision: str, problems: Sequence[tuple[AbstractProblem, int]], probes: Mapping[str, Any]) -> Footprint:
    """What an experiment will hold, reckoned before any of it exists.

    Args:
        precision: float32 or float64.
        problems: Each arm's problem with the number of its members, at least 1.
        probes: The probes, some of which keep a basis of vectors.
    """
    bytes_each = 8 if precision == "float64" else 4
    basis = max((getattr(probe, "products", 0) + getattr(probe, "top", 0) for probe in probes.values()), default=0)
    formed = any(getattr(probe, "method", "") == "dense" for probe in probes.values())
    needed, weights, activations = 0, 0, 0
    for problem, members in problems:
        own, live = problem.footprint()
        # Every member has its state; only those that fly at the same time have work in hand.
        flying = min(members, threads_of_xla())
        work = own if formed else basis
        needed += bytes_each * (own * (12 * members + work * flying) + 2 * live * flying) + 16 * own
        weights, activations = weights + own, activations + live
    return Footprint(needed, weights, activations)


def fit(
    document: Document,
    scenario: Scenario,
    problems: Sequence[tuple[AbstractProblem, int]],
    probes: Mapping[str, Any],
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
    needed, weights, activations = footprint(scenario.run.precision, problems, probes)
    available = free()
    if needed > 0.8 * available:
        at = ("problem", "model", "widths") if "model" in scenario.problem else ("problem",)
        message = (
            f"{weights:,} parameters and {activations:,} activations need about {size(needed)}; "
            f"this machine has {size(available)} free, make it smaller."
        )
        raise ScenarioError(document.fault(at, message))


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


def fit_disk(folder: Path, scenario: Scenario, series: Sequence[Series], probes: Mapping[str, AbstractProbe]) -> None:
    """Refuse to begin a recording that the disk has no room for. Raises UsageError."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return
    needed, available = BASE64 * readings(scenario, series, probes), found.f_bavail * found.f_frsize
    if needed > available:
        raise UsageError(
            f"{one_line(str(folder))}: the recording would take {size(needed)}, and the disk has "
            f"{size(available)} free; take fewer steps or raise run.every."
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

"""Whether the machine can hold an experiment, asked before anything is allocated or compiled."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dltlab.engine.machine import threads_of_xla
from dltlab.engine.problems import AbstractProblem
from dltlab.errors import ScenarioError
from dltlab.scenario import Document, Scenario


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
        gib = 1 << 30
        at = ("problem", "model", "widths") if "model" in scenario.problem else ("problem",)
        message = (
            f"{weights:,} parameters and {activations:,} activations need about {needed / gib:,.1f} GiB; "
            f"this machine has {available / gib:,.1f} GiB free, make it smaller."
        )
        raise ScenarioError(document.fault(at, message))


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

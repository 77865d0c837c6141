"""Whether the machine can hold an experiment, asked before anything is allocated or compiled."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from dltlab.engine.problems import AbstractProblem
from dltlab.errors import ScenarioError
from dltlab.scenario import Document, Scenario


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
        probes: The probes, some of which keep a basis of vectors.

    Raises:
        ScenarioError: It would not fit.
    """
    bytes_each = 8 if scenario.run.precision == "float64" else 4
    basis = max((getattr(probe, "products", 0) + getattr(probe, "top", 0) for probe in probes.values()), default=0)
    formed = any(getattr(probe, "method", "") == "dense" for probe in probes.values())
    needed, weights, activations = 0, 0, 0
    for problem, members in problems:
        own, live = problem.footprint()
        copies = 12 + (own if formed else basis)
        needed += bytes_each * (copies * own * max(1, members if basis == 0 else 1) + 2 * live) + 16 * own
        weights, activations = weights + own, activations + live
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

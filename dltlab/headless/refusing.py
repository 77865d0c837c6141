"""What is wrong with a scenario that is refused: all of it, as ``dltlab check`` tells it.

A run is refused for the first faults that it meets, and looks no farther; who is to mend the file wants all of them.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from dltlab import scenario
from dltlab.errors import ScenarioError

_PATIENCE: Final = 120.0
"""Seconds that checking may take; beyond them what is known is told."""


def whole(refusal: ScenarioError, name: str, overrides: Sequence[str]) -> ScenarioError:
    """The refusal with every fault of its scenario, in the order of the file; those of this run alone come last."""
    try:
        scenario.read(name)
    except ScenarioError:
        # Nothing more can be said of what cannot be read.
        return refusal
    # In a process of its own: it looks into every room, and brings JAX along.
    settings = [word for one in overrides for word in ("--set", one)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    order = [sys.executable, "-m", "dltlab", "check", *settings, "--", name]
    try:
        done = subprocess.run(order, capture_output=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL, env=environment)
    except (subprocess.TimeoutExpired, OSError):
        return refusal
    if done.returncode != ScenarioError.exit_code:
        return refusal
    found = done.stdout.decode(errors="replace").splitlines()
    return type(refusal)(*dict.fromkeys((*found, *refusal.faults)))

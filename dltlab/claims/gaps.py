"""Readings that a claim passes over because they are not finite: of which series, where, and who diverged there."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from dltlab.session import divergence
from dltlab.session.history import History

_NAMED: Final = 4
"""Seeds that are named at most."""


def told(history: History, name: str, steps: np.ndarray, belongs: np.ndarray, known: np.ndarray) -> str:
    """What is passed over, in words; empty if nothing is.

    Args:
        history: Of one arm, or without arms.
        name: The series.
        steps: The steps of its readings, shape (n,).
        belongs: Which readings are looked at, shape (members, n).
        known: Which of them can be counted, of the same shape.
    """
    missing = belongs & ~known
    if not missing.any():
        return ""
    at = steps[missing.any(axis=0)]
    first, last = int(at.min()), int(at.max())
    members = np.flatnonzero(missing.any(axis=1))
    where, yet = f"between steps {first:,} and {last:,}" if first < last else f"at step {first:,}", ""
    if all(_ends(steps, belongs[one], missing[one], 1) for one in members):
        where = f"from step {first:,} on"
    elif all(_ends(steps, belongs[one], missing[one], -1) for one in members):
        where, yet = f"up to step {last:,}", " yet"
    many = f"{int(missing.sum()):,} of {int(belongs.sum()):,} readings"
    gone = {one: step for one, step in divergence.members(history).items() if one in members}
    why = f" ({_diverged(history, gone)})" if len(gone) == len(members) else ""
    return f"{name} is not finite{yet} in {many}, {where}{why}"


def _ends(steps: np.ndarray, belongs: np.ndarray, missing: np.ndarray, way: int) -> bool:
    """Whether all that a member reads after its first missing reading is missing too; with −1 before its last."""
    place = steps * way
    return bool(missing[belongs & (place >= place[missing].min())].all())


def _diverged(history: History, gone: Mapping[int, int]) -> str:
    """Who diverged, and when first."""
    seeds, when = history.header.seeds, f"at step {min(gone.values()):,}"
    if len(seeds) == 1:
        return f"it diverged {when}"
    if len(gone) == len(seeds):
        return f"all seeds diverged, the first {when}"
    more = len(gone) - _NAMED
    who = ", ".join(str(seeds[one]) for one in sorted(gone)[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"seeds {who} diverged, the first {when}" if len(gone) > 1 else f"seed {who} diverged {when}"

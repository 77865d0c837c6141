"""Which series of a session a detector looks at: those of the probes and theories of a kind."""

from typing import Final

import numpy as np

from dltlab.chapters.abstract import Member
from dltlab.session.tables import THRESHOLD, of_kind
from dltlab.text import one_line

_SEVERAL: Final = " · "
"""Stands between the titles of arms that differ in them."""


def sharp(member: Member) -> list[str]:
    """The sharpnesses that have a threshold, the optimizer's own; the first sharpness alone, where none has."""
    history = member.history
    found = of_kind(history.header, "theories", THRESHOLD)
    found = [name for name in found if name in history and f"{name}.theory" in history]
    return found or [name for name in of_kind(history.header, "probes", "sharpness") if name in history][:1]


def losses(member: Member) -> list[str]:
    """The training loss, which a scenario may call otherwise."""
    return [name for name in of_kind(member.history.header, "probes", "loss") if name in member.history][:1]


def standing(steps: np.ndarray, member: Member, name: str) -> np.ndarray:
    """What another series stands at, at these steps: its last reading so far, shape (n,); NaN before the first."""
    known, _ = member.readings(name)
    if not len(known) or not len(steps):
        return np.full(len(steps), np.nan)
    # No more than these is looked at: of what lies before, a session has more at every look.
    first, last = np.searchsorted(known, steps[[0, -1]], "right") - 1
    at, values = member.leading(name, max(int(first), 0), max(int(last), 0) + 1)
    place = np.searchsorted(at, steps, "right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)


def title(member: Member, name: str, otherwise: str) -> str:
    """What a series is called; something more general, where the arms of a session call it differently."""
    told = one_line(member.history[name].series.title) if name in member.history else ""
    return otherwise if not told or _SEVERAL in told else told


def figure(value: float) -> str:
    """A number as a sentence tells it.

    >>> figure(5.0), figure(0.00012345), figure(38012.3), figure(10.04)
    ('5.00', '0.000123', '38,012', '10.0')
    """
    size = abs(value)
    if not np.isfinite(value) or (size and not 1e-4 <= size < 1e7):
        return f"{value:.3g}"
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.{1 if size >= 10 else 2}f}" if size >= 1 else f"{value:.3g}"

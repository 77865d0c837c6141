"""Knobs as sliders, and how they turn."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.records import Knob
from dltlab.terminal.drawing.lines import Line, Span, fit
from dltlab.terminal.drawing.numbers import short
from dltlab.text import one_line

_LOW: Final = 20
_MIDDLING: Final = 40
"""Rows of screens on which plots need the room more than knobs do."""


class Setting(NamedTuple):
    """A knob, its value, and the value that it was asked to take and has not taken."""

    knob: Knob
    value: float
    pending: float | None
    said: str = ""
    """What the value means, in its stead."""


def rows(knobs: int, height: int) -> int:
    """Rows that so many knobs get on a screen of this height: on a small one the chosen knob and its neighbour."""
    return min(knobs, 1 if height < _LOW else 2 if height <= _MIDDLING else (height - 10) // 4)


def knob_lines(settings: Sequence[Setting], chosen: int, width: int, height: int, *, live: bool) -> list[Line]:
    """As many knobs as there are lines, the chosen one among them, which says how many there are beyond."""
    first = min(max(chosen - height + 1, 0), max(len(settings) - height, 0))
    lines = []
    for index, (knob, value, pending, said) in list(enumerate(settings))[first : first + height]:
        of = f"{index + 1}/{len(settings)}" if index == chosen and len(settings) > height else ""
        line = knob_line(knob, value, pending, width - len(of), chosen=live and index == chosen, said=said)
        lines.append((*line, (of, "faint")) if of else line)
    return lines


def knob_line(knob: Knob, value: float, pending: float | None, width: int, *, chosen: bool, said: str = "") -> Line:
    """A knob as a slider: its name, its track between its bounds, its value or what is ``said`` of it."""
    lead = "▸ " if chosen else "  "
    title = one_line(knob.title or knob.name)
    # The symbol is what the plots use, the name is what --set uses; both where there is room.
    same = title.replace(" ", "_").casefold() == knob.name.casefold()
    name = title if width < 60 or same or said else f"{title}  {one_line(knob.name)}"
    low, high = short(knob.low), short(knob.high)
    now = f" {said or short(value, 4)}"
    asked = f" → {short(pending, 4)}" if pending is not None else ""
    fixed = cell_len(lead) + cell_len(name) + len(low) + len(high) + len(now) + 12
    track = max(min(width - fixed - 6, 48), 0)
    spans: list[Span] = [(lead, "strong"), (f"{name}  ", "strong" if chosen else "text")]
    if track >= 6:
        at = round(place(knob, value if pending is None else pending) * (track - 1))
        ink = "pending" if pending is not None else "curve0"
        spans += [
            (f"{low} ", "faint"),
            ("─" * at, "rule"),
            ("●", ink),
            ("─" * (track - 1 - at), "rule"),
            (f" {high} ", "faint"),
        ]
    return fit((*spans, (now, "strong"), (asked, "pending")), width)


def place(knob: Knob, value: float) -> float:
    """Where a value lies between a knob's bounds, on its scale."""
    if knob.scale == "log" and min(knob.low, knob.high, value) > 0:
        return _clip(math.log(value / knob.low) / math.log(knob.high / knob.low))
    return _clip((value - knob.low) / (knob.high - knob.low))


def turned(knob: Knob, value: float, notches: int) -> float:
    """A knob's value after some notches: equal ratios or equal differences, rounded."""
    if knob.scale == "log" and knob.low > 0 and value > 0:
        new = value * (knob.high / knob.low) ** (notches / 32)
    else:
        new = value + (knob.high - knob.low) * notches / 40
    new = float(f"{new:.3g}")
    return min(max(new, knob.low), knob.high)


def _clip(fraction: float) -> float:
    return min(max(fraction, 0.0), 1.0) if fraction == fraction else 0.0

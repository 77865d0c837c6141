"""What stands beside the plots: verdicts, what to look for, knobs, keys."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from dltlab.claims import Verdict
from dltlab.records import Knob
from dltlab.terminal.drawing.lines import Line, Picture, Span, fit, frame, wrap
from dltlab.terminal.drawing.numbers import short
from dltlab.terminal.drawing.prose import rule
from dltlab.text import one_line

_SIGNS: Final = {"holds": "✓", "fails": "✗", "not yet": "·"}


def verdict_lines(verdicts: Sequence[Verdict], width: int, *, detail: int = 2) -> list[Line]:
    """Every verdict: sign, word, name and measured number; with detail what is predicted, then what it says."""
    lines: list[Line] = []
    for verdict in verdicts:
        sign, ink = _SIGNS.get(verdict.status, "·"), verdict.status if verdict.status in _SIGNS else "not yet"
        head, name, number = f"{sign} {verdict.status}", one_line(verdict.name), one_line(verdict.measured)
        space = width - 1 - cell_len(head) - cell_len(name) - cell_len(number) - 3
        lines.append(((head, ink), (f"  {name} {' ' * max(space, 0)}", "text"), (number, "strong")))
        if detail >= 2 and verdict.says:
            lines += wrap(one_line(verdict.says), width - 1, "text", "  ")
        if detail >= 1 and verdict.predicted:
            lines += wrap(
                f"predicted {one_line(verdict.predicted)} {one_line(verdict.tolerance)}", width - 1, "faint", "  "
            )
        if detail >= 2 and verdict.detail:
            lines += wrap(one_line(verdict.detail), width - 1, "faint", "  ")
    return lines


def side(verdicts: Sequence[Verdict], look_for: Sequence[str], width: int, height: int) -> Picture:
    """Claims above, what to look for below; where room is scarce the sentences give way first, the verdicts last."""
    inner = max(width - 1, 1)
    look = [line for text in look_for for line in wrap(text, inner, "text", "• ")]
    look = [rule("Look for", inner), *look] if look else []
    ways = [verdict_lines(verdicts, inner, detail=detail) for detail in (2, 1, 0)]
    ways = [[rule("Claims", inner), *claims] if claims else [] for claims in ways]
    gap: list[Line] = [()] if ways[0] and look else []
    # With all hints if that can be; else with every verdict, and as many hints as there is room for.
    fitting = [claims for room in (height - len(gap) - len(look), height) for claims in ways if len(claims) <= room]
    claims = fitting[0] if fitting else ways[-1]
    lines = [*claims, *gap, *look] if len(claims) + 4 <= height else claims
    return tuple(fit(((" ", "text"), *line), width) for line in frame(lines, inner, height))


def page(abstract: str, verdicts: Sequence[Verdict], texts: Mapping[str, Sequence[str]], width: int) -> list[Line]:
    """What the session is about, its verdicts in full, and further texts under their headings."""
    lines: list[Line] = [*wrap(abstract, width), ()]
    if verdicts:
        lines += [rule("Claims", width), *verdict_lines(verdicts, width), ()]
    for heading, said in texts.items():
        lines += [rule(heading, width)] if said else []
        for text in said:
            lines += wrap(text, width, "text", "• ")
        lines.append(())
    return lines


def summary(verdicts: Sequence[Verdict]) -> list[Span]:
    """How many claims stand how, for a line."""
    spans: list[Span] = []
    for status, sign in _SIGNS.items():
        number = sum(verdict.status == status for verdict in verdicts)
        if number:
            spans.append((f" {sign} {number} {status} ", status))
    return spans


def knob_line(knob: Knob, value: float, pending: float | None, width: int, *, chosen: bool) -> Line:
    """A knob as a slider: its name, its track between its bounds, its value."""
    lead = "▸ " if chosen else "  "
    title = one_line(knob.title or knob.name)
    # The symbol is what the plots use, the name is what --set uses; both where there is room.
    name = title if width < 60 or title == knob.name else f"{title}  {one_line(knob.name)}"
    low, high = short(knob.low), short(knob.high)
    now = f" {short(value, 4)}"
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

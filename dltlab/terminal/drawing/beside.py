"""What stands beside the plots: verdicts, what to look for, knobs, keys."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from dltlab.claims import Verdict
from dltlab.terminal.drawing.lines import Line, Picture, Span, fit, frame, told_apart, wrap
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.prose import rule
from dltlab.text import one_line

_LEAST: Final = 5
"""Cells below which a prediction says nothing."""
_NEEDED: Final = 8
"""Cells that a prediction is given before long names are."""
_ZEROS: Final = re.compile(r"e([+-]?)0+(?=\d)")
_BOUND: Final = re.compile(r"[≤≥<>] ?\S+$")
_DIGIT: Final = re.compile(r"\d")
_SOME: Final = 5
"""Lines of hints with their heading that are read without turning them over."""
_SIGNS: Final = {"holds": "✓", "fails": "✗", "not yet": "·"}


Since = Mapping[str, int]
"""By a claim's name the step since which it stands as it does."""


def verdict_lines(
    verdicts: Sequence[Verdict], width: int, *, detail: int = 2, since: Since | None = None
) -> list[Line]:
    """Every verdict: sign, word, name and measured number; with detail what is predicted, what it says, its formula."""
    lines: list[Line] = []
    for verdict in verdicts:
        sign, ink = _SIGNS.get(verdict.status, "·"), verdict.status if verdict.status in _SIGNS else "not yet"
        head, name, number = f"{sign} {verdict.status}", one_line(verdict.name), one_line(verdict.measured)
        space = width - 1 - cell_len(head) - cell_len(name) - cell_len(number) - 3
        lines.append(((head, ink), (f"  {name} {' ' * max(space, 0)}", "text"), (number, "strong")))
        if detail >= 2 and verdict.says:
            lines += wrap(one_line(verdict.says), width - 1, "text", "  ")
        if detail >= 3 and verdict.formula:
            lines += wrap(one_line(verdict.formula), width - 1, "strong", "  ")
        told = f"predicted {one_line(verdict.predicted)} {one_line(verdict.tolerance)}" if verdict.predicted else ""
        if detail >= 1 and told:
            lines += wrap(told, width - 1, "faint", "  ")
        if detail >= 3 and since and verdict.name in since:
            lines += wrap(f"{verdict.status} since step {count(since[verdict.name])}", width - 1, "faint", "  ")
        if detail >= 2 and verdict.detail:
            lines += wrap(one_line(verdict.detail), width - 1, "faint", "  ")
    return lines


def compact(verdicts: Sequence[Verdict], width: int) -> list[Line]:
    """A line a verdict, in columns: sign, name, what was measured, what was predicted."""
    names = [one_line(verdict.name) for verdict in verdicts]
    measured = [_ZEROS.sub(r"e\1", one_line(verdict.measured)) for verdict in verdicts]
    told = min(max(map(cell_len, measured), default=0), 12)
    need = min(max((cell_len(_predicted(verdict)[0]) for verdict in verdicts), default=0), max(width // 4, _NEEDED))
    wide = min(max(map(cell_len, names), default=0), max(width - told - need - 5, width // 3))
    room = width - wide - told - 5
    lines: list[Line] = []
    for verdict, name, number in zip(verdicts, told_apart(names, wide), measured, strict=True):
        sign, ink = _SIGNS.get(verdict.status, "·"), verdict.status if verdict.status in _SIGNS else "not yet"
        ways = _predicted(verdict)
        spans: list[Span] = [(f"{sign} ", ink), *fit(((name, "text"),), wide), (" ", "text")]
        spans += [(" " * (told - cell_len(number)), "text"), *fit(((number, "strong"),), min(cell_len(number), told))]
        if room >= _LEAST:
            spans += [("  ", "text"), (next((said for said in ways if cell_len(said) <= room), ways[-1]), "faint")]
        lines.append(fit(spans, width))
    return lines


def _predicted(verdict: Verdict) -> list[str]:
    """What was predicted, from the longest to the shortest: 1 × sharpness.theory ± 0.03, 1 ± 0.03, 1."""
    predicted, tolerance = one_line(verdict.predicted), one_line(verdict.tolerance)
    brief = predicted.removeprefix("slope ").split(" of ")[0].split(" × ")[0].split(",")[0]
    # Of a theory that is a series, how near it must be met.
    near = _BOUND.search(tolerance)
    ways = [near.group()] if near and predicted.isascii() and not _DIGIT.search(predicted) else []
    return [f"{predicted} {tolerance}".strip(), *(ways or [f"{brief} {tolerance}".strip(), brief])]


def side(
    verdicts: Sequence[Verdict],
    look_for: Sequence[str],
    width: int,
    height: int,
    turn: int = 0,
    alarm: Sequence[Sequence[str]] = (),
    since: Since | None = None,
) -> Picture:
    """Claims above, what to look for below; where room is scarce the sentences give way first, the verdicts last.

    Where not all claims can be explained, one is each ``turn``: since when it stands as it does, and its formula.

    What went wrong, the ``alarm``, is said before everything else: in the fullest of its ways that there is room for.
    What to look for then stands in what is left, at least in the place of the heading, some of it each ``turn``.
    """
    if alarm:
        ways, room = [_alarmed(way, max(width - 1, 1)) for way in alarm], max(height - len(verdicts) - 3, 4)
        said = next((way for way in ways if len(way) <= room), ways[-1][:room])
        below = side(verdicts, look_for, width, max(height - len(said) - 1, 0), turn, since=since)
        return tuple(frame([*(fit(((" ", "text"), *line), width) for line in said), (), *below], width, height))
    inner = max(width - 1, 1)
    told = [wrap(text, inner, "text", "• ") for text in look_for]
    hints = [line for lines in told for line in lines]
    look = [rule("Look for", inner), *hints] if hints else []
    ways = [verdict_lines(verdicts, inner, detail=detail, since=since) for detail in (3, 2, 1)]
    ways.append(compact(verdicts, inner))
    ways = [[rule("Claims", inner), *claims] if claims else [] for claims in ways]
    gap: list[Line] = [()] if ways[0] and look else []
    # With all hints if that can be, else with some of them; every verdict comes before any hint.
    wanted = len(gap) + len(look)
    rooms = (height - wanted, height - min(wanted, _SOME), height - min(wanted, 1), height)
    explained = _explained(verdicts, inner, turn, since)
    if explained and len(ways[0]) > rooms[0] and len(ways[-1]) + 1 + len(explained) <= rooms[1]:
        ways = [[*ways[-1], (), *explained]]
    elif explained:
        told = [one for pair in itertools.zip_longest(told, _formulas(verdicts, inner)) for one in pair if one]
    claims = next((claims for room in rooms for claims in ways if len(claims) <= room), ways[-1])
    left = height - len(claims)
    if not hints or left >= min(wanted, _SOME):
        lines = [*claims, *gap, *look]
    elif left > 0:
        lines = [*claims, *_some(told, left, turn)]
    else:
        lines = [*_some(told, 1, turn), *claims[1:]]
    return tuple(fit(((" ", "text"), *line), width) for line in frame(lines, inner, height))


def _explained(verdicts: Sequence[Verdict], width: int, turn: int, since: Since | None) -> list[Line]:
    """One of the claims that have a formula, in full; another one each turn."""
    known = [verdict for verdict in verdicts if verdict.formula]
    return verdict_lines([known[turn % len(known)]], width, detail=3, since=since) if known else []


def _formulas(verdicts: Sequence[Verdict], width: int) -> list[list[Line]]:
    """The formulas alone, for where there is no room for more."""
    return [
        wrap(f"{verdict.name}: {verdict.formula}", width, "text", f"{_SIGNS.get(verdict.status, '·')} ")
        for verdict in verdicts
        if verdict.formula
    ]


def _alarmed(alarm: Sequence[str], width: int) -> list[Line]:
    """What went wrong, and last the way out."""
    lines: list[Line] = [(("✗ Diverged ", "wrong"), ("─" * max(width - 11, 0), "rule"))]
    for text in alarm:
        lines += wrap(text, width, "text", "  ")
    return lines


def _some(told: Sequence[Sequence[Line]], rows: int, turn: int) -> Sequence[Line]:
    """As many lines as there is room for: one sentence a turn, or what comes next of a long one."""
    pages = [(first > 0, lines[first : first + rows]) for lines in told for first in range(0, len(lines), rows)]
    amid, page = pages[turn % len(pages)]
    return [(("… ", "faint"), *page[0][1:]), *page[1:]] if amid else page


def page(
    abstract: str,
    verdicts: Sequence[Verdict],
    texts: Mapping[str, Sequence[str]],
    width: int,
    since: Since | None = None,
) -> list[Line]:
    """What the session is about, its verdicts in full, and further texts under their headings."""
    lines: list[Line] = [*wrap(abstract, width), ()]
    if verdicts:
        lines += [rule("Claims", width), *verdict_lines(verdicts, width, detail=3, since=since), ()]
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

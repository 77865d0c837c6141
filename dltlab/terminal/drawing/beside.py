"""What stands beside the plots: verdicts, what to look for, knobs, keys."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.claims import Verdict
from dltlab.claims.since import Act, Since
from dltlab.terminal.drawing import predicted
from dltlab.terminal.drawing.hints import SIGNS, some
from dltlab.terminal.drawing.lines import Line, Picture, Span, fit, frame, told_apart, width_of, wrap
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.prose import rule
from dltlab.terminal.drawing.timeline import SIGNS as HAPPENED
from dltlab.text import one_line

_LEAST: Final = 5
"""Cells below which a prediction says nothing."""
_NEEDED: Final = 8
"""Cells that a prediction is given before long names are."""
_ZEROS: Final = re.compile(r"e([+-]?)0+(?=\d)")
_SOME: Final = 5
"""Lines of hints with their heading that are read without turning them over."""


class Judged(NamedTuple):
    """Claims as they stand now, or as they stood at a step that is looked back at."""

    verdicts: Sequence[Verdict]
    since: Mapping[str, Since]
    """By a claim's name since when it stands as it does, and after what."""
    at: int | None = None
    """The step at which they stood so; None for now."""

    def after(self, verdict: Verdict) -> Act | None:
        """What was done to the session before it was refuted."""
        since = self.since.get(verdict.name)
        return since.after if since and verdict.status == "fails" else None

    @property
    def title(self) -> str:
        """What they are called: those of now need no more than their name."""
        return "Claims" if self.at is None else f"Claims at step {count(self.at)}"

    @property
    def bare(self) -> bool:
        """Whether their heading says no more than what they are called."""
        return self.at is None and not any(map(self.after, self.verdicts))


def verdict_lines(judged: Judged, width: int, *, detail: int = 2) -> list[Line]:
    """Every verdict: sign, word, name and measured number; with detail what is predicted, what it says, its formula."""
    lines: list[Line] = []
    for verdict in judged.verdicts:
        sign, ink = SIGNS.get(verdict.status, "·"), verdict.status if verdict.status in SIGNS else "not yet"
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
        since, after = judged.since.get(verdict.name), judged.after(verdict)
        dated = [f"{verdict.status} since step {count(since.step)}"] if detail >= 3 and since else []
        if after:
            dated.append(after.said)
        lines += wrap(", ".join(dated), width - 1, "event" if after else "faint", "  ") if dated else []
        if detail >= 2 and verdict.detail:
            lines += wrap(one_line(verdict.detail), width - 1, "faint", "  ")
    return lines


def heading(judged: Judged, width: int) -> Line:
    """What claims are called, and what the signs mean that stand beside those that were refuted after an act.

    Acts that not all of those were refuted after are each named, or none is where there is no room for that.
    """
    after = dict.fromkeys(act for verdict in judged.verdicts if (act := judged.after(verdict)))
    acts = sorted(after, key=lambda act: act.step)
    ways = list(map(" ".join, zip(*map(_ways, acts), strict=True)))
    room = width - cell_len(judged.title) - 1
    said = next((way for way in ways if cell_len(way) <= room), "" if len(acts) > 1 else "".join(ways[-1:]))
    if not said:
        return rule(judged.title, width)
    title: Line = ((f"{judged.title} ", "strong"), (said, "event"))
    left = width - width_of(title)
    return fit((*title, (" ".ljust(left, "─")[: max(left, 0)], "rule")), width)


def _ways(act: Act) -> tuple[str, ...]:
    """The sign of what a claim was refuted after, and when that was: at length, and ever shorter."""
    sign, step = HAPPENED[act.what][0], count(act.step)
    whens = (f"after {act.done}", f"after {act.name} at {step}", f"after step {step}", f"at {step}")
    return tuple(f"{sign} {when}" for when in whens)


def compact(judged: Judged, width: int) -> list[Line]:
    """A line a verdict, in columns: sign, name, what was measured, what was predicted.

    Behind the sign of what was refuted after an act stands the sign of that.
    """
    verdicts, after = judged.verdicts, [judged.after(verdict) for verdict in judged.verdicts]
    lead = 3 if any(after) else 2
    names = [one_line(verdict.name) for verdict in verdicts]
    measured = [_ZEROS.sub(r"e\1", one_line(verdict.measured)) for verdict in verdicts]
    told = min(max(map(cell_len, measured), default=0), 12)
    need = max((predicted.cells(verdict, max(width // 4, _NEEDED)) for verdict in verdicts), default=0)
    wide = min(max(map(cell_len, names), default=0), max(width - told - need - lead - 3, width // 3))
    room = width - wide - told - lead - 3
    lines: list[Line] = []
    for verdict, act, name, number in zip(verdicts, after, told_apart(names, wide), measured, strict=True):
        sign, ink = SIGNS.get(verdict.status, "·"), verdict.status if verdict.status in SIGNS else "not yet"
        done = f"{HAPPENED[act.what][0] if act else '':<{lead - 1}}"
        spans: list[Span] = [(sign, ink), (done, "event"), *fit(((name, "text"),), wide), (" ", "text")]
        spans += [(" " * (told - cell_len(number)), "text"), *fit(((number, "strong"),), min(cell_len(number), told))]
        if room >= _LEAST:
            spans += [("  ", "text"), (predicted.within(verdict, room), "faint")]
        lines.append(fit(spans, width))
    return lines


def side(
    judged: Judged,
    look_for: Sequence[str],
    width: int,
    height: int,
    turn: int = 0,
    alarm: Sequence[Sequence[str]] = (),
) -> Picture:
    """Claims above, what to look for below; where room is scarce the sentences give way first, the verdicts last.

    Where not all claims can be explained, one is each ``turn``: since when it stands as it does, and its formula.

    What went wrong, the ``alarm``, is said before everything else: in the fullest of its ways that there is room for.
    What to look for then stands in what is left, at least in the place of the heading, some of it each ``turn``.
    """
    if alarm:
        ways, room = [_alarmed(way, max(width - 1, 1)) for way in alarm], max(height - len(judged.verdicts) - 3, 4)
        said = next((way for way in ways if len(way) <= room), ways[-1][:room])
        below = side(judged, look_for, width, max(height - len(said) - 1, 0), turn)
        return tuple(frame([*(fit(((" ", "text"), *line), width) for line in said), (), *below], width, height))
    inner = max(width - 1, 1)
    hints = [line for text in look_for for line in wrap(text, inner, "text", "• ")]
    look = [rule("Look for", inner), *hints] if hints else []
    ways = [verdict_lines(judged, inner, detail=detail) for detail in (3, 2, 1)]
    ways = [[rule(judged.title, inner), *claims] if claims else [] for claims in ways]
    ways.append([heading(judged, inner), *compact(judged, inner)] if judged.verdicts else [])
    gap: list[Line] = [()] if ways[0] and look else []
    # With all hints if that can be, else with some of them; every verdict comes before any hint.
    wanted = len(gap) + len(look)
    rooms = (height - wanted, height - min(wanted, _SOME), height - min(wanted, 1), height)
    explained = _explained(judged, inner, turn)
    if explained and len(ways[0]) > rooms[0] and len(ways[-1]) + 1 + len(explained) <= rooms[1]:
        ways = [[*ways[-1], (), *explained]]
    claims = next((claims for room in rooms for claims in ways if len(claims) <= room), ways[-1])
    left = height - len(claims)
    if not hints or left >= min(wanted, _SOME):
        lines = [*claims, *gap, *look]
    elif left > 0:
        lines = [*claims, *some(look_for, judged.verdicts, inner, left, turn)]
    elif judged.bare:
        lines = [*some(look_for, judged.verdicts, inner, 1, turn), *claims[1:]]
    else:
        # What the heading says is not said elsewhere.
        lines = claims
    return tuple(fit(((" ", "text"), *line), width) for line in frame(lines, inner, height))


def _explained(judged: Judged, width: int, turn: int) -> list[Line]:
    """One of the claims that have a formula, in full; another one each turn."""
    known = [verdict for verdict in judged.verdicts if verdict.formula]
    return verdict_lines(judged._replace(verdicts=[known[turn % len(known)]]), width, detail=3) if known else []


def _alarmed(alarm: Sequence[str], width: int) -> list[Line]:
    """What went wrong, and last the way out."""
    lines: list[Line] = [(("✗ Diverged ", "wrong"), ("─" * max(width - 11, 0), "rule"))]
    for text in alarm:
        lines += wrap(text, width, "text", "  ")
    return lines


def page(abstract: str, judged: Judged, texts: Mapping[str, Sequence[str]], width: int) -> list[Line]:
    """What the session is about, its verdicts in full, and further texts under their headings."""
    lines: list[Line] = [*wrap(abstract, width), ()]
    if judged.verdicts:
        lines += [rule(judged.title, width), *verdict_lines(judged, width, detail=3), ()]
    for heading, said in texts.items():
        lines += [rule(heading, width)] if said else []
        for text in said:
            lines += wrap(text, width, "text", "• ")
        lines.append(())
    return lines


def summary(verdicts: Sequence[Verdict]) -> list[Span]:
    """How many claims stand how, for a line."""
    spans: list[Span] = []
    for status, sign in SIGNS.items():
        number = sum(verdict.status == status for verdict in verdicts)
        if number:
            spans.append((f" {sign} {number} {status} ", status))
    return spans

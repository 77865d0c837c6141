"""What the gallery says of a scenario and of a session: a line in the list, and a page beside it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.terminal.drawing.finding import marked
from dltlab.terminal.drawing.lines import Line, Picture, Span, between, fit, wrap
from dltlab.terminal.drawing.prose import rule
from dltlab.text import one_line

SIGNS: Final = {
    "running": ("▶", "running"),
    "paused": ("‖", "paused"),
    "finished": ("■", "ended"),
    "stopped": ("●", "ended"),
    "diverged": ("✗", "wrong"),
    "failed": ("✗", "wrong"),
    "died": ("✗", "wrong"),
}
"""How a session stands: its sign and its ink."""


class Tally(NamedTuple):
    """Claims that hold, that fail, and that were not shown."""

    holds: int = 0
    fails: int = 0
    pending: int = 0

    @property
    def brief(self) -> list[Span]:
        """In a list: what is worst, in few cells."""
        if self.fails:
            return [(f"✗ {self.fails}", "fails")]
        if self.pending:
            return [(f"· {self.pending}", "not yet")]
        return [(f"✓ {self.holds}", "holds")] if self.holds else []

    @property
    def told(self) -> list[Span]:
        """In words: ✓ 8 hold  ✗ 1 fails."""
        spans: list[Span] = []
        for count, sign, words, ink in (
            (self.holds, "✓", ("holds", "hold"), "holds"),
            (self.fails, "✗", ("fails", "fail"), "fails"),
            (self.pending, "·", ("not shown", "not shown"), "not yet"),
        ):
            spans += [(f"{sign} {count} {words[count != 1]}", ink), ("  ", "text")] if count else []
        return spans


def row(name: str, right: Sequence[Span], width: int, *, chosen: bool, inset: bool, wanted: Sequence[str]) -> Line:
    """A line of a list: a name, and at its end what is to be said of it."""
    ink = "chosen" if chosen else "text"
    lead = f" {'▸' if chosen else ' '} {'  ' if inset else ''}"
    named = marked(((one_line(name), ink),), wanted, "picked" if chosen else "found")
    room = width - 2 - sum(cell_len(text) for text, _ in right)
    told = [*right, (" ", ink)] if right and room > cell_len(lead + one_line(name)) else []
    inked = [(text, "chosen") for text, _ in told] if chosen else told
    return fit(between(((lead, ink), *named), inked, width, (" ", ink)), width, ink)


def tags(words: Sequence[str], width: int, wanted: Sequence[str]) -> list[Line]:
    """Tags beside each other."""
    if not words:
        return []
    return [marked(line, wanted) for line in wrap(" · ".join(one_line(word) for word in words), width, "event")]


def texts(heading: str, said: Sequence[str], width: int, ink: str, wanted: Sequence[str]) -> list[Line]:
    """Sentences under a heading; nothing where there are none."""
    lines: list[Line] = [(), rule(heading, width)] if said else []
    for text in said:
        lines += [marked(line, wanted) for line in wrap(text, width, ink, "• ")]
    return lines


def facts(pairs: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """Names and what they are, below each other; what is empty is left out."""
    wide = max((cell_len(name) for name, said in pairs if said), default=0) + 2
    lines: list[Line] = []
    for name, said in pairs:
        if said:
            first, *rest = wrap(said, max(width - wide, 8))
            lines.append(((name.ljust(wide), "faint"), *first))
            lines += [((" " * wide, "faint"), *line) for line in rest]
    return lines


def scrolled(lines: list[Line], top: int, width: int, height: int) -> tuple[Picture, int]:
    """A page from a line on, and that line, kept within the page; what is above or below is counted."""
    top = min(max(top, 0), max(len(lines) - height, 0))
    if top:
        lines = [((f"  … {top + 1} lines above", "faint"),), *lines[top + 1 :]]
    if len(lines) > height > 0:
        left = len(lines) - height + 1
        lines = [*lines[: height - 1], ((f"  … {left} more lines, pgdn reads on", "faint"),)]
    lines += [()] * (height - len(lines))
    return tuple(fit(line, width) for line in lines[: max(height, 0)]), top

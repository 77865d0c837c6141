"""Headings, rows of keys and pages of help."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from dltlab.terminal.drawing.lines import Line, Span, fit, width_of, wrap

_KEYS: Final = 14
"""Columns of a help page's keys."""
_APART: Final = "   "
"""Between a key's words and the next key."""


def rule(title: str, width: int) -> Line:
    """A heading over the cells that follow it."""
    return ((f"{title} ", "strong"), ("─" * max(width - cell_len(title) - 1, 0), "rule"))


def keys_line(
    keys: Sequence[tuple[str, str]], width: int, right: Sequence[Span] = (), last: Sequence[tuple[str, str]] = ()
) -> Line:
    """Keys and what they do, as many as there is room for; of all of them those that come ``last`` give way last."""
    room = width - width_of(right)
    kept = _as_many(last, room - 1)
    line: list[Span] = [(" ", "text"), *_as_many(keys, room - 1 - width_of(kept)), *kept]
    if (over := width_of(line) - room) > 0 and len(line) > 1:
        line[-1] = (line[-1][0][:-over], line[-1][1])
    return (*fit(line, room), *right)


def _as_many(keys: Sequence[tuple[str, str]], room: int) -> list[Span]:
    """The first of these keys, as many as there is room for; what parts the last from nothing needs none."""
    line: list[Span] = []
    for key, words in keys:
        longer = [*line, (key, "strong"), (f" {words}{_APART}", "faint")]
        if width_of(longer) - len(_APART) > room:
            break
        line = longer
    return line


def said(text: str, width: int) -> list[Line]:
    """What a session tells, in as many lines as it takes."""
    return wrap(text, max(width - 1, 8), "pending", " ◆ ", "   ") if text else []


def help_page(keys: Sequence[tuple[str, str]], notes: Mapping[str, Sequence[str]], width: int) -> list[Line]:
    """All keys with their meaning, then prose under headings."""
    lines: list[Line] = []
    for key, words in keys:
        first, *rest = wrap(words, max(width - _KEYS, 1))
        lines += [((f"{key:>{_KEYS - 2}}  ", "strong"), *first), *(((" " * _KEYS, "text"), *line) for line in rest)]
    for heading, texts in notes.items():
        if texts:
            lines += [(), rule(heading, width)]
            for text in texts:
                lines += wrap(text, width, "text", "  ")
    return lines

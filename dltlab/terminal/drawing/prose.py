"""Headings, rows of keys and pages of help."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from dltlab.terminal.drawing.lines import Line, Span, fit, wrap

_KEYS: Final = 14
"""Columns of a help page's keys."""


def rule(title: str, width: int) -> Line:
    """A heading over the cells that follow it."""
    return ((f"{title} ", "strong"), ("─" * max(width - cell_len(title) - 1, 0), "rule"))


def keys_line(keys: Sequence[tuple[str, str]], width: int, right: Sequence[Span] = ()) -> Line:
    """Keys and what they do, as many as there is room for."""
    line: list[Span] = [(" ", "text")]
    room = width - sum(cell_len(text) for text, _ in right)
    for key, words in keys:
        longer = [*line, (key, "strong"), (f" {words}   ", "faint")]
        if sum(cell_len(text) for text, _ in longer) > room + 2:
            break
        line = longer
    return (*fit(line, room), *right)


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

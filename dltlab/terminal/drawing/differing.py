"""The table of what sets sessions apart: a line a key, a column a session."""

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from dltlab.session.compare import Difference
from dltlab.terminal.drawing.lines import Line, Span, fit, wrap
from dltlab.terminal.drawing.prose import rule
from dltlab.text import one_line

_HEADINGS: Final = {
    "scenario": "Settings",
    "act": "What was done",
    "run": "The run",
    "machine": "The machine",
}
_KEY: Final = 26
_COLUMN: Final = 14
"""Cells below which a column is no column."""


class Column(NamedTuple):
    """A session at the head of the table."""

    sign: str
    ink: str
    name: str


def page(columns: Sequence[Column], found: Sequence[Difference], width: int) -> list[Line]:
    """The sessions with their signs, then every difference under its heading."""
    lines: list[Line] = [((f"{one.sign} ", one.ink), (one_line(one.name), "text")) for one in columns]
    if len(columns) < 2:
        return [
            *lines,
            (),
            *wrap("Pin another session (o, then space) to see what sets the two apart.", width, "faint"),
        ]
    if not found:
        return [*lines, (), *wrap("Nothing: the same settings, seeds, acts and machine.", width, "faint")]
    key = min(_KEY, width // 3)
    each = (width - key - 2 * len(columns)) // len(columns)
    for kind, rows in itertools.groupby(found, key=lambda row: row.kind):
        lines += [(), rule(_HEADINGS[kind], width)]
        if each >= _COLUMN:
            head: list[Span] = [(" " * key, "text")]
            for one in columns:
                head += [("  ", "text"), *fit(((f"{one.sign}", one.ink),), each)]
            lines.append(tuple(head))
        for row in rows:
            lines += _beside(row, key, each) if each >= _COLUMN else _below(row, columns, width)
    return lines


def _beside(row: Difference, key: int, each: int) -> list[Line]:
    """Its values side by side, each wrapped in its column."""
    cells = [wrap(row.key, key, "tick"), *(wrap(value, each, "text") for value in row.values)]
    widths = [key, *([each] * len(row.values))]
    lines: list[Line] = []
    for parts in itertools.zip_longest(*cells, fillvalue=()):
        spans: list[Span] = []
        for place, (part, wide) in enumerate(zip(parts, widths, strict=True)):
            spans += [*([("  ", "text")] if place else []), *fit(part, wide)]
        lines.append(tuple(spans))
    return lines


def _below(row: Difference, columns: Sequence[Column], width: int) -> list[Line]:
    """Its key, then its values one below the other, each behind its session's sign."""
    lines = wrap(row.key, width, "tick")
    for one, value in zip(columns, row.values, strict=True):
        first, *rest = wrap(value, width, "text", f"  {one.sign} ")
        lines += [((f"  {one.sign} ", one.ink), *first[1:]), *rest]
    return lines

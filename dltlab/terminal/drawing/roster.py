"""A list of sessions: which are drawn over the shown one and how, their names, how they stand, where they come from."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.terminal.drawing.lines import Line, Picture, Span, between, fit, frame
from dltlab.terminal.drawing.marks import sign
from dltlab.terminal.drawing.numbers import count
from dltlab.text import one_line

_INKS: Final = {"running": "running", "paused": "paused", "finished": "text", "stopped": "text"}
_NAME: Final = 40
_STATE: Final = 9
_KIN: Final = 18
_ROOMY: Final = 110
"""Cells of a screen that has room for titles beside names."""


class Row(NamedTuple):
    """A session in the list."""

    name: str
    title: str
    state: str
    step: int
    steps: int
    parent: str = ""
    forked: int = -1
    slot: int = -1
    """Its colour, where it is drawn over the shown session."""
    hidden: bool = False
    kin: str = ""
    """What it is to the shown session, in a word."""


def matches(row: Row, wanted: str) -> bool:
    """Whether every word that was typed stands somewhere in the row."""
    text = " ".join((row.name, row.title, row.state, row.parent, row.kin)).casefold()
    return all(word in text for word in wanted.casefold().split())


class Columns(NamedTuple):
    """Cells that names and steps take."""

    names: int
    steps: int


def columns(rows: Sequence[Row]) -> Columns:
    """As many as the longest take, of names not too many."""
    names = max((cell_len(one_line(row.name)) for row in rows), default=0)
    return Columns(min(names, _NAME), max((len(_steps(row)) for row in rows), default=0))


def _steps(row: Row) -> str:
    return f"{count(row.step)}/{count(row.steps)}"


def line(row: Row, width: int, wide: Columns, *, chosen: bool, plain: bool = False) -> Line:
    """One session: its sign, name, state, steps, and its parent or what it is to the shown one."""
    lead = "▸ " if chosen else "  "
    mark = " " if row.slot < 0 else sign(row.slot, plain=plain)
    inked = "faint" if row.hidden else f"curve{row.slot}" if row.slot >= 0 else "text"
    name = one_line(row.name)
    most = min(wide.names, max(width - _STATE - len(lead) - 4, 8))
    spans: list[Span] = [(lead, "strong"), (f"{mark} ", inked)]
    spans += fit(((name, "strong" if chosen else "text"),), most)
    spans += [("  ", "text"), *fit(((row.state, _INKS.get(row.state, "wrong")),), _STATE)]
    if width >= most + _STATE + wide.steps + 10:
        spans += [(f"  {_steps(row):>{wide.steps}}", "tick"), ("  ", "text")]
        kin = "hidden" if row.hidden else row.kin
        origin = f"fork of {one_line(row.parent)} at {count(row.forked)}" if row.parent and row.forked >= 0 else ""
        # What is known by its kinship needs no name besides.
        spans += fit(((kin or origin, "faint"),), _KIN) if width >= _ROOMY else [(kin or origin, "faint")]
        spans += [("  ", "text"), (one_line(row.title), "faint")] if width >= _ROOMY else []
    return fit(spans, width)


def listing(rows: Sequence[Row], chosen: int, width: int, height: int, *, plain: bool = False) -> Picture:
    """As many rows as there is room for, the chosen one among them."""
    first = min(max(chosen - height + 2, 0), max(len(rows) - height, 0))
    wide = columns(rows)
    lines = [
        line(row, width, wide, chosen=place == chosen, plain=plain)
        for place, row in list(enumerate(rows))[first : first + height]
    ]
    return frame(lines, width, height)


def heading(filtered: str, number: int, of: int, width: int) -> Line:
    """The title, what was typed to filter, and how many sessions are left."""
    left: list[Span] = [(" Draw over this session", "strong")]
    left += [("   filter ", "faint"), (f"{one_line(filtered)}▏" if filtered else "▏", "pending")]
    right = f"{count(number)} of {count(of)} " if number < of else f"{count(of)} session{'s' * (of != 1)} "
    return between(left, [(right, "faint")] if cell_len(right) < width // 2 else [], width)

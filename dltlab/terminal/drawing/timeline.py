"""The timeline: all steps that are planned on a line, with what happened on them and where one looks."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from rich.cells import cell_len

from dltlab.records import Event
from dltlab.session.history import History
from dltlab.terminal.drawing.grid import Grid
from dltlab.terminal.drawing.lines import Picture, fit, frame
from dltlab.terminal.drawing.numbers import count, short
from dltlab.terminal.drawing.span import Span
from dltlab.text import one_line

SIGNS: Final = {
    "coming": ("◇", ":"),
    "pause": ("‖", "="),
    "continued": ("↻", "~"),
    "chapter": ("◆", "!"),
    "mark": ("◆", "!"),
    "turn": ("▲", "^"),
    "kick": ("✶", "*"),
    "fork": ("Ψ", "Y"),
    "diverged": ("✗", "X"),
}
"""What stands for what happened, and in ASCII; of several in one place the last of these.

What was done to the session is seen rather than what came of it.
"""
_RANKS: Final = {what: rank for rank, what in enumerate(SIGNS)}
_INKS: Final = {"coming": "tick", "pause": "tick", "diverged": "wrong"}
_NAMED: Final = 28
"""Cells of a name."""
_HEADS: Final = {"starting": "pending", "running": "running", "paused": "paused"}


class Stroke(NamedTuple):
    """What a stretch of the line is drawn with, in ASCII, and its ink."""

    letter: str
    plain: str
    ink: str


_DONE: Final = Stroke("━", "=", "curve0")
_COMING: Final = Stroke("─", "-", "rule")
_DONE_UNSEEN: Final = Stroke("─", "-", "band0")
_COMING_UNSEEN: Final = Stroke("┄", ".", "rule")


class Time(NamedTuple):
    """A session's time, and what is seen of it."""

    planned: int
    step: int
    """The step that it has reached."""
    word: str
    """How it stands."""
    happened: Sequence["Happening"]
    cursor: int | None = None
    window: Span | None = None


class Happening(NamedTuple):
    """An event with its place on the line."""

    step: int
    what: str
    name: str
    """In a few words; empty where the sign says it all."""


def of(history: History) -> list[Happening]:
    """What happened in a session, and is worth a sign; in order."""
    titles = {knob.name: one_line(knob.title or knob.name) for knob in history.header.knobs}
    told = [
        Happening(min(max(event.step, 0), 1 << 53), event.what, _name(event, titles))
        for event in history.events
        if event.what in SIGNS and not event.data.get("replay")
    ]
    return sorted(told, key=lambda one: one.step)


def _name(event: Event, titles: dict[str, str]) -> str:
    data = event.data
    match event.what:
        case "turn" if isinstance(value := data.get("value"), int | float):
            knob = str(data.get("knob"))
            return f"{titles.get(knob) or one_line(knob)} {short(value)}"
        case "kick" if isinstance(radius := data.get("radius"), int | float):
            return f"kick {short(radius)}"
        case "mark" | "chapter":
            return one_line(event.text)
        case "pause":
            return ""
        case what:
            return what


def track(width: int, planned: int) -> range:
    """The columns of the line, between what stands at its ends."""
    ends = len(count(planned))
    return range(max(ends, 3) + 3, max(width - ends - 2, max(ends, 3) + 4))


def step_at(column: int, width: int, planned: int) -> int:
    """The step that a column stands for, the nearest one on the line."""
    line = track(width, planned)
    return Span(0, planned).step(min(max((column - line.start) / max(len(line) - 1, 1), 0.0), 1.0))


def draw(time: Time, width: int, height: int, glyphs: str) -> Picture:
    """The line, and below it the names of what happened; on the line itself where there is only one."""
    plain = glyphs == "ascii"
    line = track(width, time.planned)
    if line.stop + 2 > width:
        return frame((), width, height)
    grid = Grid(width, 2 if height > 1 else 1)
    columns = Span(0, max(time.planned, 1))

    def at(step: int) -> int:
        return line.start + round(min(max(columns.at(step), 0.0), 1.0) * (len(line) - 1))

    seen = (at(time.window.first), at(time.window.last)) if time.window else (line.start, line.stop - 1)
    _rule(grid, line, at(time.step), seen, plain)
    if time.window:
        for edge, bracket in zip(seen, "[]", strict=True):
            grid.put(0, edge, bracket, "strong")
    places = _placed(grid, time, at, plain)
    head = at(time.step)
    if head not in places:
        grid.put(0, head, "o" if plain else "●", _HEADS.get(time.word, "ended"))
    here = None if time.cursor is None else at(time.cursor)
    taken = {*places, head, *(() if here is None else (here,))}
    _names(grid, places, here, line, taken)
    if here is not None:
        if here in places:
            grid.put(0, here, SIGNS[places[here].what][plain], "chosen")
        else:
            grid.put(0, here, "+" if plain else "╋", "strong")
    label = "now" if time.cursor is None else count(time.cursor)
    grid.write(0, max(line.start - 2 - len(label), 0), label, "faint" if time.cursor is None else "strong")
    grid.write(0, line.stop + 2, count(time.planned), "faint")
    if time.window and height > 1:
        zoom = f"{'x' if plain else '×'}{short(time.planned / time.window.steps)}"
        grid.write(1, max(line.start - 2 - len(zoom), 0), zoom, "faint")
    return frame(grid.lines(), width, height)


def _rule(grid: Grid, line: range, head: int, seen: tuple[int, int], plain: bool) -> None:
    """The line itself: what is done and what is to come, inside and outside of what is seen."""
    for column in line:
        done, coming = (_DONE, _COMING) if seen[0] <= column <= seen[1] else (_DONE_UNSEEN, _COMING_UNSEEN)
        stroke = done if column <= head else coming
        grid.put(0, column, stroke.plain if plain else stroke.letter, stroke.ink)
    grid.put(0, line.start - 1, "|" if plain else "├", "rule")
    grid.put(0, line.stop, "|" if plain else "┤", "rule")


def _placed(grid: Grid, time: Time, at: Callable[[int], int], plain: bool) -> dict[int, Happening]:
    """Signs for what happened, by their column."""
    places: dict[int, Happening] = {}
    for one in time.happened:
        column = at(one.step)
        before = places.get(column)
        if before is None or _RANKS[one.what] >= _RANKS[before.what]:
            places[column] = one
    for column, one in places.items():
        grid.put(0, column, SIGNS[one.what][plain], _INKS.get(one.what, "event"))
    return places


def _names(grid: Grid, places: dict[int, Happening], here: int | None, line: range, taken: set[int]) -> None:
    """Names for as many as there is room for: where one looks first, then marks, then what came last."""
    below = int(grid.height > 1)
    order = sorted(places.items(), key=lambda item: (item[0] == here, _RANKS[item[1].what], item[0]), reverse=True)
    free = np.zeros(grid.width + 1, bool)
    free[line.start : line.stop] = True
    if not below:
        free[[*taken]] = False
    for column, one in order:
        name = "".join(part for part, _ in fit(((one.name, ""),), min(cell_len(one.name), _NAMED)))
        if not name or cell_len(name) != len(name):
            continue
        # On the line itself a name stands after its sign, with a space on either side.
        name = name if below else f" {name} "
        start = max(min(column, line.stop - len(name)), 0) if below else column + 1
        if start + len(name) <= line.stop and free[start : start + len(name)].all():
            free[max(start - below, 0) : start + len(name) + below] = False
            grid.write(below, start, name, "strong" if column == here else "text")

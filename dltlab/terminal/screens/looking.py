"""Where one looks: the step at which everything is read, and what is seen of the step axis and the value axis.

Nothing here is asked of the session, so that it works alike on a running one and on a recording.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal

import numpy as np

from dltlab.panels import AbstractPanel
from dltlab.session.history import History
from dltlab.terminal.drawing import smoothing, timeline
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.span import LEAST, Span, panned, zoomed
from dltlab.terminal.drawing.timeline import Happening, Time
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import logs

Act = Literal["columns", "reading", "page", "start", "end", "zoom", "axis", "mean"]
_PAGE: Final = 0.5
"""What a page is of what is seen."""


class Looking:
    """A cursor on a history, or none: then one looks at its end, and follows it."""

    def __init__(self, history: History, traces: Traces) -> None:
        self._history = history
        self._whole = traces
        self._then: tuple[tuple[int, int], Traces] | None = None
        self._happened: tuple[int, list[Happening]] = (-1, [])
        self.noted: Sequence[Happening] = ()
        """Chapters and notes: what a timeline shows beside the session's own events."""
        self.cursor: int | None = None
        """The step at which everything is read; None follows the end."""
        self.window: Span | None = None
        """What is seen of the step axis; None for all that is planned."""
        self.smoothing = "none"
        self.other: frozenset[int] = frozenset()
        """The plots whose value axis is the other one: logarithmic for linear."""

    @property
    def step(self) -> int:
        """The step that one looks at."""
        return self._history.step if self.cursor is None else self.cursor

    @property
    def seen(self) -> Span:
        """What is seen of the step axis."""
        return self.window or Span(0, self._history.header.steps)

    @property
    def traces(self) -> Traces:
        """The session as it stood at the cursor, for panels of one moment."""
        if self.cursor is None:
            return self._whole
        # What is told of a step that was passed changes no more; an event may still be told of this one.
        key = self.cursor, self._history.version if self._history.step <= self.cursor else -1
        if self._then is None or self._then[0] != key:
            self._then = key, Traces(self._history.until(self.cursor))
        return self._then[1]

    def time(self, word: str) -> Time:
        """What a timeline shows of a session that stands so."""
        events = self._history.events
        if self._happened[0] != len(events):
            self._happened = len(events), timeline.of(self._history)
        planned = self._history.header.steps
        happened = [*self._happened[1], *self.noted]
        return Time(planned, self._history.step, word, happened, self.cursor, self.window)

    def look_at(self, step: int | None) -> None:
        """Read everything at a step; at the end of what was told, or beyond it, follow the end."""
        self.cursor = None if step is None or step >= self._history.step else max(step, 0)
        self.follow()

    def follow(self) -> bool:
        """Keep what one looks at in what is seen; whether that has moved."""
        before = self.window
        self.window = panned(before, self._history.header.steps, self.step)
        return self.window != before

    def move(self, columns: int, of: int) -> None:
        """Look so many of a plot's columns later or earlier."""
        steps = max(round(abs(columns) * self.seen.steps / max(of - 1, 1)), 1)
        self.look_at(self.step + (steps if columns > 0 else -steps))

    def page(self, pages: int) -> None:
        """Look half a window later or earlier."""
        self.look_at(self.step + round(pages * _PAGE * self.seen.steps))

    def read(self, by: int, names: Sequence[str]) -> None:
        """Look at the reading after this one, or before it, of the series that is read most often of those named."""
        columns = [self._history[name] for name in names if name in self._history]
        steps = max(columns, key=len).steps if columns else np.empty(0, np.int64)
        if by < 0:
            # What is read at the cursor is the last reading at or before it.
            at = int(np.searchsorted(steps, self.step, "right")) - 1
            # From the end, where nothing is marked as read, the last reading itself comes first.
            at += 0 if self.cursor is None and at >= 0 and int(steps[at]) < self.step else by
        else:
            at = int(np.searchsorted(steps, self.step, "right"))
        if at >= len(steps):
            self.look_at(None)
        elif at >= 0:
            self.look_at(int(steps[at]))

    def zoom(self, factor: float) -> bool:
        """See less or more of the step axis around where one looks; whether that was possible."""
        header, before = self._history.header, self.window
        least = min(LEAST * max(header.every, 1), header.steps)
        if factor < 1 and round(self.seen.steps * factor) < least:
            return False
        self.window = zoomed(before, header.steps, self.step, factor)
        return self.window != before

    def smooth(self) -> str:
        """The next kind of running mean."""
        kinds = list(smoothing.LENGTHS)
        self.smoothing = kinds[(kinds.index(self.smoothing) + 1) % len(kinds)]
        return self.smoothing

    def turn_over(self, plots: Collection[int]) -> None:
        """Give plots the other value axis; if some have it, their own again."""
        some = self.other & frozenset(plots)
        self.other = self.other - some if some else self.other | frozenset(plots)

    def turn_all(self, panels: Sequence[AbstractPanel]) -> list[int]:
        """Make all value axes logarithmic, or each its own again; the plots that stay linear, for what is below zero.

        Where all are logarithmic already they become linear.
        """
        if self.other:
            self.other = frozenset()
            return []
        kinds = {place: panel.axis(self._whole.history.header) for place, panel in enumerate(panels)}
        linear = [place for place, kind in kinds.items() if kind == "linear"]
        logged = [place for place in linear if logs(panels[place], self._whole)]
        self.other = frozenset(logged or [place for place, kind in kinds.items() if kind == "log"])
        return [place for place in linear if place not in self.other]


def past(step: int) -> str:
    """Why nothing is done to a session by who looks back at a step."""
    return f"step {count(step)} is past and stays as it was"


def target(text: str, step: int, planned: int, named: Callable[[str], int | None]) -> int | str:
    """The step that is meant by 500, +20, -20, 50%, end or a mark's name; else a sentence that says why none is."""
    said = text.strip()
    if said.casefold() in ("end", "$", "now"):
        return planned
    if said.endswith("%") and (share := _number(said[:-1])) is not None:
        return round(planned * min(max(share, 0.0), 100.0) / 100)
    number = _number(said)
    if number is None or abs(number) > 1e12:
        found = named(said)
        return f"{said} is no step; write one like 500, +20, -20, 50% or a mark's name." if found is None else found
    return max(step + round(number), 0) if said[0] in "+-" else round(number)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        return None
    return value if np.isfinite(value) else None

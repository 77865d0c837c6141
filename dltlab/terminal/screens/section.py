"""A section of the gallery: what is typed into it, which one is chosen, and how its recording is drawn small."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final

from dltlab.terminal.drawing import finding
from dltlab.terminal.drawing.cards import Tally
from dltlab.terminal.drawing.lines import Line, wrap
from dltlab.terminal.messages import Launch
from dltlab.terminal.outcomes import Outcome
from dltlab.terminal.screens.reading import Previews

if TYPE_CHECKING:
    from dltlab.session.shelf import Kept

_PLOT: Final = (30, 6)
"""The cells below which a preview shows nothing."""
_HIGHEST: Final = 14
Clock = Callable[[], datetime]


class Section(abc.ABC):
    """A shelf: its names, what was typed, which one is chosen."""

    NOUN: ClassVar[str]

    def __init__(self, glyphs: str, now: Clock) -> None:
        self.names: list[str] = []
        self.typed = ""
        self.at = 0
        self.previews = Previews()
        self._glyphs = glyphs
        self._now = now
        self._tallies: dict[str, Outcome] = {}
        self._found: tuple[object, list[str]] = (None, [])
        self._drawn: tuple[object, list[Line]] = (None, [])

    @property
    def shown(self) -> list[str]:
        """The names that match what was typed, the best first."""
        if self._found[0] != (self.typed, self.names):
            found = finding.ranked(self.typed, self.names, [self._found_by(name) for name in self.names])
            self._found = ((self.typed, list(self.names)), found)
        return self._found[1]

    @property
    def chosen(self) -> str | None:
        """The chosen name."""
        shown = self.shown
        return shown[min(self.at, len(shown) - 1)] if shown else None

    def move(self, by: int) -> None:
        """Choose another."""
        last = max(len(self.shown) - 1, 0)
        self.at = min(max(min(self.at, last) + by, 0), last)

    def tell(self, name: str, outcome: Outcome) -> None:
        """What became of a session."""
        self._tallies[name] = outcome

    @property
    def _wanted(self) -> list[str]:
        return finding.words(self.typed)

    def _tally(self, one: Kept | None) -> Tally:
        told = self._tallies.get(one.name) if one else None
        return Tally(told.holds, told.fails, told.pending) if told else Tally()

    def _preview(self, width: int, height: int) -> list[Line]:
        """The chosen one's recording, drawn small; nothing where there is none, or no room."""
        one = self.recording
        drawn = self.previews.get(one.name) if one else None
        height = min(height, _HIGHEST)
        if drawn is None or width < _PLOT[0] or height < _PLOT[1] or not drawn.panels:
            return []
        if self._drawn[0] == (drawn, width, height):
            return self._drawn[1]
        from dltlab.terminal import panels
        from dltlab.terminal.panels.panel import Look

        try:
            lines = [*panels.draw(drawn.panels[0], drawn.traces, width, height, Look(self._glyphs))]
        except Exception as fault:
            # A preview that cannot be drawn must not take the gallery with it.
            lines = wrap(f"its plot cannot be drawn ({type(fault).__name__}); enter opens it all the same.", width)
        self._drawn = ((drawn, width, height), lines)
        return lines

    @property
    @abc.abstractmethod
    def recording(self) -> Kept | None:
        """The recording that is drawn for the chosen one."""

    @property
    @abc.abstractmethod
    def nothing(self) -> str:
        """What stands in the place of an empty list."""

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """What the chosen one is called."""

    @property
    @abc.abstractmethod
    def verb(self) -> str:
        """What Enter does."""

    @abc.abstractmethod
    def take(self, kept: Sequence[Kept]) -> None:
        """Which sessions there are, newest first."""

    @abc.abstractmethod
    def launch(self) -> Launch | None:
        """What opens the chosen one; None if it cannot be opened."""

    @abc.abstractmethod
    def row(self, name: str, width: int) -> Line:
        """A line of the list."""

    @abc.abstractmethod
    def page(self, width: int, height: int) -> list[Line]:
        """What the chosen one is about."""

    @abc.abstractmethod
    def _found_by(self, name: str) -> Sequence[finding.Field]:
        """What a name is found by."""

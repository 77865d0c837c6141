"""What a panel is: an immutable view of some series, drawn from a history."""

import abc
from collections.abc import Sequence
from typing import NamedTuple

from dltlab.terminal.drawing.lines import Picture, centred, frame
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.traces import Traces
from dltlab.text import one_line


class Look(NamedTuple):
    """How to draw."""

    glyphs: str = "braille"
    """braille, block or ascii."""
    number: str = ""
    """The key that brings the panel to the front, shown before its title."""


class AbstractPanel(abc.ABC):
    """A view of some series. Its fields are what a ``[[panels]]`` table may say."""

    title: str
    series: Sequence[str]

    @abc.abstractmethod
    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""

    def heading(self, traces: Traces) -> list[tuple[str, str]]:
        """The title that it was given, or its first series' own."""
        known = [traces.history[name].series for name in self.series if name in traces]
        own = f"{known[0].title} ({known[0].unit})" if known and known[0].unit else known[0].title if known else ""
        return [(one_line(self.title or own or self.series[0]), "strong")]

    def apology(self, traces: Traces, width: int, height: int, look: Look) -> Picture | None:
        """A sentence in the panel's place where a series is not in the session."""
        missing = [one_line(name) for name in self.series if name not in traces]
        if len(missing) < len(self.series) or height < 1:
            return None
        sentence = f"this session has no series {', '.join(missing)}; it has {', '.join(traces.history.columns)}."
        top = title_line(numbered(self.heading(traces), look), (), width, look.glyphs)
        return frame((top, *centred(sentence, width, height - 1)), width, height)


def numbered(heading: list[tuple[str, str]], look: Look) -> list[tuple[str, str]]:
    """The heading after its key."""
    return [(f"{look.number} ", "key"), *heading] if look.number else heading

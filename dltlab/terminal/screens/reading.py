"""Reading in the background: which sessions were kept, what became of them, and one to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from textual.message import Message

from dltlab.errors import DltlabError
from dltlab.terminal import outcomes
from dltlab.terminal.outcomes import Outcome
from dltlab.text import one_line

if TYPE_CHECKING:
    from dltlab.panels import AbstractPanel
    from dltlab.session.history import History
    from dltlab.session.shelf import Kept
    from dltlab.terminal.drawing.traces import Traces
    from dltlab.terminal.screens.section import Section

_HELD: Final = 4
"""Recordings that are held in memory to be drawn again."""
Stop = Callable[[], bool]


class Known(Message):
    """Which sessions were kept, and whether anybody was here before."""

    def __init__(self, kept: Sequence[Kept], *, met: bool, fault: str = "") -> None:
        super().__init__()
        self.kept = kept
        self.met = met
        self.fault = fault
        """One sentence on why none can be seen; else empty."""


class Judged(Message):
    """What became of a session."""

    def __init__(self, name: str, outcome: Outcome) -> None:
        super().__init__()
        self.name = name
        self.outcome = outcome


class Drawable(Message):
    """A session that can be drawn."""

    def __init__(self, section: Section, name: str, drawn: Drawn | None) -> None:
        super().__init__()
        self.section = section
        """Where it was chosen: another one may be shown by now."""
        self.name = name
        self.drawn = drawn
        """None where it cannot be read, or is too large for a preview."""


class Drawn:
    """A session's first panels over what was recorded."""

    def __init__(self, history: History) -> None:
        from dltlab.panels import chosen
        from dltlab.terminal.drawing.traces import Traces

        self.traces: Traces = Traces(history)
        self.panels: Sequence[AbstractPanel] = chosen.of(history.header)


class Reader:
    """What threads do for the gallery; whatever they find they post."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post

    def look(self) -> Sequence[Kept]:
        """Which sessions there are."""
        from dltlab.session import shelf

        kept: Sequence[Kept] = []
        fault = ""
        try:
            kept = shelf.kept()
        except DltlabError as refusal:
            fault = one_line(str(refusal))
        self._post(Known(kept, met=outcomes.met(), fault=fault))
        return kept

    def judge(self, kept: Sequence[Kept], stop: Stop) -> None:
        """What became of sessions that have ended, in this order."""
        for one in kept:
            if stop():
                return
            outcome = outcomes.remembered(one)
            if outcome is None and (history := outcomes.history_of(one.path, stop)) is not None:
                outcome = outcomes.judged(one, history)
            if outcome is not None:
                self._post(Judged(one.name, outcome))

    def draw(self, section: Section, one: Kept, stop: Stop) -> None:
        """Read a session to be drawn in a section of the gallery."""
        # The plotting library is slow to import: not while somebody waits for a key.
        import dltlab.terminal.drawing.plot  # noqa: F401

        history = outcomes.history_of(one.path, stop)
        if not stop():
            self._post(Drawable(section, one.name, None if history is None else Drawn(history)))


class Previews:
    """The sessions that can be drawn at once, the oldest forgotten first."""

    def __init__(self) -> None:
        self._held: dict[str, Drawn | None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def get(self, name: str) -> Drawn | None:
        """One that was read."""
        return self._held.get(name)

    def keep(self, name: str, drawn: Drawn | None) -> None:
        """Hold one more."""
        self._held.pop(name, None)
        self._held[name] = drawn
        while len(self._held) > _HELD:
            del self._held[next(iter(self._held))]

    def forget(self, name: str) -> None:
        """One that has grown since."""
        self._held.pop(name, None)

"""A recording that is wound on to whatever step a film shows next."""

from collections.abc import Iterator
from typing import Final, final

from dltlab.commands import Advance, Command, Pace, Pause, Reach, Resume
from dltlab.exports.exported import Exported
from dltlab.records import Event, Footer, Frames, Header, Record
from dltlab.session.cutting import Reached, cut
from dltlab.text import one_line

_WAITING: Final = frozenset({"compiling"})
"""Events that tell those who wait why: in a film nobody waits."""


@final
class Projector:
    """A Source over a recording, told by :meth:`reach` up to where it speaks.

    What the engine wrote as one chunk is cut where the film needs it, so that curves grow evenly.
    """

    def __init__(self, session: Exported) -> None:
        self.header: Header = session.header
        self.path = session.path
        self.accepts: frozenset[type] = frozenset({Pause, Resume, Pace, Advance, Reach})
        """A replay's, so that the bench looks as it does in a replay."""
        self._rest: Iterator[Record] = session.records()
        self._next = next(self._rest, None)
        self._told = Reached(0, 0.0, 0.0)
        self._begun = False
        """Whether any frame was told: step 0 is one to be told, too."""
        self._footer: Footer | None = None
        self._until = -1

    @property
    def ended(self) -> str:
        """Empty while more may come; else how the recorded session ended."""
        if self._footer is None or self._next is not None:
            return ""
        return f"The recorded session {one_line(self._footer.reason)} at step {self._footer.step}."

    def reach(self, step: int) -> None:
        """Have the next poll say all that had happened when the session was at a step."""
        self._until = max(self._until, step)

    def poll(self) -> list[Record]:
        """What happened since the last poll, the Header first."""
        released: list[Record] = []
        while (record := self._next) is not None:
            if isinstance(record, Frames) and self._until < record.step:
                if self._until > self._told.step or (self._until >= 0 and not self._begun):
                    early, self._next = cut(record, self._until, self._told)
                    released.append(self._noted(early))
                break
            if not isinstance(record, Header) and record.step > self._until:
                break
            if isinstance(record, Frames):
                self._noted(record)
            self._footer = record if isinstance(record, Footer) else None
            if not isinstance(record, Event) or record.what not in _WAITING:
                released.append(record)
            self._next = next(self._rest, None)
        return released

    def _noted(self, frames: Frames) -> Frames:
        self._told, self._begun = Reached(frames.step, frames.wall, frames.clock), True
        return frames

    def send(self, command: Command) -> None:
        """Nobody asks for anything in a film."""

    def close(self) -> None:
        """Stop reading."""
        self._next = None

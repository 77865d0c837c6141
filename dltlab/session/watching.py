"""A session that is only looked at: the same records, and no commands."""

from pathlib import Path
from typing import Final, final

from dltlab.commands import Command
from dltlab.records import Event, Header, Record
from dltlab.session import live

WATCHES: Final = "This viewer only watches; `dltlab attach` drives the session."
"""What is answered to every command."""


@final
class Watching:
    """A Source over a running or ended session that sends its engine nothing, whatever it is asked for.

    Any number of them may follow one session.
    """

    def __init__(self, path: Path) -> None:
        """Follow a session. Raises RecordingError where there is none."""
        self._live = live.attach(path)
        self.header: Header = self._live.header
        self.accepts: frozenset[type] = frozenset()
        self._step = 0
        self._refusals: list[Record] = []

    def poll(self) -> list[Record]:
        """The records since the last call, the Header first."""
        found = self._live.poll()
        self._step = max([self._step, *(getattr(record, "step", 0) for record in found[-1:])])
        found, self._refusals = [*found, *self._refusals], []
        return found

    @property
    def ended(self) -> str:
        """Empty while more may come; else one sentence: how the session ended."""
        return self._live.ended

    def send(self, command: Command) -> None:
        """Refuse; the refusal stands in this viewer's stream alone."""
        name = type(command).__name__.lower()
        self._refusals.append(Event(self._step, "refused", WATCHES, {"command": name, "watching": True}))

    def close(self) -> None:
        """Stop following. The session itself goes on."""
        self._live.close()

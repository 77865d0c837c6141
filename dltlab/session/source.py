"""Where a viewer gets its records: a live engine or a recording, and it cannot tell which.

What differs is only which commands are accepted.
"""

from typing import Protocol

from dltlab.commands import Command
from dltlab.records import Header, Record


class Source(Protocol):
    """A session that can be followed."""

    header: Header
    accepts: frozenset[type]
    """The commands that may be sent; the others are not offered to the viewer."""

    def poll(self) -> list[Record]:
        """The records since the last call, the Header first. Never blocks for long."""
        ...

    @property
    def ended(self) -> str:
        """Empty while more may come; else one sentence: how the session ended."""
        ...

    def send(self, command: Command) -> None:
        """Ask for something; the answer is an Event in the stream."""
        ...

    def close(self) -> None:
        """Stop following. The session itself goes on."""
        ...

"""A session as exports see it: its records as a stream, or folded, judged and told."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dltlab import records
from dltlab.claims import Verdict, judge_all, recorded
from dltlab.records import Header, Record
from dltlab.session import recording, shelf
from dltlab.session.history import History

_READING = 0.999
"""The share of an export at which all of a recording was read: what is left is to end the file."""


class Exported:
    """A recording that is exported; what was asked for twice is made once."""

    def __init__(self, path: Path) -> None:
        """Look at a recording. Raises RecordingError where there is none."""
        self.path = path
        follower, _ = recording.opened(path)
        follower.close()
        self.header: Header = recording.header_of(follower)
        self.note = ""
        """One sentence on what of the recording could not be read; known when it was read to its end."""
        self._history: History | None = None

    @property
    def name(self) -> str:
        """The name of its session."""
        return self.path.name.removesuffix(records.SUFFIX)

    def records(self, progress: Callable[[float], None] | None = None) -> Iterator[Record]:
        """All records, the Header first, in memory one piece of the file at a time."""
        last = max(shelf.look(self.path).step, 1) if progress is not None else 1
        follower, found = recording.opened(self.path)
        try:
            while found:
                yield from found
                if progress is not None:
                    progress(_READING * min(getattr(found[-1], "step", 0) / last, 1.0))
                found = follower.read()
            self.note = follower.left_out
        finally:
            follower.close()

    @property
    def history(self) -> History:
        """The whole session, folded."""
        return self.folded()

    def folded(self, progress: Callable[[float], None] | None = None) -> History:
        """The same, and how far it is with that."""
        if self._history is None:
            history = History(self.header)
            for record in self.records(progress):
                history.extend([record])
            self._history = history
        return self._history

    @functools.cached_property
    def verdicts(self) -> Sequence[Verdict]:
        """What became of its scenario's claims; "not yet" for one that this version cannot judge."""
        return judge_all(recorded.of(self.header), self.history)

"""The sessions that are drawn over the shown one: read from their files, followed while their engines write."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dltlab.errors import RecordingError, UsageError
from dltlab.records import SUFFIX, Header
from dltlab.session import compare
from dltlab.session.history import History
from dltlab.session.recording import header_of, opened
from dltlab.terminal.drawing.marks import SLOTS
from dltlab.terminal.drawing.overlaid import Overlaid
from dltlab.terminal.drawing.traces import Traces
from dltlab.text import one_line

_SLICE: Final = 0.02
"""Seconds that one look at the files takes at most."""


class Guest:
    """A session drawn over the shown one."""

    def __init__(self, path: Path, slot: int, planned: int, *, faint: bool = False) -> None:
        """Open its recording. Raises RecordingError where there is none."""
        self.path = path
        self.slot = slot
        self.faint = faint
        self.hidden = False
        self._follower, first = opened(path)
        self.history = History(header_of(self._follower))
        self.history.extend(first)
        self.traces = Traces(self.history, planned)

    @property
    def header(self) -> Header:
        """Its first record."""
        return self.history.header

    def read(self, seconds: float) -> bool:
        """Take in what its file holds beyond what was read, for about so long; whether there was any."""
        found = self._follower.read_for(seconds)
        self.history.extend(found)
        return bool(found)

    def read_all(self) -> None:
        """Take in all that its file holds by now."""
        while self.read(_SLICE):
            pass

    def close(self) -> None:
        """Stop reading. Its engine, if it has one, goes on."""
        self._follower.close()


class Overlay:
    """The guests of a bench, in the order in which they came."""

    def __init__(self, shown: History) -> None:
        self._shown = shown
        self.guests: list[Guest] = []
        self._titles: dict[Path, tuple[int, str]] = {}

    def of(self, path: Path) -> Guest | None:
        """The guest whose recording that is."""
        return next((guest for guest in self.guests if guest.path == path), None)

    def pin(self, path: Path, *, faint: bool = False) -> Guest:
        """Draw a session too.

        Raises:
            RecordingError: It is no recording.
            UsageError: There are as many guests as there are colours.
        """
        if guest := self.of(path):
            guest.hidden = False
            return guest
        free = [slot for slot in SLOTS if all(guest.slot != slot for guest in self.guests)]
        if not free:
            raise UsageError(f"{len(SLOTS)} sessions are drawn over this one already; unpin one of them first.")
        guest = Guest(path, free[0], self._shown.header.steps, faint=faint)
        self.guests.append(guest)
        return guest

    def pin_parent(self, path: Path | None) -> None:
        """Draw the session that the shown one, recorded there, was forked from, if it is kept beside it."""
        parent = self._shown.header.parent
        # A name that a file holds must not lead out of its folder.
        if path is None or not parent or Path(parent).name != parent:
            return
        beside = path.with_name(f"{parent}{SUFFIX}")
        if beside != path and beside.is_file():
            try:
                self.pin(beside, faint=True)
            except RecordingError:
                return

    def unpin(self, path: Path) -> None:
        """Draw it no more."""
        if guest := self.of(path):
            self.guests.remove(guest)
            guest.close()

    def toggle(self, path: Path) -> None:
        """Pin or unpin. Raises what :meth:`pin` raises."""
        self.unpin(path) if self.of(path) else self.pin(path)

    def hide(self, path: Path) -> None:
        """Hide a guest, or show it again."""
        if guest := self.of(path):
            guest.hidden = not guest.hidden

    def recolour(self, path: Path) -> None:
        """The next free colour, with its mark, for a guest; out of the background, if it stood there."""
        if guest := self.of(path):
            taken = {other.slot for other in self.guests if other is not guest}
            free = [slot for slot in SLOTS if slot not in taken]
            guest.slot = free[(free.index(guest.slot) + 1) % len(free)]
            guest.faint = False

    def poll(self) -> bool:
        """Read on; whether any guest said anything."""
        fresh = [guest.read(_SLICE / len(self.guests)) for guest in self.guests]
        return any(fresh)

    def drawn(self) -> tuple[Overlaid, ...]:
        """What panels draw: the guests that are not hidden."""
        titles = self.titles()
        return tuple(
            Overlaid(guest.traces, title, guest.slot, guest.faint)
            for guest, title in zip(self.guests, titles, strict=True)
            if not guest.hidden
        )

    def titles(self) -> Sequence[str]:
        """What legends call the guests: what sets them apart, and their names where that does not."""
        told = [self._title(guest) for guest in self.guests]
        several = Counter(told)
        return [
            title if several[title] == 1 else one_line(guest.header.session)
            for title, guest in zip(told, self.guests, strict=True)
        ]

    def _title(self, guest: Guest) -> str:
        """Told anew only when something was done to one of the two."""
        events = len(guest.history.events) + len(self._shown.events)
        known = self._titles.get(guest.path)
        if known is None or known[0] != events:
            known = self._titles[guest.path] = (events, compare.brief(self._shown, guest.history))
        gone = guest.history.footer is not None and guest.history.footer.reason == "diverged"
        return f"{known[1]} ✗" if gone else known[1]

    def close(self) -> None:
        """Stop reading all of them."""
        for guest in self.guests:
            guest.close()

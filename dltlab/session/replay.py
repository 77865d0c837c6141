"""A recording played back at the pace at which it was made, or at any other.

Records come out exactly as they stand in the file, so that a History cannot tell a replay from the
session itself; only where it is to hold at a step, or a pace in steps is slower than a stretch of
frames is long, a stretch comes out in pieces that make up the whole. What the viewer asks of the
replay is new: it is echoed as an Event, as an engine would echo it, with ``replay`` in its data.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from dltlab.commands import Advance, Command, Pace, Pause, Reach, Resume
from dltlab.records import Event, Footer, Frames, Header, Record
from dltlab.session.cutting import Reached, cut
from dltlab.session.recording import engine_alive, header_of, opened
from dltlab.text import one_line

LONGEST_GAP: Final = 2.0
"""Seconds of the recorded clock that are waited for at most: nobody watches a long pause again."""
MOST: Final = 2000
"""Records that one poll releases at most, so that it never blocks for long."""


class Replay:
    """A Source over a recording; it can be paused, advanced and paced, and nothing else."""

    def __init__(self, path: Path, *, speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Open a recording. Raises RecordingError where there is none."""
        self.path = path
        self._follower, first = opened(path)
        self.header: Header = header_of(self._follower)
        self.accepts: frozenset[type] = frozenset({Pause, Resume, Pace, Advance, Reach})
        self.paused = False
        self.speed = speed
        """Recorded seconds a second, as long as no Pace in steps a second was asked for."""
        self.stops: Sequence[int] = ()
        """Steps at which it holds by itself when it comes there, in order."""
        self._rate: float | None = None
        self._clock = clock
        self._now = clock()
        self._queue = deque(first)
        self._echoes: list[Event] = []
        self._owed = 0.0
        """What may still be released: recorded seconds, or steps under a Pace."""
        self._told = Reached(0, 0.0, 0.0)
        self._target: int | None = None
        self._footer: Footer | None = None

    @property
    def ended(self) -> str:
        """Empty while more will come; else how the recorded session ended."""
        if self._queue or self._echoes or self._more():
            return ""
        if self._follower.note:
            return f"The recording was read as far as it is whole: {self._follower.note}"
        if self._footer is not None:
            return f"The recorded session {one_line(self._footer.reason)} at step {self._footer.step}."
        if engine_alive(self.path, self.header.pid):
            return f"The recording goes on beyond step {self._told.step}: its engine is still running."
        return f"The recording breaks off at step {self._told.step}: its engine died, or the file was cut."

    def poll(self) -> list[Record]:
        """The records that are due, the Header first."""
        now = self._clock()
        elapsed, self._now = max(now - self._now, 0.0), now
        if self._rate == math.inf:
            self._owed = math.inf
        elif not self.paused:
            self._owed += elapsed * (self.speed if self._rate is None else self._rate)
        released: list[Record] = []
        while len(released) < MOST and (record := self._due()) is not None:
            released.append(record)
        if not self._more():
            # Time that passes with nothing to show is not owed to what may come later.
            self._owed = 0.0
        echoes, self._echoes = self._echoes, []
        return [*released, *echoes]

    def send(self, command: Command) -> None:
        """Pause, go on, advance or set the pace; other commands have no meaning here."""
        match command:
            case Pause():
                self.paused, self._target = True, None
                self._echo("pause", "The replay is paused.", {})
            case Resume():
                self.paused, self._target, self._owed = False, None, 0.0
                self._echo("resume", "The replay goes on.", {})
            case Advance(steps=steps):
                self.paused, self._target = True, self._told.step + steps
                self._echo("advance", f"The replay advances by {steps} steps.", {"steps": steps})
            case Reach(step=step) if step > self._told.step:
                self.paused, self._target = True, step
                self._echo("advance", f"The replay goes on to step {step}.", {"to": step})
            case Reach(step=step):
                self._echo("refused", f"Step {step} has been shown; look back at it.", {})
            case Pace(rate=rate):
                self._rate, self._owed = math.inf if rate is None else rate, 0.0
                pace = "flat out" if rate is None else f"at {rate:g} steps a second"
                self._echo("pace", f"The replay runs {pace}.", {"rate": rate})
            case _:
                self._echo("refused", "A recording cannot be changed; it can be paused, advanced and paced.", {})

    def close(self) -> None:
        """Stop reading."""
        self._follower.close()

    def _echo(self, what: str, text: str, data: dict) -> None:
        self._echoes.append(Event(self._told.step, what, text, data | {"replay": True}, self._told.wall))

    def _more(self) -> bool:
        """Whether a record is at hand; reads the next piece of the file if need be."""
        if not self._queue:
            self._queue.extend(self._follower.read())
        return bool(self._queue)

    def _due(self) -> Record | None:
        """The next record, or as much of it as is due."""
        if not self._more():
            return None
        record = self._queue[0]
        if not isinstance(record, Frames):
            # What stands between two stretches of frames belongs to the first of them.
            due = self._target is not None or isinstance(record, Header)
            return self._told_of(self._queue.popleft()) if due or (not self.paused and self._paid(record)) else None
        self._hold_at_stop(record)
        last = self._last_due(record)
        if last >= record.step:
            if self._target is None:
                self._owed -= self._price(record) if math.isfinite(self._owed) else 0.0
            return self._told_of(self._queue.popleft())
        if last <= self._told.step:
            return None
        if self._target is None and self._rate is not None:
            self._owed -= last - self._told.step
        piece, self._queue[0] = cut(record, last, self._told)
        return self._told_of(piece)

    def _last_due(self, frames: Frames) -> int:
        """The step up to which these frames are due; that which was told before, if none of them is."""
        if self._target is not None:
            if frames.step <= self._told.step:
                # No step was taken: readings of the state that was reached, as a session ends with them.
                return frames.step
            return min(self._target, frames.step) if self._target > self._told.step else -1
        if self.paused:
            return -1
        if self._price(frames) <= self._owed:
            return frames.step
        return -1 if self._rate is None else self._told.step + int(self._owed)

    def _hold_at_stop(self, frames: Frames) -> None:
        """Hold at the next of the stops, if these frames lead there."""
        stop = next((stop for stop in self.stops if stop > self._told.step), None)
        if stop is not None and self._target is None and not self.paused and self._last_due(frames) >= stop:
            self.paused, self._target, self._owed = True, stop, 0.0
            self._echoes.append(
                Event(
                    stop, "pause", f"The replay holds at step {stop}.", {"replay": True, "stop": True}, self._told.wall
                )
            )

    def _paid(self, record: Record) -> bool:
        """Whether a record that is none of frames is due; its price is taken."""
        price = self._price(record)
        if price > self._owed:
            return False
        self._owed -= price if math.isfinite(self._owed) else 0.0
        return True

    def _price(self, record: Record) -> float:
        """What must be owed before a record is due: recorded seconds since the one before, or steps."""
        if self._rate is not None:
            return float(max(record.step - self._told.step, 0)) if isinstance(record, Frames) else 0.0
        wall = getattr(record, "wall", self._told.wall)
        return min(max(wall - self._told.wall, 0.0), LONGEST_GAP)

    def _told_of(self, record: Record) -> Record:
        """Take note of a record that is told."""
        step, wall, clock = self._told
        self._footer = record if isinstance(record, Footer) else None
        if isinstance(record, Frames | Footer):
            step = record.step
        self._told = Reached(step, getattr(record, "wall", wall), getattr(record, "clock", clock))
        return record

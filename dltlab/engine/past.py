"""What a recording tells the engine that goes on from it: where to start, and what to do again."""

from pathlib import Path
from typing import Final

import numpy as np

from dltlab.engine.experiment import Experiment
from dltlab.errors import RecordingError
from dltlab.records import Event, Footer, Frames, Header, Keyframe, Record
from dltlab.text import one_line

ACTS: Final = frozenset({"turn", "kick", "cadence", "fork"})
"""The events that change the state, or what is read of it."""


class Past:
    """A session as far as its records are taken in, in their order.

    From the last keyframe on everything is computed again: the acts after it are done again at
    their steps, and what is recorded is not recorded twice.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.keyframe: Keyframe | None = None
        """The last one."""
        self.acts: list[Event] = []
        """Those that the last keyframe does not hold, oldest first."""
        self.recorded: dict[str, int] = {}
        """Per series the step of its last reading."""
        self.reached = 0
        """The last step that was told of."""
        self.wall = 0.0
        """Seconds that the session lasted."""
        self.values = {knob.name: knob.value for knob in header.knobs}
        """Where every knob stands."""
        self.lost: dict[tuple[str | None, int], int] = {}
        """Per arm and seed that has diverged, the step of its last loss, which was not finite."""
        self.footer: Footer | None = None
        """Whether and how it ended."""

    def take(self, record: Record) -> None:
        """Take in what comes next."""
        self.footer = record if isinstance(record, Footer) else None
        match record:
            case Frames(step=step, parts=parts):
                self.reached, self.wall = max(self.reached, step), max(self.wall, record.wall)
                for part in parts:
                    last = part.first + part.stride * (part.count - 1)
                    self.recorded |= dict.fromkeys(part.columns, last) if part.count else {}
            case Keyframe(step=step):
                self.keyframe, self.reached = record, max(self.reached, step)
                # A session that is computed again comes by steps whose acts were told long before.
                self.acts = [act for act in self.acts if act.step > step]
            case Event():
                self._happened(record)
            case _:
                pass

    def _happened(self, event: Event) -> None:
        self.wall = max(self.wall, event.wall)
        if event.what in ACTS:
            self.acts.append(event)
        if event.what == "turn":
            self.values[event.data["knob"]] = float(event.data["value"])
        at, seed, arm = (event.data.get(key) for key in ("step", "seed", "arm"))
        if event.what == "diverged" and isinstance(at, int) and isinstance(seed, int) and isinstance(arm, str | None):
            self.lost[arm, seed] = at

    def fit(self, built: Experiment, path: Path) -> None:
        """Check that an experiment is the one that was recorded. Raises RecordingError where it is not."""
        kept, made = (
            {one.name: (one.axes, one.shape, np.dtype(one.dtype)) for one in series}
            for series in (self.header.series, built.series)
        )
        knobs = {knob.name for knob in built.knobs}
        strange = [act.data["knob"] for act in self.acts if act.what == "turn" and act.data["knob"] not in knobs]
        if kept != made or strange:
            fault = f"it turns {one_line(strange[0])}, which is no knob" if strange else "its series differ"
            raise self.foreign(path, f"makes another session of its scenario ({fault})")

    def foreign(self, path: Path, fault: str) -> RecordingError:
        """That this dltlab cannot compute any of it."""
        version = one_line(self.header.versions.get("dltlab", "")) or "another version"
        cure = f"use the one that recorded it ({version})."
        return RecordingError(f"{one_line(str(path))}: this dltlab {fault}; {cure}")

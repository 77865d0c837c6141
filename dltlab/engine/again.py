"""A recording computed once more, from its scenario and its seeds alone: what `dltlab verify` compares it with.

Nothing of its states is used: every number comes out of the first step again. What was done to it is done
at the same steps and in the same order; readings that were taken out of their cadence, where it was held,
are taken there too, and the whole state is kept where it was kept. So the two files can be the same bit for bit.
"""

import os
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import jax
import msgspec
import numpy as np

from dltlab.engine import acts, keyframes, session
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet, Flights
from dltlab.engine.journal import Journal
from dltlab.engine.lines import Lines
from dltlab.engine.past import ACTS, Past
from dltlab.engine.program import Read
from dltlab.engine.readings import Desk
from dltlab.errors import BROKEN, HOLDS
from dltlab.records import Event, Footer, Frames, Keyframe, Part, Record
from dltlab.text import one_line

_CHUNK_SECONDS: Final = 0.25
"""A chunk aims at this: long enough to fly flat out, short enough to be seen to move."""


class Moment(NamedTuple):
    """What is to be done before the step from a state is taken: an act, readings, or to keep the state."""

    step: int
    what: Event | frozenset[str] | None
    """An act; the series that are read out of their cadence; or None for a keyframe."""


class Told:
    """What of a recording must be known to compute it again."""

    def __init__(self, path: Path) -> None:
        """Read it. Raises RecordingError where it is none."""
        lines = Lines(path)
        self.past = Past(lines.header)
        self.script: list[Moment] = []
        self._known: dict[frozenset[str], frozenset[str]] = {}
        acts_told: list[Event] = []
        for _, _, record in lines:
            self.past.take(record)
            self._take(record)
            acts_told += [record] if isinstance(record, Event) and record.what in ACTS else []
        # A keyframe holds the acts before it; here all of them are done again.
        self.past.acts = acts_told
        # A session that was told to stop while it was computed again keeps an earlier state than those it told of.
        self.script.sort(key=lambda moment: moment.step)

    def _take(self, record: Record) -> None:
        match record:
            case Event(step=step, what=what) if what in ACTS:
                self.script.append(Moment(step, record))
            case Keyframe(step=step):
                self.script.append(Moment(step, None))
            case Frames(step=step, parts=parts):
                # A chunk tells of the states that it left, not of the one where it ended.
                names = frozenset(name for part in parts if _last(part) == step for name in part.columns)
                if names:
                    self.script.append(Moment(step, self._known.setdefault(names, names)))
            case _:
                pass


def _last(part: Part) -> int:
    return part.first + part.stride * (part.count - 1) if part.count else -1


class Again:
    """A session on its way to where another one got, flat out and deaf."""

    def __init__(self, experiment: Experiment, fleet: Fleet, told: Told, journal: Journal) -> None:
        self.experiment, self.fleet = experiment, fleet
        fleet.place(fleet.begin())
        self.step = 0
        self._end = min(told.past.reached, experiment.scenario.run.steps)
        self._script = [moment for moment in told.script if moment.step <= self._end]
        self._desk, self._journal = Desk(experiment, fleet), journal
        self._lost = False
        self._started, self._parent, self._steps = time.monotonic(), os.getppid(), 2

    def run(self) -> Footer:
        """Fly to where the other one got, or until nothing finite is left."""
        for moment in self._script:
            while self.step < moment.step:
                if not self._chunk(moment.step):
                    return self._diverged()
            self._do(moment.what)
        while self.step < self._end:
            if not self._chunk(self._end):
                return self._diverged()
        return Footer(self.step, "finished", f"computed again up to step {self.step}.", self._wall)

    @property
    def _wall(self) -> float:
        return time.monotonic() - self._started

    def _do(self, what: Event | frozenset[str] | None) -> None:
        match what:
            case Event():
                if what.what == "fork":
                    # What is due here is read of the state that the parent had.
                    self._read(None)
                acts.again(self.fleet, self.experiment, what)
                self._journal.append(msgspec.structs.replace(what, text=one_line(what.text), wall=self._wall))
            case None if not self._lost:
                self._journal.append(keyframes.taken(self.step, self.fleet.gathered()))
            case None:
                # A lost member strays by a step a chunk, so that its state says nothing of the session.
                pass
            case names:
                self._read(names)

    def _read(self, names: frozenset[str] | None) -> None:
        """Read some series where the session stands, or those that are due there, without leaving."""
        flights, before = self.fleet.fly(1, Read.DUE if names is None else Read.EVERYTHING), dict(self._desk.recorded)
        if names is not None:
            others = {series.name for series in self.experiment.series} - names
            self._desk.recorded |= dict.fromkeys(others, self.step)
        parts = self._desk.parts(flights, self.step, everything=names is not None)
        self._desk.recorded = before | {name: self.step for part in parts for name in part.columns}
        if parts:
            self._tell(parts, flights, 0.0)

    def _tell(self, parts: tuple[Part, ...], flights: Flights, busy: float) -> None:
        clock = self.fleet.clock(self._desk.dead | ~flights.finite)
        self._journal.append(Frames(self.step, parts, self._wall, busy, clock))

    def _chunk(self, limit: int) -> bool:
        """Take steps, none beyond the limit; False where nothing finite is left."""
        if os.getppid() != self._parent:
            # Whoever would compare this is gone.
            sys.exit(BROKEN)
        begin = time.perf_counter()
        flights = self.fleet.fly(min(limit - self.step, self._steps, self.experiment.program.longest))
        busy, dead = time.perf_counter() - begin, self._desk.dead
        if not flights.finite[~dead].any():
            steps = int(np.max(flights.steps[~dead])) - 1
            if steps:
                self._land(self.fleet.fly(steps), busy)
            return False
        self._land(flights, busy)
        self._desk.dead |= ~flights.finite
        if not self._lost and not flights.finite.all():
            self._lost = True
            text = "A member has diverged; the whole state is not kept any more."
            self._journal.append(Event(self.step, "diverged", text, {}, self._wall))
        self._steps = self._steps * 2 if busy < _CHUNK_SECONDS / 2 else max(self._steps // 2, 2)
        return True

    def _land(self, flights: Flights, busy: float) -> None:
        parts = self._desk.parts(flights, self.step)
        self.fleet.land(flights)
        self.step += int(np.max(flights.steps))
        self._tell(parts, flights, busy)

    def _diverged(self) -> Footer:
        text = f"the loss stopped being finite at step {self.step}."
        return Footer(self.step, "diverged", text, self._wall, max(self.step - 1, 0))


def again(original: Path, path: Path) -> int:
    """Record to a new file what another session's scenario, seeds and acts come to, as far as that one got.

    Raises:
        RecordingError: The original is no recording, or this dltlab makes another session of its scenario.
        ScenarioError: Its scenario has faults.
        UsageError: The recording cannot be made there.
        EngineError: The disk refused.
    """
    told = Told(original)
    document, built = session.rebuilt(told.past, original)
    fleet = Fleet(built.programs, built.members)
    header = session.header(path, told.past.header.source, document, built)
    journal = Journal.created(path)
    try:
        journal.append(header)
        another = Again(built, fleet, told, journal)
        try:
            footer, code = another.run(), HOLDS
        except jax.errors.JaxRuntimeError as fault:
            text = one_line(str(fault))[:400]
            print(f"the engine failed at step {another.step}: {text}", file=sys.stderr)
            footer, code = Footer(another.step, "failed", text), BROKEN
        journal.append(footer)
        return code
    finally:
        journal.close()

"""A session from its first record to its last: begun from a scenario, or continued from its file."""

import datetime as dt
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import jax

from dltlab import folders, scenario
from dltlab.engine import experiment, keyframes, machine
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet
from dltlab.engine.inbox import Inbox
from dltlab.engine.journal import Journal
from dltlab.engine.loop import Loop
from dltlab.errors import BROKEN, HOLDS, RecordingError, UsageError
from dltlab.records import FORMAT, SUFFIX, Event, Footer, Frames, Header, Keyframe, Record
from dltlab.text import one_line


def run(
    path: Path,
    name: str,
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    arms: Sequence[str] = (),
    headless: bool = False,
) -> int:
    """Record a new session of a scenario.

    Raises:
        ScenarioError: The scenario has faults; nothing was written.
        UsageError: The recording cannot be made there.
        EngineError: The disk refused; what was written stays readable.
    """
    document = scenario.read(name)
    for assignment in overrides:
        document.set(assignment)
    built = experiment.build(document, seed=seed, seeds=seeds, steps=steps, only=arms)
    fleet = Fleet(built.programs, built.members)
    start = fleet.begin()
    journal = Journal.created(path)
    inbox = Inbox(folders.socket_path(path))
    try:
        journal.append(_header(path, name, document, built, inbox))
        pace = None if headless else built.scenario.run.pace
        return _flown(Loop(built, fleet, start, journal, inbox, pace=pace), journal)
    finally:
        inbox.close()
        journal.close()


def resume(path: Path, *, headless: bool = False) -> int:
    """Continue a session that was stopped or killed, from its last keyframe.

    Frames that were recorded after the keyframe are computed again and not recorded twice;
    knobs that were turned after it are turned again at their steps, and cadences are as they were.

    Raises:
        RecordingError: There is nothing to continue, or it does not fit its scenario.
    """
    journal, told = Journal.continued(path)
    try:
        header, keyframe, later = _last_keyframe(path, told)
        document = scenario.Document(header.source, header.scenario)
        built = experiment.build(document)
        fleet = Fleet(built.programs, built.members)
        start = keyframes.restored(keyframe, fleet.begin())
        inbox = Inbox(folders.socket_path(path))
    except BaseException:
        journal.close()
        raise
    try:
        loop = Loop(
            built,
            fleet,
            start,
            journal,
            inbox,
            step=keyframe.step,
            wall=max((record.wall for record in told if isinstance(record, Frames | Event)), default=0.0),
            recorded=_recorded(told),
            script=[event for event in later if event.what in ("turn", "kick", "cadence")],
            pace=None if headless else built.scenario.run.pace,
        )
        loop.say("continued", f"Continued from the keyframe at step {keyframe.step}.", step=keyframe.step)
        return _flown(loop, journal)
    finally:
        inbox.close()
        journal.close()


def _flown(loop: Loop, journal: Journal) -> int:
    def stop(signum: int, frame: object) -> None:
        del frame
        loop.stopping = f"the engine was told to end ({signal.Signals(signum).name})."

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    try:
        footer, code = loop.run(), HOLDS
    except jax.errors.JaxRuntimeError as fault:
        text = one_line(str(fault))[:400]
        print(f"the engine failed at step {loop.step}: {text}", file=sys.stderr)
        footer, code = Footer(loop.step, "failed", text, loop.wall), BROKEN
    journal.append(footer)
    return code


def _last_keyframe(path: Path, told: Sequence[Record]) -> tuple[Header, Keyframe, list[Event]]:
    """The Header, the last keyframe, and the events after it."""
    at = max((index for index, record in enumerate(told) if isinstance(record, Keyframe)), default=-1)
    if not told or not isinstance(told[0], Header) or told[0].format != FORMAT or at < 0:
        raise RecordingError(f"{one_line(str(path))}: no recording with a keyframe; it cannot be continued.")
    if isinstance(told[-1], Footer) and told[-1].reason in ("finished", "diverged"):
        raise UsageError(f"{one_line(str(path))}: it has {told[-1].reason}; there is nothing to continue.")
    keyframe = told[at]
    assert isinstance(keyframe, Keyframe)
    return told[0], keyframe, [record for record in told[at:] if isinstance(record, Event)]


def _recorded(told: Sequence[Record]) -> dict[str, int]:
    """The last recorded step of every series."""
    last: dict[str, int] = {}
    for record in told:
        if isinstance(record, Frames):
            for part in record.parts:
                final = part.first + part.stride * (part.count - 1)
                last.update(dict.fromkeys(part.columns, final))
    return last


def _header(path: Path, name: str, document: scenario.Document, built: Experiment, inbox: Inbox) -> Header:
    versions, device, threads, fingerprint = machine.describe()
    plan = built.scenario.run
    return Header(
        format=FORMAT,
        session=path.name.removesuffix(SUFFIX),
        started=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        title=built.scenario.title,
        scenario=document.table,
        source=name,
        steps=plan.steps,
        every=plan.every,
        pace=plan.pace,
        seeds=built.seeds,
        series=built.series,
        knobs=built.knobs,
        parameters=built.parameters,
        precision=plan.precision,
        optimizer=str(built.scenario.optimizer.get("kind", "")),
        versions=versions,
        device=device,
        threads=threads,
        fingerprint=fingerprint,
        pid=os.getpid(),
        socket=str(inbox.path),
        arms=built.arms,
    )

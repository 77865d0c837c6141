"""A session from its first record to its last: begun from a scenario, forked from another, or continued."""

import datetime as dt
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import jax
from msgspec.structs import replace

from dltlab import folders, scenario
from dltlab.engine import experiment, keyframes, machine, memory
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet, Start
from dltlab.engine.forks import Beginning, Changes
from dltlab.engine.inbox import Inbox
from dltlab.engine.journal import Journal
from dltlab.engine.lines import Lines
from dltlab.engine.loop import Loop
from dltlab.engine.past import Past
from dltlab.errors import BROKEN, HOLDS, RecordingError, RefusedError, UsageError
from dltlab.records import FORMAT, SUFFIX, Event, Footer, Header
from dltlab.text import clean, one_line


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
    document = scenario.read(name, overrides)
    built = experiment.build(document, seed=seed, seeds=seeds, steps=steps, only=arms)
    return _first_flown(path, name, document, built, headless=headless)


def anew(path: Path, original: Path, *, seed: int | None = None) -> int:
    """Record a new session of the scenario that a recording holds, from its first step; the recording is only read.

    Nothing that was done to the recorded session is done again. Raises what :func:`run` does, and:

    Raises:
        RecordingError: The original is no recording, or this dltlab makes none of it.
    """
    first = Lines(original).header
    document = scenario.Document(first.source, first.scenario)
    return _first_flown(
        path, first.source, document, _built(document, Past(first), original, seed=seed), headless=False
    )


def _first_flown(path: Path, name: str, document: scenario.Document, built: Experiment, *, headless: bool) -> int:
    """Record a new session from its first step to its last."""
    memory.fit_disk(path.parent, built.scenario, built.series, built.program.probes, built.kept)
    fleet = Fleet(built.programs, built.members)
    start = fleet.begin()
    journal = Journal.created(path)
    try:
        inbox = Inbox(folders.socket_path(path))
    except BaseException:
        journal.close()
        path.unlink(missing_ok=True)
        raise
    try:
        journal.append(header(path, name, document, built, inbox.path))
        pace = None if headless else built.scenario.run.pace
        return _flown(Loop(built, fleet, start, journal, inbox, pace=pace), journal)
    finally:
        inbox.close()
        journal.close()


def fork(
    parent: Path, path: Path, at: int, changes: Changes, *, steps: int | None = None, headless: bool = False
) -> int:
    """Record a new session that is its parent's up to and with a step, and goes on with changes from there.

    The parent may be live, stopped, killed, finished or diverged; it is only read. The new file has its
    name once the parent's records, the fork and the changes stand in it: killed later, it is continued
    as any other.

    Raises:
        RecordingError: The parent is no recording, has no state at that step, or does not fit its scenario.
        ScenarioError: Its scenario has faults, or more steps than there may be.
        UsageError: A change cannot be made, nothing is left to run, or the recording cannot be made there.
        EngineError: The disk refused; nothing is left behind.
    """
    beginning = Beginning(parent, at)
    past = beginning.past
    document, built = rebuilt(past, parent, steps)
    changes.check(built.knobs)
    if at >= (planned := built.scenario.run.steps):
        cure = "say with --steps how many there shall be."
        raise UsageError(f"{one_line(str(parent))}: nothing is left of its {planned} steps at step {at}; {cure}")
    fleet = Fleet(built.programs, built.members)
    start = _start(past, fleet, parent)
    folders.unused(path)
    inbox = Inbox(folders.socket_path(path))
    try:
        head = header(path, past.header.source, document, built, inbox.path)
        head = replace(head, parent=one_line(past.header.session), forked=at)
        told = changes.told(past, built.knobs, head.parent, at)
        journal = _begun(path, head, beginning, told)
    except BaseException:
        inbox.close()
        raise
    for event in told:
        past.take(event)
    return _gone_on(past, built, fleet, start, journal, inbox, headless=headless)


def _begun(path: Path, head: Header, beginning: Beginning, told: Sequence[Event]) -> Journal:
    """The file of a fork, which has its name once it is whole up to there."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    journal = Journal.created(draft)
    journal.draft = True
    try:
        journal.append(head)
        for piece in beginning.pieces():
            journal.copy(piece)
        journal.append(*([beginning.cut] if beginning.cut else []), *told)
        journal.named(path)
    except BaseException:
        journal.close()
        draft.unlink(missing_ok=True)
        raise
    return journal


def resume(path: Path, *, headless: bool = False) -> int:
    """Continue a session that was stopped or killed, from its last keyframe; from its first step, if it has none.

    Frames that were recorded after the keyframe are computed again and not recorded twice;
    knobs that were turned after it are turned again at their steps, and cadences are as they were.

    Raises:
        RecordingError: There is nothing to continue, or it does not fit its scenario.
    """
    journal = Journal.continued(path)
    try:
        past = _past(journal)
        _, built = rebuilt(past, path)
        fleet = Fleet(built.programs, built.members)
        start = _start(past, fleet, path)
        inbox = Inbox(folders.socket_path(path))
    except BaseException:
        journal.close()
        raise
    return _gone_on(past, built, fleet, start, journal, inbox, headless=headless, continued=True)


def _gone_on(
    past: Past,
    built: Experiment,
    fleet: Fleet,
    start: list[Start],
    journal: Journal,
    inbox: Inbox,
    *,
    headless: bool,
    continued: bool = False,
) -> int:
    """Fly on from a past, to the end."""
    try:
        loop = Loop(built, fleet, start, journal, inbox, past=past, pace=None if headless else built.scenario.run.pace)
        if continued:
            where = f"the keyframe at step {loop.step}" if past.keyframe else "the first step"
            loop.say("continued", f"Continued from {where}.", step=loop.step)
        return _flown(loop, journal)
    finally:
        inbox.close()
        journal.close()


def _past(journal: Journal) -> Past:
    """The past of a session that can be continued; its journal goes on behind it."""
    path, lines = journal.path, Lines(journal.path)
    past = Past(lines.header)
    for _, _, record in lines:
        past.take(record)
    if lines.more:
        cure = "continuing would lose what stands from there on; continue a copy that ends before that line."
        raise lines.fault(f"{lines.note}, and {cure}")
    journal.go_on(lines.end)
    if past.footer is not None and past.footer.complete:
        raise UsageError(
            f"{one_line(str(path))}: it has {past.footer.reason}; there is nothing to continue, but it can be forked."
        )
    return past


def rebuilt(past: Past, path: Path, steps: int | None = None) -> tuple[scenario.Document, Experiment]:
    """The scenario of a recording, and its experiment.

    Raises:
        RecordingError: This dltlab makes none of it, or another one.
        ScenarioError: It has faults.
    """
    document = scenario.Document(past.header.source, past.header.scenario)
    built = _built(document, past, path, steps=steps)
    past.fit(built, path)
    return document, built


def _built(
    document: scenario.Document, past: Past, path: Path, *, seed: int | None = None, steps: int | None = None
) -> Experiment:
    """The experiment of a scenario that stands in a recording."""
    try:
        return experiment.build(document, seed=seed, steps=steps)
    except RefusedError as found:
        # What would cure it changes the scenario, and a recording's stands: the reason is all that is of use.
        why = found.faults[0].removeprefix(document.fault((), "")).rpartition("; ")[0]
        raise past.foreign(path, f"refuses its scenario ({why})") from None
    except RecursionError:
        raise RecordingError(f"{one_line(str(path))}: its scenario is nested too deeply.") from None


def _start(past: Past, fleet: Fleet, path: Path) -> list[Start]:
    """The states of a recording's last keyframe; those before the first step, where it was killed before that one."""
    begin = fleet.begin()
    if past.keyframe is None:
        return begin
    try:
        return keyframes.restored(past.keyframe, begin)
    except RecordingError as fault:
        raise RecordingError(f"{one_line(str(path))}: {fault}") from None


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
    finally:
        loop.viewers.close()
    # A session is said to be over once all that it told of is kept.
    journal.sync()
    journal.append(footer)
    return code


def header(path: Path, name: str, document: scenario.Document, built: Experiment, socket: Path | None = None) -> Header:
    """The first record of a session that is recorded there; without a socket it hears no commands."""
    versions, device, threads, fingerprint = machine.describe()
    plan = built.scenario.run
    return Header(
        format=FORMAT,
        # A file's name may be no text at all, and JSON is.
        session=clean(path.name.removesuffix(SUFFIX)),
        started=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        title=built.scenario.title,
        scenario=document.table,
        source=clean(name),
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
        socket=str(socket or ""),
        arms=built.arms,
    )

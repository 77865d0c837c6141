"""Launch, follow, judge, tell: a scenario at a time."""

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dltlab import claims as shelf
from dltlab import commands, scenario
from dltlab.claims import AbstractClaim
from dltlab.errors import HOLDS, DltlabError, ScenarioError, UsageError
from dltlab.headless.outcome import Outcome
from dltlab.headless.progress import Progress
from dltlab.headless.reports import json_report, junit_report, table
from dltlab.session import errorbars, live
from dltlab.session.history import History
from dltlab.session.live import Live
from dltlab.text import one_line

_REST: Final = 0.05
_LAST_WORDS: Final = 10.0
_STDOUT: Final = Path("-")


def run(
    scenarios: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    arms: Sequence[str] = (),
    alone: bool = False,
    out: Path | None = None,
    json: Path | None = None,
    junit: Path | None = None,
    quiet: bool = False,
) -> int:
    """Run scenarios one after the other and judge them; the exit code is that of the worst.

    After a scenario come its companions, unless it is to run ``alone`` or is run otherwise
    than it is written (another seed, other steps, fewer arms, an override).

    Raises:
        UsageError: A file that should be written cannot be, or would be overwritten.
        ScenarioError: The only scenario given cannot be run.
    """
    if out is not None and len(scenarios) > 1:
        raise UsageError("--out names one file; give one scenario with it.")
    for path in filter(None, (json, junit)):
        _check_writable(path)
    started = {
        "overrides": overrides, "seed": seed, "seeds": seeds, "steps": steps, "arms": arms, "session": out,
    }  # fmt: skip
    outcomes: list[Outcome] = []
    as_written = not any((overrides, arms, out)) and seed is seeds is steps is None
    for name in _accompanied(scenarios) if as_written and not alone else scenarios:
        outcome = _run_one(name, started, quiet=quiet)
        outcomes.append(outcome)
        if outcome.refusal is not None:
            if len(scenarios) == len(outcomes) == 1 and json is None and junit is None:
                raise outcome.refusal
            print(outcome.refusal, file=sys.stderr)
        else:
            if len(outcomes) > 1:
                print(file=sys.stderr if json == _STDOUT else sys.stdout)
            print(table(outcome), file=sys.stderr if json == _STDOUT else sys.stdout, flush=True)
        if outcome.interrupted:
            break
    if json is not None:
        _write(json, json_report(outcomes))
    if junit is not None:
        _write(junit, junit_report(outcomes))
    return max(outcome.exit_code for outcome in outcomes) if outcomes else HOLDS


def follow(source: Live) -> int:
    """Follow a session that goes on to its end, judge the claims of its scenario and print them; its exit code.

    Raises:
        ScenarioError: Its claims cannot be judged of it; it was told to stop.
    """
    header, begun = source.header, time.monotonic()
    outcome = Outcome(one_line(header.source), source.path, History(header))
    try:
        document = scenario.Document(header.source, header.scenario)
        _judged(source, outcome, document, shelf.build(scenario.validate(document).claims, document), quiet=False)
    except ScenarioError:
        source.send(commands.Stop())
        source.close()
        raise
    except KeyboardInterrupt:
        outcome.interrupted = True
    outcome.seconds = time.monotonic() - begun
    print(table(outcome), flush=True)
    return outcome.exit_code


def _accompanied(scenarios: Sequence[str]) -> list[str]:
    """Each scenario, then the companions that it names and that do not run anyway."""
    names: list[str] = []
    for name in scenarios:
        names.append(name)
        # What is wrong with the scenario is told when its turn comes.
        with contextlib.suppress(ScenarioError):
            found = scenario.validate(scenario.read(name)).companions
            names += [one for one in found if one not in names and one not in scenarios]
    return names


def _run_one(name: str, started: dict, *, quiet: bool) -> Outcome:
    """Launch, follow to the end, judge. A fault becomes part of the outcome."""
    outcome, begun = Outcome(name), time.monotonic()
    try:
        document, judged = _claims_of(name, started["overrides"])
        source = live.launch(name, headless=True, **started)
        outcome.session, outcome.history = source.path, History(source.header)
        _judged(source, outcome, document, judged, quiet=quiet)
    except DltlabError as fault:
        outcome.refusal = fault
    except KeyboardInterrupt:
        outcome.interrupted = True
    outcome.seconds = time.monotonic() - begun
    return outcome


def _judged(
    source: Live, outcome: Outcome, document: scenario.Document, judged: list[AbstractClaim], *, quiet: bool
) -> None:
    """Follow to the end, and judge."""
    assert outcome.history is not None
    if faults := shelf.check_series(judged, outcome.history.columns, document):
        source.send(commands.Stop())
        raise ScenarioError(*faults)
    _follow(source, outcome, Progress(source.header, quiet=quiet))
    outcome.verdicts = shelf.judge_all(judged, outcome.history)
    outcome.error_bars = errorbars.largest(outcome.history)


def _claims_of(name: str, overrides: Sequence[str]) -> tuple[scenario.Document, list[AbstractClaim]]:
    """A scenario with its overrides, and its claims, checked before anything is started."""
    document = scenario.read(name)
    for assignment in overrides:
        document.set(assignment)
    known = scenario.validate(document)
    judged = shelf.build(known.claims, document)
    if faults := shelf.check_arms(judged, known.arms, document):
        raise ScenarioError(*faults)
    return document, judged


def _follow(source: Live, outcome: Outcome, progress: Progress) -> None:
    """Take in what the engine says until it ends; Ctrl-C asks it to stop, a second one leaves it."""
    history = outcome.history
    assert history is not None
    until = float("inf")
    with progress:
        while not source.ended and time.monotonic() < until:
            try:
                told = source.poll()
                history.extend(told)
                progress.show(history)
                if not told:
                    time.sleep(_REST)
            except KeyboardInterrupt:
                if outcome.interrupted:
                    break
                outcome.interrupted = True
                until = time.monotonic() + _LAST_WORDS
                source.send(commands.Stop())
    with contextlib.suppress(KeyboardInterrupt):
        source.close()
    outcome.ended = source.ended or "The engine was asked to stop and had not by the time that this was written."
    print(f"{one_line(outcome.ended)} Session: {one_line(str(source.path))}", file=sys.stderr)


def _check_writable(path: Path) -> None:
    """Find out before an hour of computing, not after it, that a report has no place to go."""
    if path == _STDOUT:
        return
    place = path if path.exists() else path.parent
    if path.is_dir() or not os.access(place, os.W_OK):
        raise UsageError(f"{one_line(str(path))}: cannot be written; choose another place.")


def _write(path: Path, text: str) -> None:
    if path == _STDOUT:
        print(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as fault:
        message = f"{one_line(str(path))}: cannot be written ({fault.strerror}); choose another place."
        raise UsageError(message) from None

"""One scenario: launched, followed to its end, judged."""

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from dltlab import claims as shelf
from dltlab import commands, places, scenario
from dltlab.chapters import detect
from dltlab.claims import AbstractClaim
from dltlab.claims.faulty import Faulty
from dltlab.claims.since import refuted
from dltlab.errors import DltlabError, EngineError, ScenarioError
from dltlab.headless.halt import WHY, Halt
from dltlab.headless.outcome import Outcome
from dltlab.headless.request import Request
from dltlab.headless.telling import Telling
from dltlab.progress import Progress
from dltlab.session import errorbars, live
from dltlab.session.history import History
from dltlab.session.live import Live
from dltlab.text import clean, one_line

Say = Callable[[str], None]
"""Prints a line."""
_REST: Final = 0.05
LAST_WORDS: Final = 10.0
"""Seconds that an engine has for its last keyframe once it was told to stop."""


class Survey(Struct, frozen=True):
    """What an engine that builds a scenario finds: see :func:`dltlab.engine.experiment.checked`."""

    faults: tuple[str, ...]
    series: tuple[str, ...] | None
    open: tuple[str, ...]


def judged(
    name: str,
    request: Request,
    halt: Halt,
    *,
    session: Path | None = None,
    running: bool = False,
    progress: str = "",
    say: Say | None = None,
) -> Outcome:
    """Launch, follow to the end, judge. A fault becomes part of the outcome.

    Args:
        name: A scenario of the gallery, or a file.
        request: How to run it.
        halt: What may end it before its end.
        session: Where to record; a new place in the data folder if it is None.
        running: Whether its engine runs already and records there.
        progress: How it is told how far it is: see :class:`Progress`.
        say: Told what happens, a line at a time, where somebody wants to know.
    """
    outcome, begun = Outcome(name), time.monotonic()
    try:
        if halt.why:
            outcome.cut = halt.why
            return outcome
        document, outcome.claims = claims_of(name, request)
        outcome.document = document
        if running and session is not None:
            source = live.attach(session)
        else:
            asked, patience = msgspec.structs.asdict(request), min(halt.left, live.LONGEST_START)
            source = live.launch(name, headless=True, session=session, patience=patience, **asked)
        with letting_go(source):
            outcome.session, outcome.history = source.path, History(source.header)
            follow_to_the_end(source, outcome, document, halt, progress=progress, say=say)
    except EngineError as fault:
        # An engine that had not begun when the time was up is none that failed.
        outcome.cut = "timeout" if outcome.history is None and halt.why == "timeout" else ""
        outcome.refusal = None if outcome.cut else fault
    except DltlabError as fault:
        outcome.refusal = fault
    except KeyboardInterrupt:
        halt.ask("interrupted")
        outcome.cut = "interrupted"
    except Exception as fault:
        # One scenario must not hide the others, whatever goes wrong with it.
        print(clean(traceback.format_exc()), file=sys.stderr)
        outcome.refusal = EngineError(f"This is a fault of dltlab itself: {one_line(repr(fault))}")
    finally:
        outcome.seconds = time.monotonic() - begun
    return outcome


def claims_of(name: str, request: Request) -> tuple[scenario.Document, list[AbstractClaim]]:
    """A scenario with its overrides, and its claims, checked before anything is recorded.

    Raises:
        ScenarioError: With every fault of its common part and its claims, and with what the engine finds beside them.
    """
    document = scenario.read(name, request.overrides)
    found = scenario.sound(document)
    claims, unjudged = shelf.tried(found.scenario.claims, document)
    faults = [*found.faults, *unjudged]
    if "arms" not in found.lacking:
        faults += shelf.check_arms(claims, found.scenario.arms, document)
    if faults:
        faults += _found_by_the_engine(name, request, claims, document)
        raise ScenarioError(*places.in_order(faults, document.name))
    return document, [claim for claim in claims if isinstance(claim, AbstractClaim)]


def _found_by_the_engine(
    name: str, request: Request, claims: Sequence[AbstractClaim | Faulty], document: scenario.Document
) -> list[str]:
    """What is wrong with a scenario beside what is known: who is to mend it wants all of it at once."""
    try:
        found = request.ask("check", name, Survey)
    except ScenarioError as refusal:
        return list(refusal.faults)
    except EngineError:
        # What is known is told.
        return []
    series = [] if found.series is None else shelf.check_series(claims, found.series, document, found.open)
    return [*found.faults, *series]


@contextlib.contextmanager
def letting_go(source: Live) -> Iterator[None]:
    """Close a session at the end: told to stop where it is refused, ended where nobody follows it to its end."""
    try:
        yield
    except ScenarioError:
        source.send(commands.Stop())
        raise
    except BaseException:
        source.kill()
        raise
    finally:
        source.close()


def follow_to_the_end(
    source: Live,
    outcome: Outcome,
    document: scenario.Document,
    halt: Halt,
    *,
    progress: str = "",
    say: Say | None = None,
) -> None:
    """Follow a session until it ends or is to end, and judge it.

    Raises:
        ScenarioError: A claim is about a series that the session does not have.
    """
    assert outcome.history is not None
    if faults := shelf.check_series(outcome.claims, outcome.history.columns, document):
        raise ScenarioError(*faults)
    telling = Telling(outcome.history, outcome.claims) if say else None
    shown = Progress(source.header.title, source.header.steps, mode=progress)
    _follow(source, outcome, shown, halt, telling, say or print)
    settle(outcome, outcome.history)


def settle(outcome: Outcome, history: History) -> None:
    """Judge a session as far as it was told, and sum it up."""
    outcome.verdicts = shelf.judge_all(outcome.claims, history)
    outcome.after = refuted(outcome.claims, history, outcome.verdicts)
    outcome.error_bars = errorbars.largest(history)
    outcome.chapters = detect(history)


def _follow(source: Live, outcome: Outcome, progress: Progress, halt: Halt, telling: Telling | None, say: Say) -> None:
    """Take in what the engine says until it ends; what halts it asks it to stop, a second Ctrl-C leaves it."""
    history = outcome.history
    assert history is not None
    until = float("inf")

    def follow() -> None:
        nonlocal until
        while not source.ended and time.monotonic() < until and not halt.abandoned:
            if not outcome.cut and (why := halt.why):
                source.send(commands.Stop())
                outcome.cut, until = why, time.monotonic() + LAST_WORDS
            told = source.poll()
            if telling:
                for line in telling.take(told):
                    say(line)
            else:
                history.extend(told)
            progress.show(history.step)
            if not told:
                time.sleep(_REST)

    if telling:
        say(telling.opening())
    with progress:
        halt.over(follow)
    with contextlib.suppress(KeyboardInterrupt):
        _leave(source, outcome)
    if telling:
        say(telling.closing())


def _leave(source: Live, outcome: Outcome) -> None:
    """End what did not stop, and say how it ended."""
    ended = source.ended
    if source.unreadable:
        # What it would record from here on is lost.
        source.kill()
    if not ended and outcome.cut != "interrupted":
        # Nobody is there to wait for it, and it would hold the machine.
        source.kill()
        ended = "The engine did not stop when it was asked to, and was ended; the recording is whole up to there."
    ended = ended or "The engine was asked to stop and had not by the time that this was written."
    outcome.ended = f"{WHY[outcome.cut]}. {ended}" if outcome.cut in ("timeout", "another failed") else ended

"""One scenario: launched, followed to its end, judged."""

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from dltlab import claims as shelf
from dltlab import commands, scenario
from dltlab.chapters import detect
from dltlab.claims import AbstractClaim
from dltlab.claims.since import refuted
from dltlab.errors import DltlabError, EngineError, ScenarioError
from dltlab.headless import refusing
from dltlab.headless.halt import WHY, Halt
from dltlab.headless.outcome import Outcome
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


class Request(Struct, frozen=True):
    """How the scenarios of a call are to be run, otherwise than they are written."""

    overrides: Sequence[str] = ()
    seed: int | None = None
    seeds: int | None = None
    steps: int | None = None
    arms: Sequence[str] = ()
    session: Path | None = None
    """Where to record; a new place in the data folder if it is None."""

    @property
    def as_written(self) -> bool:
        """Whether nothing is asked for but what the scenarios say."""
        return self == Request()

    def told(self) -> dict[str, Any]:
        """As :func:`dltlab.session.live.launch` takes it."""
        return msgspec.structs.asdict(self)


def judged(name: str, request: Request, halt: Halt, *, progress: str = "", say: Say | None = None) -> Outcome:
    """Launch, follow to the end, judge. A fault becomes part of the outcome.

    Args:
        name: A scenario of the gallery, or a file.
        request: How to run it.
        halt: What may end it before its end.
        progress: How it is told how far it is: see :class:`Progress`.
        say: Told what happens, a line at a time, where somebody wants to know.
    """
    outcome, begun = Outcome(name), time.monotonic()
    try:
        if halt.why:
            outcome.cut = halt.why
            return outcome
        document, outcome.claims = claims_of(name, request.overrides)
        outcome.document = document
        source = live.launch(name, headless=True, patience=min(halt.left, live.LONGEST_START), **request.told())
        with contextlib.closing(source):
            outcome.session, outcome.history = source.path, History(source.header)
            follow_to_the_end(source, outcome, document, halt, progress=progress, say=say)
    except ScenarioError as fault:
        outcome.refusal = refusing.whole(fault, name, request.overrides)
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


def claims_of(name: str, overrides: Sequence[str]) -> tuple[scenario.Document, list[AbstractClaim]]:
    """A scenario with its overrides, and its claims, checked before anything is started.

    Raises:
        ScenarioError: With every fault that was found.
    """
    document = scenario.read(name)
    for assignment in overrides:
        document.set(assignment)
    known = scenario.validate(document)
    return document, shelf.build(known.claims, document, known.arms)


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
        source.send(commands.Stop())
        raise ScenarioError(*faults)
    telling = Telling(outcome.history, outcome.claims) if say else None
    shown = Progress(source.header.title, source.header.steps, mode=progress)
    _follow(source, outcome, shown, halt, telling, say or print)
    outcome.verdicts = shelf.judge_all(outcome.claims, outcome.history)
    outcome.after = refuted(outcome.claims, outcome.history, outcome.verdicts)
    outcome.error_bars = errorbars.largest(outcome.history)
    outcome.chapters = detect(outcome.history)


def _follow(source: Live, outcome: Outcome, progress: Progress, halt: Halt, telling: Telling | None, say: Say) -> None:
    """Take in what the engine says until it ends; what halts it asks it to stop, a second Ctrl-C leaves it."""
    history = outcome.history
    assert history is not None
    until = float("inf")
    if telling:
        say(telling.opening())
    with progress:
        while not source.ended and time.monotonic() < until and not halt.abandoned:
            try:
                if not outcome.cut and (why := halt.why):
                    outcome.cut, until = why, time.monotonic() + LAST_WORDS
                    source.send(commands.Stop())
                told = source.poll()
                if telling:
                    for line in telling.take(told):
                        say(line)
                else:
                    history.extend(told)
                progress.show(history.step)
                if not told:
                    time.sleep(_REST)
            except KeyboardInterrupt:
                halt.ask("interrupted")
    with contextlib.suppress(KeyboardInterrupt):
        _leave(source, outcome)
    if telling:
        say(telling.closing())


def _leave(source: Live, outcome: Outcome) -> None:
    """End what did not stop, and say how it ended."""
    ended = source.ended
    if not ended and outcome.cut != "interrupted":
        # Nobody is there to wait for it, and it would hold the machine.
        source.kill()
        ended = "The engine did not stop when it was asked to, and was ended; the recording is whole up to there."
    ended = ended or "The engine was asked to stop and had not by the time that this was written."
    outcome.ended = f"{WHY[outcome.cut]}. {ended}" if outcome.cut in ("timeout", "another failed") else ended

"""Scenarios run one after the other or side by side, told and reported."""

import contextlib
import functools
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO, TypeVar

from dltlab import claims as shelf
from dltlab import scenario
from dltlab.errors import HOLDS, ScenarioError, UsageError
from dltlab.headless import dry
from dltlab.headless import github as actions
from dltlab.headless.delivery import Delivery
from dltlab.headless.halt import Halt, told_to_end
from dltlab.headless.judging import Say, follow_to_the_end, judged, letting_go
from dltlab.headless.outcome import Outcome
from dltlab.headless.report import worst
from dltlab.headless.reports import table
from dltlab.headless.request import Request
from dltlab.session.history import History
from dltlab.session.live import Live
from dltlab.text import clean, one_line

Named = TypeVar("Named")
Found = TypeVar("Found")
Tell = Callable[[Outcome, bool], None]
"""Told an outcome, and whether it is the first."""


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
    markdown: Path | None = None,
    github: bool = False,
    jobs: int = 1,
    fail_fast: bool = False,
    timeout: float | None = None,
    dry_run: bool = False,
    quiet: bool = False,
    follow: bool = False,
) -> int:
    """Run scenarios, judge them and report; the exit code is the largest of theirs.

    After a scenario come its companions, unless it is to run ``alone`` or is run otherwise than it is written
    (another seed, other steps, fewer arms, an override); ``out`` is the scenario's alone. Each runs in a process
    of its own, ``jobs`` at a time; one that fails does not hide the others, unless ``fail_fast``. After ``timeout``
    seconds everything ends with what was judged so far. A ``dry_run`` prints what they would take, and runs nothing
    more. ``follow`` prints what happens as it happens, a line each, in place of a bar.

    Raises:
        UsageError: A file that should be written cannot be, or would be overwritten.
        ScenarioError: The only scenario given cannot be run, and no report was asked for.
    """
    if out is not None and len(scenarios) > 1:
        raise UsageError("--out names one file, so it takes one scenario; run them one by one, or leave it out.")
    delivery = Delivery(json, junit, markdown, github)
    delivery.check(out)
    request = Request(overrides, seed, seeds, steps, arms)
    names = accompanied(scenarios) if request.as_written and not alone else list(scenarios)
    if dry_run and not delivery.silent:
        raise UsageError("a dry run has no verdict to report; leave out the reports.")
    if dry_run:
        return dry.told_of(names, request)
    halt = Halt(timeout)
    progress = "none" if quiet or follow else "lines" if jobs > 1 or github else ""
    with told_to_end(), actions.quoted() if github else contextlib.nullcontext():
        stream = sys.stderr if delivery.takes_stdout else sys.stdout

        def one(name: str) -> Outcome:
            say = _teller(name if len(names) > 1 else "", stream, halt) if follow else None
            outcome = judged(name, request, halt, session=out if name == names[0] else None, progress=progress, say=say)
            if fail_fast and outcome.exit_code != HOLDS:
                halt.ask("another failed")
            return outcome

        tell = functools.partial(_tell, stream=stream)
        single = len(names) == 1 and delivery.silent
        outcomes = [_single(one(names[0]), tell)] if single else side_by_side(names, one, tell, halt, jobs, _unrun)
    delivery.write(outcomes)
    return worst(outcomes)


def _single(outcome: Outcome, tell: Tell) -> Outcome:
    """The only outcome, told. Raises why there is none."""
    if outcome.refusal is not None:
        raise outcome.refusal
    tell(outcome, True)
    return outcome


def _unrun(name: str) -> Outcome:
    return Outcome(name, cut="interrupted")


def _tell(outcome: Outcome, first: bool, stream: TextIO) -> None:
    """Print its verdicts; on standard error how it ended, or why there are none."""
    _say_end(outcome)
    if outcome.refusal is not None or outcome.history is None:
        said = str(outcome.refusal) if outcome.refusal else f"{outcome.scenario}: {outcome.trouble}"
        print(*map(clean, said.splitlines()), sep="\n", file=sys.stderr, flush=True)
    else:
        print(f"{'' if first else chr(10)}{table(outcome)}", file=stream, flush=True)


def _say_end(outcome: Outcome) -> None:
    """Say on standard error how a session ended and where it is recorded."""
    if outcome.ended:
        print(f"{one_line(outcome.ended)} Session: {one_line(str(outcome.session))}", file=sys.stderr)


def _teller(name: str, stream: TextIO, halt: Halt) -> Say:
    """Prints lines, which begin with a scenario's name where several run; an output that takes no more ends them."""
    lead, gone = f"{one_line(name)}: " if name else "", False

    def say(line: str) -> None:
        nonlocal gone
        if gone:
            return
        try:
            print(f"{lead}{line}", file=stream, flush=True)
        except OSError:
            gone = True
            halt.ask("interrupted")

    return say


def side_by_side(
    names: Sequence[Named],
    one: Callable[[Named], Found],
    tell: Callable[[Found, bool], None],
    halt: Halt,
    jobs: int,
    unrun: Callable[[Named], Found],
) -> list[Found]:
    """What became of each, in the order of the names; told in the order in which they end.

    Args:
        names: Scenarios, or what else is run.
        one: Runs one of them.
        tell: Told what became of each, and whether it is the first.
        halt: Asked when Ctrl-C is pressed.
        jobs: How many run at a time.
        unrun: What becomes of one that an interruption leaves out.

    Raises:
        OSError: What tells refuses; all that ran was ended.
    """
    found: dict[int, Found] = {}
    refused: list[OSError] = []
    turn, waiting = threading.Lock(), iter(enumerate(names))

    def work() -> None:
        while True:
            with turn:
                following = next(waiting, None)
            if following is None:
                return
            place, name = following
            outcome = one(name)
            with turn:
                try:
                    tell(outcome, not found)
                except OSError as fault:
                    # Nobody is told anything any more.
                    refused.append(fault)
                    if not halt.why:
                        halt.ask("interrupted")
                found[place] = outcome

    if min(jobs, len(names)) <= 1:
        # Ctrl-C comes to the main thread: it is told there at once.
        work()
    else:
        workers = [threading.Thread(target=work, name="dltlab-job", daemon=True) for _ in range(min(jobs, len(names)))]
        for worker in workers:
            worker.start()

        def wait() -> None:
            while any(worker.is_alive() for worker in workers):
                time.sleep(0.05)

        halt.over(wait)
    if refused:
        raise refused[0]
    return [found[place] if place in found else unrun(name) for place, name in enumerate(names)]


def follow(source: Live) -> int:
    """Follow a session that goes on to its end, judge the claims of its scenario and print them; its exit code.

    Raises:
        ScenarioError: Its claims cannot be judged of it; it was told to stop.
    """
    header, begun = source.header, time.monotonic()
    outcome = Outcome(one_line(header.source), source.path, History(header))
    try:
        with letting_go(source):
            document = scenario.Document(header.source, header.scenario)
            outcome.claims = shelf.build(scenario.validate(document).claims, document)
            follow_to_the_end(source, outcome, document, Halt())
    except KeyboardInterrupt:
        outcome.cut = "interrupted"
    outcome.seconds = time.monotonic() - begun
    _say_end(outcome)
    print(table(outcome), flush=True)
    return outcome.exit_code


def accompanied(scenarios: Sequence[str]) -> list[str]:
    """Each scenario, then the companions that it names and that do not run anyway."""
    names: list[str] = []
    for name in scenarios:
        names.append(name)
        # What is wrong with the scenario is told when its turn comes.
        with contextlib.suppress(ScenarioError):
            found = scenario.validate(scenario.read(name)).companions
            names += [one for one in found if one not in names and one not in scenarios]
    return names

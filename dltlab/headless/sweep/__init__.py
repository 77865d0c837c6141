"""A scenario at every point of a grid, each a session of its own, folded into a table and maps."""

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from dltlab.errors import HOLDS, DltlabError
from dltlab.headless.halt import Halt, told_to_end
from dltlab.headless.judging import judged
from dltlab.headless.outcome import Outcome
from dltlab.headless.request import Request
from dltlab.headless.runner import side_by_side
from dltlab.headless.sweep import tables
from dltlab.headless.sweep.delivery import Delivery
from dltlab.headless.sweep.grid import Grid
from dltlab.headless.sweep.keeping import Keeping
from dltlab.headless.sweep.plan import Plan, Values
from dltlab.headless.sweep.point import Point, folded
from dltlab.headless.sweep.shown import Shown
from dltlab.text import one_line

__all__ = ["sweep"]


def sweep(
    name: str,
    axes: Sequence[str],
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    arms: Sequence[str] = (),
    show: Sequence[str] = (),
    jobs: int | None = None,
    csv: Path | None = None,
    json: Path | None = None,
    keep: Path | None = None,
    timeout: float | None = None,
    dry_run: bool = False,
    quiet: bool = False,
) -> int:
    """Run a scenario at every point of a grid and print a table and maps; the largest exit code of its points.

    Each point runs in a process of its own, ``jobs`` at a time (as many as there are cores, if it is
    None). With ``keep`` the recordings stay in that folder, and points that ended there before are
    not run again; without it they are thrown away one by one. A point that is refused hides no
    other, unless none has begun before it.

    Raises:
        UsageError: The grid is none, a report has no place to go, or what is to be shown is not there.
        ScenarioError: The scenario has faults at a point, which show before anything is run.
    """
    grid, delivery = Grid.of(axes), Delivery(csv, json)
    shown = tuple(Shown.of(one.strip()) for told in show for one in told.split(","))
    delivery.check()
    plan = Plan(name, grid, Request(overrides, seed, seeds, steps, arms), shown)
    plan.check()
    jobs = jobs or _cores()
    if dry_run:
        return plan.estimate(jobs)
    halt = Halt(timeout)
    with told_to_end(), Keeping(keep) as keeping:
        work = _Work(plan, keeping, halt, quiet=quiet)
        points = side_by_side(list(grid.points()), work.one, work.tell, halt, jobs, work.unrun)
    if work.fault is not None:
        raise work.fault
    stream = sys.stderr if delivery.takes_stdout else sys.stdout
    print(*_told(plan, points), sep="\n", file=stream, flush=True)
    delivery.write(grid, points, shown)
    return max((point.run.exit_code for point in points), default=HOLDS)


class _Work:
    """Runs the points, and tells of each on standard error."""

    def __init__(self, plan: Plan, keeping: Keeping, halt: Halt, *, quiet: bool) -> None:
        self.fault: DltlabError | None = None
        """Why the whole sweep is refused, if it is."""
        self._plan, self._keeping, self._halt, self._quiet = plan, keeping, halt, quiet
        self._ended = self._begun = 0
        self._turn = threading.Lock()

    def one(self, values: Values) -> Point:
        """Run a point, or take it from its recording, and fold it."""
        plan, keeping = self._plan, self._keeping
        path, outcome, kept = keeping.path(plan.grid.label(values)), None, False
        try:
            outcome = keeping.earlier(path, plan.name, plan.at(values))
            kept = outcome is not None
        except DltlabError as fault:
            outcome = Outcome(plan.name, refusal=fault)
        if outcome is None:
            # What stands there still is followed: an earlier call was cut off, and its engine was not.
            running = path.exists()
            outcome = judged(plan.name, plan.at(values), self._halt, session=path, running=running, progress="none")
        if outcome.refusal is not None:
            outcome.refusal = plan.worded(outcome.refusal)
        self._look(outcome)
        point = folded(values, outcome, plan.shown, kept=kept, stays=keeping.stays)
        keeping.done(path)
        return point

    def unrun(self, values: Values) -> Point:
        """A point that never began."""
        return folded(values, Outcome(self._plan.name, cut="interrupted"), (), kept=False, stays=False)

    def tell(self, point: Point, first: bool) -> None:
        """Say on standard error what became of a point, unless nobody wants to know."""
        del first
        if self.fault is not None or point.run.status == "not run":
            return
        self._ended += 1
        if not self._quiet:
            label = one_line(self._plan.grid.label(point.values))
            when = "kept from before" if point.kept else f"{point.run.timings.whole:.1f} s"
            print(
                f"{self._ended}/{self._plan.grid.many} {label}: {tables.verdict(point)}, {when}",
                file=sys.stderr,
                flush=True,
            )

    def _look(self, outcome: Outcome) -> None:
        """End everything where no point can begin."""
        with self._turn:
            self._begun += outcome.history is not None
            if outcome.refusal is not None and not self._begun:
                self.fault = self.fault or outcome.refusal
                self._halt.ask("another failed")


def _told(plan: Plan, points: Sequence[Point]) -> list[str]:
    """A sweep for people: what it is of, a line a point, the maps."""
    title = next((point.run.title for point in points if point.run.title), plan.name)
    lines = [one_line(title), "", tables.table(plan.grid, points, plan.shown)]
    return [*lines, *(line for picture in tables.maps(plan.grid, points, plan.shown) for line in ("", picture))]


def _cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""What a sweep is to run: checked at every point before anything starts, and estimated."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from dltlab.errors import HOLDS, DltlabError, ScenarioError, UsageError
from dltlab.headless import dry
from dltlab.headless.judging import Survey, claims_of
from dltlab.headless.request import Request
from dltlab.headless.sweep.grid import Grid
from dltlab.headless.sweep.shown import Shown
from dltlab.scenario import Document, arm_tables, narrow
from dltlab.text import clean, one_line

Values = tuple[str, ...]


class Plan(Struct, frozen=True):
    """A scenario, a grid, how else it is to be run, and what is to be told of it."""

    name: str
    grid: Grid
    request: Request
    shown: tuple[Shown, ...]

    def at(self, values: Values) -> Request:
        """How a point is to be run."""
        return replace(self.request, overrides=[*self.request.overrides, *self.grid.overrides(values)])

    def check(self) -> None:
        """Find out, before anything is run, whether all that is asked for is there.

        Raises:
            UsageError: A key is given twice, is not the arms' to take, or what is to be shown is not there.
            ScenarioError: With all that is wrong with the scenario at the first point where something is.
        """
        self._once()
        document, first = Document(self.name, {}), self.at(next(self.grid.points()))
        claims: list[str] = []
        for values in self.grid.points():
            try:
                document, judged = claims_of(self.name, self.at(values))
            except ScenarioError as refusal:
                raise self.worded(refusal) from None
            claims = [claim.name for claim in judged]
        narrow(document, arms=self.request.arms)
        arms = arm_tables(document)
        self._taken(arms)
        if any(one.name not in claims or one.arm or one.statistic for one in self.shown):
            survey = first.ask("check", self.name, Survey)
            if survey.faults:
                raise self.worded(ScenarioError(*survey.faults))
            for one in self.shown:
                self._there(one, claims, survey, [arm["name"] for arm in arms])

    def worded(self, refusal: DltlabError) -> DltlabError:
        """A refusal that names an axis as it was given."""
        if not isinstance(refusal, ScenarioError):
            return refusal
        faults = list(refusal.faults)
        for axis in self.grid.axes:
            lead = f"--set {one_line(axis.key)}="
            own = f"--grid {one_line(axis.key)}="
            faults = [own + fault.removeprefix(lead) if fault.startswith(lead) else fault for fault in faults]
        return type(refusal)(*faults)

    def estimate(self, jobs: int) -> int:
        """Print what the dearest corner of the grid would take, and all points about; run nothing more.

        Raises:
            ScenarioError: A corner is refused.
            EngineError: A corner could not be told of.
        """
        corners, found = self.grid.corners(), []
        for values in corners:
            try:
                found.append(self.at(values).ask("estimate", self.name, dry.Estimate))
            except ScenarioError as refusal:
                raise self.worded(refusal) from None
        seconds = [dry.whole(one) for one in found]
        dearest = seconds.index(max(seconds))
        print(clean(dry.told(found[dearest])))
        where = one_line(self.grid.label(corners[dearest]))
        print(f"That is {where}: of the grid's ends, which were looked at, the dearest.")
        many = self.grid.many
        rounds = -(-many // jobs)
        about = dry.clock(rounds * sum(seconds) / len(seconds))
        print(f"{many} point{'s' * (many > 1)}, {jobs} at a time: about {about}.", flush=True)
        return HOLDS

    def _once(self) -> None:
        """Refuse a key that the grid and an option give."""
        given = {"run.seed": self.request.seed, "run.seeds": self.request.seeds, "run.steps": self.request.steps}
        options = {key: f"--{key[4:]}" for key, value in given.items() if value is not None}
        options |= {one.partition("=")[0].strip(): "--set" for one in self.request.overrides}
        for axis in self.grid.axes:
            if axis.key in options:
                raise UsageError(
                    f"--grid {one_line(axis.key)}: {options[axis.key]} gives it too; leave one of them out."
                )

    def _taken(self, arms: list[dict[str, Any]]) -> None:
        """Refuse a key that arms set themselves: there the grid would change nothing."""
        for axis in self.grid.axes:
            own = [arm["name"] for arm in arms if _sets(arm, axis.key.split("."))]
            if own:
                named = ", ".join(map(one_line, own))
                cure = f"sweep arms.{one_line(own[0])}.{one_line(axis.key)}, or choose other --arms."
                raise UsageError(f"--grid {one_line(axis.key)}: {named} set it themselves; {cure}")

    def _there(self, one: Shown, claims: list[str], survey: Survey, arms: list[str]) -> None:
        """Refuse to show what is not there."""
        series = survey.series
        if series is None or one.name.split(".")[0] in survey.open:
            return
        if fault := one.fault(claims, series, arms):
            raise UsageError(f"--show {one_line(str(one))}: {fault}")


def _sets(table: Any, key: list[str]) -> bool:
    """Whether a table says something at a key, or in its place."""
    for part in key:
        if not isinstance(table, dict):
            return True
        if part not in table:
            return False
        table = table[part]
    return True

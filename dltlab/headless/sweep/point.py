"""A point of a sweep, run and folded: what stays of its session."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from dltlab.headless.outcome import Outcome
from dltlab.headless.report import RunReport, of_run
from dltlab.headless.sweep.shown import Shown


class Point(Struct, frozen=True):
    """What became of one point of the grid."""

    values: tuple[str, ...]
    """As they were given, one an axis."""
    run: RunReport
    shown: tuple[float | None, ...] = ()
    """The numbers that were asked for."""
    kept: bool = False
    """Whether an earlier call ran it."""

    @property
    def diverged(self) -> bool:
        """Whether no finite loss was left."""
        return self.run.footer is not None and self.run.footer.reason == "diverged"

    @property
    def holding(self) -> int:
        """How many of its claims hold."""
        return sum(claim.status == "holds" for claim in self.run.claims)


def folded(values: Sequence[str], outcome: Outcome, wanted: Sequence[Shown], *, kept: bool, stays: bool) -> Point:
    """A point without the readings of its session, of whose recording nothing is said unless it stays."""
    run = of_run(outcome)
    run = run if stays else replace(run, session=None)
    return Point(tuple(values), run, tuple(one.number(outcome) for one in wanted), kept)

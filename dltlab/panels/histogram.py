"""How the components of a vector series are distributed now."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arm, Title


@dataclass(frozen=True)
class Histogram(AbstractPanel):
    """The latest reading of a vector series, counted in equal bins; the members of an ensemble together."""

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    """The series of vectors whose numbers are counted."""
    title: Title = ""
    bins: Annotated[int, Meta(ge=0, le=400)] = 0
    """How many; 0 chooses as many as the readings are worth."""
    arm: Arm = ""

    ALONE = True

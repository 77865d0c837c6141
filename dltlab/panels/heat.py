"""A matrix series now: a kernel, a weight matrix, overlaps."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arm, Title


@dataclass(frozen=True)
class Heat(AbstractPanel):
    """The latest reading of a matrix series as shades; of the first member of an ensemble that is left."""

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    """The series of matrices that is shown."""
    title: Title = ""
    scale: Literal["linear", "log"] = "linear"
    """The scale of the shades."""
    arm: Arm = ""

    ALONE = True
    TURNED = True
    SHAPE = 2.0

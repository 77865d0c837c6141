"""A matrix series now: a kernel, a weight matrix, overlaps."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Named, Title


@dataclass(frozen=True)
class Heat(AbstractPanel):
    """The latest reading of a matrix series as shades; of the first member of an ensemble that is left."""

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    title: Title = ""
    scale: Literal["linear", "log"] = "linear"
    arm: Named = ""

    ALONE = True
    TURNED = True
    SHAPE = 2.0

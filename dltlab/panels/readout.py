"""The latest readings, a line a series."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Title


@dataclass(frozen=True)
class Readout(AbstractPanel):
    """The latest reading of each series, with its theory where there is one."""

    series: Annotated[list[str], Meta(min_length=1, max_length=64)]
    """What is shown, the first series first."""
    title: Title = "Readings"

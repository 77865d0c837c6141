"""Arms against series, as numbers."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arms, Title


@dataclass(frozen=True)
class Table(AbstractPanel):
    """The latest readings: a row an arm (the median of its members), or a row a seed where there are no arms.

    The theory of a series (``NAME.theory``) stands in parentheses after it.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=16)]
    """What is shown, the first series first."""
    title: Title = "Readings"
    theory: bool = True
    """Whether what theory predicts is shown too."""
    arms: Arms = ()

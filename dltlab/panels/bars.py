"""A vector series now: one bar a component, or a number now: one bar an arm."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arm, Arms, Title


@dataclass(frozen=True)
class Bars(AbstractPanel):
    """The latest reading of a vector series, one bar a component, or of a number, one bar an arm; an ensemble's median.

    The theory of a series (``NAME.theory``) is drawn across each bar. Of a vector in a session with
    arms one arm is shown, or all that ``arms`` names, side by side.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    """The series that is shown."""
    title: Title = ""
    scale: Literal["linear", "log"] = "linear"
    """The value axis."""
    theory: bool = True
    """Whether what theory predicts is shown too."""
    arm: Arm = ""
    arms: Arms = ()

"""Series against the step."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arms, Title


@dataclass(frozen=True)
class Curves(AbstractPanel):
    """Series against the step.

    The theory of a series (``sharpness.theory``) is drawn beside it, dashed. A series with
    an axis is drawn by component, five at most; an ensemble by its median between the
    minimum and the maximum of its members. In a session with arms each arm is a curve (of its
    first component, unless one arm is chosen).
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=8)]
    """What is shown, the first series first."""
    title: Title = ""
    scale: Literal["auto", "linear", "log"] = "auto"
    """The value axis; "auto" is as the first series is told."""
    y_min: float | None = None
    """Where the vertical axis begins, unless the first series falls below it."""
    y_max: float | None = None
    """Where the vertical axis ends, unless the first series rises above it. What lies off the axis is not drawn."""
    theory: bool = True
    """Whether what theory predicts is shown too."""
    x: Literal["step", "log"] = "step"
    """The step axis: linear, or logarithmic from the first step on."""
    arms: Arms = ()

    OVER_TIME = True
    TURNED = True

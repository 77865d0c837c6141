"""Vector series now, against their index: spectra, residuals by mode, a function on a grid."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arm, Arms, Named, Title


@dataclass(frozen=True)
class Profile(AbstractPanel):
    """The latest readings of vector series against their index 1, 2, …; of an ensemble the median.

    The theory of a series (``NAME.theory``) is drawn beside it, dashed. ``against`` is a vector
    series that gives the places along the axis in the index's stead.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=8)]
    """What is shown, the first series first."""
    title: Title = ""
    scale: Literal["auto", "linear", "log"] = "auto"
    """The value axis; "auto" is as the first series is told."""
    x: Literal["linear", "log"] = "linear"
    """The axis of the index, or of ``against``."""
    against: Named = ""
    """The series of vectors that says where along the axis; the index 1, 2, … if it is empty."""
    theory: bool = True
    """Whether what theory predicts is shown too."""
    arm: Arm = ""
    arms: Arms = ()

    KEYS = ("series", "against")
    TURNED = True

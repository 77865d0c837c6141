"""Vector series now, against their index: spectra, residuals by mode, a function on a grid."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arms, Named, Title


@dataclass(frozen=True)
class Profile(AbstractPanel):
    """The latest readings of vector series against their index 1, 2, …; of an ensemble the median.

    The theory of a series (``NAME.theory``) is drawn beside it, dashed. ``against`` is a vector
    series that gives the places along the axis in the index's stead.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=8)]
    title: Title = ""
    scale: Literal["auto", "linear", "log"] = "auto"
    x: Literal["linear", "log"] = "linear"
    against: Named = ""
    theory: bool = True
    arm: Named = ""
    arms: Arms = ()

    KEYS = ("series", "against")
    TURNED = True

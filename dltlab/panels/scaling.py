"""How a reading grows with what the arms stand for: widths, scales, sample sizes."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arms, Title

Fraction = Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True)
class Scaling(AbstractPanel):
    """A reading of each arm against the arm's value, on logarithmic axes.

    A point is the median of the arm's members, its bar their range; the least-squares slope of
    log reading on log value stands in the legend (m^-0.5). ``slope`` draws a dashed line of that slope
    through the middle of the first series' points, its theory (``NAME.theory``) dashed points.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=5)]
    """What is shown, the first series first."""
    title: Title = ""
    statistic: Literal["last", "first", "median", "mean", "max", "min"] = "last"
    """What is taken of an arm's readings."""
    window: tuple[Fraction, Fraction] = (0.0, 1.0)
    """Fractions of the steps planned, from which the statistic is taken."""
    component: Annotated[int, Meta(ge=0, le=1 << 24)] = 0
    """Of a vector series; the first is 0."""
    slope: float | None = None
    """Of a dashed line through the middle of the points."""
    value: Annotated[str, Meta(max_length=40)] = ""
    """What the arms' values are called: m, τ, n."""
    theory: bool = True
    """Whether what theory predicts is shown too."""
    arms: Arms = ()

    def __post_init__(self) -> None:
        """Refuse an empty window."""
        if not self.window[0] < self.window[1]:
            raise ValueError(f"window {list(self.window)} is empty; write [from, to].")

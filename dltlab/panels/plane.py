"""The plane: neurons, iterates and landscapes in two dimensions."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.panels.abstract import AbstractPanel, Arm, Arms, Named, Title

Radius = Annotated[float, Meta(gt=0, le=1e6)]


@dataclass(frozen=True)
class Plane(AbstractPanel):
    """Points, paths, arrows and contours on equal axes; of the first member of an ensemble that is left.

    ``points`` (k, 2) are drawn by the sign of ``sign`` (k,), with ``trails`` the ways that they
    took, with ``starts`` the places where they began; ``path`` (2,) is one iterate and its whole
    way, in every arm; ``arrows`` (q, 2) start at the origin; ``direction`` (2,) starts at ``mark``
    (2,). ``field`` (rows, columns) is drawn by its contours over ``extent`` (4,): x_low, x_high,
    y_low, y_high; its first row is the lowest. Without ``extent`` what is shown is ``limits``, or
    round limits around the data.
    """

    points: Named = ""
    """The series of points (k, 2)."""
    sign: Named = ""
    """The series (k,) by whose signs they are told apart."""
    trails: bool = False
    """Whether the ways that the points took are drawn."""
    starts: bool = False
    """Whether the places where they began are drawn."""
    path: Named = ""
    """The series of one point (2,), drawn with its whole way."""
    arrows: Named = ""
    """The series of arrows (q, 2) from the origin."""
    mark: Named = ""
    """The series of a marked point (2,)."""
    direction: Named = ""
    """The series of an arrow (2,) from the mark."""
    circle: Radius | None = None
    """The radius of a circle around the origin."""
    field: Named = ""
    """The series of a field (rows, columns), drawn by its contours."""
    extent: Named = ""
    """The series (4,) that says where the field lies: x_low, x_high, y_low, y_high."""
    contours: Annotated[int, Meta(ge=2, le=40)] = 7
    """How many contours."""
    levels: Literal["quantiles", "equal", "log"] = "quantiles"
    """Which: at equal shares of the field, at equal distances, or at equal ratios of what is positive."""
    limits: tuple[float, float, float, float] | None = None
    """What is shown, where no series says it: x_low, x_high, y_low, y_high."""
    x_label: Annotated[str, Meta(max_length=40)] = ""
    """What the horizontal axis is called."""
    y_label: Annotated[str, Meta(max_length=40)] = ""
    """What the axes are called."""
    title: Title = ""
    arm: Arm = ""
    arms: Arms = ()

    SHAPE = 2.0
    KEYS = ("points", "path", "field", "arrows", "mark", "direction", "sign", "extent")

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not (self.points or self.path or self.field or self.arrows or self.mark):
            raise ValueError("nothing to draw; name points, path, field, arrows or mark.")
        for key, other in (("sign", "points"), ("direction", "mark")):
            if getattr(self, key) and not getattr(self, other):
                raise ValueError(f"{key} says nothing without {other}; name both.")
        for key in ("trails", "starts"):
            if getattr(self, key) and not self.points:
                raise ValueError(f"{key} are those of points; name points.")
        if self.field and not (self.extent or self.limits):
            raise ValueError("a field needs its place; name extent or write limits.")
        if self.limits and not (self.limits[0] < self.limits[1] and self.limits[2] < self.limits[3]):
            raise ValueError(f"limits {list(self.limits)} are empty; write [x_low, x_high, y_low, y_high].")

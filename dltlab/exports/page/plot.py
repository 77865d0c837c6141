"""A plot of the page: what stands above it, what draws it, what is said below it."""

from typing import Any

from msgspec import Struct, field

from dltlab.exports.page.packing import Table

INKS = 8


class Line(Struct, frozen=True):
    """A curve over the steps: a column of one of its plot's tables."""

    label: str
    ink: str
    """"curve0" … "curve7", or "theory"."""
    role: str
    """"curve", "second" (dotted) or "theory" (dashed)."""
    table: int
    column: int
    bar: int | None = None
    """The column of its error bars."""
    tolerance: float = 0.0
    """The error bar, relative to the reading, beyond which a reading is doubtful."""
    unit: str = ""


class Band(Struct, frozen=True):
    """What lies between two columns of a table."""

    label: str
    ink: str
    table: int
    low: int
    high: int


class Plot(Struct, frozen=True):
    """One figure of the page."""

    kind: str
    """"curves", "frames", "bars", "table", "plane", "heat" or "histogram"."""
    title: str
    sentences: list[str]
    """What is shown, and what theory says of it."""
    series: list[str]
    """The series that it shows, by which claims find it."""
    look: dict[str, Any] = field(default_factory=dict)
    """Scales, limits and labels, as the page's program reads them."""
    tables: list[Table] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is said below it: what was left out and why."""


def curve_ink(slot: int) -> str:
    """The ink of a curve."""
    return f"curve{slot % INKS}"

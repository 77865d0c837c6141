"""The grid of a sweep: keys of a scenario, and the values that each of them takes."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from dltlab.errors import UsageError
from dltlab.text import one_line
from dltlab.values import shortened

MOST_POINTS: Final = 10_000
_CORNERED: Final = 3
"""Axes that are looked at from both ends."""
_EXAMPLE: Final = "write KEY=V1,V2,…, for example optimizer.learning_rate=0.1,0.2 or problem.model.width=8..64:log4."
_RANGE: Final = re.compile(r"(?P<low>[^,]+?)\.\.(?P<high>[^,]+?):(?P<log>log)?(?P<many>[0-9]{1,5})")
_ENDLESS: Final = re.compile(r"[+-]?[0-9.eE+-]*[0-9]\.\.[+-]?[0-9.eE+-]*[0-9]")
"""A range that does not say of how many values."""
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_PAIRS: Final = {"[": "]", "{": "}"}


class Axis(NamedTuple):
    """A dotted key of the scenario, and its values as TOML, in the order in which they were given."""

    key: str
    values: tuple[str, ...]


class Grid(NamedTuple):
    """The axes of a sweep; its points are all their combinations, the last axis running fastest."""

    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, told: Sequence[str]) -> "Grid":
        """The grid of ``--grid`` options.

        Raises:
            UsageError: One of them is no axis, a key has two, or they make too many points.
        """
        axes = tuple(map(axis, told))
        keys = [one.key for one in axes]
        if twice := next((key for key in keys if keys.count(key) > 1), ""):
            raise UsageError(f"--grid {one_line(twice)}: given twice; give all its values at once.")
        grid = cls(axes)
        if grid.many > MOST_POINTS:
            raise UsageError(f"--grid: {grid.many:,} points, and {MOST_POINTS:,} are the most; take fewer values.")
        return grid

    @property
    def many(self) -> int:
        """How many points there are."""
        return math.prod(len(one.values) for one in self.axes)

    @property
    def names(self) -> list[str]:
        """Each key by as few of its last parts as tell it from the others."""
        found = []
        for one in self.axes:
            parts = one.key.split(".")
            shorts = (".".join(parts[-count:]) for count in range(1, len(parts) + 1))
            others = [f".{other.key}" for other in self.axes if other.key != one.key]
            found.append(next((short for short in shorts if not any(o.endswith(f".{short}") for o in others)), one.key))
        return found

    def points(self) -> Iterator[tuple[str, ...]]:
        """The values of each point, one an axis."""
        return itertools.product(*(one.values for one in self.axes))

    def overrides(self, point: Sequence[str]) -> list[str]:
        """A point as ``KEY=VALUE``, one an axis."""
        return [f"{one.key}={value}" for one, value in zip(self.axes, point, strict=True)]

    def corners(self) -> list[tuple[str, ...]]:
        """The points where every axis has its first or its last value, the first point first."""
        ends = [dict.fromkeys((one.values[0], one.values[-1])) for one in self.axes[:_CORNERED]]
        rest = [one.values[:1] for one in self.axes[_CORNERED:]]
        return [*itertools.product(*ends, *rest)]

    def label(self, point: Sequence[str]) -> str:
        """A point in a few words."""
        return ", ".join(f"{name}={value}" for name, value in zip(self.names, point, strict=True))


def axis(told: str) -> Axis:
    """An axis from ``KEY=V1,V2,…``.

    A value is TOML, or a word. ``LOW..HIGH:N`` stands for N values at equal distances from LOW to
    HIGH, ``LOW..HIGH:logN`` for N at equal ratios; between whole numbers they are whole.

    Raises:
        UsageError: It is none.
    """
    key, equals, rest = told.partition("=")
    values = [value for piece in _pieces(rest) for value in _spread(piece, told)]
    if not equals or not key.strip() or not values or not all(values):
        raise UsageError(f"--grid {shortened(one_line(told))}: {_EXAMPLE}")
    if len(values) > MOST_POINTS:
        raise UsageError(f"--grid {one_line(key)}: {len(values):,} values, and {MOST_POINTS:,} are the most.")
    return Axis(key.strip(), tuple(dict.fromkeys(values)))


def _pieces(text: str) -> list[str]:
    """What stands between commas, but for those inside quotes, lists and tables."""
    pieces, closing, quote = [""], list[str](), ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _PAIRS:
            closing.append(_PAIRS[letter])
        elif closing and letter == closing[-1]:
            closing.pop()
        elif letter == "," and not closing:
            pieces.append("")
            continue
        pieces[-1] += letter
    return [piece.strip() for piece in pieces]


def _spread(piece: str, told: str) -> list[str]:
    """The values that a piece stands for: itself, or those of a range."""
    found = _RANGE.fullmatch(piece)
    if found is None:
        if _ENDLESS.fullmatch(piece):
            raise UsageError(f"--grid {shortened(one_line(told))}: of how many values? Write {one_line(piece)}:5.")
        return [piece]
    low, high, many = found["low"].strip(), found["high"].strip(), int(found["many"])
    try:
        ends = float(low), float(high)
    except ValueError:
        return [piece]
    refused = f"--grid {shortened(one_line(told))}: the range {one_line(piece)}"
    if not all(map(math.isfinite, ends)) or not 2 <= many <= MOST_POINTS:
        raise UsageError(f"{refused} needs two finite ends and 2 to {MOST_POINTS:,} values.")
    if found["log"] and min(ends) <= 0:
        raise UsageError(f"{refused} is logarithmic, and needs two positive ends.")
    values = (np.geomspace if found["log"] else np.linspace)(*ends, many)
    whole = _WHOLE.fullmatch(low) and _WHOLE.fullmatch(high)
    return [str(round(value)) if whole else f"{value:.6g}" for value in values.tolist()]

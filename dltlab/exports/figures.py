"""Plots as text, for a report that is one file: GitHub takes pictures out of Markdown that carries them along.

Curves are drawn in Braille dots, four rows and two columns a character. Every character of the plot is
one of these, so that lines stay below each other in fonts that have them from another font.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from dltlab.text import one_line

COLUMNS: Final = 64
ROWS: Final = 16
_WIDTH: Final = 2 * COLUMNS
_HEIGHT: Final = 4 * ROWS
_MARGIN: Final = 9
_LONGEST: Final = 22
_LARGEST: Final = 1e150
"""What is larger is drawn as if it were this: the height of a plot must be a number too."""
_BLANK, _RULE = "\u2800", "\u2809"
_DOTS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bits of a Braille character, from U+2800 on, by row and column."""


class Curve(NamedTuple):
    """One line of a plot."""

    name: str
    steps: np.ndarray
    values: np.ndarray
    """Shape (n,), like the steps; what is not finite breaks the line."""
    dotted: bool = False


class Axes(NamedTuple):
    """How numbers become places."""

    log_x: bool = False
    log_y: bool = False
    low: float | None = None
    high: float | None = None
    """Bounds of y; those of the curves where they are None."""


def figure(curves: Sequence[Curve], axes: Axes) -> list[str]:
    """The lines of a plot, each curve named at its end; none if there is nothing that it could show."""
    placed = [_scaled(curve, axes) for curve in curves]
    placed = [curve for curve in placed if np.isfinite(curve.values).any()]
    if not placed:
        return []
    xs = np.concatenate([curve.steps for curve in placed])
    ys = np.concatenate([curve.values for curve in placed])
    ys = ys[np.isfinite(ys)]
    x_low, x_high = float(xs.min()), float(xs.max())
    y_low, y_high = _bounds(float(ys.min()), float(ys.max()), axes)
    dots = np.zeros((_HEIGHT, _WIDTH), np.bool_)
    names: dict[int, str] = {}
    for curve in placed:
        across = (curve.steps - x_low) / max(x_high - x_low, 1e-300) * (_WIDTH - 1)
        with np.errstate(invalid="ignore"):
            down = (y_high - curve.values) / (y_high - y_low) * (_HEIGHT - 1)
        _draw(dots, across, down, curve.dotted)
        _name(names, curve, down)
    return _framed(dots, names, (y_low, y_high), (x_low, x_high), axes)


def _scaled(curve: Curve, axes: Axes) -> Curve:
    steps, values = curve.steps.astype(np.float64), curve.values.astype(np.float64)
    with np.errstate(all="ignore"):
        if axes.log_x:
            steps = np.log10(np.maximum(steps, 1.0))
        if axes.log_y:
            values = np.log10(np.where(values > 0, values, np.nan))
    values = np.where(np.isfinite(values), np.clip(values, -_LARGEST, _LARGEST), np.nan)
    return curve._replace(steps=steps, values=values)


def _bounds(low: float, high: float, axes: Axes) -> tuple[float, float]:
    for bound, is_low in ((axes.low, True), (axes.high, False)):
        if bound is not None and (bound > 0 or not axes.log_y):
            told = float(np.log10(bound)) if axes.log_y else min(max(bound, -_LARGEST), _LARGEST)
            low, high = (told, high) if is_low else (low, told)
    if not high > low:
        margin = max(abs(low) * 0.05, 1e-12)
        low, high = low - margin, low + margin
    return low, high


def _draw(dots: np.ndarray, across: np.ndarray, down: np.ndarray, dotted: bool) -> None:
    """Set the dots of a curve: in each column the stretch that it passes, joined to the column before."""
    there = np.isfinite(down)
    columns = np.rint(across).astype(int)
    last: tuple[int, float] | None = None
    edges = np.flatnonzero(np.diff(columns, prepend=-1))
    for start, end in zip(edges, [*edges[1:], len(columns)], strict=True):
        column, passed = int(columns[start]), down[start:end][there[start:end]]
        if not len(passed):
            last = None
            continue
        _stroke(dots, column, float(passed.min()), float(passed.max()), dotted)
        if last is not None:
            many = column - last[0]
            for between in range(1, many + 1):
                a, b = (last[1] + (passed[0] - last[1]) * (between - side) / many for side in (1, 0))
                _stroke(dots, last[0] + between, min(a, b), max(a, b), dotted)
        last = column, float(passed[-1])


def _stroke(dots: np.ndarray, column: int, low: float, high: float, dotted: bool) -> None:
    # A stretch that lies beyond the plot is left out, not drawn on its edge.
    first, end = max(round(max(low, -1.0)), 0), min(round(min(high, _HEIGHT)), _HEIGHT - 1)
    if not (dotted and column % 3) and first <= end:
        dots[first : end + 1, column] = True


def _name(names: dict[int, str], curve: Curve, down: np.ndarray) -> None:
    """Find the row for a curve's name: where it ends, or the next one that is free."""
    end = down[np.isfinite(down)][-1]
    row = int(np.clip(end, 0, _HEIGHT - 1)) // 4
    free = min((other for other in range(ROWS) if other not in names), key=lambda other: abs(other - row), default=None)
    if free is not None:
        name = one_line(curve.name)
        names[free] = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _framed(
    dots: np.ndarray, names: dict[int, str], y: tuple[float, float], x: tuple[float, float], axes: Axes
) -> list[str]:
    cells = (dots.reshape(ROWS, 4, COLUMNS, 2) * _DOTS[:, None, :]).sum(axis=(1, 3))
    lines = []
    for row, codes in enumerate(cells):
        height = y[1] - (y[1] - y[0]) * row / (ROWS - 1)
        told = _mark(height, axes.log_y) if row % 5 == 0 else ""
        plot = "".join(chr(0x2800 + int(code)) for code in codes)
        lines.append(f"{told:>{_MARGIN}} {'┤' if told else '│'}{plot} {names.get(row, '')}".rstrip())
    left, right = (_mark(end, axes.log_x) for end in x)
    # Below the plot, too, Braille characters keep the width: of whichever font they come.
    name = "step, logarithmic" if axes.log_x else "step"
    free = max(COLUMNS - len(left) - len(name) - len(right), 2)
    foot = f"{left}{_BLANK * (free // 2)}{name}{_BLANK * (free - free // 2)}{right}"
    return [*lines, f"{'':{_MARGIN}} └{_RULE * COLUMNS}", f"{'':{_MARGIN}}  {foot}"]


def _mark(place: float, logarithmic: bool) -> str:
    return number(10 ** min(max(place, -300.0), 300.0) if logarithmic else place)


def number(value: float) -> str:
    """A value in a few characters.

    >>> [number(x) for x in (0.0, 6000.0, 0.28568, 3.2e-9, float("nan"))]
    ['0', '6,000', '0.286', '3.2e-09', 'nan']
    """
    if float(value).is_integer() and abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.3g}"

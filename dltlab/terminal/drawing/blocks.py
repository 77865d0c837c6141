"""Horizontal bars to half a cell, and columns to an eighth of one."""

from collections.abc import Sequence

import numpy as np

from dltlab.terminal.drawing.grid import Grid, joined
from dltlab.terminal.drawing.lines import Line, fit, told_apart
from dltlab.terminal.drawing.numbers import measured, short
from dltlab.terminal.drawing.scales import Scale

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def bar(fraction: float, width: int, glyphs: str) -> str:
    """A bar that fills a fraction of its width."""
    fraction = min(max(fraction, 0.0), 1.0) if fraction == fraction else 0.0
    if glyphs == "ascii":
        return ("=" * round(fraction * width)).ljust(width)
    full, half = divmod(round(fraction * width * 2), 2)
    return ("━" * full + "╸" * half).ljust(width)


def bars(
    labels: Sequence[str],
    values: np.ndarray,
    width: int,
    glyphs: str,
    theory: np.ndarray | None = None,
    scale: Scale | None = None,
    inks: Sequence[str] = (),
    signs: Sequence[str] = (),
    absent: str = "NaN",
    errors: np.ndarray | None = None,
) -> list[Line]:
    """One line a value: label, bar from zero (or from where ``scale`` begins), number.

    What theory predicts is a stroke across the bar, in the bar's last cell where the two agree, and
    stands in parentheses. Bars of negative values are dotted. ``inks`` and ``signs`` come again and
    again: of bars in groups, those of one group. ``absent`` is said of what is not a number, and of what
    ``errors``, a half-width each, let be seen the error bar.
    """
    both = np.abs(values if theory is None else np.concatenate([values, theory]))
    largest = float(both[np.isfinite(both)].max(initial=0.0))
    wide = min(max((len(label) for label in labels), default=0), max(width * 3 // 10, 3))
    widths = np.zeros(len(values)) if errors is None else errors
    numbers = [
        _number(value, None if theory is None else theory[at], absent, error)
        for at, (value, error) in enumerate(zip(values.tolist(), widths.tolist(), strict=True))
    ]
    told = max((len(said) + len(beside) for said, beside in numbers), default=0)
    room = max(width - wide - told - 2 - (2 if signs else 0), 1)
    lines = []
    for at, (label, value) in enumerate(zip(told_apart(labels, wide), values.tolist(), strict=True)):
        drawn = bar(_length(value, largest, scale), room, glyphs)
        if value < 0:
            drawn = drawn.replace("━", "╍") if glyphs != "ascii" else drawn.replace("=", "-")
        ink = inks[at % len(inks)] if inks else "curve0"
        sign = ((f"{signs[at % len(signs)]} ", ink),) if signs else ()
        spans = [(drawn, ink)]
        if theory is not None and np.isfinite(theory[at]):
            place = _end(_length(float(theory[at]), largest, scale), room, glyphs)
            spans = [(drawn[:place], ink), ("|" if glyphs == "ascii" else "┃", "theory"), (drawn[place + 1 :], ink)]
        said, beside = numbers[at]
        gap = " " * (told - len(said) - len(beside))
        head = (f"{label:>{wide}} ", "tick")
        tone = "faint" if said == absent else "strong"
        lines.append(fit((head, *sign, *spans, (f" {gap}{said}", tone), (beside, "theory")), width))
    return lines


def beads(
    labels: Sequence[str],
    values: np.ndarray,
    width: int,
    glyphs: str,
    theory: np.ndarray | None,
    scale: Scale | None,
    inks: Sequence[str],
    signs: Sequence[str],
    absent: str = "NaN",
) -> list[Line]:
    """Values of shape (groups, n) in n lines: the bar of the first group, the signs of all at their ends, the numbers.

    The theory is that of the first group. For where there is no room for a line a value.
    """
    both = np.abs(values if theory is None else np.concatenate([values, theory[None]]))
    largest = float(both[np.isfinite(both)].max(initial=0.0))
    wide = min(max((len(label) for label in labels), default=0), max(width * 3 // 10, 3))
    said = [[short(value) if value == value else absent for value in group] for group in values.tolist()]
    told = [2 + max((len(one) for one in group), default=0) for group in said]
    room = max(width - wide - 1 - sum(told), 1)
    lines = []
    for at, label in enumerate(told_apart(labels, wide)):
        first = _length(float(values[0, at]), largest, scale)
        cells = [(letter, inks[0]) for letter in bar(first, room, glyphs)]
        if theory is not None and np.isfinite(theory[at]):
            place = _end(_length(float(theory[at]), largest, scale), room, glyphs)
            cells[place] = ("|" if glyphs == "ascii" else "┃", "theory")
        for group in range(len(values) - 1, -1, -1):
            if np.isfinite(value := float(values[group, at])):
                cells[_end(_length(value, largest, scale), room, glyphs)] = (signs[group], inks[group])
        numbers = [
            (f"{of[at]:>{cells_of}}", "faint" if of[at] == absent else ink)
            for of, cells_of, ink in zip(said, told, inks, strict=True)
        ]
        lines.append(fit(((f"{label:>{wide}} ", "tick"), *joined(cells), *numbers), width))
    return lines


def _end(fraction: float, width: int, glyphs: str) -> int:
    """The last cell of a bar."""
    full = round(fraction * width) if glyphs == "ascii" else -(-round(fraction * width * 2) // 2)
    return min(max(full - 1, 0), width - 1)


def _length(value: float, largest: float, scale: Scale | None) -> float:
    if not np.isfinite(value) or not largest:
        return 0.0
    return abs(value / largest) if scale is None else float(np.nan_to_num(scale.fraction(np.array(value))))


def _number(value: float, theory: float | None, absent: str, error: float) -> tuple[str, str]:
    beside = f" ({short(theory)})" if theory is not None and np.isfinite(theory) else ""
    return measured(value, error) if value == value else absent, beside


def columns(fractions: np.ndarray, width: int, height: int, glyphs: str, ink: str) -> Grid:
    """Columns side by side over the whole width, each as high as its fraction of the height."""
    grid = Grid(width, height)
    edges = np.arange(len(fractions) + 1) * width // max(len(fractions), 1)
    for at, fraction in enumerate(np.clip(np.nan_to_num(fractions), 0, 1).tolist()):
        full, rest = divmod(round(fraction * height * 8), 8)
        if fraction > 0 and full + rest == 0:
            rest = 1
        for column in range(edges[at], edges[at + 1]):
            for row in range(full):
                grid.put(height - 1 - row, column, "#" if glyphs == "ascii" else "█", ink)
            if rest and (glyphs != "ascii" or rest >= 4 or not full):
                grid.put(height - 1 - full, column, "." if glyphs == "ascii" else _EIGHTHS[rest], ink)
    return grid

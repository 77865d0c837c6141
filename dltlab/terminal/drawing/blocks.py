"""Horizontal bars, to half a cell."""

import numpy as np

from dltlab.terminal.drawing.lines import Line, fit
from dltlab.terminal.drawing.numbers import short


def bar(fraction: float, width: int, glyphs: str) -> str:
    """A bar that fills a fraction of its width."""
    fraction = min(max(fraction, 0.0), 1.0) if fraction == fraction else 0.0
    if glyphs == "ascii":
        return ("=" * round(fraction * width)).ljust(width)
    full, half = divmod(round(fraction * width * 2), 2)
    return ("━" * full + "╸" * half).ljust(width)


def bars(labels: list[str], values: np.ndarray, width: int, glyphs: str) -> list[Line]:
    """One line a value: label, bar from zero, number. Bars of negative values are dotted."""
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max()) if len(finite) else 0.0
    wide = min(max((len(label) for label in labels), default=0), max(width // 4, 3))
    room = max(width - wide - 11, 1)
    lines = []
    for label, value in zip(labels, values.tolist(), strict=True):
        drawn = bar(abs(value / largest) if largest and np.isfinite(value) else 0.0, room, glyphs)
        if value < 0:
            drawn = drawn.replace("━", "╍") if glyphs != "ascii" else drawn.replace("=", "-")
        number = (f" {short(value):>8}", "strong")
        lines.append(fit(((f"{label[:wide]:>{wide}} ", "tick"), (drawn, "curve0"), number), width))
    return lines

"""Numbers as shades that read without any colour: one family of letters above zero, another below."""

from typing import Final, NamedTuple

import numpy as np

from dltlab.terminal.drawing.lines import Span
from dltlab.terminal.drawing.numbers import short
from dltlab.terminal.drawing.scales import Scale, around

ABOVE: Final = {"braille": " ░▒▓█", "block": " ░▒▓█", "ascii": " .+*#"}
BELOW: Final = {"braille": " ·-=≡", "block": " ·-=≡", "ascii": " '-=~"}
INKS: Final = ("curve0", "curve1")
"""Those of what lies above zero and below it."""
UNKNOWN: Final = "?"


class Ramp(NamedTuple):
    """From a number to a letter and an ink."""

    scale: Scale
    signed: bool
    """Whether it reaches both ways from zero; else from the low end of the scale to the high one."""

    @classmethod
    def over(cls, values: np.ndarray, kind: str) -> "Ramp | None":
        """Round limits around what is finite; None where nothing is. A logarithmic ramp takes what is positive."""
        shown = values[np.isfinite(values) & ((values > 0) | (kind != "log"))]
        if not len(shown):
            return None
        low, high = float(shown.min()), float(shown.max())
        if kind == "log":
            return cls(around("log", low, high), False)
        signed = low < 0 < high
        if signed or (low <= 0 and high <= 0):
            most = max(-low, high)
            return cls(around("linear", 0.0, most)._replace(low=0.0) if most > 0 else around("linear", 0.0, 1.0), True)
        return cls(around("linear", low, high), False)

    def levels(self, values: np.ndarray) -> np.ndarray:
        """Which letter of the ramp each number gets, 0 to 4, negative below zero; -9 for what is not finite."""
        # What no logarithm takes is left empty.
        at = np.nan_to_num(self.scale.fraction(np.abs(values) if self.signed else values))
        level = np.where(np.isfinite(values), np.ceil(at * 4.0 - 0.5), -9)
        return np.where(self.signed & (values < 0) & (level > 0), -level, level).astype(np.int64)

    def cell(self, level: int, glyphs: str) -> Span:
        """The letter and the ink of a level."""
        if level == -9:
            return UNKNOWN, "faint"
        return (ABOVE[glyphs][level], INKS[0]) if level >= 0 else (BELOW[glyphs][-level], INKS[1])

    def legend(self, glyphs: str) -> list[Span]:
        """The limits and the letters between them."""
        low, high = self._end(self.scale.low), self._end(self.scale.high)
        above = (ABOVE[glyphs][1:], INKS[0])
        if not self.signed:
            return [(f"{low} ", "tick"), ("␣"[: glyphs != "ascii"], "faint"), above, (f" {high}", "tick")]
        return [(f"-{high} ", "tick"), (BELOW[glyphs][:0:-1], INKS[1]), (" 0 ", "tick"), above, (f" {high}", "tick")]

    def _end(self, limit: float) -> str:
        return short(limit if self.scale.kind == "linear" else float(10.0 ** min(max(limit, -307), 307)))

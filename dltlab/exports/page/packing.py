"""Readings as a page carries them: few bytes, exact steps, and never a curve that was not there.

Columns that share their steps are one table. What is too long is thinned: of every stretch of
readings each column keeps its least and its greatest, at their own steps. So a plot of the
table shows every excursion, and the table says what it left out.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct

LENGTHS: Final = (1 << 20, 1 << 18, 1 << 17, 1 << 16, 1 << 15, 1 << 14, 1 << 13, 1 << 12, 1 << 11, 1 << 10, 512, 256)
"""Readings of a table that a page may hold, as its bytes allow."""
_LEAST: Final = 1e-37
_GREATEST: Final = 3e38


class Table(Struct, frozen=True):
    """Columns over the same steps."""

    steps: np.ndarray
    """Shape (n,), increasing."""
    columns: tuple[np.ndarray, ...]
    """Each of shape (n,)."""
    of: int
    """Readings that the recording holds of it: n, unless it was thinned."""

    @property
    def whole(self) -> bool:
        """Whether every reading is there."""
        return len(self.steps) == self.of

    @property
    def size(self) -> int:
        """About as many bytes of the page."""
        each = sum(_width(column) for column in self.columns) + (0 if self.whole else 4)
        return len(self.steps) * each * 4 // 3


def table(steps: np.ndarray, columns: Sequence[np.ndarray]) -> Table:
    """A table of all readings: steps (n,), columns of as many numbers."""
    return Table(steps, tuple(np.asarray(column, np.float64) for column in columns), len(steps))


def thinned(whole: Table, length: int) -> Table:
    """At most about ``length`` readings: of each stretch the least and the greatest of every column.

    The first and the last reading stay, and of each stretch the first that is not finite, so that a gap stays one.
    """
    count = len(whole.steps)
    if count <= length:
        return whole
    stretches = max(length // (3 * len(whole.columns)), 1)
    edges = np.arange(stretches) * count // stretches
    kept = {0, count - 1}
    for column in whole.columns:
        finite = np.isfinite(column)
        for start, end in zip(edges, [*edges[1:], count], strict=True):
            part, known = column[start:end], finite[start:end]
            if known.any():
                kept.add(int(start + np.argmin(np.where(known, part, np.inf))))
                kept.add(int(start + np.argmax(np.where(known, part, -np.inf))))
            if not known.all():
                kept.add(int(start + np.argmin(known)))
    places = np.array(sorted(kept))
    return Table(whole.steps[places], tuple(column[places] for column in whole.columns), count)


def fitted(tables: Sequence[Table], budget: int) -> list[Table]:
    """The tables, thinned to a common length at which together they take at most ``budget`` bytes."""
    found: list[Table] = []
    for length in LENGTHS:
        # Only what is likely to fit is thinned: that looks at every reading.
        if sum(one.size * min(length, one.of) / max(one.of, 1) for one in tables) > 1.2 * budget:
            continue
        found = [thinned(one, length) for one in tables]
        if sum(one.size for one in found) <= budget:
            return found
    return [thinned(one, LENGTHS[-1]) for one in tables]


def told(one: Table) -> dict[str, Any]:
    """A table for the page's data: {n, of, steps, columns}."""
    return {
        "n": len(one.steps),
        "of": one.of,
        "steps": _steps(one.steps),
        "columns": [numbers(column) for column in one.columns],
    }


def numbers(values: np.ndarray) -> dict[str, str]:
    """Numbers of any shape, in C order: little-endian bytes in base64, float32 where that holds them."""
    kind = "f4" if _width(values) == 4 else "f8"
    with np.errstate(all="ignore"):
        data = np.ascontiguousarray(values, f"<{kind}").tobytes()
    return {kind: base64.b64encode(data).decode("ascii")}


def _width(values: np.ndarray) -> int:
    """4 bytes a number where float32 holds all of them to seven digits, else 8."""
    sizes = np.abs(values[np.isfinite(values)])
    sizes = sizes[sizes > 0]
    return 4 if not len(sizes) or (sizes.min() > _LEAST and sizes.max() < _GREATEST) else 8


def _steps(steps: np.ndarray) -> dict[str, Any]:
    """Steps as first and stride where they are regular; else as they are."""
    apart = np.unique(np.diff(steps))
    if len(apart) <= 1:
        return {"first": int(steps[0]) if len(steps) else 0, "stride": int(apart[0]) if len(apart) else 1}
    kind = "u4" if steps[-1] < 1 << 32 else "f8"
    return {kind: base64.b64encode(np.ascontiguousarray(steps, f"<{kind}").tobytes()).decode("ascii")}

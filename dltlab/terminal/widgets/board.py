"""The board: plots in rows, as many as there is room for, or one alone."""

import math
from collections.abc import Sequence
from typing import Final

from textual.containers import Container
from textual.widget import Widget

from dltlab.terminal.widgets.sheet import Sheet

SMALLEST: Final = (34, 7)
"""The cells below which a plot shows nothing that one could read."""


def lowest(height: int) -> int:
    """Rows that a plot has at least on a board of this height: two plots above each other, three where there is room.

    Plots beyond that wait behind their keys: fewer of them are read better than all of them small.
    """
    return min(max(height // 2, SMALLEST[1]), 11)


def arrangement(count: int, width: int, height: int, shape: float = 4.0) -> tuple[int, int]:
    """Columns and rows for so many plots: readable ones, near to ``shape`` times as wide as high."""
    best, cost = (1, 1), math.inf
    for columns in range(1, max(width // SMALLEST[0], 1) + 1):
        rows = min(math.ceil(count / columns), max(height // lowest(height), 1))
        if columns > count:
            break
        hidden = max(count - columns * rows, 0)
        empty = max(columns * rows - count, 0)
        bent = abs(math.log((width / columns) / max(height / rows, 1) / shape))
        if (price := 10 * hidden + 0.4 * empty + bent) < cost:
            best, cost = (columns, rows), price
    return best


class Board(Container):
    """Lays out its sheets in a grid."""

    def __init__(self, sheets: Sequence[Sheet], shapes: Sequence[float] = (), *, id: str | None = None) -> None:  # noqa: A002 (Textual's word)
        super().__init__(*sheets, id=id)
        self._sheets = list(sheets)
        self._shapes = shapes
        self.front: int | None = None
        """The plot that is shown alone."""
        self.shown: Sequence[int] = ()
        """The plots that are shown."""
        self.wanted: Sequence[int] = range(len(sheets))
        """The plots that are shown if there is room, in this order."""

    def lay_out(self) -> None:
        """Show what there is room for."""
        if not self.size.width or not self.size.height:
            return
        wanted = list(self.wanted) if self.front is None else [self.front]
        shapes = [math.log(self._shapes[index]) for index in wanted if index < len(self._shapes)]
        shape = math.exp(sum(shapes) / len(shapes)) if shapes else 4.0
        columns, rows = arrangement(len(wanted), self.size.width, self.size.height, shape)
        self.shown = shown = wanted[: columns * rows]
        self.styles.grid_size_columns = columns
        self.styles.grid_size_rows = rows
        self.styles.grid_rows = " ".join(["1fr"] * rows)
        for index, sheet in enumerate(self._sheets):
            sheet.display = index in shown
            sheet.styles.column_span = 1
        if shown:
            # The first plot takes the cells that would stay empty.
            self._sheets[shown[0]].styles.column_span = 1 + min(columns * rows - len(shown), columns - 1)
            order = {id(self._sheets[index]): place for place, index in enumerate(shown)}
            self.sort_children(key=lambda child: _place(child, order))

    def on_resize(self) -> None:
        """Another size may show more or fewer plots."""
        self.lay_out()


def _place(child: Widget, order: dict[int, int]) -> int:
    return order.get(id(child), len(order))

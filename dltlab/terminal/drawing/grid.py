"""A grid of cells: a character and an ink each, to write over what a canvas drew."""

from collections.abc import Iterable, Sequence

from dltlab.terminal.drawing.lines import Line, Span

_BLANK = " \u2800"
Cells = list[tuple[str, int]]
"""A row: text and the stroke that drew it, -1 for none."""


class Grid:
    """Rows of cells, each of one character one cell wide."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._letters = [[" "] * width for _ in range(height)]
        self._inks = [["text"] * width for _ in range(height)]

    @classmethod
    def of(cls, rows: Sequence[Cells], inks: Sequence[str]) -> "Grid":
        """What a canvas drew; ``inks`` are those of its strokes."""
        grid = cls(sum(len(text) for text, _ in rows[0]) if rows else 0, len(rows))
        for row, cells in enumerate(rows):
            grid._letters[row] = [letter for text, _ in cells for letter in text]
            grid._inks[row] = [inks[slot] if 0 <= slot < len(inks) else "text" for text, slot in cells for _ in text]
        return grid

    def put(self, row: int, column: int, letter: str, ink: str) -> None:
        """Write over a cell, if it is in the grid."""
        if 0 <= row < self.height and 0 <= column < self.width:
            self._letters[row][column] = letter
            self._inks[row][column] = ink

    def write(self, row: int, column: int, text: str, ink: str) -> None:
        """Write over neighbouring cells, as far as they are in the grid."""
        for place, letter in enumerate(text):
            self.put(row, column + place, letter, ink)

    def vacant(self, row: int, column: int, length: int = 1) -> bool:
        """Whether cells are in the grid and empty."""
        inside = 0 <= row < self.height and column >= 0 and column + length <= self.width
        return inside and all(letter in _BLANK for letter in self._letters[row][column : column + length])

    def lines(self) -> list[Line]:
        """The rows as inked text."""
        return [
            tuple(joined(zip(letters, inks, strict=True)))
            for letters, inks in zip(self._letters, self._inks, strict=True)
        ]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Neighbours of one ink as one span."""
    merged: list[Span] = []
    run, last = [], ""
    for text, ink in spans:
        if ink != last and run:
            merged.append(("".join(run), last))
            run = []
        run.append(text)
        last = ink
    return [*merged, ("".join(run), last)] if run else merged

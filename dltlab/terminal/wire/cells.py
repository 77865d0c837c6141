"""The screen as it should be and as the terminal has it; between them, the fewest bytes.

Textual redraws whole stretches of lines with all their colours. Here each cell is compared with
what was sent, moves and colours are relative to what came before, and what could not be sent yet
is not queued: the next time, what stands there then is sent.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from dltlab.terminal.wire.allowed import lettered
from dltlab.terminal.wire.pens import PLAIN, Pen, change, pen_of

Cell = tuple[str, Pen]
_UNKNOWN: Final[Cell] = ("\0", PLAIN)
"""What stands in a cell that the terminal may have changed."""
_EMPTY: Final[Cell] = (" ", PLAIN.blank)
_BLANKS: Final = frozenset(" \u2800")
"""Braille without dots is a blank that takes three bytes."""
_MARKS: Final = 3
"""Combining marks on one letter, at most: a cell costs what it shows."""
_MOVE: Final = 4
"""Bytes of a move to the right: as many are as well spent on drawing the cells between again."""


class Cells:
    """A grid of cells: those wanted, and those that the terminal shows."""

    def __init__(self, system: ColorSystem | None = ColorSystem.TRUECOLOR) -> None:
        self.system = system
        self._wanted: list[list[Cell]] = []
        self._sent: list[list[Cell]] = []
        self._width = 0
        self._stale: set[int] = set()
        """Rows that may differ."""
        self._turn = 0
        """The row that comes first next time, so that none waits for ever."""
        self._pens: dict[Style | None, tuple[Pen, Pen]] = {}

    @property
    def stale(self) -> bool:
        """Whether something may have to be sent."""
        return bool(self._stale)

    @property
    def rows(self) -> Sequence[Sequence[Cell]]:
        """What should stand, row by row; the second cell of a wide letter holds no letter."""
        return self._wanted

    def resize(self, width: int, height: int) -> None:
        """Another size: nothing is known of what stands there."""
        if (width, height) == (self._width, len(self._wanted)):
            return
        self._width = width
        self._wanted = [[_EMPTY] * width for _ in range(height)]
        self.forget()

    def forget(self) -> None:
        """Somebody else may have written to the terminal: all of it is sent again."""
        self._sent = [[_UNKNOWN] * self._width for _ in self._wanted]
        self._stale = set(range(len(self._wanted)))

    def write(self, row: int, first: int, segments: Iterable[Segment]) -> None:
        """Have segments stand in a row, from a column on; what does not fit is cut off."""
        if not 0 <= row < len(self._wanted) or first < 0:
            return
        line, column = self._wanted[row], first
        if 0 < first < self._width and not line[first][0]:
            line[first - 1] = (" ", line[first - 1][1].blank)
        for text, style, control in segments:
            if control:
                continue
            pen, blank = self._pen(style)
            for letter in lettered(text):
                wide = 1 if letter.isascii() else cell_len(letter)
                if wide == 0:
                    # A combining mark belongs to the letter before it.
                    held = line[column - 1] if first < column <= self._width else _UNKNOWN
                    if 0 < len(held[0]) <= _MARKS and held != _UNKNOWN:
                        line[column - 1] = (held[0] + letter, held[1])
                elif column + wide <= self._width:
                    line[column] = (" ", blank) if letter in _BLANKS else (letter, pen)
                    if wide == 2:
                        line[column + 1] = ("", pen)
                    column += wide
                else:
                    line[column:] = [(" ", blank)] * (self._width - column)
                    column = self._width
        if column < self._width and not line[column][0]:
            line[column] = (" ", line[column][1].blank)
        self._stale.add(row)

    def _pen(self, style: Style | None) -> tuple[Pen, Pen]:
        found = self._pens.get(style)
        if found is None:
            if len(self._pens) > 4096:
                self._pens.clear()
            pen = pen_of(style, self.system)
            found = self._pens[style] = (pen, pen.blank)
        return found

    def difference(self, most: int, first: Sequence[int] = ()) -> str:
        """What brings the terminal nearer to what is wanted, in about so many bytes; it counts as sent.

        Args:
            most: Bytes; of what is longer the rest is left for the next call. At least one row is sent.
            first: Rows that come before all others.
        """
        pen, size, parts = PLAIN, 0, list[str]()
        at: tuple[int, int] | None = None
        for row in self._order(first):
            said, pen, at = self._row(row, pen, at)
            self._stale.discard(row)
            if said:
                parts.append(said)
                size += len(said.encode("utf-8", "replace"))
                self._turn = row + 1
                if size >= most:
                    break
        if not parts:
            return ""
        return "".join([*parts, "" if pen == PLAIN else "\x1b[m"])

    def _order(self, first: Sequence[int]) -> list[int]:
        height = len(self._wanted)
        rank = {row: place for place, row in enumerate(first)}
        return sorted(self._stale, key=lambda row: (rank.get(row, len(first)), (row - self._turn) % max(height, 1)))

    def _row(self, row: int, pen: Pen, at: tuple[int, int] | None) -> tuple[str, Pen, tuple[int, int] | None]:
        """What changes a row, the pen and the place in which that leaves the cursor."""
        wanted, sent = self._wanted[row], self._sent[row]
        if wanted == sent:
            return "", pen, at
        said: list[str] = []
        for first, last in _runs(wanted, sent):
            said.append(_move(at, (row, first)))
            for letter, own in wanted[first:last]:
                if letter:
                    if own != pen:
                        colours, pen = change(pen, own)
                        said.append(colours)
                    said.append(letter)
            # Beyond the last column, and after what some terminals draw at another width, the place is not sure.
            sure = last < self._width and all(letter.isascii() or len(letter) == 1 for letter, _ in wanted[first:last])
            at = (row, last) if sure and all(letter for letter, _ in wanted[first:last]) else None
        self._sent[row] = list(wanted)
        return "".join(said), pen, at


def _runs(wanted: list[Cell], sent: list[Cell]) -> list[tuple[int, int]]:
    """The stretches to draw, [first, last): those that differ, and what is not worth moving over."""
    runs: list[tuple[int, int]] = []
    for column, (cell, old) in enumerate(zip(wanted, sent, strict=True)):
        if cell == old:
            continue
        first, last = column, column + 1
        while first and not wanted[first][0]:
            first -= 1
        while last < len(wanted) and not wanted[last][0]:
            last += 1
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        elif runs and _cheap(wanted[runs[-1][1] - 1 : first]):
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _cheap(between: list[Cell]) -> bool:
    """Whether the cells after the first are drawn again with fewer bytes than a move over them."""
    pen, rest = between[0][1], between[1:]
    if len(rest) > _MOVE:
        return False
    same = all(own == pen or (not own.ink and own == pen.blank) for _, own in rest)
    return same and sum(len(letter.encode("utf-8", "replace")) for letter, _ in rest) <= _MOVE


def _move(at: tuple[int, int] | None, to: tuple[int, int]) -> str:
    """The shortest move of the cursor from one place, if it is known, to another."""
    if at == to:
        return ""
    row, column = to
    if at is not None and at[0] == row and at[1] < column:
        by = column - at[1]
        return "\x1b[C" if by == 1 else f"\x1b[{by}C"
    if at is not None and at[1] == column and at[0] < row:
        by = row - at[0]
        return "\x1b[B" if by == 1 else f"\x1b[{by}B"
    return f"\x1b[{row + 1};{column + 1}H" if column else f"\x1b[{row + 1}H"

"""A sheet shows a picture and sends only the cells that changed."""

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from dltlab.terminal.drawing.ascii import spelled
from dltlab.terminal.drawing.lines import Line, Picture

Painter = Callable[[int, int], Picture]


class Sheet(Widget):
    """Shows what its painter draws for its present size."""

    class Touched(Message):
        """A cell was clicked."""

        def __init__(self, sheet: "Sheet", line: int, column: int) -> None:
            super().__init__()
            self.sheet = sheet
            self.line = line
            self.column = column

    def __init__(self, painter: Painter, inks: dict[str, Style], *, plain: bool = False, id: str | None = None) -> None:  # noqa: A002 (Textual's word)
        super().__init__(id=id)
        self._painter = painter
        self.inks = inks
        self._plain = plain
        self._picture: Picture = ()
        self.painted = 0
        """How many pictures were drawn: what the tests count."""

    @property
    def picture(self) -> Picture:
        """What it shows."""
        return self._picture

    def repaint(self) -> None:
        """Draw again and send what differs."""
        width, height = self.size
        if not width or not height:
            return
        painted = self._painter(width, height)
        old, self._picture = self._picture, tuple(map(spelled, painted)) if self._plain else painted
        self.painted += 1
        if len(old) != len(self._picture):
            self.refresh()
            return
        changed = [
            Region(first, row, last - first, 1)
            for row, (before, after) in enumerate(zip(old, self._picture, strict=True))
            if before != after
            for first, last in [_difference(before, after, width)]
        ]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        """A new size is a new picture."""
        self._picture = ()
        self.repaint()

    def on_click(self, event: Click) -> None:
        """Say which cell was meant."""
        self.post_message(self.Touched(self, event.y, event.x))

    def render_line(self, y: int) -> Strip:
        """One line of the picture. Every segment has a style: NO_COLOR's filter needs one."""
        width = self.size.width
        ground = self.inks["text"]
        if y >= len(self._picture):
            return Strip([Segment(" " * width, ground)], width)
        segments = [Segment(text, self.inks.get(ink, ground)) for text, ink in self._picture[y]]
        return Strip(segments, sum(cell_len(text) for text, _ in self._picture[y])).adjust_cell_length(width, ground)


def _difference(before: Line, after: Line, width: int) -> tuple[int, int]:
    """The first and the last cell in which two lines differ."""
    old, new = _cells(before), _cells(after)
    if len(old) != len(new):
        return 0, width
    differing = [index for index, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    return (differing[0], differing[-1] + 1) if differing else (0, 1)


def _cells(line: Line) -> list[tuple[str, str]]:
    """A letter and its ink for every cell; the second cell of a wide letter is empty."""
    cells: list[tuple[str, str]] = []
    for text, ink in line:
        for letter in text:
            cells.append((letter, ink))
            cells += [("", ink)] * (cell_len(letter) - 1)
    return cells

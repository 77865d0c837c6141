"""Where curves are drawn."""

from typing import NamedTuple

from dltlab.terminal.drawing.scales import Scale
from dltlab.terminal.drawing.strokes import DOTS


class Field(NamedTuple):
    """A canvas of so many cells, and the scale of its height."""

    up: Scale
    columns: int
    rows: int
    glyphs: str

    @property
    def dots(self) -> tuple[int, int]:
        """Its dots, across and down."""
        across, down = DOTS[self.glyphs]
        return self.columns * across, self.rows * down

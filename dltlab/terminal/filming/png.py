"""Pictures as PNG, twice as fine as a usual screen, so that they are sharp in print and on fine ones."""

from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from dltlab.exports.abstract import Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.terminal.drawing.inks import Theme
from dltlab.terminal.filming.colours import TERMINALS
from dltlab.terminal.filming.film import film_of
from dltlab.terminal.filming.picture import Drawing, Screen, ramp
from dltlab.terminal.filming.still import cells_of
from dltlab.terminal.wire.cells import Cells

CELL: Final = (20, 40)
"""Pixels of a cell."""
_MARGIN: Final = 24
"""Pixels around the screen."""


def write(session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
    """Write a picture of a session.

    Raises:
        UsageError: There is nothing to show, or nothing to draw letters with.
        OSError: It could not be written.
    """
    cells = cells_of(session, wanted)
    progress(0.5)
    drawn(cells, film_of(wanted).theme).save(out, "PNG", optimize=True)
    progress(1.0)


def drawn(cells: Cells, theme: Theme, cell: tuple[int, int] = CELL, margin: int = _MARGIN) -> Image.Image:
    """A screen, with an even margin around it. Raises UsageError where there is no font."""
    wide, high = cell
    rows, drawing = cells.rows, Drawing(wide, high)
    pixels = np.empty((len(rows) * high + 2 * margin, len(rows[0]) * wide + 2 * margin, 3), np.uint8)
    pixels[:] = TERMINALS[theme].background_color
    for change in Screen(theme).look(rows):
        levels = drawing.levels(change)
        top, left = margin + change.row * high, margin + change.column * wide
        pixels[top : top + high, left : left + levels.shape[1]] = np.array(ramp(change.paint), np.uint8)[levels]
    image = Image.fromarray(pixels)
    # Few colours are stored as numbers of a palette, without loss.
    counted = image.getcolors(256)
    return image.convert("P", palette=Image.Palette.ADAPTIVE, colors=len(counted)) if counted else image

"""Films as GIF: what has changed from picture to picture, in one palette for all of them.

The film is shot once and kept as changed cells; when all its colours are known the palette is made,
and the pictures are drawn, compared and written one by one. Graphics Interchange Format 89a.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from PIL import GifImagePlugin, Image

from dltlab.exports.abstract import Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.terminal.filming.camera import Shot, film
from dltlab.terminal.filming.colours import RGB, TERMINALS, Paint
from dltlab.terminal.filming.film import Film, film_of, script_of
from dltlab.terminal.filming.picture import LEVELS, Change, Drawing, Screen, ramp

CELL: Final = (10, 20)
_MARGIN: Final = 10
_UNCHANGED: Final = 255
"""The number of the palette that lets the picture before show through."""
_SHOOTING: Final = 0.8
"""The share of the work that is done when the film is shot."""


class Cut(NamedTuple):
    """What changes at a moment of the film."""

    time: float
    changes: Sequence[Change]


def write(session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
    """Write the film of a session; it runs for ever, with a rest at the end.

    Raises:
        UsageError: There is nothing to show, or nothing to draw letters with.
        OSError: It could not be written.
    """
    looks, script = film_of(wanted), script_of(session, wanted)
    drawing = Drawing(*CELL)
    screen, cuts = Screen(looks.theme), list[Cut]()

    def take(shot: Shot) -> None:
        if changes := screen.look(shot.cells.rows):
            cuts.append(Cut(shot.time, changes))
        progress(_SHOOTING * min(shot.time / script.seconds, 1.0))

    film(session, looks, script, take)
    palette = Palette(cuts, TERMINALS[looks.theme].background_color)
    out.write(palette.header(looks))
    for done, (delay, image, corner) in enumerate(_frames(cuts, looks, drawing, palette, script.seconds), 1):
        data = GifImagePlugin.getdata(image, corner, duration=10 * delay, transparency=_UNCHANGED, disposal=1)
        out.write(b"".join(data))
        progress(_SHOOTING + (1 - _SHOOTING) * done / len(cuts))
    out.write(b";")


class Palette:
    """255 colours at most: exactly those of the film, or where it has more, those nearest to them."""

    def __init__(self, cuts: Iterable[Cut], ground: RGB) -> None:
        """Choose them. What is painted most, and the pure inks and grounds, come first."""
        counted = Counter(change.paint for cut in cuts for change in cut.changes)
        weights = Counter[RGB]({ground: 1 << 40})
        for paint, count in counted.items():
            for level, colour in enumerate(ramp(paint)):
                weights[colour] += count * (8 if level in (0, LEVELS - 1) else 1)
        ranked = [colour for colour, _ in weights.most_common()]
        self.colours = ranked if len(ranked) <= _UNCHANGED else _fewer(ranked)
        self._table = np.array(self.colours, np.int32)
        self._numbers = {colour: number for number, colour in enumerate(self.colours)}
        self._ramps: dict[Paint, np.ndarray] = {}

    def numbers(self, paint: Paint) -> np.ndarray:
        """The numbers of the colours from ground to ink, shape (LEVELS,), uint8."""
        found = self._ramps.get(paint)
        if found is None:
            numbers = [self._number(colour) for colour in ramp(paint)]
            found = self._ramps[paint] = np.array(numbers, np.uint8)
        return found

    def _number(self, colour: RGB) -> int:
        if colour not in self._numbers:
            away = ((self._table - np.array(colour, np.int32)) ** 2).sum(1)
            self._numbers[colour] = int(away.argmin())
        return self._numbers[colour]

    def header(self, looks: Film) -> bytes:
        """The file's first bytes: the size, the palette, and that the film runs for ever."""
        width, height = _size(looks)
        table = np.zeros((256, 3), np.uint8)
        table[: len(self.colours)] = self.colours
        screen = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0xF7, 0, 0)
        return screen + table.tobytes() + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def _fewer(ranked: Sequence[RGB]) -> list[RGB]:
    """The half that is seen most as it is, and as many more that stand for the rest."""
    kept = list(ranked[:128])
    rest = Image.fromarray(np.array([ranked[128:]], np.uint8))
    chosen = rest.quantize(_UNCHANGED - len(kept), Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    table = chosen.getpalette() or []
    return [*kept, *((table[at], table[at + 1], table[at + 2]) for at in range(0, len(table), 3))][:_UNCHANGED]


def _size(looks: Film) -> tuple[int, int]:
    return looks.width * CELL[0] + 2 * _MARGIN, looks.height * CELL[1] + 2 * _MARGIN


def _frames(
    cuts: Sequence[Cut], looks: Film, drawing: Drawing, palette: Palette, seconds: float
) -> Iterator[tuple[int, Image.Image, tuple[int, int]]]:
    """For each picture how long it stands, in hundredths of a second, what of it has changed, and where."""
    width, height = _size(looks)
    shown = np.zeros((height, width), np.uint8)
    for place, (time, changes) in enumerate(cuts):
        until = cuts[place + 1].time if place + 1 < len(cuts) else seconds
        before = shown.copy()
        for change in changes:
            levels = drawing.levels(change)
            top, left = _MARGIN + change.row * CELL[1], _MARGIN + change.column * CELL[0]
            shown[top : top + CELL[1], left : left + levels.shape[1]] = palette.numbers(change.paint)[levels]
        # Hundredths are counted from the beginning, so that their roundings do not add up.
        delay = round(100 * until) - round(100 * time)
        yield delay, *_difference(before if place else None, shown)


def _difference(before: np.ndarray | None, now: np.ndarray) -> tuple[Image.Image, tuple[int, int]]:
    """The least rectangle that holds all that has changed; in it, what has not changed is left out."""
    if before is None:
        return _indexed(now), (0, 0)
    changed = before != now
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    if not len(rows):
        return _indexed(np.full((1, 1), _UNCHANGED, np.uint8)), (0, 0)
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _indexed(np.where(changed[box], now[box], _UNCHANGED).astype(np.uint8)), (int(columns[0]), int(rows[0]))


def _indexed(numbers: np.ndarray) -> Image.Image:
    height, width = numbers.shape
    image = Image.frombytes("P", (width, height), np.ascontiguousarray(numbers).tobytes())
    # The colours are the file's; with a palette of its own the image would be stored as grey.
    image.putpalette(bytes(768))
    return image

"""Pictures as SVG: text as text, so that it can be searched and read aloud, and all else as geometry.

The file names no font, script or picture of any other place: the reader's own monospaced font is
stretched to the cells, and what fonts draw otherwise (braille, blocks, boxes) is drawn here.
"""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from dltlab.exports.abstract import Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.terminal.drawing.inks import Theme
from dltlab.terminal.filming.colours import RGB, TERMINALS, Paint, paint_of
from dltlab.terminal.filming.film import film_of
from dltlab.terminal.filming.shapes import Box, Dot, Shape, Stroke, shapes
from dltlab.terminal.filming.still import cells_of
from dltlab.terminal.wire.cells import Cell, Cells
from dltlab.text import one_line

_CELL: Final = (10, 20)
_MARGIN: Final = 12
_FONTS: Final = "'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"
_BASELINE: Final = 15
_SIZE: Final = 16.6
_WORDS: Final = re.compile(r"x+(?:\.x+)*")
"""Words that single blanks part."""


class Run(NamedTuple):
    """A stretch of cells that are painted alike."""

    first: int
    letters: list[str]
    paint: Paint


def write(session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
    """Write a picture of a session.

    Raises:
        UsageError: There is nothing to show.
        OSError: It could not be written.
    """
    cells = cells_of(session, wanted)
    progress(0.5)
    out.write(drawn(cells, session.header.title, film_of(wanted).theme).encode())
    progress(1.0)


def drawn(cells: Cells, title: str, theme: Theme) -> str:
    """A screen as an SVG document."""
    rows = [[*_runs(row, theme)] for row in cells.rows]
    wide, high = len(cells.rows[0]) * _CELL[0] + 2 * _MARGIN, len(rows) * _CELL[1] + 2 * _MARGIN
    title = one_line(title)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'role="img" aria-label={quoteattr(title)} font-family="{_FONTS}" font-size="{_SIZE}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{wide}" height="{high}" rx="8" fill="{_hex(TERMINALS[theme].background_color)}"/>',
        f'<g transform="translate({_MARGIN} {_MARGIN})">',
        *_grounds(rows, TERMINALS[theme].background_color),
        *_geometry(rows),
        *(line for row, runs in enumerate(rows) for run in runs for line in _text(row, run)),
        "</g>",
        "</svg>",
        "",
    ])  # fmt: skip


def _hex(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _runs(row: Sequence[Cell], theme: Theme) -> Iterator[Run]:
    run: Run | None = None
    for column, (letter, pen) in enumerate(row):
        paint = paint_of(pen, theme)
        if run is None or (letter and paint != run.paint and not (letter == " " and _alike(paint, run.paint))):
            if run is not None:
                yield run
            run = Run(column, [], paint)
        run.letters.append(letter)
    if run is not None:
        yield run


def _alike(one: Paint, other: Paint) -> bool:
    """Whether a blank looks the same in both."""
    return one.ground == other.ground and not (one.underline or other.underline or one.strike or other.strike)


def _grounds(rows: Sequence[Sequence[Run]], own: RGB) -> Iterator[str]:
    """A path for each ground that is not the picture's."""
    found: dict[RGB, list[str]] = {}
    for row, runs in enumerate(rows):
        for first, letters, paint in runs:
            if paint.ground != own:
                last = first + len(letters)
                box = Box(first * _CELL[0], row * _CELL[1], last * _CELL[0], (row + 1) * _CELL[1])
                found.setdefault(paint.ground, []).append(_outline(box, 0, 0))
    return (f'<path fill="{_hex(colour)}" d="{"".join(parts)}"/>' for colour, parts in found.items())


def _geometry(rows: Sequence[Sequence[Run]]) -> Iterator[str]:
    """A path for all that is drawn in one ink, filled or stroked."""
    filled: dict[tuple[RGB, float], list[str]] = {}
    stroked: dict[tuple[RGB, float], list[str]] = {}
    for row, runs in enumerate(rows):
        for first, letters, paint in runs:
            for place, letter in enumerate(letters):
                for part in shapes(letter, *_CELL) or ():
                    kind, key = (stroked, part.width) if isinstance(part, Stroke) else (filled, _share(part))
                    path = _outline(part, (first + place) * _CELL[0], row * _CELL[1])
                    kind.setdefault((paint.ink, key), []).append(path)
    for (ink, share), parts in filled.items():
        dim = f' fill-opacity="{share}"' if share < 1 else ""
        yield f'<path fill="{_hex(ink)}"{dim} d="{"".join(parts)}"/>'
    for (ink, width), parts in stroked.items():
        yield (
            f'<path fill="none" stroke="{_hex(ink)}" stroke-width="{width:g}" stroke-linecap="round" '
            f'stroke-linejoin="round" d="{"".join(parts)}"/>'
        )


def _share(part: Shape) -> float:
    return part.share if isinstance(part, Box) else 1.0


def _outline(part: Shape, x: float, y: float) -> str:
    match part:
        case Box(left, top, right, bottom):
            return f"M{x + left:g} {y + top:g}H{x + right:g}V{y + bottom:g}H{x + left:g}z"
        case Dot(across, down, radius):
            arc = f"a{radius:g} {radius:g} 0 1 0 "
            return f"M{x + across - radius:g} {y + down:g}{arc}{2 * radius:g} 0{arc}{-2 * radius:g} 0"
        case Stroke(points):
            return "M" + "L".join(f"{x + across:.4g} {y + down:.4g}" for across, down in points)


def _text(row: int, run: Run) -> Iterator[str]:
    """The words of a run that a font draws; each is as wide as its cells, whatever the font."""
    first, letters, paint = run
    written = [letter != " " and shapes(letter, *_CELL) is None for letter in letters]
    look = f' fill="{_hex(paint.ink)}"'
    look += ' font-weight="700"' if paint.bold else ""
    look += ' font-style="italic"' if paint.italic else ""
    lines = [word for word, wanted in (("underline", paint.underline), ("line-through", paint.strike)) if wanted]
    look += f' text-decoration="{" ".join(lines)}"' if lines else ""
    for word in _WORDS.finditer("".join("x" if one else "." for one in written)):
        start, end = word.span()
        text = "".join(letters[place] if written[place] else " " for place in range(start, end))
        yield (
            f'<text x="{(first + start) * _CELL[0]}" y="{row * _CELL[1] + _BASELINE}" '
            f'textLength="{(end - start) * _CELL[0]}" lengthAdjust="spacingAndGlyphs"{look}>{escape(text)}</text>'
        )

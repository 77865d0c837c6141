"""Large type: words that are read from the back row, four rows high.

The letters are drawn in ``type.txt``, eight pixels high and each as wide as it needs. They are set in quarters of
cells and emboldened by a pixel, for a pixel is half as wide as it is high. In ASCII there are digits of three rows,
and words stay in the terminal's own letters.
"""

import functools
import unicodedata
from importlib import resources
from typing import Final

from dltlab.text import one_line

ROWS: Final = 4
"""Rows of a line of large type."""
_HIGH: Final = 8
_PITCH: Final = 9
_SPACE: Final = 3
"""Pixels of a space, beside those between any two letters."""
_QUARTERS: Final = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
_SEGMENTS: Final = {
    "0": " _ | ||_|", "1": "     |  |", "2": " _  _||_ ", "3": " _  _| _|", "4": "   |_|  |",
    "5": " _ |_  _|", "6": " _ |_ |_|", "7": " _   |  |", "8": " _ |_||_|", "9": " _ |_| _|",
    "-": "    _    ", ",": "  ,", ".": "  .", " ": "      ", "e": " _ |_||_ ",
}  # fmt: skip
"""Three rows, of three cells, two or one."""
Set = list[str]
"""A line of large type: four rows of equal width."""


@functools.cache
def _letters() -> dict[str, tuple[str, ...]]:
    """The letters that are drawn: eight rows of pixels each."""
    page = resources.files("dltlab.terminal.drawing").joinpath("type.txt").read_text(encoding="utf-8").splitlines()
    found: dict[str, tuple[str, ...]] = {" ": (" " * _SPACE,) * _HIGH}
    for top in range(0, len(page) - _HIGH, _HIGH + 1):
        for column in range(0, len(page[top]), _PITCH):
            rows = [line[column : column + _PITCH].rstrip() for line in page[top + 1 : top + 1 + _HIGH]]
            wide = max(map(len, rows))
            found[page[top][column]] = tuple(row.ljust(wide) for row in rows)
    return found


def _letter(letter: str) -> tuple[str, ...] | None:
    """A letter's pixels, without accents that nobody drew; None for one of another script."""
    known = _letters()
    return known.get(letter) or known.get(unicodedata.normalize("NFKD", letter)[0])


def large(text: str, glyphs: str) -> Set | None:
    """Text on one line of large type; None where it cannot be set so."""
    text = one_line(text)
    if glyphs == "ascii":
        return _segments(text)
    letters = [found for letter in text if (found := _letter(letter))]
    if not letters or len(letters) < len(text):
        return None
    rows = ["  ".join(letter[row] for letter in letters) + " " for row in range(_HIGH)]
    # Every upright becomes two pixels wide: as thick as what lies flat is.
    dots = [[dot != " " or (at > 0 and row[at - 1] != " ") for at, dot in enumerate(row)] for row in rows]
    for row in dots:
        row += [False] * (len(row) % 2)
    return ["".join(map(_QUARTERS.__getitem__, _packed(*dots[2 * at : 2 * at + 2]))) for at in range(ROWS)]


def _packed(upper: list[bool], lower: list[bool]) -> list[int]:
    """Two rows of dots as one of cells, by the dots that each has."""
    cells = range(0, len(upper), 2)
    return [upper[x] + 2 * upper[x + 1] + 4 * lower[x] + 8 * lower[x + 1] for x in cells]


def _segments(text: str) -> Set | None:
    """Digits for a terminal that has nothing but ASCII."""
    drawn = [found for letter in text if (found := _SEGMENTS.get(letter))]
    if not drawn or len(drawn) < len(text):
        return None
    rows = [" ".join(one[row * len(one) // 3 : (row + 1) * len(one) // 3] for one in drawn) for row in range(3)]
    return [" " * len(rows[0]), *rows]


def set_lines(text: str, width: int, glyphs: str, most: int = 9) -> list[Set] | None:
    """Words in lines of large type, broken between them; None where they do not fit or cannot be set so."""
    lines: list[Set] = []
    line: Set | None = None
    words = ""
    for word in one_line(text).split(" "):
        longer = f"{words} {word}".lstrip()
        tried = large(longer, glyphs)
        if tried is None:
            return None
        if len(tried[0]) > width and line is not None:
            lines.append(line)
            longer, tried = word, large(word, glyphs) or [""]
        if len(tried[0]) > width or len(lines) >= most:
            return None
        words, line = longer, tried
    return [*lines, line] if line is not None else None

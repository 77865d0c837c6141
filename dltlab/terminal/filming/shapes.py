"""Signs that are drawn as geometry, so that they meet at the edges of their cells in any font.

Braille, block elements, shades and box drawing (U+2500 to U+259F, U+2800 to U+28FF), and the few
marks of ours that monospaced fonts lack. Their Unicode names say what they look like.
"""

import math
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple


class Box(NamedTuple):
    """A filled rectangle, [left, right) by [top, bottom), laid over the ground with a share of its ink."""

    left: float
    top: float
    right: float
    bottom: float
    share: float = 1.0


class Dot(NamedTuple):
    """A filled circle."""

    x: float
    y: float
    radius: float


class Stroke(NamedTuple):
    """A line through points, with round ends and corners."""

    points: tuple[tuple[float, float], ...]
    width: float


Shape = Box | Dot | Stroke
_BRAILLE: Final = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each of the eight dots, in the order of their bits."""
_EIGHTHS: Final = {
    word: place
    for place, word in enumerate(
        ("ONE EIGHTH", "ONE QUARTER", "THREE EIGHTHS", "HALF", "FIVE EIGHTHS", "THREE QUARTERS", "SEVEN EIGHTHS"), 1
    )
}
_SHADES: Final = {"LIGHT SHADE": 0.25, "MEDIUM SHADE": 0.5, "DARK SHADE": 0.75}
_ARMS: Final = {"UP": "u", "DOWN": "d", "LEFT": "l", "RIGHT": "r", "VERTICAL": "ud", "HORIZONTAL": "lr"}
_DASHES: Final = {"DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}
_RING: Final = tuple((0.5 + 0.36 * math.cos(a * math.pi / 12), 0.5 + 0.18 * math.sin(a * math.pi / 12))
                     for a in range(25))  # fmt: skip
_MARKS: Final[dict[str, tuple[tuple[tuple[float, float], ...], ...]]] = {
    "‖": (((0.32, 0.12), (0.32, 0.88)), ((0.68, 0.12), (0.68, 0.88))),
    "✗": (((0.14, 0.32), (0.86, 0.68)), ((0.86, 0.3), (0.16, 0.7))),
    "✓": (((0.12, 0.52), (0.38, 0.68), (0.9, 0.28)),),
    "✶": (((0.5, 0.3), (0.5, 0.7)), ((0.12, 0.4), (0.88, 0.6)), ((0.12, 0.6), (0.88, 0.4))),
    "∗": (((0.5, 0.36), (0.5, 0.64)), ((0.24, 0.43), (0.76, 0.57)), ((0.24, 0.57), (0.76, 0.43))),
    "✚": (((0.5, 0.32), (0.5, 0.68)), ((0.14, 0.5), (0.86, 0.5))),
    "○": (_RING,),
    "⊗": (_RING, ((0.26, 0.38), (0.74, 0.62)), ((0.26, 0.62), (0.74, 0.38))),
    "∇": (((0.1, 0.28), (0.9, 0.28), (0.5, 0.72), (0.1, 0.28)),),
    "∝": (((0.92, 0.4), (0.72, 0.4), (0.36, 0.6), (0.16, 0.58), (0.1, 0.5), (0.16, 0.42), (0.36, 0.4),
           (0.72, 0.6), (0.92, 0.6)),),
    "≪": (((0.5, 0.34), (0.1, 0.5), (0.5, 0.66)), ((0.9, 0.34), (0.5, 0.5), (0.9, 0.66))),
    "↦": (((0.1, 0.38), (0.1, 0.62)), ((0.1, 0.5), (0.9, 0.5)), ((0.66, 0.4), (0.9, 0.5), (0.66, 0.6))),
    "↻": (_RING[3:22], ((0.62, 0.2), (0.86, 0.36), (0.52, 0.4))),
    "⪰": (((0.14, 0.28), (0.86, 0.42), (0.14, 0.56)), ((0.14, 0.66), (0.86, 0.52)), ((0.14, 0.76), (0.86, 0.76))),
    "⪯": (((0.86, 0.28), (0.14, 0.42), (0.86, 0.56)), ((0.86, 0.66), (0.14, 0.52)), ((0.14, 0.76), (0.86, 0.76))),
    "‴": (((0.26, 0.2), (0.18, 0.36)), ((0.54, 0.2), (0.46, 0.36)), ((0.82, 0.2), (0.74, 0.36))),
}  # fmt: skip
"""Strokes in the unit square."""


@lru_cache(maxsize=4096)
def shapes(letter: str, width: int, height: int) -> tuple[Shape, ...] | None:
    """What a letter is drawn of in a cell of that many pixels; None for one that a font draws.

    Edges of boxes lie on whole pixels.
    """
    if letter in _MARKS:
        thick = max(width / 7, 1.0)
        return tuple(Stroke(tuple((x * width, y * height) for x, y in line), thick) for line in _MARKS[letter])
    if len(letter) != 1:
        return None
    code = ord(letter)
    if 0x2800 <= code <= 0x28FF:
        return tuple(_dots(code - 0x2800, width, height))
    if 0x2580 <= code <= 0x259F:
        return _block(unicodedata.name(letter), width, height)
    if 0x2500 <= code <= 0x257F:
        return _lines(unicodedata.name(letter).removeprefix("BOX DRAWINGS "), width, height)
    return None


def _dots(bits: int, width: int, height: int) -> Iterator[Dot]:
    radius = max(min(width / 2, height / 4) * 0.36, 0.5)
    for bit, (column, row) in enumerate(_BRAILLE):
        if bits >> bit & 1:
            yield Dot((2 * column + 1) * width / 4, (2 * row + 1) * height / 8, radius)


def _block(name: str, width: int, height: int) -> tuple[Shape, ...] | None:
    if name == "FULL BLOCK":
        return (Box(0, 0, width, height),)
    if name in _SHADES:
        return (Box(0, 0, width, height, _SHADES[name]),)
    if name.startswith("QUADRANT "):
        middle, half = round(width / 2), round(height / 2)
        corners = {
            "UPPER LEFT": Box(0, 0, middle, half), "UPPER RIGHT": Box(middle, 0, width, half),
            "LOWER LEFT": Box(0, half, middle, height), "LOWER RIGHT": Box(middle, half, width, height),
        }  # fmt: skip
        return tuple(corners[word] for word in name.removeprefix("QUADRANT ").split(" AND "))
    side, _, share = name.removesuffix(" BLOCK").partition(" ")
    if share not in _EIGHTHS:
        return None
    wide, high = round(width * _EIGHTHS[share] / 8), round(height * _EIGHTHS[share] / 8)
    sides = {
        "UPPER": Box(0, 0, width, high), "LOWER": Box(0, height - high, width, height),
        "LEFT": Box(0, 0, wide, height), "RIGHT": Box(width - wide, 0, width, height),
    }  # fmt: skip
    return (sides[side],) if side in sides else None


def _lines(name: str, width: int, height: int) -> tuple[Shape, ...] | None:
    light = max(round(width / 10), 1)
    words = name.split()
    if "DASH" in words:
        thick = light * (2 if words[0] == "HEAVY" else 1)
        return tuple(_dashes(_DASHES[words[1]], thick, width, height, upright=words[-1] == "VERTICAL"))
    if "DOUBLE" in words or "DIAGONAL" in words:
        return None
    arms, weight = {}, ""
    for part in name.replace("ARC ", "").split(" AND "):
        told = part.split()
        weight = next((word for word in told if word in ("LIGHT", "HEAVY")), weight)
        arms |= {arm: light * (2 if weight == "HEAVY" else 1) for word in told for arm in _ARMS.get(word, "")}
    if "ARC" in words:
        return _arc(set(arms), light, width, height)
    return tuple(_arms(arms, width, height))


def _arms(arms: dict[str, int], width: int, height: int) -> Iterator[Box]:
    """From the middle to the edges; each reaches over the thickest one that crosses it."""
    upright = max((arms.get(arm, 0) for arm in "ud"), default=0)
    level = max((arms.get(arm, 0) for arm in "lr"), default=0)
    for arm, thick in arms.items():
        left, top = (width - thick) // 2, (height - thick) // 2
        across, down = (width - max(upright, thick)) // 2, (height - max(level, thick)) // 2
        match arm:
            case "u":
                yield Box(left, 0, left + thick, down + max(level, thick))
            case "d":
                yield Box(left, down, left + thick, height)
            case "l":
                yield Box(0, top, across + max(upright, thick), top + thick)
            case _:
                yield Box(across, top, width, top + thick)


def _dashes(count: int, thick: int, width: int, height: int, *, upright: bool) -> Iterator[Box]:
    length = height if upright else width
    gap = max(round(length / count / 3), 1)
    for place in range(count):
        first = round(place * length / count) + gap // 2
        last = round((place + 1) * length / count) - (gap - gap // 2)
        if upright:
            yield Box((width - thick) // 2, first, (width - thick) // 2 + thick, max(last, first + 1))
        else:
            yield Box(first, (height - thick) // 2, max(last, first + 1), (height - thick) // 2 + thick)


def _arc(arms: set[str], thick: int, width: int, height: int) -> tuple[Shape, ...]:
    """A quarter of a circle between two straight ends, which meet other lines in whole pixels."""
    left, top = (width - thick) // 2, (height - thick) // 2
    x, y = left + thick / 2, top + thick / 2
    right, down = (1 if "r" in arms else -1), (1 if "d" in arms else -1)
    radius = max(min(width, height) / 2 - 1.5 * thick, thick)
    turn = tuple(
        (x + right * radius * (1 - math.cos(a)), y + down * radius * (1 - math.sin(a)))
        for a in (place * math.pi / 16 for place in range(9))
    )
    level = (x + radius, width) if right > 0 else (0, x - radius)
    upright = (y + radius, height) if down > 0 else (0, y - radius)
    ends = Box(level[0], top, level[1], top + thick), Box(left, upright[0], left + thick, upright[1])
    return (Stroke(turn, float(thick)), *ends)

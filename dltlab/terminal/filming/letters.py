"""Letters as masks of coverage: from a font, from geometry, or, where a font lacks a small letter, from a large one.

The font is JetBrains Mono, which the extra ``video`` brings as a package; without it one of the
monospaced fonts that systems have serves.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont
from rich.cells import cell_len

from dltlab.errors import UsageError
from dltlab.extras import install
from dltlab.terminal.filming.shapes import Box, Dot, shapes

_PACKAGE: Final = "fontpkg_jetbrains_mono"
_FOLDERS: Final = (
    "~/.local/share/fonts", "/usr/local/share/fonts", "/usr/share/fonts", "~/Library/Fonts", "/Library/Fonts",
    "/System/Library/Fonts",
)  # fmt: skip
_NAMES: Final = ("JetBrainsMono-Regular", "DejaVuSansMono", "Menlo", "NotoSansMono-Regular", "LiberationMono-Regular")
_FINE: Final = 8
"""Geometry is drawn so many times as large in each direction, and averaged."""
_SMALL: Final = 0.62
"""The size of a raised or lowered letter."""


class Style(NamedTuple):
    """How a letter is cut."""

    bold: bool = False
    italic: bool = False


class Letters:
    """Masks for cells of one size in pixels."""

    def __init__(self, width: int, height: int) -> None:
        """Find a font. Raises UsageError where there is none."""
        self.width, self.height = width, height
        self._fonts: dict[tuple[Style, float], list[FreeTypeFont]] = {}
        if not self._sized(Style()):
            names = ", ".join(_NAMES[1:])
            raise UsageError(
                f"a picture needs a monospaced font, and none was found: install one of {names}, or: {install('video')}"
            )
        self._masks: dict[tuple[str, Style], np.ndarray] = {}

    def mask(self, letter: str, style: Style = Style()) -> np.ndarray:  # noqa: B008 (a constant)
        """The coverage of each pixel, 0 to 255, shape (height, width times the cells of the letter)."""
        found = self._masks.get((letter, style))
        if found is None:
            drawn = self._geometry(letter)
            found = self._masks[letter, style] = self._written(letter, style) if drawn is None else drawn
        return found

    def _geometry(self, letter: str) -> np.ndarray | None:
        parts = shapes(letter, self.width, self.height)
        if parts is None:
            return None
        image = Image.new("L", (self.width * _FINE, self.height * _FINE), 0)
        draw = ImageDraw.Draw(image)
        for part in parts:
            if isinstance(part, Box):
                left, top, right, bottom = (_FINE * end for end in part[:4])
                draw.rectangle((left, top, right - 1, bottom - 1), fill=round(255 * part.share))
            elif isinstance(part, Dot):
                draw.circle((part.x * _FINE - 0.5, part.y * _FINE - 0.5), part.radius * _FINE, fill=255)
            else:
                points = [(x * _FINE - 0.5, y * _FINE - 0.5) for x, y in part.points]
                draw.line(points, fill=255, width=round(part.width * _FINE), joint="curve")
                for x, y in (points[0], points[-1]):
                    draw.circle((x, y), part.width * _FINE / 2, fill=255)
        return np.asarray(image.reduce(_FINE))

    def _written(self, letter: str, style: Style) -> np.ndarray:
        image = Image.new("L", (self.width * max(cell_len(letter), 1), self.height), 0)
        base, marks = letter[:1], letter[1:]
        kind, large = _raised(base)
        if kind and not self._has(base):
            font, rise = self._font(large, style, _SMALL), {"<super>": -0.22, "<sub>": 0.12}[kind]
            place = ((self.width - font.getlength(large)) / 2, self._baseline(style) + rise * self.height)
            ImageDraw.Draw(image).text(place, large, fill=255, font=font, anchor="ls")
        else:
            font = self._font(base, style)
            ImageDraw.Draw(image).text((0, self._baseline(style)), base, fill=255, font=font, anchor="ls")
        for mark in marks:
            self._mark(image, mark, style)
        return np.asarray(image)

    def _mark(self, image: Image.Image, mark: str, style: Style) -> None:
        """A combining mark, centred on its letter, whatever place its font gives it."""
        font = self._font(mark, style)
        left, _, right, _ = font.getbbox(mark, anchor="ls")
        place = (image.width / 2 - (left + right) / 2, self._baseline(style))
        ImageDraw.Draw(image).text(place, mark, fill=255, font=font, anchor="ls")

    def _baseline(self, style: Style) -> int:
        ascent, descent = self._sized(style)[0].getmetrics()
        return round((self.height - ascent - descent) / 2 + ascent)

    def _sized(self, style: Style, share: float = 1.0) -> list[FreeTypeFont]:
        if (style, share) not in self._fonts:
            self._fonts[style, share] = list(_fonts(self.width * share, style))
        return self._fonts[style, share]

    def _font(self, letter: str, style: Style, share: float = 1.0) -> FreeTypeFont:
        """The first font that has a letter; the first of all, if none has it."""
        fonts = self._sized(style, share)
        return next((font for font in fonts if _knows(font, letter)), fonts[0])

    def _has(self, letter: str) -> bool:
        return _knows(self._sized(Style())[0], letter)


def _raised(letter: str) -> tuple[str, str]:
    """Of a small raised or lowered letter: which it is, and the letter that it is a small one of."""
    kind, _, code = (unicodedata.decomposition(letter) if len(letter) == 1 else "").partition(" ")
    return (kind, chr(int(code, 16))) if kind in ("<super>", "<sub>") and " " not in code else ("", "")


@lru_cache(maxsize=8192)
def _knows(font: FreeTypeFont, letter: str) -> bool:
    """Whether a font has a letter: else it draws what it draws for one that cannot be."""
    return _alone(font, letter) != _alone(font, "\uffff")


def _alone(font: FreeTypeFont, letter: str) -> bytes:
    side = 3 * round(font.size)
    image = Image.new("L", (side, side), 0)
    ImageDraw.Draw(image).text((side // 3, 2 * side // 3), letter, fill=255, font=font, anchor="ls")
    return image.tobytes()


def _fonts(width: float, style: Style) -> Iterator[FreeTypeFont]:
    """The fonts that were found, at the size at which their letters are that wide, the best first."""
    for path in _files(style):
        try:
            probe = ImageFont.truetype(path, 100, layout_engine=ImageFont.Layout.BASIC)
            font = probe.font_variant(size=100 * width / probe.getlength("0"))
            if "[wght]" in path.name:
                font.set_variation_by_axes([700 if style.bold else 400])
        except (OSError, ZeroDivisionError):
            continue
        yield font


def _files(style: Style) -> Iterator[Path]:
    if find_spec(_PACKAGE) is not None:
        name = "JetBrainsMono-Italic[wght].ttf" if style.italic else "JetBrainsMono[wght].ttf"
        yield Path(str(resources.files(_PACKAGE) / "files" / name))
    there = _installed()
    for name in _NAMES:
        bold = name.replace("-Regular", "") + "-Bold"
        yield from [there[one] for one in ([bold] if style.bold else []) + [name] if one in there][:1]


@lru_cache(maxsize=1)
def _installed() -> dict[str, Path]:
    """The fonts of the system that would do, by name."""
    wanted = {f"{name.removesuffix('-Regular')}{end}" for name in _NAMES for end in ("", "-Regular", "-Bold")}
    found: dict[str, Path] = {}
    for folder in _FOLDERS:
        for path in sorted(Path(folder).expanduser().rglob("*.tt[fc]")):
            if path.stem in wanted:
                found.setdefault(path.stem, path)
    return found

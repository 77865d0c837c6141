"""Colours of a picture: what a pen paints, in red, green and blue."""

from typing import Final, NamedTuple

from rich.color import Color
from rich.terminal_theme import TerminalTheme

from dltlab.terminal.drawing.inks import GROUNDS, TEXT, Theme
from dltlab.terminal.wire.pens import Pen

RGB = tuple[int, int, int]

_NORMAL: Final[dict[Theme, tuple[str, ...]]] = {
    "dark": ("#1b222b", "#e5695e", "#3ec49a", "#e8a33d", "#4a90d9", "#c678b5", "#45b5c4", "#c9d1d9"),
    "light": ("#30363d", "#b3261e", "#127f65", "#8f5a00", "#05489c", "#8a3a8e", "#0b7285", "#d0d4d8"),
}
_BRIGHT: Final[dict[Theme, tuple[str, ...]]] = {
    "dark": ("#7f8b99", "#ff8f8f", "#6fe0b8", "#f2e25c", "#7cb8ff", "#e7a6d3", "#7fdbe8", "#ffffff"),
    "light": ("#5b646e", "#d1453b", "#1c9a7c", "#a97400", "#2f6fd0", "#a955ad", "#1b8fa5", "#30363d"),
}


def _rgb(code: str) -> RGB:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


TERMINALS: Final[dict[Theme, TerminalTheme]] = {
    theme: TerminalTheme(
        _rgb(ground),
        _rgb(TEXT[theme]),
        [_rgb(code) for code in _NORMAL[theme]],
        [_rgb(code) for code in _BRIGHT[theme]],
    )
    for theme, ground in GROUNDS.items()
}
"""The sixteen colours, text and ground of the terminal that a film is shown on."""


def codes(theme: Theme) -> dict[str, str]:
    """A terminal's colours as asciicast names them: fg, bg, and the palette of sixteen."""
    palette = ":".join([*_NORMAL[theme], *_BRIGHT[theme]])
    return {"fg": TEXT[theme], "bg": GROUNDS[theme], "palette": palette}


class Paint(NamedTuple):
    """How a cell is painted."""

    ink: RGB
    ground: RGB
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False


def paint_of(pen: Pen, theme: Theme) -> Paint:
    """What a terminal of that theme makes of a pen."""
    terminal = TERMINALS[theme]
    ink, ground = (
        _colour(pen.ink, terminal.foreground_color, terminal),
        _colour(pen.ground, terminal.background_color, terminal),
    )
    if "2" in pen.attributes:
        ink = blend(ground, ink, 0.6)
    if "7" in pen.attributes:
        ink, ground = ground, ink
    bold, italic, underline, strike = (code in pen.attributes for code in "1349")
    return Paint(ink, ground, bold, italic, underline, strike)


def blend(under: RGB, over: RGB, share: float) -> RGB:
    """A colour laid over another one."""
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(under, over, strict=True))
    return red, green, blue


def _colour(code: str, own: RGB, terminal: TerminalTheme) -> RGB:
    """What the parameters of SGR mean; the terminal's own colour for none."""
    match [int(part) for part in code.split(";") if part.isdecimal()]:
        case [38 | 48, 2, red, green, blue]:
            return red, green, blue
        case [38 | 48, 5, number]:
            red, green, blue = Color.from_ansi(number).get_truecolor(terminal)
            return red, green, blue
        case [number] if number % 10 < 8 and number // 10 in (3, 4, 9, 10):
            red, green, blue = terminal.ansi_colors[number % 10 + (8 if number >= 90 else 0)]
            return red, green, blue
    return own

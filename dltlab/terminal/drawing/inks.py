"""Inks: what a span is, and the style that paints it.

The curves' colours are those of Okabe & Ito (2008), lightened for a dark ground: told apart
by all common kinds of colour vision. Nothing is said by colour alone.
"""

from typing import Final

from rich.style import Style

GROUND: Final = "#0f1318"
_CURVES: Final = ("#5cb8f0", "#e8a33d", "#3ec49a", "#d685b5", "#ec7a4c", "#8a94ff", "#f2e25c", "#e6e9ed")
_BANDS: Final = ("#3a6d94", "#8a6428", "#287860", "#80526d", "#8c4c32", "#555b9c", "#8f863c", "#868a90")
_ANSI_CURVES: Final = (
    "bright_cyan", "yellow", "bright_green", "bright_magenta",
    "bright_red", "bright_blue", "bright_yellow", "bright_white",
)  # fmt: skip
_ANSI_BANDS: Final = ("blue", "yellow", "green", "magenta", "red", "blue", "yellow", "white")

_RICH: Final = {
    "text": "#c9d1d9",
    "strong": "bold #eef2f6",
    "faint": "#6e7a88",
    "rule": "#38424e",
    "tick": "#8792a0",
    "key": "#8792a0",
    "theory": "#f2e25c",
    "band": "#3a6d94",
    "event": "#d685b5",
    "chosen": "bold #0f1318 on #5cb8f0",
    "holds": "bold #3ec49a",
    "fails": "bold #ec7a4c",
    "not yet": "#8792a0",
    "running": "#3ec49a",
    "paused": "#f2e25c",
    "ended": "#5cb8f0",
    "wrong": "bold #ec7a4c",
    "doubt": "bold #ff8f8f",
    "pending": "#f2e25c",
    "bar": "#1b222b",
}
_ANSI: Final = {
    "text": "default",
    "strong": "bold default",
    "faint": "bright_black",
    "rule": "bright_black",
    "tick": "default",
    "key": "bright_black",
    "theory": "bright_yellow",
    "band": "blue",
    "event": "bright_magenta",
    "chosen": "reverse",
    "holds": "bold green",
    "fails": "bold red",
    "not yet": "default",
    "running": "green",
    "paused": "yellow",
    "ended": "cyan",
    "wrong": "bold red",
    "doubt": "bold bright_red",
    "pending": "yellow",
    "bar": "default",
}


def palette(*, ansi: bool) -> dict[str, Style]:
    """Every ink's style; with sixteen colours or with all of them."""
    names = _ANSI if ansi else _RICH
    curves, bands = (_ANSI_CURVES, _ANSI_BANDS) if ansi else (_CURVES, _BANDS)
    ground = Style(bgcolor="default") if ansi else Style(bgcolor=GROUND)
    styles = {name: ground + Style.parse(text) for name, text in names.items()}
    styles |= {f"curve{index}": ground + Style.parse(colour) for index, colour in enumerate(curves)}
    styles |= {f"band{index}": ground + Style.parse(colour) for index, colour in enumerate(bands)}
    styles |= {f"bold{index}": ground + Style.parse(f"bold {colour}") for index, colour in enumerate(curves)}
    return styles

"""Inks: what a span is, and the style that paints it, on a dark ground or on a light one.

The curves' colours begin with those of Okabe & Ito (2008), lightened for a dark ground and
darkened for a light one: told apart by all common kinds of colour vision, and readable as
text, at a contrast of 4.5:1 or more (WCAG 2.2, 1.4.3), with all colours and with 256 of them.
Nothing is said by colour alone.
"""

from typing import Final, Literal, NamedTuple

from rich.style import Style

Theme = Literal["dark", "light"]
Colours = Literal["full", "256", "16", "none"]
GROUNDS: Final[dict[Theme, str]] = {"dark": "#0f1318", "light": "#fbfaf8"}
TEXT: Final[dict[Theme, str]] = {"dark": "#c9d1d9", "light": "#30363d"}
ACCENT: Final[dict[Theme, str]] = {"dark": "#5cb8f0", "light": "#05489c"}


class _Paints(NamedTuple):
    """Colours of curves, of the bands behind them, and of everything else."""

    curves: tuple[str, ...]
    bands: tuple[str, ...]
    named: dict[str, str]


_DARK: Final = _Paints(
    ("#5cb8f0", "#e8a33d", "#3ec49a", "#d685b5", "#ec7a4c", "#8a94ff", "#f2e25c", "#e6e9ed"),
    ("#3a6d94", "#8a6428", "#287860", "#86586f", "#985236", "#5a60a4", "#8f863c", "#868a90"),
    {
        "text": TEXT["dark"],
        "strong": "bold #eef2f6",
        "faint": "#7f8b99",
        "rule": "#38424e",
        "tick": "#8792a0",
        "key": "#8792a0",
        "theory": "#f2e25c",
        "band": "#3a6d94",
        "event": "#d685b5",
        "chosen": f"bold {GROUNDS['dark']} on #5cb8f0",
        "picked": f"bold underline {GROUNDS['dark']} on #5cb8f0",
        "found": "bold underline #f2e25c",
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
    },
)
_LIGHT: Final = _Paints(
    ("#05489c", "#a95e1b", "#127f65", "#8a5a8e", "#6b001f", "#7344dd", "#5e4600", "#2b2040"),
    ("#6b88b3", "#a87a4e", "#4a8a77", "#95749a", "#96596c", "#8f74cc", "#7f704a", "#7b7588"),
    {
        "text": TEXT["light"],
        "strong": "bold #12161b",
        "faint": "#5f6873",
        "rule": "#cfd3d8",
        "tick": "#5a626c",
        "key": "#5a626c",
        "theory": "#c4006a",
        "band": "#6b88b3",
        "event": "#8a3f86",
        "chosen": f"bold {GROUNDS['light']} on #05489c",
        "picked": f"bold underline {GROUNDS['light']} on #05489c",
        "found": "bold underline #c4006a",
        "holds": "bold #0f7059",
        "fails": "bold #a8330c",
        "not yet": "#5a626c",
        "running": "#0f7059",
        "paused": "#8a5200",
        "ended": "#05489c",
        "wrong": "bold #a8330c",
        "doubt": "bold #b3261e",
        "pending": "#8a5200",
        "bar": "#e9eaec",
    },
)
_ANSI: Final = _Paints(
    (
        "bright_cyan", "yellow", "bright_green", "bright_magenta",
        "bright_red", "bright_blue", "bright_yellow", "bright_white",
    ),
    ("blue", "yellow", "green", "magenta", "red", "blue", "yellow", "white"),
    {
        "text": "default",
        "strong": "bold default",
        "faint": "bright_black",
        "rule": "bright_black",
        "tick": "default",
        "key": "bright_black",
        "theory": "bright_white",
        "band": "blue",
        "event": "bright_magenta",
        "chosen": "reverse",
        "picked": "bold underline reverse",
        "found": "bold underline",
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
    },
)  # fmt: skip
# The bright half of the sixteen cannot be read on white, and what is yellow there is anyone's guess.
_ANSI_LIGHT: Final = _Paints(
    ("blue", "red", "green", "magenta", "cyan", "bright_red", "bright_blue", "black"),
    ("bright_blue", "bright_red", "bright_green", "bright_magenta", "bright_cyan", "red", "blue", "bright_black"),
    _ANSI.named
    | {"theory": "black", "event": "magenta", "paused": "magenta", "pending": "magenta", "doubt": "bold red"}
    | {"ended": "blue", "rule": "bright_black", "key": "default", "faint": "default"},
)
# Without colours weight, slant and reversal are left.
_NONE: Final = _Paints(
    ("bold default", "dim default", "default", "bold default", "dim default", "default", "bold default", "dim default"),
    ("dim default",) * 8,
    dict.fromkeys(_ANSI.named, "default")
    | {
        "strong": "bold default",
        "chosen": "reverse",
        "picked": "bold underline reverse",
        "found": "bold underline",
        "holds": "bold default",
    }
    | {"fails": "bold reverse", "wrong": "bold default", "doubt": "bold default", "pending": "italic default"}
    | {"rule": "dim default", "band": "dim default"},
)


def palette(theme: Theme = "dark", colours: Colours = "full") -> dict[str, Style]:
    """Every ink's style: on a ground of ours with many colours, on the terminal's own with sixteen or none."""
    own = colours in ("full", "256")
    paints = {
        "none": _NONE,
        "16": _ANSI if theme == "dark" else _ANSI_LIGHT,
    }.get(colours, _DARK if theme == "dark" else _LIGHT)
    ground = Style(bgcolor=GROUNDS[theme] if own else "default")
    styles = {name: ground + Style.parse(text) for name, text in paints.named.items()}
    for index, (curve, band) in enumerate(zip(paints.curves, paints.bands, strict=True)):
        styles[f"curve{index}"] = ground + Style.parse(curve)
        styles[f"band{index}"] = ground + Style.parse(band)
        styles[f"bold{index}"] = ground + Style.parse(f"bold {curve}")
    return styles

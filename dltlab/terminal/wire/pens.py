"""Pens: how a cell is coloured, and the shortest way from one pen to another."""

from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.style import Style

_ATTRIBUTES: Final = (
    ("bold", "1"), ("dim", "2"), ("italic", "3"), ("underline", "4"), ("blink", "5"), ("reverse", "7"),
    ("strike", "9"),
)  # fmt: skip
_SHOWN_ON_BLANKS: Final = frozenset("479")
"""The attributes that one sees on a blank: underline, reverse and strike."""


class Pen(NamedTuple):
    """Parameters of SGR, the sequence that sets colours."""

    ink: str
    """Of the letter; empty on a blank, where any will do."""
    ground: str
    attributes: tuple[str, ...] = ()

    @property
    def blank(self) -> "Pen":
        """The pen of a blank in this one's place: its ink does not matter, unless an attribute shows it."""
        shown = tuple(one for one in self.attributes if one in _SHOWN_ON_BLANKS)
        return Pen(self.ink if shown else "", self.ground, shown)


PLAIN: Final = Pen("39", "49")
"""What a terminal draws with after a reset."""


def pen_of(style: Style | None, system: ColorSystem | None) -> Pen:
    """The pen of a style in the colours that the terminal has."""
    if style is None:
        return PLAIN
    attributes = tuple(code for name, code in _ATTRIBUTES if getattr(style, name))
    if system is None:
        return Pen(PLAIN.ink, PLAIN.ground, attributes)
    ink, ground = PLAIN.ink, PLAIN.ground
    if style.color is not None:
        ink = ";".join(style.color.downgrade(system).get_ansi_codes(foreground=True))
    if style.bgcolor is not None:
        ground = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(foreground=False))
    return Pen(ink, ground, attributes)


def change(old: Pen, new: Pen) -> tuple[str, Pen]:
    """What to send to draw with another pen, and the pen that the terminal then holds."""
    if old.attributes != new.attributes:
        ink = new.ink or PLAIN.ink
        held = Pen(ink, new.ground, new.attributes)
        coloured = [ink] * (ink != PLAIN.ink) + [new.ground] * (new.ground != PLAIN.ground)
        return f"\x1b[{';'.join(['0', *new.attributes, *coloured])}m", held
    ink = new.ink or old.ink
    wanted = [ink] * (ink != old.ink) + [new.ground] * (new.ground != old.ground)
    return (f"\x1b[{';'.join(wanted)}m" if wanted else ""), Pen(ink, new.ground, new.attributes)

"""The colours and marks of overlaid sessions: given out so that they are told from the shown one, and apart."""

from typing import Final

from dltlab.terminal.drawing.legend import MARKERS
from dltlab.terminal.drawing.strokes import plain_sign

SLOTS: Final = (4, 3, 2, 5, 7, 1)
"""The inks in the order in which they are given out: far from those of the shown one's first curves."""


def sign(slot: int, *, plain: bool = False) -> str:
    """The mark of a colour, or what draws it in ASCII; the first of all marks is left to the shown session."""
    return plain_sign(slot) if plain else MARKERS[1 + slot % (len(MARKERS) - 1)]

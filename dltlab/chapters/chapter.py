"""A named stretch of a session, opened by a theory event or by hand."""

import unicodedata
from typing import Final

from msgspec import Struct

LONGEST_TITLE: Final = 32
"""Cells of a title."""


class Chapter(Struct, frozen=True):
    """Where something of the theory happens, and the figures that show it."""

    step: int
    """Where it opens."""
    kind: str
    """The name of its detector: "sharpening", "edge", "turned", "catapult", …"""
    title: str
    """A few words for a list, at most 32 cells."""
    text: str
    """One sentence with the figures, for a reader who cannot see the plot."""
    series: str = ""
    """The series that shows it."""
    arm: str = ""
    """The arm that it happens in, of a scenario with arms."""
    known: int = 0
    """The step by which the session shows it: a viewer of the running session is told there, not at ``step``."""


def short(title: str) -> str:
    """A title cut to its cells, of which an East Asian character takes two.

    >>> short("η = 0.2"), short("a mark in so many words that no list has room for them")
    ('η = 0.2', 'a mark in so many words that no…')
    """
    if _cells(title) <= LONGEST_TITLE:
        return title
    while _cells(title) >= LONGEST_TITLE:
        title = title[:-1]
    return f"{title.rstrip()}…"


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)

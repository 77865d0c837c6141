"""What screens ask of the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from dltlab.errors import DltlabError

if TYPE_CHECKING:
    from dltlab.session.source import Source


Launch = Callable[..., "Source"]
"""Starts an engine; with ``seed`` on another seed than before."""


class OpenBench(Message):
    """Start an engine and open the bench on it."""

    def __init__(self, launch: Launch, title: str, *, instead: bool = False, follows: bool = False) -> None:
        super().__init__()
        self.launch = launch
        self.title = title
        self.instead = instead
        """In the place of the screen that asks, rather than above it."""
        self.follows = follows
        """Whether the session was there before: to launch once more would start none anew."""


class Refused(Message):
    """The engine did not start."""

    def __init__(self, fault: DltlabError, tell: Callable[[], None]) -> None:
        super().__init__()
        self.fault = fault
        self.tell = tell
        """Says so on the screen."""


class CloseBench(Message):
    """Go back to the gallery if there is one below; else leave."""

    def __init__(self, parting: str = "") -> None:
        super().__init__()
        self.parting = parting
        """A line for whoever has left."""

"""What every format of export is: a name, the file names that ask for it, and how it is written."""

import abc
from collections.abc import Callable
from typing import BinaryIO, ClassVar

from msgspec import Struct

from dltlab.exports.exported import Exported

Progress = Callable[[float], None]
"""Told the share of the work that is done, between 0 and 1; raises KeyboardInterrupt when it is to end."""


class Wanted(Struct, frozen=True):
    """What is asked of an export, beyond its name; None for what it chooses itself."""

    series: tuple[str, ...] | None = None
    """Only these series, in this order."""
    at: int | None = None
    """The step that a picture shows."""
    size: tuple[int, int] | None = None
    """Columns and rows of a terminal that is drawn."""
    panel: str | None = None
    """The one panel that a picture shows: its title, its number or a series of it."""
    theme: str | None = None
    """The ground of what is drawn: dark or light."""
    glyphs: str | None = None
    """What plots are drawn of: braille, block or ascii."""
    colours: str | None = None
    """What they are drawn with: full, 256, 16 or none."""
    seconds: float | None = None
    """The length of a film."""
    speed: float | None = None
    """Its pace, in times the recorded one."""
    fps: float | None = None
    """Its pictures a second."""
    from_: int | None = None
    """The step that it begins with."""
    to: int | None = None
    """The step that it ends with."""


class AbstractExport(abc.ABC):
    """One format. It keeps nothing between two exports."""

    name: ClassVar[str]
    """What ``--format`` calls it."""
    says: ClassVar[str]
    """What one gets, in a few words."""
    patterns: ClassVar[tuple[str, ...]]
    """File names that ask for it, as shell patterns in lower case; the first one is shown."""
    takes: ClassVar[frozenset[str]] = frozenset()
    """The fields of :class:`Wanted` that mean something to it; others are refused."""
    text: ClassVar[bool] = True
    """Whether it is UTF-8 text, which a terminal may be shown."""
    extra: ClassVar[str] = ""
    """The optional dependency of dltlab that brings what it needs."""
    modules: ClassVar[tuple[str, ...]] = ()
    """What it imports from there, beyond what every dltlab has."""

    @abc.abstractmethod
    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Write the file, from its first byte to its last.

        Args:
            session: What is exported.
            out: Where to; nothing may be sought or read there.
            wanted: What is asked of it.
            progress: To be told now and then how far it is, so that it can be shown, and ended.

        Raises:
            UsageError: It cannot be made of this session, or not as it is wanted.
            OSError: It could not be written.
        """

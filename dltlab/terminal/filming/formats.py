"""The formats of films and pictures, as ``dltlab export`` knows them."""

from typing import BinaryIO, ClassVar, Final, final

from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.exported import Exported

_LOOKS: Final = frozenset({"size", "theme", "glyphs", "colours"})
_LENGTH: Final = frozenset({"seconds", "speed", "fps", "from_", "to"})
_MOMENT: Final = frozenset({"at", "panel"})


@final
class Cast(AbstractExport):
    """A film for asciinema."""

    name: ClassVar[str] = "asciicast"
    says: ClassVar[str] = "a film of the bench for asciinema (version 2), with a marker at each chapter"
    patterns: ClassVar[tuple[str, ...]] = ("*.cast",)
    takes: ClassVar[frozenset[str]] = _LOOKS | _LENGTH

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Play the session, and write down what a terminal would have been sent."""
        from dltlab.terminal.filming.cast import write

        write(session, out, wanted, progress)

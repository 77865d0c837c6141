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


@final
class Png(AbstractExport):
    """A picture in pixels."""

    name: ClassVar[str] = "png"
    says: ClassVar[str] = "a picture of the bench, or of one panel, at a step"
    patterns: ClassVar[tuple[str, ...]] = ("*.png",)
    takes: ClassVar[frozenset[str]] = _LOOKS | _MOMENT
    text: ClassVar[bool] = False
    extra: ClassVar[str] = "video"
    modules: ClassVar[tuple[str, ...]] = ("PIL",)

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Draw the picture."""
        from dltlab.terminal.filming.png import write

        write(session, out, wanted, progress)


@final
class Svg(AbstractExport):
    """A picture that is sharp at any size."""

    name: ClassVar[str] = "svg"
    says: ClassVar[str] = "the same in vectors, with text that can be searched"
    patterns: ClassVar[tuple[str, ...]] = ("*.svg",)
    takes: ClassVar[frozenset[str]] = _LOOKS | _MOMENT

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Draw the picture."""
        from dltlab.terminal.filming.svg import write

        write(session, out, wanted, progress)


@final
class Gif(AbstractExport):
    """A film that any browser and any slide shows."""

    name: ClassVar[str] = "gif"
    says: ClassVar[str] = "a film of the bench for slides and web pages"
    patterns: ClassVar[tuple[str, ...]] = ("*.gif",)
    takes: ClassVar[frozenset[str]] = _LOOKS | _LENGTH
    text: ClassVar[bool] = False
    extra: ClassVar[str] = "video"
    modules: ClassVar[tuple[str, ...]] = ("PIL",)

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Shoot the film, and draw it."""
        from dltlab.terminal.filming.gif import write

        write(session, out, wanted, progress)

"""What is asked of a film or a picture, with every choice made."""

from typing import Final, Literal, NamedTuple, cast

from dltlab.errors import UsageError
from dltlab.exports.abstract import Wanted
from dltlab.exports.exported import Exported
from dltlab.soundness import LARGEST_STEP
from dltlab.terminal.drawing.inks import Colours, Theme
from dltlab.terminal.filming import script
from dltlab.terminal.filming.script import Script

SECONDS: Final = 30.0
_SIZE: Final = (120, 40)
_LEAST: Final = (40, 12)
_MOST: Final = (400, 150)
_FPS: Final = 10.0


class Film(NamedTuple):
    """How it looks, and what of the session it shows."""

    width: int = _SIZE[0]
    height: int = _SIZE[1]
    theme: Theme = "dark"
    glyphs: Literal["braille", "block", "ascii"] = "braille"
    colours: Colours = "full"


def film_of(wanted: Wanted) -> Film:
    """The looks that are asked for.

    Raises:
        UsageError: Nothing could be read at that size, or no picture be made of it.
    """
    width, height = wanted.size or _SIZE
    if not (_LEAST[0] <= width <= _MOST[0] and _LEAST[1] <= height <= _MOST[1]):
        bounds = f"{_LEAST[0]}x{_LEAST[1]} and {_MOST[0]}x{_MOST[1]}"
        raise UsageError(f"--size {width}x{height}: no bench is drawn so; choose a size between {bounds}.")
    return Film(
        width,
        height,
        cast("Theme", wanted.theme or "dark"),
        cast("Literal['braille', 'block', 'ascii']", wanted.glyphs or "braille"),
        cast("Colours", wanted.colours or "full"),
    )


def script_of(session: Exported, wanted: Wanted) -> Script:
    """The steps that a film of the session shows, and when.

    Raises:
        UsageError: There are none, or it would be too long.
    """
    reached = session.history.step
    first, last = wanted.from_ or 0, reached if wanted.to is None else min(wanted.to, reached)
    if first >= last:
        raise UsageError(f"--from {first} --to {last}: no step lies between; the session goes from 0 to {reached}.")
    fps = wanted.fps or _FPS
    if wanted.speed is None:
        return script.squeezed(first, last, wanted.seconds or SECONDS, fps)
    if wanted.seconds is not None:
        raise UsageError("--seconds and --speed both say how long the film is; choose one of them.")
    return script.paced(session.records(), first, last, wanted.speed, fps)


def step_of(wanted: Wanted) -> int:
    """The step that a picture shows: beyond all, and so the last one, if none is named."""
    return LARGEST_STEP if wanted.at is None else wanted.at

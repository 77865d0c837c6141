"""Stills: a screen kept as an SVG file that asks nobody for anything."""

import re
from pathlib import Path
from typing import Final

_FONTS: Final = re.compile(r"@font-face\s*\{[^}]*\}\s*")


def write_new(stem: str, text: str) -> Path:
    """A new file with this SVG in the working folder; nothing is overwritten.

    Rich's drawings name a font on the net. Without it the reader's own monospaced font serves.
    """
    text = _FONTS.sub("", text)
    for number in range(1, 1000):
        path = Path(f"{stem}.svg" if number == 1 else f"{stem}-{number}.svg")
        try:
            with path.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            continue
        return path.absolute()
    raise FileExistsError(17, "a thousand such files exist", stem)

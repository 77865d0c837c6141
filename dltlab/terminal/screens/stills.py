"""Stills: a screen kept as an SVG file."""

from pathlib import Path


def write_new(stem: str, text: str) -> Path:
    """A new file with this text in the working folder; nothing is overwritten."""
    for number in range(1, 1000):
        path = Path(f"{stem}.svg" if number == 1 else f"{stem}-{number}.svg")
        try:
            with path.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            continue
        return path.absolute()
    raise FileExistsError(17, "a thousand such files exist", stem)

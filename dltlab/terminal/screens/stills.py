"""Stills: a screen kept as an SVG file that asks nobody for anything."""

from pathlib import Path

from textual.screen import Screen

from dltlab.terminal.fit import Options


def drawn(screen: Screen, title: str, options: Options) -> str:
    """A screen as it is seen now, as an SVG document: see :mod:`dltlab.terminal.filming.svg`."""
    # Nobody who only watches needs what draws.
    from dltlab.terminal.filming import camera, svg
    from dltlab.terminal.wire.cells import Cells

    cells = Cells(camera.SYSTEMS["full" if options.colours == "auto" else options.colours])
    cells.resize(*screen.size)
    camera.seen(screen, cells)
    return svg.drawn(cells, title, "dark" if screen.app.current_theme.dark else "light")


def write_new(stem: str, text: str) -> Path:
    """A new SVG file with this text in the working folder; nothing is overwritten."""
    for number in range(1, 1000):
        path = Path(f"{stem}.svg" if number == 1 else f"{stem}-{number}.svg")
        try:
            with path.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            continue
        return path.absolute()
    raise FileExistsError(17, "a thousand such files exist", stem)

"""Pictures of one moment: the bench, or one of its panels alone."""

from rich.segment import Segment

from dltlab.errors import UsageError
from dltlab.exports.abstract import Wanted
from dltlab.exports.exported import Exported
from dltlab.panels import AbstractPanel, chosen
from dltlab.terminal.drawing.ascii import spelled
from dltlab.terminal.drawing.inks import palette
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.filming import camera
from dltlab.terminal.filming.film import Film, film_of, step_of
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look, heading_of
from dltlab.terminal.wire.cells import Cells
from dltlab.text import one_line


def cells_of(session: Exported, wanted: Wanted) -> Cells:
    """What is to be seen in a picture.

    Raises:
        UsageError: There is no such panel, or no such size.
    """
    looks, step = film_of(wanted), step_of(wanted)
    if wanted.panel is not None:
        return _panel(session, named(session, wanted.panel), looks, step)
    taken: list[Cells] = []
    camera.still(session, looks, step, lambda shot: taken.append(shot.cells))
    return taken[0]


def named(session: Exported, name: str) -> AbstractPanel:
    """The panel of that number, title or first series; else the first whose title holds the name, or that shows it.

    Raises:
        UsageError: There is none, with a list of those that there are.
    """
    panels, _ = chosen.with_standard(session.header)
    traces, wanted = Traces(session.history), name.casefold()
    titles = ["".join(text for text, _ in heading_of(panel, traces)).strip() for panel in panels]
    told = [
        [str(number), title, *panel.names] for number, (panel, title) in enumerate(zip(panels, titles, strict=True), 1)
    ]
    for panel, words in zip(panels, told, strict=True):
        if wanted in (word.casefold() for word in words[:3]):
            return panel
    for panel, words in zip(panels, told, strict=True):
        if wanted in words[1].casefold() or wanted in (word.casefold() for word in words):
            return panel
    known = ", ".join(f"{number} ({title})" for number, title in enumerate(titles, 1))
    raise UsageError(f"{one_line(name)}: no such panel; choose {known}.")


def _panel(session: Exported, panel: AbstractPanel, looks: Film, step: int) -> Cells:
    traces = Traces(session.history.until(step))
    picture = draw(panel, traces, looks.width, looks.height, Look(looks.glyphs))
    inks = palette(looks.theme, looks.colours)
    cells = Cells(camera.SYSTEMS[looks.colours])
    cells.resize(looks.width, looks.height)
    plain = looks.glyphs == "ascii"
    for row, line in enumerate(picture):
        spans = [Segment(text, inks.get(ink, inks["text"])) for text, ink in (spelled(line) if plain else line)]
        cells.write(row, 0, [*spans, Segment(" " * looks.width, inks["text"])])
    return cells

"""A matrix series now: a kernel, a weight matrix, overlaps.

plotext's heat maps say their values by colour alone; these shades are letters first, so that
they read on any terminal and by anybody.
"""

import numpy as np

from dltlab.panels import Heat
from dltlab.session.matrices import averaged, trimmed
from dltlab.terminal.drawing.grid import joined
from dltlab.terminal.drawing.lines import Line, Picture, fit, frame, width_of
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.shades import Ramp
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import Look, blank, heading_of, numbered
from dltlab.text import one_line


def draw(panel: Heat, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    name = panel.series[0]
    (arm,) = panel.shown_arms(traces.history.header)
    members = traces.now(name, arm)
    if not len(members) or not members.size:
        return blank(panel, "nothing to draw yet", traces, width, height, look)
    matrix = members[traces.alive(name, arm)]
    matrix = trimmed(matrix.reshape(matrix.shape[0] if matrix.ndim > 1 else 1, -1))
    other = "linear" if panel.scale == "log" else "log"
    ramp = Ramp.over(matrix, other if look.other else panel.scale)
    if ramp is None:
        return blank(panel, "nothing here is finite", traces, width, height, look)
    note = f"step {count(int(traces.history[name].steps[-1]))}"
    top = title_line(numbered(heading_of(panel, traces), look), (), width, look.glyphs, note)
    rows, columns = max(height - 2, 1), width
    shown, across, down = _fitted(matrix, rows, columns)
    letters = [[ramp.cell(level, look.glyphs) for level in line] for line in ramp.levels(shown).tolist()]
    lines: list[Line] = []
    for line in letters:
        row = tuple(joined((letter * across, ink) for letter, ink in line))
        lines += [row] * down
    axes = traces.axes(name)
    named = f"{one_line(axes[0])} ↓ {one_line(axes[1])} →" if len(axes) == 2 else ""
    size = f"{matrix.shape[0]}×{matrix.shape[1]}" + ("" if shown.shape == matrix.shape else ", averaged")
    foot = [*ramp.legend(look.glyphs), (f"  {size}  {named}", "faint")]
    indent = " " * max(min((columns - shown.shape[1] * across) // 2, 6), 0)
    body = [fit(((indent, "text"), *line), width) for line in lines[:rows]]
    body.append(fit(((indent, "text"), *foot), width) if width_of(foot) else ())
    return frame((top, *body), width, height)


def _fitted(matrix: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, int, int]:
    """The matrix, averaged over blocks until it fits, and how many cells across and down an entry takes."""
    high, wide = matrix.shape
    square = min(columns // (2 * wide), rows // high)
    if square >= 1:
        return matrix, 2 * square, square
    matrix = averaged(averaged(matrix, rows).T, columns).T
    return matrix, 2 if 2 * matrix.shape[1] <= columns and matrix.shape[0] >= matrix.shape[1] else 1, 1

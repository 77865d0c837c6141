"""The latest readings as a table."""

from collections.abc import Sequence

import numpy as np

from dltlab.panels import Readout
from dltlab.terminal.drawing.lines import Line, Picture, Span, between, frame, width_of
from dltlab.terminal.drawing.numbers import count, measured, short
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.traces import Trace, Traces
from dltlab.terminal.panels.panel import Look, heading_of, numbered
from dltlab.text import one_line


def draw(panel: Readout, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    lines: list[Line] = [title_line(numbered(heading_of(panel, traces), look), (), width, look.glyphs)]
    for name in panel.series:
        if name in traces:
            lines.append(_line(traces, name, panel.shown_arms(traces.history.header), width))
    return frame(lines, width, height)


def _line(traces: Traces, name: str, arms: Sequence[str], width: int) -> Line:
    column = traces.history[name]
    title = (one_line(column.series.title or name), "text")
    if not len(column):
        return between((title,), (("no reading yet", "faint"),), width)
    theory = traces.theory_of(name)
    right: list[Span] = []
    for arm in arms:
        trace = traces.trace(name, arm)
        values = "  ".join(_number(trace, track) for track in range(trace.lines))
        right += [(f"  {traces.title(arm)}", "faint"), (f" {values}", "strong")] if arm else [(values, "strong")]
        if theory:
            right.append((f"  (theory {short(float(traces.trace(theory, arm).latest[0]), 5)})", "theory"))
    read: Span = (f"  at {count(int(column.steps[-1]))}", "faint")
    # What was read is said before when it was.
    return between((title,), (*right, read) if width_of((title, *right, read)) < width else right, width)


def _number(trace: Trace, track: int) -> str:
    """A reading with its error bar; a dash for what is not tracked now."""
    value = float(trace.latest[track])
    return "—" if trace.barred and np.isnan(value) else measured(value, float(trace.bars[track]), 5)

"""Arms against series, as numbers."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from rich.cells import cell_len

from dltlab.panels import Table
from dltlab.terminal.drawing.legend import INKS, MARKERS
from dltlab.terminal.drawing.lines import Line, Picture, fit, frame, width_of
from dltlab.terminal.drawing.numbers import count, measured, short
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.strokes import plain_sign
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import Look, blank, heading_of, numbered
from dltlab.text import one_line

_NAME: Final = 24
_COLUMN: Final = 18


def draw(panel: Table, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    names = [name for name in panel.series if name in traces]
    if not any(len(traces.history[name]) for name in names):
        return blank(panel, "nothing to draw yet", traces, width, height, look)
    rows = _rows(panel, traces, look)
    lead = max((width_of(head) for head, _, _ in rows), default=0)
    for theory, title in ((panel.theory, _COLUMN), (panel.theory, 12), (panel.theory, 9), (False, 9)):
        titles = [_clipped(one_line(traces.series(name).title or name), title) for name in names]
        cells = [[_cell(panel, traces, name, arm, member, theory=theory) for _, arm, member in rows] for name in names]
        widths = [
            2 + max([cell_len(said), *(width_of(cell) for cell in column)])
            for said, column in zip(titles, cells, strict=True)
        ]
        if lead + sum(widths) <= width:
            break
    shown = max(sum(lead + sum(widths[: place + 1]) <= width for place in range(len(names))), 1)
    note = f"step {count(traces.history.step)}" + (f"  … {len(names) - shown} more" if shown < len(names) else "")
    lines: list[Line] = [title_line(numbered(heading_of(panel, traces, ()), look), (), width, look.glyphs, note)]
    lines.append(_row((), lead, [((title, "tick"),) for title in titles[:shown]], widths))
    for place, (head, arm, _) in enumerate(rows):
        row = _row(head, lead, [column[place] for column in cells[:shown]], widths)
        lost = traces.lost(arm)
        if width_of(row) + len(lost) + 2 > width:
            lost = lost.replace(" diverged", " ✗").replace(" of ", "/")
        lines.append((*row, (f"  {lost}" if lost else "", "fails")))
    return frame(lines, width, height)


def _rows(panel: Table, traces: Traces, look: Look) -> list[tuple[Line, str, int | None]]:
    """Each row's head, its arm and its member; no member for the median of all."""
    if traces.arms:
        places = {name: place for place, name in enumerate(traces.arms)}
        rows: list[tuple[Line, str, int | None]] = []
        for arm in panel.shown_arms(traces.history.header):
            slot = places[arm]
            sign = plain_sign(slot) if look.glyphs == "ascii" else MARKERS[slot % len(MARKERS)]
            head = ((f"{sign} ", f"curve{slot % INKS}"), (_clipped(traces.title(arm), _NAME), "text"))
            rows.append((head, arm, None))
        return rows
    seeds = traces.history.header.seeds
    return [(((f"seed {seed}", "text"),), "", member) for member, seed in enumerate(seeds[:256])]


def _cell(panel: Table, traces: Traces, name: str, arm: str, member: int | None, *, theory: bool) -> Line:
    value = _number(traces, name, arm, member)
    bars = traces.bar(name, arm, member)
    bar = float(np.ravel(bars)[0]) if bars is not None and bars.size else 0.0
    of = traces.theory_of(name) if theory and f"{name}.theory" not in panel.series else None
    beside = f" ({short(_number(traces, of, arm, member))})" if of else ""
    return ((measured(value, bar), "strong"), (beside, "theory"))


def _number(traces: Traces, name: str, arm: str, member: int | None) -> float:
    """The first component of the latest reading; NaN while there is none."""
    if member is None:
        found = traces.median(name, arm)
    else:
        members = traces.now(name, arm)
        found = members[min(member, len(members) - 1)] if len(members) else None
    return float("nan") if found is None or not found.size else float(np.ravel(found)[0])


def _clipped(text: str, width: int) -> str:
    return "".join(part for part, _ in fit(((text, ""),), min(cell_len(text), width)))


def _row(head: Line, lead: int, cells: Sequence[Line], widths: Sequence[int]) -> Line:
    """The head at the left, the cells each at the right of its column."""
    spans = [*head, (" " * (lead - width_of(head)), "text")]
    for cell, wide in zip(cells, widths, strict=False):
        spans += [(" " * (wide - width_of(cell)), "text"), *cell]
    return tuple(spans)

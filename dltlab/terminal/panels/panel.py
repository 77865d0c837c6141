"""How a panel is drawn, whatever its kind: what it is told, its heading, and what stands in the place of a picture."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from dltlab.panels import AbstractPanel
from dltlab.terminal.drawing.lines import Picture, centred, frame
from dltlab.terminal.drawing.overlaid import Overlaid
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.traces import Traces
from dltlab.text import one_line

_POSITIVE: Final = 0.9
"""The fraction of the readings of each series that are positive, where a logarithmic axis shows what they do."""


class Look(NamedTuple):
    """How to draw."""

    glyphs: str = "braille"
    """braille, block or ascii."""
    number: str = ""
    """The key that brings the panel to the front, shown before its title."""
    overlaid: Sequence[Overlaid] = ()
    """Sessions that are drawn over the shown one; only curves can."""
    cursor: int | None = None
    """The step at which curves are read; None for the last. Panels of one moment are given what was told up to it."""
    window: Span | None = None
    """The steps that are seen, where those are not all that are planned."""
    smoothing: str = "none"
    """The running means that are drawn over the readings: none, short or long."""
    other: bool = False
    """Whether the value axis is the other one: logarithmic for linear, linear for logarithmic."""


def heading_of(panel: AbstractPanel, traces: Traces, arms: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Its title; and of several arms the one that is shown."""
    header = traces.history.header
    said = [(panel.heading(header), "strong")]
    arms = panel.shown_arms(header) if arms is None else arms
    if len(arms) != 1 or len(traces.arms) < 2:
        return said
    named = traces.title(arms[0]) in panel.title
    told = traces.lost(arms[0]) if named else traces.told(arms[0])
    return [*said, (f" · {told}", "faint")] if told else said


def numbered(heading: list[tuple[str, str]], look: Look) -> list[tuple[str, str]]:
    """The heading after its key; what cannot show overlaid sessions says whose readings it shows."""
    whose = [(" · of this session", "faint")] if look.overlaid else []
    return [*([(f"{look.number} ", "key")] if look.number else []), *heading, *whose]


def logs(panel: AbstractPanel, traces: Traces) -> bool:
    """Whether its readings are positive, but for a few: what is not has no place on a logarithmic axis."""
    known = [traces.history[name].values for name in panel.names if name in traces]
    return all(np.mean(values > 0) > _POSITIVE * np.mean(np.isfinite(values)) for values in known if values.size)


def apology(panel: AbstractPanel, traces: Traces, width: int, height: int, look: Look) -> Picture | None:
    """A sentence in the panel's place where its series or its arms are not in the session."""
    missing = [one_line(name) for name in panel.names if name not in traces]
    if height < 1:
        return None
    if traces.arms and panel.wanted and not any(name in traces.arms for name in panel.wanted):
        sentence = f"this session has no arm {one_line(', '.join(panel.wanted))}; it has {', '.join(traces.arms)}."
        return blank(panel, sentence, traces, width, height, look)
    if len(missing) < len(panel.names):
        return None
    sentence = f"this session has no series {', '.join(missing)}; it has {', '.join(traces.history.columns)}."
    return blank(panel, sentence, traces, width, height, look)


def blank(panel: AbstractPanel, sentence: str, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """The title, and a sentence in the place of a picture."""
    top = title_line(numbered(heading_of(panel, traces), look), (), width, look.glyphs)
    return frame((top, *centred(sentence, width, height - 1)), width, height)

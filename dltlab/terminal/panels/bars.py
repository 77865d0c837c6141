"""A vector series now: one bar a component, its theory a stroke across the bar.

plotext's bars stand upright and leave no room for names and numbers; these lie, so that each
has its name, its value and its prediction on one line.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import numpy as np
from msgspec import Meta

from dltlab.terminal.drawing.blocks import bars
from dltlab.terminal.drawing.legend import INKS
from dltlab.terminal.drawing.lines import Picture, frame
from dltlab.terminal.drawing.numbers import count, short
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Look, Named, Title, component, numbered

_LONGEST: Any = 1 << 16
_DECADES: Final = 12
"""A logarithmic bar is at most so many decades long: what lies below is nothing beside the rest."""


@dataclass(frozen=True)
class Bars(AbstractPanel):
    """The latest reading of a vector series, one bar a component, or of a number, one bar an arm; an ensemble's median.

    The theory of a series (``NAME.theory``) is drawn beside each bar.
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=1)]
    title: Title = ""
    scale: Literal["linear", "log"] = "linear"
    theory: bool = True
    arm: Named = ""

    ALONE = True

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        name = self.series[0]
        column = traces.history[name]
        if not len(column):
            return self.blank("nothing to draw yet", traces, width, height, look)
        theory = traces.theory_of(name) if self.theory else None
        over_arms = not self.arm and len(traces.arms) > 1 and not traces.axes(name)
        if over_arms:
            arms = list(traces.arms)
            values = np.array([_flat(traces, name, arm)[0] for arm in arms])
            labels, inks = [traces.told(arm) for arm in arms], [f"curve{place % INKS}" for place in range(len(arms))]
            predicted = np.array([_flat(traces, theory, arm)[0] for arm in arms]) if theory else None
            heading = self.heading(traces, arms)
        else:
            (arm,) = self.shown_arms(traces)
            values, inks, heading = _flat(traces, name, arm), [], self.heading(traces)
            predicted = _resized(_flat(traces, theory, arm), len(values)) if theory else None
            # An arm that is shorter than the longest one is filled up with NaN.
            told = np.flatnonzero(~np.isnan(values) | (False if predicted is None else ~np.isnan(predicted)))
            last = int(told[-1]) + 1 if len(told) and arm else len(values)
            values, predicted = values[:last], None if predicted is None else predicted[:last]
            labels = [component(traces.axes(name), index) for index in range(len(values))]
        scale = _scale(values, predicted) if self.scale == "log" else None
        note = f"step {count(int(column.steps[-1]))}" + (f", log from {short(10**scale.low)}" if scale else "")
        top = title_line(numbered(heading, look), (), width, look.glyphs, note)
        return frame((top, *bars(labels, values, width, look.glyphs, predicted, scale, inks)), width, height)


def _flat(traces: Traces, name: str, arm: str) -> np.ndarray:
    """The median of the members' latest readings; one NaN while there is none."""
    found = traces.median(name, arm)
    return np.full(1, np.nan) if found is None or not found.size else found.reshape(-1)[:_LONGEST]


def _resized(predicted: np.ndarray, length: int) -> np.ndarray:
    """One prediction for every component, or one each."""
    if len(predicted) == 1:
        return np.repeat(predicted, length)
    return np.append(predicted, np.full(max(length - len(predicted), 0), np.nan))[:length]


def _scale(values: np.ndarray, predicted: np.ndarray | None) -> Scale | None:
    both = values if predicted is None else np.concatenate([values, predicted])
    both = both[np.isfinite(both) & (both > 0)]
    if not len(both):
        return None
    scale = around("log", float(both.min()), float(both.max()))
    return scale._replace(low=max(scale.low - 1, scale.high - _DECADES))

"""Series against the step: lines, the dashed lines of theory, the band of an ensemble."""

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from dltlab.terminal.drawing import plot
from dltlab.terminal.drawing.lines import Picture
from dltlab.terminal.drawing.scales import Scale, around, steps
from dltlab.terminal.drawing.traces import Trace, Traces
from dltlab.terminal.panels.panel import AbstractPanel, Arms, Look, Title, numbered
from dltlab.text import one_line


@dataclass(frozen=True)
class Curves(AbstractPanel):
    """Series against the step.

    The theory of a series (``sharpness.theory``) is drawn beside it, dashed. A series with
    an axis is drawn by component, five at most; an ensemble by its median between the
    minimum and the maximum of its members. In a session with arms each arm is a curve (of its
    first component, unless one arm is chosen).
    """

    series: Annotated[list[str], Meta(min_length=1, max_length=8)]
    title: Title = ""
    scale: Literal["auto", "linear", "log"] = "auto"
    y_min: float | None = None
    y_max: float | None = None
    theory: bool = True
    x: Literal["step", "log"] = "step"
    """The step axis: linear, or logarithmic from the first step on."""
    arms: Arms = ()

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        names = [name for name in self.series if name in traces]
        curves = self._curves(traces, names)
        kind = traces.history[names[0]].series.scale if self.scale == "auto" else self.scale
        up = self._up(curves, kind)
        if kind == "log" and up is None and self._up(curves, "linear") is not None:
            # Not one reading is positive: better a linear axis than an empty one.
            kind, up = "linear", self._up(curves, "linear")
        heading = numbered(self.heading(traces), look)
        return plot.draw(
            heading,
            curves,
            steps(traces.history.header.steps),
            up,
            width,
            height,
            look.glyphs,
            marks=_marks(traces, look),
            note=_dropped(curves, kind),
        )

    def _curves(self, traces: Traces, names: list[str]) -> list[plot.Curve]:
        curves: list[plot.Curve] = []
        slots = {"curve": 0, "theory": 0}
        several = len(names) > 1
        for name in names:
            trace = traces[name]
            role = "theory" if traces.is_theory(name) else "curve"
            lines = []
            for track in range(trace.lines):
                label = trace.label(track) or (one_line(trace.series.title or name) if several else "")
                latest = float(trace.latest[track]) if trace.length else None
                lines.append(plot.Curve(trace.stretches, track, label, latest, slots[role], role))
                slots[role] += 1
            # In the legend the theory stands beside the curve that it predicts.
            curves += [*lines[:1], *self._theory(traces, name), *self._band(trace, name == names[0]), *lines[1:]]
        return curves

    def _theory(self, traces: Traces, name: str) -> list[plot.Curve]:
        theory = traces.theory_of(name)
        if not self.theory or theory is None or theory in self.series:
            return []
        predicted = traces[theory]
        label = one_line(predicted.series.title or "theory")
        return [
            plot.Curve(
                predicted.stretches, 0, label, float(predicted.latest[0]) if predicted.length else None, 0, "theory"
            )
        ]

    def _band(self, trace: Trace, named: bool) -> list[plot.Curve]:
        if not trace.band:
            return []
        label = f"{trace.series.shape[0]} seeds" if named else ""
        low, high = trace.lines, trace.lines + 1
        return [
            plot.Curve(trace.stretches, low, label, None, 0, "band"),
            plot.Curve(trace.stretches, high, "", None, 0, "band"),
        ]

    def _up(self, curves: list[plot.Curve], kind: str) -> Scale | None:
        log = kind == "log"
        extents = [extent for c in curves if (extent := c.stretches.extent(c.track, log=log))]
        if not extents:
            return None
        low, high = min(low for low, _ in extents), max(high for _, high in extents)
        low = low if self.y_min is None or (log and self.y_min <= 0) else self.y_min
        high = high if self.y_max is None or (log and self.y_max <= 0) else self.y_max
        scale = around(kind, min(low, high), max(low, high))
        if self.y_min is not None and not log:
            scale = scale._replace(low=min(self.y_min, scale.high - abs(scale.high) * 1e-9))
        if self.y_max is not None and not log:
            scale = scale._replace(high=max(self.y_max, scale.low + max(abs(scale.low), 1e-300) * 1e-9))
        return scale


def _marks(traces: Traces, look: Look) -> list[plot.Mark]:
    """Knobs turned and marks left, on the step axis."""
    turn, mark = ("^", "!") if look.glyphs == "ascii" else ("▲", "◆")
    planned = max(traces.history.header.steps, 1)
    told = [(event, {"turn": turn, "mark": mark}.get(event.what)) for event in traces.history.events]
    return [plot.Mark(min(max(e.step / planned, 0.0), 1.0), glyph) for e, glyph in told if glyph]


def _dropped(curves: list[plot.Curve], kind: str) -> str:
    """How many readings the picture cannot show."""
    lines = [c for c in curves if c.role == "curve"]
    unfinite = sum(int(c.stretches.unfinite[c.track]) for c in lines)
    unlogged = sum(int(c.stretches.unlogged[c.track]) for c in lines) if kind == "log" else 0
    words = ([f"{unfinite} not finite"] if unfinite else []) + ([f"{unlogged} not positive"] if unlogged else [])
    return f"({', '.join(words)})" if words else ""

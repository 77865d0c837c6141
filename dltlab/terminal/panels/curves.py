"""Series against the step: lines, the dashed lines of theory, the bands of ensembles, arms side by side."""

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from rich.cells import cell_len

from dltlab.panels import Curves
from dltlab.records import Header
from dltlab.terminal.drawing import overlaid, plot, smoothing, timeline
from dltlab.terminal.drawing.legend import INKS, MARKERS, SIGNS, Sign
from dltlab.terminal.drawing.lines import Picture, width_of
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.plot import Curve
from dltlab.terminal.drawing.scales import Scale, around
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.strokes import plain_sign
from dltlab.terminal.drawing.thinning import Stretches
from dltlab.terminal.drawing.traces import Trace, Traces
from dltlab.terminal.panels.panel import Look, heading_of, numbered
from dltlab.text import one_line

EVENTS: Final = {what: signs for what, signs in timeline.SIGNS.items() if what not in ("pause", "coming")}
"""What stands on the step axis for what happened, and in ASCII."""
_ROOMY: Final = 70
"""Cells of a plot that has room for words."""
_BANDED: Final = 2
"""Curves whose bands can be told apart."""


class _Shown(NamedTuple):
    """A series of an arm in a plot."""

    name: str
    arm: str
    slot: int
    role: str = "curve"


class _Seen(NamedTuple):
    """What is seen of the step axis, and where it is read."""

    span: Span
    share: float
    """The window of running means, as a fraction of the span; 0 for none."""
    cursor: int | None
    zoomed: bool
    calm: int | None = None
    """Where a session that diverged was last calm."""

    def read(self, traces: Traces, name: str, arm: str) -> Trace | None:
        """A series with its reading at the cursor for its latest; None where there was none yet."""
        return traces.trace(name, arm, self.span) if self.cursor is None else traces.reading(name, arm, self.cursor)

    @property
    def mark(self) -> plot.Cursor | None:
        """The cursor on the axis."""
        if self.cursor is None or not self.span.holds(self.cursor):
            return None
        return plot.Cursor(self.span.at(self.cursor), count(self.cursor))


def draw(panel: Curves, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    names = [name for name in panel.series if name in traces]
    seen = _seen(panel, traces, look)
    arms = panel.shown_arms(traces.history.header)

    def drawn(chosen: Sequence[str]) -> list[Curve]:
        if len(arms) == 1:
            return _of_one(panel, traces, chosen, arms[0], seen)
        return _of_arms(panel, traces, chosen, arms, seen)

    curves, own = drawn(names), drawn(names[:1])
    guests = overlaid.curves(look.overlaid, names, panel.shown_arms(traces.history.header), seen.span, look.cursor)
    kind = panel.axis(traces.history.header)
    kind = {"log": "linear"}.get(kind, "log") if look.other else kind
    limits = (None, None) if look.other else (panel.y_min, panel.y_max)
    up = _up(curves, own, kind, guests, limits, seen)
    if kind == "log" and up is None and _up(curves, own, "linear", (), limits, seen) is not None:
        # Not one reading is positive: better a linear axis than an empty one.
        kind, up = "linear", _up(curves, own, "linear", guests, limits, seen)
    across = seen.span.scale
    heading, dropped = numbered(heading_of(panel, traces), look._replace(overlaid=())), _dropped(curves, kind)
    # What the picture cannot show is said below the title where it has no room for that.
    beside = width_of(heading) + cell_len(dropped) + 6 <= width
    unshown = [] if beside else [Sign("", "faint", dropped, remark=True)]
    return plot.draw(
        heading,
        [*curves, *guests],
        across,
        up,
        width,
        height,
        look.glyphs,
        marks=_marks(traces, across, look, seen.span),
        note=dropped if beside else "",
        legend=4 if len(arms) > 1 else 1 + (len(guests) > 1),
        signs=_signs(traces, names, arms, look),
        remarks=[*unshown, *_remark(curves, seen), *_doubts(traces, names, arms, seen, short_of=width < _ROOMY)],
        cursor=seen.mark,
    )


def _seen(panel: Curves, traces: Traces, look: Look) -> _Seen:
    span = spanned(panel, traces.history.header, look.window)
    return _Seen(span, smoothing.wide(span, look.smoothing), look.cursor, look.window is not None, traces.calm)


def spanned(panel: Curves, header: Header, window: Span | None) -> Span:
    """What is seen of the step axis; a logarithmic one begins with the same step in all panels."""
    span = window or Span(0, header.steps)
    if panel.x != "log":
        return span
    least = min(max(header.every, 1), max(header.steps // 2, 1))
    return Span(min(max(span.first, least), max(span.last // 2, 1)), span.last, log=True)


def _of_one(panel: Curves, traces: Traces, names: Sequence[str], arm: str, seen: _Seen) -> list[Curve]:
    """The curves of a session without arms, or of one arm."""
    curves: list[Curve] = []
    # The first ink of theory is that of the curve's own prediction.
    predicted = panel.theory and any(traces.theory_of(name) not in (None, *panel.series) for name in names)
    measured = [name for name in names if not traces.is_theory(name)]
    taken = sum(traces.trace(name, arm, seen.span).lines for name in measured)
    theories = itertools.chain([] if predicted else [0], itertools.count(max(taken, 1)))
    # A further theory has none of the inks of what was measured.
    slots = {"curve": itertools.count(), "theory": theories}
    several = len(names) > 1
    for name in names:
        trace = traces.trace(name, arm, seen.span)
        role = "theory" if traces.is_theory(name) else "curve"
        lines: list[Curve] = []
        companions: list[Curve] = []
        read = seen.read(traces, name, arm)
        for track in range(trace.lines):
            label = trace.label(track) or (one_line(trace.series.title or name) if several else "")
            slot = next(slots[role])
            line, *raw = _smoothed(_line(trace, read, track, label, slot, role), traces, name, arm, seen)
            lines.append(line)
            companions += [*raw, *_barred(trace, track, slot, drawn=traces.barred(name))]
        # In the legend the theory stands beside the curve that it predicts.
        band = _band(trace, f"{trace.series.shape[0]} seeds" if name == names[0] else None) if trace.band else []
        curves += [*lines[:1], *_theory(panel, traces, name, arm, seen), *band, *lines[1:], *companions]
    return curves


def _theory(panel: Curves, traces: Traces, name: str, arm: str, seen: _Seen) -> list[Curve]:
    theory = traces.theory_of(name)
    if not panel.theory or theory is None or theory in panel.series:
        return []
    predicted = traces.trace(theory, arm, seen.span)
    read = seen.read(traces, theory, arm)
    return [_line(predicted, read, 0, one_line(predicted.series.title or "theory"), 0, "theory")]


def _of_arms(panel: Curves, traces: Traces, names: Sequence[str], arms: Sequence[str], seen: _Seen) -> list[Curve]:
    """A curve for each arm, in its ink; of two series the second one dotted."""
    curves, companions = [], []
    for one in _shown(traces, names, arms):
        trace = traces.trace(one.name, one.arm, seen.span)
        title = f"{traces.told(one.arm)}, {one_line(trace.series.title or one.name)}"
        label = {1: traces.told(one.arm), 2: None}.get(len(names), title)
        curve = _line(trace, seen.read(traces, one.name, one.arm), 0, label, one.slot, one.role)
        curve = curve._replace(armed=True, marker=MARKERS[one.slot % len(MARKERS)])
        curve, *raw = _smoothed(curve, traces, one.name, one.arm, seen)
        curves.append(curve)
        companions += [*raw, *_barred(trace, 0, one.slot, drawn=False)]
        theory = traces.theory_of(one.name)
        if panel.theory and theory is not None and theory not in names:
            predicted = traces.trace(theory, one.arm, seen.span)
            title = one_line(predicted.series.title or "theory") if one.arm == arms[0] else None
            line = _line(predicted, predicted, 0, title, one.slot, "theory")
            companions.append(line._replace(armed=True, latest=None))
        if trace.band and len(names) * len(arms) <= _BANDED:
            companions += _band(trace, None, one.slot, armed=True)
    return [*curves, *companions]


def _up(
    curves: Sequence[Curve],
    own: Sequence[Curve],
    kind: str,
    guests: Sequence[Curve],
    limits: tuple[float | None, float | None],
    seen: _Seen,
) -> Scale | None:
    """The vertical axis: around all curves, or from limit to limit and as far as the first series, ``own``, needs.

    Sessions drawn over the shown one may widen it, but not so far that the shown one is a line at its foot.
    In a window of the step axis it keeps to what is seen there, so that detail appears.
    """
    log = kind == "log"
    every, first = (_extent(chosen, log=log, calm=seen.calm) for chosen in (curves, own))
    others = _extent(guests, log=log)
    every, first = overlaid.widened(every, others, log=log), overlaid.widened(first, others, log=log)
    if every is None:
        return None
    low, high = every
    bottom, top = (None if limit is None or (log and limit <= 0) else limit for limit in limits)
    if seen.zoomed:
        low = low if bottom is None else min(max(low, bottom), high)
        high = high if top is None else max(min(high, top), low, *(first or ())[1:])
        return around(kind, low, high)
    low = low if bottom is None else bottom
    if top is not None:
        high = max(top, first[1]) if first else top
    scale = around(kind, min(low, high), max(low, high))
    if bottom is not None and not log:
        scale = scale._replace(low=min(bottom, scale.high - abs(scale.high) * 1e-9))
    if top is not None and not log and high == top:
        scale = scale._replace(high=max(top, scale.low + max(abs(scale.low), 1e-300) * 1e-9))
    return scale


def _extent(curves: Sequence[Curve], *, log: bool, calm: int | None = None) -> tuple[float, float] | None:
    """The least and the largest of what curves show; None of nothing.

    Of a session that diverged what came after it was last ``calm`` widens that, and does not bury it.
    """
    found = [extent for curve in curves if (extent := curve.stretches.extent(curve.track, log=log))]
    whole = (min(low for low, _ in found), max(high for _, high in found)) if found else None
    if calm is None:
        return whole
    tracks = [(curve.stretches, curve.track) for curve in curves]
    before = [
        extent
        for track, place in tracks
        if isinstance(track, Stretches) and (extent := track.extent_until(calm, place, log=log))
    ]
    quiet = (min(low for low, _ in before), max(high for _, high in before)) if before else None
    return overlaid.widened(quiet, whole, log=log)


def _shown(traces: Traces, names: Sequence[str], arms: Sequence[str]) -> list[_Shown]:
    """Every series of every arm, with its ink and its line: two series share the inks of the arms."""
    places = {name: place for place, name in enumerate(traces.arms)}
    shown: list[_Shown] = []
    for number, name in enumerate(names):
        for arm in arms:
            slot = places[arm] if len(names) <= 2 else len(shown)
            role = "theory" if traces.is_theory(name) else "second" if number and len(names) == 2 else "curve"
            shown.append(_Shown(name, arm, slot, role))
    return shown


def _signs(traces: Traces, names: Sequence[str], arms: Sequence[str], look: Look) -> list[Sign]:
    """For two series of several arms: what the markers mean, and what the lines."""
    if len(names) != 2 or len(arms) < 2:
        return []
    plain = look.glyphs == "ascii"
    shown = _shown(traces, names, arms)
    signs = []
    for one in shown[: len(arms)]:
        letter = plain_sign(one.slot) if plain else MARKERS[one.slot % len(MARKERS)]
        signs.append(Sign(letter, f"curve{one.slot % INKS}", traces.told(one.arm), letter))
    for one in (shown[0], shown[-1]):
        line = {"second": "- -"}.get(one.role, "--") if plain else SIGNS[one.role] * 2
        signs.append(Sign(line, "text", one_line(traces.history[one.name].series.title or one.name)))
    return signs


def _line(trace: Trace, read: Trace | None, track: int, label: str | None, slot: int, role: str) -> Curve:
    """A curve, with the value of what was ``read`` at the cursor."""
    latest, bar = (float(read.latest[track]), float(read.bars[track])) if read and read.length else (None, 0.0)
    if trace.barred and latest is not None and np.isnan(latest):
        # What is not tracked now has no value to tell, and what never was no name.
        latest = None
        label = label if trace.stretches.extent(track, log=False) else None
    return Curve(trace.stretches, track, label, latest, slot, role, bar=bar)


def _smoothed(curve: Curve, traces: Traces, name: str, arm: str, seen: _Seen) -> list[Curve]:
    """A curve; or its running mean, and the curve itself faint below it."""
    mean = traces.mean(name, arm, seen.span, seen.share) if seen.share and not traces.is_theory(name) else None
    if mean is None:
        return [curve]
    return [curve._replace(stretches=mean), curve._replace(role="raw", label=None, marker="", faint=True)]


def _remark(curves: Sequence[Curve], seen: _Seen) -> list[Sign]:
    """Over how much the means were taken, if some were."""
    if not any(curve.role == "raw" for curve in curves):
        return []
    return [Sign("≈", "faint", smoothing.said(seen.span, seen.share), remark=True)]


def _barred(trace: Trace, track: int, slot: int, *, drawn: bool) -> list[Curve]:
    """The error bars of a curve if they are to be ``drawn``, and its readings that are not to be trusted."""
    if not trace.barred:
        return []
    ends = trace.ends(track)
    bars = [Curve(trace.stretches, track, "error bar", None, slot, "bar", other=ends)] if drawn else []
    return [*bars, Curve(trace.stretches, ends + 2, None, None, slot, "beyond")]


def _doubts(traces: Traces, names: Sequence[str], arms: Sequence[str], seen: _Seen, *, short_of: bool) -> list[Sign]:
    """How many readings are not to be trusted, beside their sign."""
    found: dict[float, int] = {}
    for name in names:
        tolerance = traces.tolerance(name)
        count = sum(traces.trace(name, arm, seen.span).beyond for arm in arms)
        found[tolerance] = found.get(tolerance, 0) + count
    told = []
    for tolerance, count in found.items():
        words = "" if short_of else "reading " if count == 1 else "readings "
        told += [f"{count} {words}beyond ±{100 * tolerance:.3g} %"] if count else []
    return [Sign(SIGNS["beyond"], "doubt", one, remark=True) for one in told]


def _band(trace: Trace, label: str | None, slot: int = 0, *, armed: bool = False) -> list[Curve]:
    """The edges of an ensemble, and between its quartiles a shade if it has some."""
    low, high, lower, upper = range(trace.lines, trace.lines + 4)
    band = Curve(trace.stretches, low, label, None, slot, "band", armed=armed)
    shade = band._replace(track=lower, role="shade", other=upper, label=None)
    return [band, band._replace(track=high, label=None), *([shade] if trace.series.shape[0] >= 4 else [])]


def _marks(traces: Traces, across: Scale, look: Look, span: Span) -> list[plot.Mark]:
    """Knobs turned, kicks given and marks left, on the step axis."""
    known = [event for event in traces.history.events if event.what in EVENTS and span.holds(event.step)]
    told = [(event.step, EVENTS[event.what]) for event in known]
    if not told:
        return []
    places = np.nan_to_num(across.fraction(np.array([min(max(step, 0), 1 << 53) for step, _ in told])))
    letters = [letter[look.glyphs == "ascii"] for _, letter in told]
    return [plot.Mark(place, letter) for place, letter in zip(places.tolist(), letters, strict=True)]


def _dropped(curves: list[Curve], kind: str) -> str:
    """How many readings the picture cannot show."""
    raw = [c for c in curves if c.role == "raw"]
    lines = raw or [c for c in curves if c.role == "curve"]
    unfinite = sum(int(c.stretches.unfinite[c.track]) for c in lines)
    # That what grows from zero is zero at first goes without saying.
    lost = [int(c.stretches.unlogged[c.track]) for c in lines] if kind == "log" else []
    unlogged = sum(lost) if any(count > 1 for count in lost) else 0
    words = ([f"{unfinite} not finite"] if unfinite else []) + ([f"{unlogged} not positive"] if unlogged else [])
    return f"({', '.join(words)})" if words else ""

"""Sessions drawn over the shown one: each in a colour and with a mark of its own, wherever it has the series."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from dltlab.terminal.drawing.legend import Curve
from dltlab.terminal.drawing.marks import sign
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.traces import Traces

_WIDER: Final = 3.0
"""How much farther than the shown session's readings, on a linear axis, an overlaid one may reach."""
_DECADES: Final = 3.0
"""The same on a logarithmic one, as a factor's logarithm."""


class Overlaid(NamedTuple):
    """A session that is drawn over the shown one, on the shown one's step axis."""

    traces: Traces
    title: str
    """What legends call it."""
    slot: int
    """Its colour among the curves, and so its mark."""
    faint: bool = False
    """Whether it stays in the background: the parent of a fork."""

    @property
    def marker(self) -> str:
        """The character that stands on its curves."""
        return sign(self.slot)


def curves(
    overlaid: Sequence[Overlaid],
    names: Sequence[str],
    arms: Sequence[str],
    span: Span | None = None,
    cursor: int | None = None,
) -> list[Curve]:
    """A curve for every session and series that it has (of a vector the first component), the name said once.

    Predictions are drawn only where there is nothing else to draw.
    """
    found: list[Curve] = []
    for one in overlaid:
        title: str | None = one.title
        known = [name for name in names if name in one.traces]
        for name in [name for name in known if not one.traces.is_theory(name)] or known:
            own = [arm for arm in arms if arm in one.traces.arms] or [next(iter(one.traces.arms), "")]
            for arm in own:
                trace = one.traces.trace(name, arm, span)
                if not trace.lines or trace.stretches.extent(0, log=False) is None:
                    continue
                read = trace if cursor is None else one.traces.reading(name, arm, cursor)
                latest = float(read.latest[0]) if len(own) == 1 and read else np.nan
                # What has diverged has no value now: its name says so.
                last = latest if np.isfinite(latest) else None
                found.append(
                    Curve(trace.stretches, 0, title, last, one.slot, "guest", marker=one.marker, faint=one.faint)
                )
                title = None
    return found


def widened(
    shown: tuple[float, float] | None, others: tuple[float, float] | None, *, log: bool
) -> tuple[float, float] | None:
    """The extent of the shown session's readings, as far as others may widen it."""
    if shown is None or others is None:
        return shown or others
    low, high = shown
    if log:
        factor = 10.0**_DECADES
        return min(low, max(others[0], low / factor)), max(high, min(others[1], high * factor))
    reach = _WIDER * max(high / 2 - low / 2, abs(high) / 2, abs(low) / 2, 1e-300)
    return min(low, max(others[0], low - reach)), max(high, min(others[1], high + reach))

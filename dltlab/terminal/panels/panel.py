"""What a panel is: an immutable view of some series, drawn from a history."""

import abc
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, NamedTuple

import numpy as np
from msgspec import Meta

from dltlab.terminal.drawing.lines import Picture, centred, frame
from dltlab.terminal.drawing.overlaid import Overlaid
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.traces import Traces
from dltlab.text import one_line

_POSITIVE: Final = 0.9
"""The fraction of the readings of each series that are positive, where a logarithmic axis shows what they do."""
Title = Annotated[str, Meta(max_length=200)]
Named = Annotated[str, Meta(max_length=200)]
"""The name of a series or of an arm; empty for none."""
Arms = Annotated[tuple[str, ...], Meta(max_length=64)]
"""The arms that are shown, in this order; all of them if empty."""


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


class AbstractPanel(abc.ABC):
    """A view of some series. Its fields are what a ``[[panels]]`` table may say."""

    KEYS: ClassVar[tuple[str, ...]] = ("series",)
    """The fields that name series."""
    ALONE: ClassVar[bool] = False
    """Whether it shows one arm at a time."""
    SHAPE: ClassVar[float] = 4.0
    """How much wider than high, in cells, it is best."""
    OVER_TIME: ClassVar[bool] = False
    """Whether it shows the whole session along the step axis, rather than one moment of it."""
    TURNED: ClassVar[bool] = False
    """Whether its value axis can be turned over: from linear to logarithmic and back."""
    title: str

    @abc.abstractmethod
    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""

    @property
    def names(self) -> list[str]:
        """The series that it names."""
        return [name for key in self.KEYS for name in listed(getattr(self, key))]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The arms that it names; none for all of them."""
        return tuple(name for key in ("arm", "arms") for name in listed(getattr(self, key, ())))

    def heading(self, traces: Traces, arms: Sequence[str] | None = None) -> list[tuple[str, str]]:
        """The title that it was given, or its first series' own; and of several arms the one that is shown."""
        known = [traces.history[name].series for name in self.names if name in traces]
        own = f"{known[0].title} ({known[0].unit})" if known and known[0].unit else known[0].title if known else ""
        said = [(one_line(self.title or own or self.names[0]), "strong")]
        arms = self.shown_arms(traces) if arms is None else arms
        if len(arms) != 1 or len(traces.arms) < 2:
            return said
        named = traces.title(arms[0]) in self.title
        told = traces.lost(arms[0]) if named else traces.told(arms[0])
        return [*said, (f" · {told}", "faint")] if told else said

    def axis(self, traces: Traces) -> str:
        """Its value axis if nobody turns it over: linear or log; empty where it has no other one."""
        scale = getattr(self, "scale", "") if self.TURNED else ""
        known = [traces.history[name].series.scale for name in self.names if name in traces]
        return next(iter(known), "linear") if scale == "auto" else scale

    def logs(self, traces: Traces) -> bool:
        """Whether its readings are positive, but for a few: what is not has no place on a logarithmic axis."""
        known = [traces.history[name].values for name in self.names if name in traces]
        return all(np.mean(values > 0) > _POSITIVE * np.mean(np.isfinite(values)) for values in known if values.size)

    def shown_arms(self, traces: Traces) -> list[str]:
        """The arms that it shows of a session: those it names, or all; one without a name where there are none."""
        known = [name for name in self.wanted if name in traces.arms]
        return (known or list(traces.arms) or [""])[: 1 if self.ALONE else None]

    def apology(self, traces: Traces, width: int, height: int, look: Look) -> Picture | None:
        """A sentence in the panel's place where its series or its arms are not in the session."""
        missing = [one_line(name) for name in self.names if name not in traces]
        if height < 1:
            return None
        if traces.arms and self.wanted and not any(name in traces.arms for name in self.wanted):
            sentence = f"this session has no arm {one_line(', '.join(self.wanted))}; it has {', '.join(traces.arms)}."
            return self.blank(sentence, traces, width, height, look)
        if len(missing) < len(self.names):
            return None
        sentence = f"this session has no series {', '.join(missing)}; it has {', '.join(traces.history.columns)}."
        return self.blank(sentence, traces, width, height, look)

    def blank(self, sentence: str, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """The title, and a sentence in the place of a picture."""
        top = title_line(numbered(self.heading(traces), look), (), width, look.glyphs)
        return frame((top, *centred(sentence, width, height - 1)), width, height)


def listed(value: str | tuple[str, ...] | list[str]) -> list[str]:
    """The names that a key holds: one, several or none."""
    return [name for name in ([value] if isinstance(value, str) else value) if name]


def numbered(heading: list[tuple[str, str]], look: Look) -> list[tuple[str, str]]:
    """The heading after its key; what cannot show overlaid sessions says whose readings it shows."""
    whose = [(" · of this session", "faint")] if look.overlaid else []
    return [*([(f"{look.number} ", "key")] if look.number else []), *heading, *whose]

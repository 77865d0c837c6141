"""The stream folded: one growing column a series, each with its own steps.

Everything below the stream reads a session through this: claims judge it, panels draw it,
exports write it. Nobody can tell from it whether the session is live or replayed.
"""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from msgspec.structs import replace

from dltlab.records import Event, Footer, Frames, Header, Keyframe, Record, Series

_FIRST: Final = 1 << 16
"""Numbers that a column has room for before there is a reading: a header may name thousands of large ones."""
BUDGET: Final = ".budget"
"""How the knobs end that set what a probe may cost: turning one changes when is read, not what happens."""


class Column:
    """The readings of one series so far. Grows by doubling; views are cheap."""

    def __init__(self, series: Series) -> None:
        self.series = series
        room = max(1, min(64, _FIRST // max(1, math.prod(series.shape))))
        self._steps = np.empty(room, np.int64)
        self._values = np.empty((room, *series.shape), np.dtype(series.dtype))
        self._length = 0

    @classmethod
    def of(cls, series: Series, steps: np.ndarray, values: np.ndarray) -> "Column":
        """Readings that are at hand: steps of shape (n,), values of shape (n, *shape of a reading)."""
        column = cls.__new__(cls)
        column.series, column._steps, column._values, column._length = series, steps, values, len(steps)
        return column

    def __len__(self) -> int:
        return self._length

    @property
    def steps(self) -> np.ndarray:
        """The steps of the readings, shape (n,), increasing."""
        return self._steps[: self._length]

    @property
    def values(self) -> np.ndarray:
        """The readings, shape (n, *shape of a reading)."""
        return self._values[: self._length]

    def append(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Add readings at later steps; ones at or before the last step are dropped."""
        if self._length and len(steps) and steps[0] <= self._steps[self._length - 1]:
            fresh = steps > self._steps[self._length - 1]
            steps, values = steps[fresh], values[fresh]
        needed = self._length + len(steps)
        if needed > len(self._steps):
            room = max(needed, 2 * len(self._steps))
            # Room that is not written to costs no memory, so that only what was read is paid for.
            grown_steps, grown_values = (
                np.empty(room, np.int64),
                np.empty((room, *self.series.shape), self._values.dtype),
            )
            grown_steps[: self._length], grown_values[: self._length] = self.steps, self.values
            self._steps, self._values = grown_steps, grown_values
        self._steps[self._length : needed] = steps
        self._values[self._length : needed] = values
        self._length = needed


class History:
    """A session, as far as it was told."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.columns = {series.name: Column(series) for series in header.series}
        self.events: list[Event] = []
        self.footer: Footer | None = None
        self.keyframes: list[int] = []
        """The steps whose whole state was kept, in the order of the recording."""
        self.step = 0
        """The step that the session has reached."""
        self.wall = 0.0
        """Seconds since the session started."""
        self.clock = 0.0
        """Physical time: over all steps the sum of η, of η/(1 − β) where momentum sums up gradients."""
        self.busy = 0.0
        """Seconds the device has computed."""
        self.version = 0
        """Grows with every record, so that a reader knows whether to look again."""

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def extend(self, records: Iterable[Record]) -> None:
        """Take in what the stream says next."""
        for record in records:
            self.version += 1
            match record:
                # A session that is continued goes on after its footer; a replay's echo does not.
                case Frames() | Keyframe() | Event(what="continued"):
                    self.footer = None
            match record:
                case Frames():
                    self.step, self.wall, self.clock = record.step, record.wall, record.clock
                    self.busy += record.busy
                    for part in record.parts:
                        steps = part.steps()
                        for name, column in part.columns.items():
                            if name in self.columns:
                                self.columns[name].append(steps, column.numpy())
                case Event():
                    self.events.append(record)
                case Footer():
                    self.footer, self.step, self.wall = record, record.step, record.wall
                case Keyframe():
                    self.keyframes.append(record.step)
                case Header():
                    pass

    def arm(self, name: str) -> "History":
        """The session as if this arm had run alone: its own seeds, and series without the axis "arm".

        It shares its numbers with this history and does not grow with it. Raises KeyError for an unknown arm.
        """
        places = {arm.name: place for place, arm in enumerate(self.header.arms)}
        place, seeds = places[name], self.header.arms[places[name]].seeds
        view = History(replace(self.header, series=(), arms=(), seeds=self.header.seeds[:seeds]))
        for key, column in self.columns.items():
            series = replace(column.series, axes=column.series.axes[1:], shape=(seeds, *column.series.shape[2:]))
            view.columns[key] = Column.of(series, column.steps, column.values[:, place, :seeds])
        view.header = replace(view.header, series=tuple(column.series for column in view.columns.values()))
        view.events = [event for event in self.events if event.data.get("arm") in (None, name)]
        view.footer, view.step, view.version = self.footer, self.step, self.version
        view.wall, view.clock, view.busy = self.wall, self.clock, self.busy
        view.keyframes = list(self.keyframes)
        return view

    def until(self, step: int) -> "History":
        """The session as it stood when it had reached this step. It shares its numbers, and does not grow.

        Its seconds and its physical time, of which nothing is kept but the last, are those of the whole session.
        """
        view = History(replace(self.header, series=()))
        view.header = self.header
        for key, column in self.columns.items():
            last = int(np.searchsorted(column.steps, step, "right"))
            view.columns[key] = Column.of(column.series, column.steps[:last], column.values[:last])
        view.events = [event for event in self.events if event.step <= step]
        view.keyframes = [one for one in self.keyframes if one <= step]
        view.footer = self.footer if self.footer is not None and self.footer.step <= step else None
        view.step, view.version = min(step, self.step), self.version
        view.wall, view.clock, view.busy = self.wall, self.clock, self.busy
        return view

    @property
    def acts(self) -> list[Event]:
        """What was done by hand that changes the way of the session, oldest first: turns, kicks, draws anew."""
        return [event for event in self.events if _acts(event)]

    def turns(self, knob: str | None = None) -> list[Event]:
        """The turns of a knob, oldest first; of all that the dynamics know of, if none is named."""
        told = [(event, str(event.data.get("knob"))) for event in self.events if event.what == "turn"]
        return [event for event, name in told if (name == knob if knob else not name.endswith(BUDGET))]

    def knob(self, name: str, step: int | None = None) -> float:
        """A knob's value at a step (now, if none is given)."""
        value = next(k.value for k in self.header.knobs if k.name == name)
        for event in self.turns(name):
            if step is None or event.step <= step:
                value = float(event.data["value"])
        return value


def _acts(event: Event) -> bool:
    """Whether an event changes the way of the session; what a replay says of itself changes nothing."""
    if event.data.get("replay"):
        return False
    match event.what:
        case "turn":
            return not str(event.data.get("knob")).endswith(BUDGET)
        case "fork":
            # What else a fork changes is told as turns and kicks.
            return event.data.get("seed") is not None
        case what:
            return what == "kick"

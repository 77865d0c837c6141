"""A chunk's readings, from the device's rows to the columns of a record."""

import bisect
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from dltlab.engine.fleet import Fleet, Flights
from dltlab.records import Array, Part

if TYPE_CHECKING:
    from dltlab.engine.experiment import Experiment


def series_name(source: str, suffix: str) -> str:
    """What a reading is called: ``probes.loss`` gives loss, ``theories.sharpness`` sharpness.theory."""
    section, name = source.split(".", 1)
    if suffix:
        return f"{name}.{suffix}"
    return f"{name}.theory" if section == "theories" else name


class Desk:
    """Turns flights into parts, each reading once, and remembers the latest of each series."""

    def __init__(self, experiment: "Experiment", fleet: Fleet, recorded: Mapping[str, int] | None = None) -> None:
        self._fleet = fleet
        self._series = {series.name: series for series in experiment.series}
        self._arms = bool(experiment.arms)
        self._members = experiment.members
        self.recorded = dict(recorded or {})
        """Per series the last step that the recording has."""
        self.latest: dict[str, np.ndarray] = {}
        self.dead = np.zeros(sum(map(len, experiment.members)), bool)
        """Members that have diverged, arm after arm: they read NaN from then on."""

    def parts(self, flights: Flights, first: int, *, everything: bool = False) -> tuple[Part, ...]:
        """The readings of a chunk that began at step ``first``; those recorded already are left out."""
        end = first + int(np.max(flights.steps))
        columns: dict[tuple[int, int, int], dict[str, Array]] = {}
        for source in flights.blocks[0].rows:
            apart = 1 if everything else self._fleet.cadence(source)
            due = range(first + -first % apart, end, apart)
            # An arm may lack a reading that others have.
            for suffix in dict.fromkeys(suffix for block in flights.blocks for suffix in block.rows[source]):
                name = series_name(source, suffix)
                skip = bisect.bisect_right(due, self.recorded.get(name, -1))
                if skip >= len(due):
                    continue
                fresh = due[skip:]
                kept = self._column(name, self._fleet.rows(flights, source, suffix), slice(skip, len(due)))
                columns.setdefault((fresh[0], apart, len(fresh)), {})[name] = Array.of(kept)
                self.recorded[name] = fresh[-1]
                self.latest[name] = kept[-1]
        return tuple(Part(*when, found) for when, found in columns.items())

    def _column(self, name: str, arms: Mapping[int, np.ndarray], rows: slice) -> np.ndarray:
        """The rows of all arms, shape (rows, *shape of the series): NaN where an arm has less, or a member is dead."""
        shape = self._series[name].shape
        if not self._arms and len(arms[0]) == 1:
            return arms[0][0, rows]
        lead = shape[: 2 if self._arms else 1]
        count = rows.stop - rows.start
        column = np.full((count, *shape), np.nan, next(iter(arms.values())).dtype)
        spread = column.reshape(count, *((1, *lead) if len(lead) == 1 else lead), *shape[len(lead) :])
        dead = np.split(self.dead, np.cumsum([len(own) for own in self._members])[:-1])
        for arm, values in arms.items():
            for member, own in enumerate(values):
                if dead[arm][member]:
                    continue
                inner = tuple(slice(0, length) for length in own.shape[1:])
                spread[(slice(None), arm, member, *inner)] = own[rows]
        return column

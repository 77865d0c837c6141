"""A chunk's readings, from the device's rows to the columns of a record."""

import bisect
from collections.abc import Mapping

import jax
import numpy as np

from dltlab.engine.program import Flight, Program
from dltlab.records import Array, Part


def series_name(source: str, suffix: str) -> str:
    """What a reading is called: ``probes.loss`` gives loss, ``theories.sharpness`` sharpness.theory."""
    section, name = source.split(".", 1)
    if suffix:
        return f"{name}.{suffix}"
    return f"{name}.theory" if section == "theories" else name


class Desk:
    """Turns flights into parts, each reading once, and remembers the latest of each series."""

    def __init__(self, program: Program, members: int, recorded: Mapping[str, int] | None = None) -> None:
        self._program = program
        self._members = members
        self._recorded = dict(recorded or {})
        self.latest: dict[str, np.ndarray] = {}
        self.dead = np.zeros(members, bool)
        """Members that have diverged: they read NaN from then on."""

    def parts(self, flight: Flight, first: int, *, everything: bool = False) -> tuple[Part, ...]:
        """The readings of a chunk that began at step ``first``; those recorded already are left out."""
        rows, taken = jax.device_get((flight.rows, flight.steps))
        end = first + int(np.max(taken))
        columns: dict[tuple[int, int, int], dict[str, Array]] = {}
        for source, readings in rows.items():
            cadence = self._program.cadence(source)
            apart = 1 if everything else cadence
            due = range(first + -first % apart, end, apart)
            for suffix, values in readings.items():
                name = series_name(source, suffix)
                skip = bisect.bisect_right(due, self._recorded.get(name, -1))
                if skip >= len(due):
                    continue
                fresh = due[skip:]
                kept = self._column(values, skip, len(due))
                columns.setdefault((fresh[0], apart, len(fresh)), {})[name] = Array.of(kept)
                self._recorded[name] = fresh[-1]
                self.latest[name] = kept[-1]
        return tuple(Part(*when, found) for when, found in columns.items())

    def _column(self, values: np.ndarray, skip: int, count: int) -> np.ndarray:
        """The rows from ``skip`` to ``count``; an ensemble's members become the second axis."""
        if self._members == 1:
            return values[skip:count]
        column = np.moveaxis(values[:, skip:count], 0, 1).copy()
        column[:, self.dead] = np.nan
        return column

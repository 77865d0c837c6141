"""Rows as flat columns, for tables: every number of a reading gets a name of its own.

A series of single numbers is a column of its name. Otherwise its place follows in brackets, the axes in
their order: ``spectrum[0]``, ``loss[seed=3]``, ``spectrum[arm=wide,seed=3,0]``. Arms go by their names,
seeds by their numbers, all else by its index from 0. An arm that has fewer seeds than others has fewer
columns.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from dltlab.exports.rows import Rows
from dltlab.records import Header, Series
from dltlab.text import one_line


class Flat(NamedTuple):
    """One column of a table."""

    series: str
    labels: tuple[str, ...]
    """Where in a reading it stands, one for each axis."""
    place: int
    """Which of the flattened numbers of a reading it is."""
    dtype: str

    @property
    def name(self) -> str:
        """What the column is called."""
        return one_line(f"{self.series}[{','.join(self.labels)}]" if self.labels else self.series)

    @property
    def tag(self) -> str:
        """The same, where slashes make groups."""
        return one_line("/".join((self.series, *self.labels)))


def columns(header: Header, series: Sequence[Series]) -> list[Flat]:
    """The columns of these series, in order."""
    return [Flat(one.name, labels, place, one.dtype) for one in series for place, labels in _places(header, one)]


def _places(header: Header, series: Series) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The flattened numbers of a reading, and where each stands; without those of seeds that an arm does not have."""
    axes = [_labels(header, axis, length) for axis, length in zip(series.axes, series.shape, strict=True)]
    seeds = [arm.seeds for arm in header.arms]
    for place, labels in enumerate(itertools.product(*axes)):
        if seeds:
            arm, seed = np.unravel_index(place, series.shape)[:2]
            if seed >= seeds[int(arm)]:
                continue
        yield place, labels


def _labels(header: Header, axis: str, length: int) -> list[str]:
    seeds, arms = header.seeds, [arm.name for arm in header.arms]
    if axis == "seed" and length <= len(seeds) and len(set(seeds)) == len(seeds):
        return [f"seed={seed}" for seed in seeds[:length]]
    if axis == "arm" and length == len(arms):
        return [f"arm={arm}" for arm in arms]
    return [str(index) for index in range(length)]


def numbers(rows: Rows, flat: Sequence[Flat]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Per column whether it was read, and its numbers, each of shape (rows,)."""
    many = len(rows.steps)
    for column in flat:
        there, values = rows.columns[column.series]
        yield there, values.reshape(many, -1)[:, column.place]


def cells(rows: Rows, flat: Sequence[Flat], empty: Any) -> list[list[Any]]:
    """Per column its numbers as Python's, with ``empty`` where the series was not read."""
    found = []
    for there, values in numbers(rows, flat):
        whole = values.tolist()
        told = zip(whole, there.tolist(), strict=True)
        found.append(whole if there.all() else [one if was_read else empty for one, was_read in told])
    return found

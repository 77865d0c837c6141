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

    name: str
    series: str
    place: int
    """Which of the flattened numbers of a reading it is."""
    dtype: str


def columns(header: Header, series: Sequence[Series]) -> list[Flat]:
    """The columns of these series, in order."""
    return [Flat(one_line(name), one.name, place, one.dtype) for one in series for place, name in _named(header, one)]


def _named(header: Header, series: Series) -> Iterator[tuple[int, str]]:
    if not series.shape:
        yield 0, series.name
        return
    labels = [_labels(header, axis, length) for axis, length in zip(series.axes, series.shape, strict=True)]
    for place, names in enumerate(itertools.product(*labels)):
        index = np.unravel_index(place, series.shape)
        if series.axes[0] != "arm" or not header.arms or index[1] < header.arms[int(index[0])].seeds:
            yield place, f"{series.name}[{','.join(names)}]"


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

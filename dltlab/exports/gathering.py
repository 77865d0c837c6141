"""Rows gathered into larger pieces, for formats that take them by the block."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from dltlab.exports.rows import Readings, Rows
from dltlab.records import Event, Footer

MOST_NUMBERS: Final = 1 << 20
"""Numbers in a piece, unless one row has more."""


def gathered(told: Iterator[Rows | Event | Footer], most: int = MOST_NUMBERS) -> Iterator[Rows]:
    """The rows alone, in pieces of about so many numbers."""
    waiting: list[Rows] = []
    numbers = 0
    for rows in told:
        if not isinstance(rows, Rows):
            continue
        waiting.append(rows)
        numbers += len(rows.steps) + sum(readings.values.size for readings in rows.columns.values())
        if numbers >= most:
            yield _joined(waiting)
            waiting, numbers = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(pieces: list[Rows]) -> Rows:
    if len(pieces) == 1:
        return pieces[0]
    columns = {
        name: Readings(
            np.concatenate([rows.columns[name].there for rows in pieces]),
            np.concatenate([rows.columns[name].values for rows in pieces]),
        )
        for name in pieces[0].columns
    }
    steps, walls = [rows.steps for rows in pieces], [rows.walls for rows in pieces]
    return Rows(np.concatenate(steps), np.concatenate(walls), columns)

"""Two recordings of ensembles as they are compared: as if the seeds that both have had run alone."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from dltlab.session.diff import Told
from dltlab.session.history import Column


def in_common(one: Told, other: Told) -> tuple[Told, Told]:
    """Both recordings with the seeds alone that both have, in one order; as they are where all are the same, or none.

    Kept states hold all seeds of a session and are left out.
    """
    mine, others = one.history.header.seeds, other.history.header.seeds
    shared = tuple(seed for seed in mine if seed in others)
    if mine == others or not shared:
        return one, other
    return _with(one, shared), _with(other, shared)


def _with(told: Told, seeds: Sequence[int]) -> Told:
    """A recording as if only these of its seeds had run."""
    header = told.history.header
    places = [header.seeds.index(seed) for seed in seeds]
    history = told.history.until(told.reached)
    history.columns = {name: _of(column, len(header.seeds), places) for name, column in history.columns.items()}
    arms = tuple(replace(arm, seeds=sum(place < arm.seeds for place in places)) for arm in header.arms)
    series = tuple(column.series for column in history.columns.values())
    history.header = replace(header, seeds=tuple(seeds), arms=arms, series=series)
    return replace(told, history=history, states={}, seeds=tuple(seed for seed in header.seeds if seed not in seeds))


def _of(column: Column, members: int, places: Sequence[int]) -> Column:
    """The readings of the members at these places; one member alone has no axis of seeds, but beside arms it has."""
    series = column.series
    axis = series.axes.index("seed") if series.axes[:1] == ("seed",) or series.axes[:2] == ("arm", "seed") else -1
    if axis < 0 or series.shape[axis] != members:
        return column
    before, after = series.shape[:axis], series.shape[axis + 1 :]
    values = np.take(column.values, places, axis=1 + axis)
    if axis or len(places) > 1:
        return Column.of(replace(series, shape=(*before, len(places), *after)), column.steps, values)
    return Column.of(replace(series, axes=series.axes[1:], shape=after), column.steps, values[:, 0])

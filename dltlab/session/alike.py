"""Seeds that were one run: where nothing is drawn at random, each of them reads the same numbers.

That is seen in the readings, not guessed from the scenario. Estimates, which are those with error bars, are left out:
a search for eigenvectors starts from noise of its own.
"""

import numpy as np

from dltlab.session.history import Column, History


def arms(history: History) -> list[str]:
    """The arms whose seeds, if they have several, are all alike in every reading; "" for a session without arms."""
    if not history.header.arms:
        return [""] if _one_run(history) else []
    return [arm.name for arm in history.header.arms if _one_run(history.arm(arm.name))]


def _one_run(history: History) -> bool:
    members = len(history.header.seeds)
    estimated = {column.series.source for column in history.columns.values() if column.series.bar}
    read = [one for one in history.columns.values() if len(one) and one.series.source not in estimated]
    return members > 1 and bool(read) and all(_same(column, members) for column in read)


def _same(column: Column, members: int) -> bool:
    """Whether every seed reads what the first one does, to the last bit; what is NaN in all is alike."""
    if column.series.axes[:1] != ("seed",) or column.series.shape[:1] != (members,):
        return True
    values = column.values
    return all(np.array_equal(values[:, 0], values[:, one], equal_nan=True) for one in range(1, members))

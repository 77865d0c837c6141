"""Since when a claim stands as it does: found by judging the session as it once stood."""

from collections.abc import Callable
from typing import Final

from dltlab.claims.abstract import Judgeable
from dltlab.claims.verdict import Status
from dltlab.session.history import History

_LOOKS: Final = 24
"""Equal stretches in which it is looked for; a change of sides and back within one of them goes unseen."""


def since(claim: Judgeable, history: History, status: Status, after: int = 0) -> int:
    """The step at which the claim came to stand as it does now, not looked for before step ``after``.

    Found to within a frame: the last of ``_LOOKS`` stretches in which it stood otherwise is halved
    until nothing is left of it.
    """

    def stood(step: int) -> bool:
        return claim.judge(history.until(step)).status == status

    end, first = history.step, min(max(after, 0), history.step)
    late = end
    for look in range(_LOOKS - 1, -1, -1):
        early = first + (end - first) * look // _LOOKS
        if early >= late:
            continue
        if stood(early):
            late = early
            continue
        return _halved(early, late, max(history.header.every, 1), stood)
    return late


def _halved(early: int, late: int, grain: int, stood: Callable[[int], bool]) -> int:
    """The first step at which it stood so, between one at which it did not and one at which it did."""
    while late - early > grain:
        middle = (early + late) // 2
        early, late = (early, middle) if stood(middle) else (middle, late)
    return late

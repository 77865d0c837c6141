"""The arms in which a claim must hold, and the histories that it looks at there."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from dltlab.catalog import near_miss
from dltlab.session.history import History


def places(history: History, arm: str | None) -> list[str | None]:
    """Where a claim must hold: in the arm that it names; else in every arm, and in the history if that has none."""
    if arm is not None or not history.header.arms:
        return [arm]
    return [one.name for one in history.header.arms]


def view(history: History, arm: str | None) -> History:
    """An arm alone, the history itself for no arm; a history without readings for an arm that did not run."""
    if arm is None:
        return history
    return History(replace(history.header, series=(), arms=())) if absent(history, arm) else history.arm(arm)


def absent(history: History, arm: str) -> bool:
    """Whether an arm did not run."""
    return all(one.name != arm for one in history.header.arms)


def title(history: History, arm: str | None) -> str:
    """What a verdict calls an arm."""
    titles = {one.name: one.title or one.name for one in history.header.arms}
    return "" if arm is None else titles.get(arm, f"arm {arm!r} did not run")


def unknown(named: Mapping[str, str | None], arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
    """The faults of arms that are named, by key, and are not there."""
    for key, arm in named.items():
        if arm is not None and arm not in arms:
            yield key, f"no arm {arm!r}; {near_miss(arm, arms)}"

"""Since when a claim stands as it does, and after what: found by judging the session as it once stood."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from msgspec import Struct

from dltlab.claims.abstract import Judgeable
from dltlab.claims.verdict import Status, Verdict
from dltlab.records import Event
from dltlab.session.history import History
from dltlab.text import one_line

_LOOKS: Final = 24
"""Equal stretches in which it is looked for; a change of sides and back within one of them goes unseen."""


class Act(Struct, frozen=True):
    """What was done by hand to a session: a claim is about the session without it."""

    what: str
    """The kind of its event: turn, kick or fork."""
    name: str
    """In words: the turn of η."""
    step: int

    @property
    def done(self) -> str:
        """What, and when: the turn of η at step 900."""
        return f"{self.name} at step {self.step:,}"

    @property
    def said(self) -> str:
        """What is to be said of a claim that failed after it."""
        return f"after {self.done}; the claim is about the run without it"


class Since(NamedTuple):
    """The step since which a claim stands as it does; where it fails, what was done to the session before."""

    step: int
    after: Act | None = None


def dated(claim: Judgeable, history: History, status: Status, after: int = 0) -> Since:
    """Since when a claim stands so; where it fails since something was done to the session, the last of that."""
    step = since(claim, history, status, after)
    # What is read at a step was read before anything was done there.
    acts = [event for event in history.acts if event.step < step] if status == "fails" else []
    return Since(step, _act(acts[-1], history) if acts else None)


def refuted(claims: Iterable[Judgeable], history: History, verdicts: Iterable[Verdict]) -> dict[str, Act]:
    """What was done to the session before claims failed, by the names of those that did after something was."""
    found: dict[str, Act] = {}
    for claim, verdict in zip(claims, verdicts, strict=False) if history.acts else ():
        if verdict.status == "fails":
            # As with judging: what cannot be dated is told without a date.
            with contextlib.suppress(Exception):
                after = dated(claim, history, verdict.status).after
                found |= {verdict.name: after} if after else {}
    return found


def _act(event: Event, history: History) -> Act:
    if event.what != "turn":
        return Act(event.what, f"the {event.what}", event.step)
    knob = str(event.data.get("knob"))
    titles = {one.name: one_line(one.title) for one in history.header.knobs}
    return Act(event.what, f"the turn of {titles.get(knob) or one_line(knob)}", event.step)


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

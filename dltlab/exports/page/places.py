"""Where on the page's time something stands: chapters, what was done by hand, where a claim was judged."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from dltlab.chapters import Chapter
from dltlab.chapters.asked import opening
from dltlab.claims import AbstractClaim
from dltlab.claims.since import Act
from dltlab.claims.windows import bounds
from dltlab.questions import Question
from dltlab.session.history import History
from dltlab.session.notes import Note
from dltlab.text import one_line

SIGNS: Final = {"turned": "▲", "turn": "▲", "kick": "✶", "diverged": "✗", "fork": "Ψ", "mark": "✎"}
"""What stands on the slider for chapters that something did, and for that; all others are theory's own."""


class Stop(Struct, frozen=True):
    """A place to jump to."""

    step: int
    kind: str
    sign: str
    title: str
    text: str


def stops(history: History, chapters: Sequence[Chapter], notes: Sequence[Note]) -> list[Stop]:
    """Chapters, continuations, and the notes for everybody, in order of their steps."""
    found = [_of_chapter(history, one) for one in chapters]
    for event in history.events:
        if event.what == "continued":
            found.append(Stop(event.step, "continued", "↻", "continued", one_line(event.text)))
    for note in notes:
        if said := one_line(note.text):
            found.append(Stop(note.step, "note", "✎", said if len(said) <= 60 else f"{said[:59]}…", note.text))
    return sorted(found, key=lambda one: one.step)


def _of_chapter(history: History, chapter: Chapter) -> Stop:
    titles = {arm.name: one_line(arm.title or arm.name) for arm in history.header.arms}
    arm = titles.get(chapter.arm, "")
    title = one_line(chapter.title)
    told = f"{title} ({arm})" if arm and arm not in title else title
    return Stop(chapter.step, one_line(chapter.kind), SIGNS.get(chapter.kind, "◆"), told, one_line(chapter.text))


def asked(question: Question, chapters: Sequence[Chapter], last: int) -> int | None:
    """The step at which a question is asked; None where the session did not come there."""
    step = opening(question, chapters)
    return step if step is not None and step <= last else None


class Judged(Struct, frozen=True):
    """Where a claim looks, and what was done to the session before it failed."""

    series: list[str]
    span: tuple[int, int] | None
    """The steps of its window, of the first arm that it is about; None for all of them."""
    after: Act | None = None


def judged(history: History, claim: AbstractClaim | None, after: Act | None = None) -> Judged:
    """Where a claim of the scenario looks; nowhere for one that this version does not know."""
    if claim is None:
        return Judged([], None, after)
    series = list(dict.fromkeys(claim.needs().values()))
    try:
        return Judged(series, _span(history, claim), after)
    except Exception:
        # A window that cannot be told is not worth an export; the verdict is.
        return Judged(series, None, after)


def _span(history: History, claim: AbstractClaim) -> tuple[int, int] | None:
    window = getattr(claim, "window", None)
    since, until = getattr(claim, "since", None), getattr(claim, "until", None)
    if window is None and since is None and until is None:
        numerator = getattr(claim, "numerator", None)
        window = getattr(numerator, "window", None)
    if window is None and since is None and until is None:
        return None
    arms = [arm.name for arm in history.header.arms]
    arm = claim.arm if claim.arm in arms else next(iter(arms), None)
    found = bounds(history.arm(arm) if arm else history, window or (0.0, 1.0), since, until)
    low, high = (np.asarray(side)[~np.isnan(side)] for side in (found.low, found.high))
    if not len(low) or not len(high):
        return None
    whole = (max(int(low.min()), 0), min(int(high.max()), history.step))
    return whole if whole[1] > whole[0] and whole != (0, history.step) else None

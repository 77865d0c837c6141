"""What the session itself says happened: a fork, a turn, a kick, a mark, a divergence."""

import abc
from collections.abc import Iterable
from typing import ClassVar, Final, final

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.chapter import Chapter, short
from dltlab.records import Event
from dltlab.session.history import BUDGET
from dltlab.text import one_line

_MOST: Final = 1000
"""Events of one kind that open chapters: nobody reads more, and a damaged recording may hold millions."""


class AbstractSaid(AbstractDetector):
    """Opens a chapter at each event of one kind."""

    by_arm: ClassVar[bool] = False
    what: ClassVar[str]
    """The kind of event."""

    def __init__(self) -> None:
        self._seen = 0
        self._told = 0

    @abc.abstractmethod
    def chapter(self, event: Event, member: Member) -> Chapter | None:
        """The chapter of an event; None where it opens none."""

    def look(self, member: Member) -> Iterable[Chapter]:
        """The chapters of the events since the last look."""
        events, first = member.history.events, self._seen
        self._seen = len(events)
        for event in events[first:]:
            # What a replay says of itself is no part of the session.
            if event.what != self.what or event.data.get("replay") or self._told >= _MOST:
                continue
            if chapter := self.chapter(event, member):
                self._told += 1
                yield chapter


@final
class Forked(AbstractSaid):
    """The step from which on a session is no longer its parent's."""

    what = "fork"

    def chapter(self, event: Event, member: Member) -> Chapter | None:
        """With what was changed."""
        del member
        return Chapter(event.step, "fork", "forked here", _sentence(event), known=event.step)


@final
class Turned(AbstractSaid):
    """A knob was turned."""

    what = "turn"

    def chapter(self, event: Event, member: Member) -> Chapter | None:
        """With the value before and after; a probe's budget changes when is read, not what happens."""
        name = str(event.data.get("knob"))
        value, old = (event.data.get(key) for key in ("value", "old"))
        if name.endswith(BUDGET) or not isinstance(value, int | float):
            return None
        title = next((one_line(knob.title) for knob in member.history.header.knobs if knob.name == name), name)
        text = f"{title} is turned from {old:.4g} to {value:.4g}" if isinstance(old, int | float) else ""
        text = f"{text or f'{title} is turned to {value:.4g}'}."
        return Chapter(event.step, "turned", short(f"{title} = {value:.4g}"), text, known=event.step)


@final
class Kicked(AbstractSaid):
    """The parameters were displaced by hand."""

    what = "kick"

    def chapter(self, event: Event, member: Member) -> Chapter | None:
        """By how much, and which way."""
        del member
        return Chapter(event.step, "kick", "kicked", _sentence(event), known=event.step)


@final
class Marked(AbstractSaid):
    """A mark was set by hand."""

    what = "mark"

    def chapter(self, event: Event, member: Member) -> Chapter | None:
        """In the words that it was set with."""
        del member
        text = _sentence(event)
        return Chapter(event.step, "mark", short(text.rstrip(".") or "mark"), text or "Marked.", known=event.step)


@final
class Diverged(AbstractDetector):
    """The loss stopped being finite: of this member, or of every one."""

    def __init__(self) -> None:
        self._seen = 0
        self._told = False

    def look(self, member: Member) -> Iterable[Chapter]:
        """Once; as the engine says it, or the last record of the session."""
        history, first = member.history, self._seen
        self._seen = len(history.events)
        if self._told:
            return
        found = [event for event in history.events[first:] if event.what == "diverged" and _is_of(event, member)]
        footer = history.footer
        if found:
            at = found[0].data.get("step")
            step = at if isinstance(at, int) and not isinstance(at, bool) and at >= 0 else found[0].step
            yield self._chapter(step, max(step, found[0].step), found[0].text, member)
        elif footer is not None and footer.reason == "diverged":
            yield self._chapter(footer.step, footer.step, footer.text, member)

    def _chapter(self, step: int, known: int, text: str, member: Member) -> Chapter:
        self._told = True
        text = one_line(text).rstrip(".") or "the loss stopped being finite"
        return Chapter(step, "diverged", "diverged", f"{text[0].upper()}{text[1:]}.", arm=member.arm, known=known)


def _is_of(event: Event, member: Member) -> bool:
    """Whether an event is about this member, or about all of them."""
    seeds = member.history.header.seeds
    own = seeds[min(member.seed, len(seeds) - 1)] if seeds else None
    return event.data.get("arm") in (None, member.arm) and event.data.get("seed") in (None, own)


def _sentence(event: Event) -> str:
    return one_line(event.text)

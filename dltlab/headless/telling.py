"""A session in plain lines, one event a line: for screen readers, logs and terminals that can do nothing else."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, final

import numpy as np

from dltlab.chapters import Chapter, Following, Member
from dltlab.chapters.series import figure, losses, sharp
from dltlab.claims import Judgeable, judge_all
from dltlab.claims.since import refuted
from dltlab.headless.reports import WORDS
from dltlab.records import Event, Frames, Record
from dltlab.session.history import History
from dltlab.text import one_line

_LINES: Final = 20
"""Times in a session that its figures and the claims that have changed are told."""
_MOST_ARMS: Final = 6
"""Arms whose figures are told."""
_EVENTS: Final = frozenset({"pause", "resume", "advance", "pace", "refused", "warning", "continued"})
"""Events that are told as they are; others open chapters, or are of no interest to a reader."""
_PROSE: Final = re.compile(r"[A-Z][a-z]")


@final
class Telling:
    """Tells each line once, as soon as the session shows it; the lines depend on its records alone."""

    def __init__(self, history: History, claims: Sequence[Judgeable] = ()) -> None:
        """Tell of a history that is still empty."""
        self._history = history
        self._claims = claims
        self._following = Following()
        self._told: set[Chapter] = set()
        self._latest = 0
        """The last step that a line has named: no later line names an earlier one first."""
        self._events = 0
        self._stride = max(history.header.steps // _LINES, 1)
        self._next = 0
        self._figured = -1
        self._statuses = ["not yet"] * len(claims)

    def opening(self) -> str:
        """What is going to be told."""
        header = self._history.header
        arms = f", arms {', '.join(one_line(arm.name) for arm in header.arms)}" if header.arms else ""
        seeds = len(header.seeds)
        told = f"; told is seed {header.seeds[0]}, judged are all {seeds}" if seeds > 1 else ""
        return f"{one_line(header.title)}: {header.steps:,} steps planned{arms}{told}"

    def take(self, records: Iterable[Record]) -> Iterator[str]:
        """Let the history grow by records, and tell what they show."""
        for record in records:
            self._history.extend([record])
            yield from self._lines(record)

    def closing(self) -> str:
        """How it ended."""
        footer, step = self._history.footer, self._history.step
        how = f"{one_line(footer.reason)}: {one_line(footer.text)}" if footer else "the recording goes no further."
        return f"step {step:,}: {how}"

    def _lines(self, record: Record) -> Iterator[str]:
        history = self._history
        fresh = history.events[self._events :]
        self._events = len(history.events)
        for event in fresh:
            if event.what in _EVENTS:
                self._latest = max(self._latest, event.step)
                yield f"step {event.step:,}: {_sentence(event)}"
        chapters = [chapter for chapter in self._following.chapters(history) if chapter not in self._told]
        self._told.update(chapters)
        # In the order in which they open, but for those of a step that was passed: these as they come to be known.
        passed = self._latest
        for chapter in sorted(chapters, key=lambda one: one.step if one.step >= passed else one.known):
            # What somebody did is known where it opens.
            told = max(chapter.known, self._latest) if chapter.step < min(self._latest, chapter.known) else chapter.step
            self._latest = max(self._latest, told)
            yield _chapter(chapter, told)
        if history.footer is not None or (isinstance(record, Frames) and history.step >= self._next):
            self._next = (history.step // self._stride + 1) * self._stride
            self._latest = max(self._latest, history.step)
            yield from self._figures(history.step)
            yield from self._verdicts(history.step)

    def _figures(self, step: int) -> Iterator[str]:
        """The loss and the sharpness by now, of each arm."""
        arms = [one_line(arm.name) for arm in self._history.header.arms][:_MOST_ARMS] or [""]
        members = [Member(self._history, arm, place) for place, arm in enumerate(arms)]
        told = []
        for what, names in (("loss", losses(members[0])), ("sharpness", sharp(members[0]))):
            for name in names[:1]:
                values = [(member.arm, member.leading(name)[1][-1:]) for member in members]
                found = [f"{arm} {figure(float(one[0]))}".strip() for arm, one in values if np.isfinite(one).all()]
                told += [f"{what} {', '.join(found)}"] if found and len(values[0][1]) else []
        if told and step > self._figured:
            self._figured = step
            yield f"step {step:,}: {'; '.join(told)}"

    def _verdicts(self, step: int) -> Iterator[str]:
        """The claims whose status is another than when it was last told."""
        for place, verdict in enumerate(judge_all(self._claims, self._history)):
            if verdict.status != self._statuses[place]:
                self._statuses[place] = verdict.status
                within = f" {verdict.tolerance}" if verdict.tolerance else ""
                numbers = f"predicted {verdict.predicted}{within}, measured {verdict.measured}"
                act = refuted(self._claims[place : place + 1], self._history, [verdict]).get(verdict.name)
                after = f", {act.said}" if act else ""
                yield one_line(f"step {step:,}: claim {verdict.name} {WORDS[verdict.status]}: {numbers}{after}")


def _chapter(chapter: Chapter, step: int) -> str:
    """What a chapter says, told at a step: where it opened before, since when."""
    arm = f", arm {one_line(chapter.arm)}" if chapter.arm else ""
    text = one_line(chapter.text)
    # Within a line a sentence goes on; a symbol keeps its case.
    text = f"{text[0].lower()}{text[1:]}" if _PROSE.match(text) else text
    since = f"since step {chapter.step:,}: " if chapter.step < step else ""
    return f"step {step:,}{arm}: {since}{text}"


def _sentence(event: Event) -> str:
    lead = f"{event.what}: " if event.what in ("refused", "warning") else ""
    return f"{lead}{one_line(event.text)}"

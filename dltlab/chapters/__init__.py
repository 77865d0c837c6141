"""Chapters that open by themselves: theory events, detected from the series of a session.

A detector is one file and one line here. It reads the history and nothing else, so a chapter is the same live, in a
replay and in a report; and it is causal: what it said of the session up to a step is what it says of the whole one.
"""

from collections.abc import Iterator
from typing import Final, final

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.catapult import Catapult
from dltlab.chapters.chapter import Chapter
from dltlab.chapters.drift import KernelDrift
from dltlab.chapters.edge import Edge, NewEdge
from dltlab.chapters.interpolation import Interpolation
from dltlab.chapters.saddle import SaddleEscaped
from dltlab.chapters.said import Diverged, Forked, Kicked, Marked, Turned
from dltlab.chapters.sharpening import Sharpening
from dltlab.session.history import History

__all__ = ["DETECTORS", "AbstractDetector", "Chapter", "Following", "Member", "detect"]

DETECTORS: Final[dict[str, type[AbstractDetector]]] = {
    "fork": Forked,
    "turned": Turned,
    "kick": Kicked,
    "mark": Marked,
    "catapult": Catapult,
    "sharpening": Sharpening,
    "edge": Edge,
    "new edge": NewEdge,
    "saddle": SaddleEscaped,
    "kernel drift": KernelDrift,
    "interpolation": Interpolation,
    "diverged": Diverged,
}
"""By the kind of chapter that it opens. At one step chapters stand in this order."""
_RANK: Final = {kind: place for place, kind in enumerate(DETECTORS)}


def detect(history: History, member: int = 0) -> list[Chapter]:
    """The chapters of a session, of each arm, in order of step.

    Args:
        history: The session as far as it was told.
        member: The place among the seeds of the member that is watched.
    """
    return Following(member).chapters(history)


@final
class Following:
    """The chapters of a session that grows: cheap to ask for at every frame, since only what is new is looked at."""

    def __init__(self, member: int = 0) -> None:
        """Follow the member at this place among the seeds."""
        self._member = member
        self._history: History | None = None
        self._version = -1
        self._chapters: list[Chapter] = []
        self._ahead: list[Chapter] = []
        """Of what the engine said before it told the readings up to there."""
        self._watching: list[tuple[Member, AbstractDetector]] = []

    def chapters(self, history: History) -> list[Chapter]:
        """What :func:`detect` says of this history. Another history than last time is watched from its beginning."""
        if history is not self._history or history.version < self._version:
            self._history, self._version, self._chapters, self._ahead = history, -1, [], []
            self._watching = list(self._detectors(history))
        if history.version != self._version:
            self._version = history.version
            fresh = [chapter for member, detector in self._watching for chapter in detector.look(member)]
            fresh += self._ahead
            self._ahead = [chapter for chapter in fresh if chapter.known > history.step]
            if len(fresh) > len(self._ahead):
                told = [chapter for chapter in fresh if chapter.known <= history.step]
                self._chapters = sorted([*self._chapters, *told], key=_order)
        return self._chapters

    def _detectors(self, history: History) -> Iterator[tuple[Member, AbstractDetector]]:
        names = [arm.name for arm in history.header.arms] or [""]
        for kind in DETECTORS.values():
            for place, name in enumerate(names if kind.by_arm else [""]):
                yield Member(history, name, place, self._member), kind()


def _order(chapter: Chapter) -> tuple[int, int, int, str]:
    return chapter.step, chapter.known, _RANK[chapter.kind], chapter.arm

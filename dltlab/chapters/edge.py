"""The edge of stability: the sharpness reaches what the step size can bear, and stays there."""

from collections.abc import Iterable
from typing import ClassVar, final

from dltlab.chapters.abstract import AbstractDetector, Member
from dltlab.chapters.chapter import Chapter
from dltlab.chapters.meeting import Meeting, Meetings
from dltlab.chapters.series import figure, sharp, title
from dltlab.session.tables import THRESHOLD, of_kind


class AbstractMeeting(AbstractDetector):
    """Opens a chapter where a sharpness arrives at its threshold: 2/η for gradient descent."""

    again: ClassVar[bool]
    """Whether it tells of arrivals after the threshold has moved, or of the others."""

    def __init__(self) -> None:
        self._meetings: dict[str, Meetings] = {}

    def look(self, member: Member) -> Iterable[Chapter]:
        """Every series that has a threshold."""
        if not self._meetings:
            known = of_kind(member.history.header, "theories", THRESHOLD)
            self._meetings = {name: Meetings(name) for name in sharp(member) if name in known}
        for name, meetings in self._meetings.items():
            for meeting in meetings.look(member):
                if meeting.again == self.again:
                    yield self._chapter(member, name, meeting)

    def _chapter(self, member: Member, name: str, meeting: Meeting) -> Chapter:
        limit = title(member, f"{name}.theory", "its threshold")
        what = f"{limit} = {figure(meeting.level)}"
        hovers = f"{figure(meeting.median * meeting.level)} is its median up to step {meeting.known:,}"
        turns = [event.step for event in member.history.turns() if event.step <= meeting.step]
        since = f", moved by the turn at step {turns[-1]:,}" if turns and self.again else ""
        new, label = ("the new ", "new edge") if self.again else ("", "the edge of stability")
        text = f"The sharpness reaches {new}{what}{since}; from here on it hovers there: {hovers}."
        kind = "new edge" if self.again else "edge"
        return Chapter(meeting.step, kind, label, text, name, member.arm, meeting.known)


@final
class Edge(AbstractMeeting):
    """The sharpness rises to its threshold and hovers there (Cohen et al. 2021, arXiv:2103.00065)."""

    again = False


@final
class NewEdge(AbstractMeeting):
    """After a knob has moved the threshold the sharpness follows it, and hovers there again."""

    again = True

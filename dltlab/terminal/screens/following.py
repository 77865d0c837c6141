"""Following a source: the history that its records make, and what was asked of it."""

import time
from collections.abc import Callable
from typing import Final

from dltlab.claims.judging import Judge
from dltlab.commands import Command, Stop, Turn
from dltlab.errors import DltlabError
from dltlab.records import Event, Knob
from dltlab.session.history import BUDGET, History
from dltlab.session.holding import held
from dltlab.session.source import Source
from dltlab.terminal.drawing.price import cadence, told_budget
from dltlab.terminal.drawing.standing import Speed, Standing, standing, told
from dltlab.terminal.drawing.traces import Traces
from dltlab.text import one_line

_ANSWER: Final = 3.0
"""Seconds after which a command that brought no Event is no longer shown as pending."""
LONGEST_KICK: Final = 1e6
_NOTICE: Final = 6.0
"""Seconds for which a notice stands."""
_TOLD: Final = frozenset(
    {"compiling", "refused", "warning", "turn", "kick", "mark", "diverged", "continued", "fork", "pace"}
)


class Following:
    """A source, folded as it speaks; with the commands that wait for their Event."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self.source = source
        self.history = History(source.header)
        self.traces = Traces(self.history)
        self.judge = Judge(source.header, clock)
        self._clock = clock
        self._speed = Speed()
        self._rate: float | None = None
        self._asked: dict[str, tuple[float, float]] = {}
        self._pending = ("", 0.0)
        self._notice = ("", -_NOTICE)
        self.sentence = False
        """Whether the notice is to be read in full, even where it takes more than a line."""
        self._compiling = "-"

    def poll(self) -> bool:
        """Take in what the source says; whether there was anything."""
        before, version, ended = len(self.history.events), self.history.version, self.history.footer
        try:
            self.history.extend(self.source.poll())
        except DltlabError as fault:
            self.say(str(fault))
        for place, event in enumerate(self.history.events[before:], before):
            # What was passed before one came, or while one was away, is told by the timeline.
            self._heard(place, event, late=event.step < self.history.step and event.wall < self.history.wall - _NOTICE)
        footer = self.history.footer
        last = self.history.events[-1].step if len(self.history.events) > before else -1
        if footer is not None and ended is None and last < footer.step and not self.sentence:
            # What was said on the way gives way to how it ended.
            self._notice = ("", -_NOTICE)
        if self.history.step and self._notice[0] == self._compiling:
            self._notice = ("", -_NOTICE)
        now = self._clock()
        self._rate = self._speed.at(now, self.history.step)
        if now - self._pending[1] > _ANSWER:
            self._pending = ("", 0.0)
        self._asked = {knob: asked for knob, asked in self._asked.items() if now - asked[1] <= _ANSWER}
        return self.history.version != version

    def judged(self) -> bool:
        """Judge if it is time; whether the verdicts may be others now."""
        now = self._clock()
        due = self.judge.due(now, self.history)
        if due:
            self.judge.look(now, self.history)
        return due

    def _heard(self, place: int, event: Event, *, late: bool) -> None:
        """An answer: what was pending is no longer so."""
        if event.what in ("price", "cadence"):
            # Nobody asked.
            return
        if event.what == "turn":
            knob, value = str(event.data.get("knob")), event.data.get("value")
            asked = self._asked.get(knob)
            # A later turn of the same knob may still be on its way.
            if asked and isinstance(value, int | float) and abs(asked[0] - value) <= 1e-6 * abs(asked[0]):
                del self._asked[knob]
        else:
            self._pending = ("", 0.0)
        if event.what == "refused":
            self._asked.clear()
        if event.what in _TOLD and not late:
            self.say(f"{told(event)}{self._unseen(place, event)}")
        if event.what == "compiling":
            self._compiling = self._notice[0]

    def _unseen(self, place: int, event: Event) -> str:
        """What to add about an act on a session that holds: each step is read once, and that one was before it."""
        acted = event.what != "fork" and event in self.history.acts
        holds = acted and held(reversed(self.history.events[:place]), event.step)
        return " The plots follow at the next step." if holds else ""

    def send(self, command: Command, pending: str = "") -> None:
        """Ask the source for something."""
        self.source.send(command)
        self._pending = (pending, self._clock())

    def turn(self, knob: Knob, value: float) -> None:
        """Ask for a knob to be turned."""
        self._asked[knob.name] = (value, self._clock())
        self.source.send(Turn(knob.name, value))

    def value(self, knob: Knob) -> float:
        """A knob's value now."""
        try:
            return self.history.knob(knob.name)
        except (KeyError, TypeError, ValueError):
            # A recording may hold a turn that says no number.
            return knob.value

    def asked(self, knob: Knob) -> float | None:
        """The value that a knob was asked to take and has not taken."""
        asked = self._asked.get(knob.name)
        return asked[0] if asked else None

    def said(self, knob: Knob) -> str:
        """What a knob's value means, where the number alone does not say it."""
        if not knob.name.endswith(BUDGET):
            return ""
        return told_budget(self.value(knob), knob.high, cadence(self.history, knob.name))

    @property
    def kick(self) -> float | None:
        """The radius of a kick, where the scenario says it."""
        run = self.history.header.scenario.get("run")
        radius = run.get("kick") if isinstance(run, dict) else None
        return float(radius) if isinstance(radius, int | float) and 0 < radius <= LONGEST_KICK else None

    def say(self, text: str, *, sentence: bool = False) -> None:
        """Leave a notice; a ``sentence`` is shown in full, even where it takes more than a line."""
        self._notice, self.sentence = (one_line(text), self._clock()), sentence

    @property
    def notice(self) -> str:
        """What happened lately, in one line."""
        return self._notice[0] if self._clock() - self._notice[1] < _NOTICE else ""

    @property
    def standing(self) -> Standing:
        """How the session stands."""
        link = "replay" if self.source.accepts else "" if self.source.ended else "watching"
        link = "" if Stop in self.source.accepts else link
        return standing(self.history, self.source.ended, self._pending[0], self._rate, link)

    @property
    def held(self) -> bool:
        """Whether the session is paused, or was asked to be since it last said how it stands."""
        asked = {"pausing": True, "going on": False}.get(self._pending[0])
        return self.standing.word == "paused" if asked is None else asked

    def end(self) -> None:
        """End the session if that can be asked for."""
        if Stop in self.source.accepts:
            self.source.send(Stop())

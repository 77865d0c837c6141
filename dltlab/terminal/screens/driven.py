"""What the keys of the bench ask of a session: hold it, step it, turn its knobs, kick it, run it anew."""

import abc
import inspect
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from rich.style import Style
from textual.screen import ModalScreen, Screen

from dltlab.commands import Advance, Command, Kick, Pace, Pause, Reach, Resume, Stop
from dltlab.records import Knob
from dltlab.session.source import Source
from dltlab.session.watching import WATCHES
from dltlab.terminal.drawing import sliders
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.fit import Options
from dltlab.terminal.messages import Launch, OpenBench
from dltlab.terminal.screens import undoing
from dltlab.terminal.screens.following import LONGEST_KICK, Following
from dltlab.terminal.screens.page import Ask, Confirm
from dltlab.terminal.screens.undoing import Turned
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line

SLOWEST: Final = 1.0
"""Steps a second; who wants fewer takes them one by one."""
_ANSWER: Final = 3.0
"""Seconds for which an undoing is believed to be on its way."""


class AbstractDriven(Screen[None]):
    """A screen on a session that is driven by keys."""

    _status: Sheet
    _knobs: Sheet
    _foot: Sheet

    def __init__(
        self, source: Source, options: Options, inks: dict[str, Style], relaunch: Launch | None = None
    ) -> None:
        super().__init__()
        self.following = Following(source, options.clock)
        self.history = self.following.history
        self._options = options
        self._inks = inks
        self._relaunch = relaunch or _anew(source)
        self._knob = 0
        self._open: ModalScreen[Any] | None = None
        """The last question that only a session can answer which goes on."""
        self._undone: list[tuple[float, int, Turned]] = []
        """When, after how many turns, and how: the undoings that were asked for."""

    def _send(self, command: Command, pending: str = "") -> None:
        self.following.send(command, pending)
        self._status.repaint()

    @abc.abstractmethod
    def look_at_end(self) -> None:
        """Follow what comes."""

    @abc.abstractmethod
    def play_told(self) -> bool:
        """Play what was told already, or halt where that is; whether there was anything of that to do."""

    @property
    def watched(self) -> bool:
        """Whether the session is only looked at from here: nothing of it can be asked, forked or noted."""
        source = self.following.source
        return not source.accepts and getattr(source, "path", None) is None

    @property
    def refusal(self) -> str:
        """Why the session does not do what it is asked for, and what would."""
        source = self.following.source
        if self.watched:
            return WATCHES
        if source.accepts:
            return "what was recorded is not changed: < > look through it, F forks it from there."
        return f"{source.ended} F forks it from where you look."

    @abc.abstractmethod
    def looks_at_end(self) -> bool:
        """Whether what is shown is the session as it stands, so that it may be acted on; where it is not, says so."""

    def action_pause(self) -> None:
        """Pause, or go on; looking back, play what was told already."""
        if self.play_told():
            return
        held = self.following.held
        if held:
            # Who lets it go on wants to see that.
            self.look_at_end()
        self._send(Resume() if held else Pause(), "going on" if held else "pausing")

    def _chosen(self) -> Knob | None:
        knobs = self.history.header.knobs
        return knobs[self._knob] if knobs else None

    def action_choose(self, by: int) -> None:
        """Another knob."""
        if knobs := self.history.header.knobs:
            self._knob = (self._knob + by) % len(knobs)
            self._knobs.repaint()

    def action_turn(self, notches: int) -> None:
        """Turn the chosen knob."""
        if (knob := self._chosen()) and self.looks_at_end():
            base = self.following.asked(knob)
            self._turn_to(knob, sliders.turned(knob, self.following.value(knob) if base is None else base, notches))

    def _turn_to(self, knob: Knob, value: float) -> None:
        self.following.turn(knob, value)
        self._knobs.repaint()

    def action_type_value(self) -> None:
        """Ask for the knob's value."""
        knob = self._chosen()
        if knob is None or not self.looks_at_end():
            return

        name = one_line(knob.title or knob.name)
        question = f"{name}, from {knob.low:g} to {knob.high:g}:"
        self._ask_number(question, self.following.value(knob), (knob.low, knob.high), partial(self._turn_to, knob))

    def _ask_number(
        self, question: str, given: float, bounds: tuple[float, float], answered: Callable[[float], None]
    ) -> None:
        def said(text: str | None) -> None:
            if not text:
                return
            try:
                value = float(text)
            except ValueError:
                self.say(f"{one_line(text)} is no number; write one like 0.25.")
                return
            if not bounds[0] <= value <= bounds[1]:
                self.say(f"{value:g} is out of bounds; choose from {bounds[0]:g} to {bounds[1]:g}.")
                return
            answered(value)

        self.ask_while_it_goes_on(question, f"{given:g}", said)

    def action_kick(self, direction: Literal["random", "lowest"]) -> None:
        """Displace the weights, by as much as the scenario says or one is asked for."""

        def kick(radius: float) -> None:
            self._send(Kick(radius, direction), "kicking")

        if not self.looks_at_end():
            return
        if radius := self.following.kick:
            kick(radius)
        else:
            self._ask_number("kick the weights by a vector of length:", 0.01, (1e-12, LONGEST_KICK), kick)

    def _ask(self, question: str, given: str, answered: Callable[[str | None], None]) -> None:
        self.app.push_screen(Ask(question, given, self._inks, plain=self._options.glyphs == "ascii"), answered)

    def ask_while_it_goes_on(self, question: str, given: str, answered: Callable[[str | None], None]) -> None:
        """Ask what the session is to do: its end leaves nothing to answer."""
        self._put(Ask(question, given, self._inks, plain=self._options.glyphs == "ascii"), answered)

    def _put(self, question: ModalScreen[Any], answered: Callable[[Any], None]) -> None:
        self._open = question
        self.app.push_screen(question, answered)

    def close_void(self) -> None:
        """Take back a question that the session's end has answered, and say how it ended."""
        if self._open is not None and self.following.source.ended and self.app.screen is self._open:
            self._open.dismiss(None)
            self._open = None
            self.say(self.following.source.ended)

    def say(self, text: str) -> None:
        """Leave a notice at the foot, in full."""
        self.following.say(text, sentence=True)
        self._foot.repaint()

    def set_pace(self, factor: float) -> None:
        """Faster or slower by this factor."""
        now, recorded = self.following.standing, Stop not in self.following.source.accepts
        # Until it is asked for a pace a recording is played by its own clock.
        own = recorded and not any(one.what == "pace" and one.data.get("replay") for one in self.history.events)
        base = (now.rate if own else None) or now.pace or now.rate or 100.0
        least = SLOWEST / 10 if recorded else SLOWEST
        self._send(Pace(float(f"{max(base * factor, least):.3g}")), "faster" if factor > 1 else "slower")

    def action_flat_out(self) -> None:
        """As fast as it computes."""
        self._send(Pace(None), "flat out")

    def _step(self) -> None:
        """Take one step, and hold."""
        if Advance in self.following.source.accepts:
            self._send(Advance(1), "stepping")
        else:
            self.say(self.refusal)

    def _reach(self, step: int) -> None:
        """Go on to a step, and hold there."""
        if Reach in self.following.source.accepts:
            self._send(Reach(step), "going on")
            self.say(f"going on to step {count(step)}, to hold there.")
        elif self.watched and not self.following.source.ended:
            self.say(self.refusal)
        else:
            self.say(
                f"step {count(step)} was not reached: this session goes no farther than {count(self.history.step)}."
            )

    def action_undo(self) -> None:
        """Take back the last turn that still stands."""
        if not self.looks_at_end():
            return
        now, turns = time.monotonic(), undoing.turned(self.history.events)
        self._undone = [one for one in self._undone if now - one[0] < _ANSWER and one[2] not in turns[one[1] :]]
        left = undoing.standing([*turns, *(turn for _, _, turn in self._undone)])
        knobs = {knob.name: knob for knob in self.history.header.knobs}
        if not left or left[-1].knob not in knobs:
            self.say("no turn is left to undo.")
            return
        back = left[-1].back
        self._undone.append((now, len(turns), back))
        self._turn_to(knobs[back.knob], back.value)

    def action_restart(self, fresh: int = 0) -> None:
        """The same scenario anew; ``fresh`` with a seed that has not been seen."""
        if self._relaunch is None:
            return
        if fresh and not _takes_seed(self._relaunch):
            self.say("this session cannot be run on another seed from here; use dltlab open SCENARIO --seed N.")
            return
        seeds = self.history.header.seeds
        launch = partial(self._relaunch, seed=max(seeds, default=-1) + 1) if fresh else self._relaunch

        def said(wanted: bool | None) -> None:
            if wanted:
                self.following.end()
                self.post_message(OpenBench(launch, one_line(self.history.header.title), instead=True))

        source = self.following.source
        if source.ended:
            said(True)
            return
        what = "this session ends here, and is kept" if Stop in source.accepts else "this replay ends"
        keys = (("enter", "run anew"), ("esc", "go on"))
        plain = self._options.glyphs == "ascii"
        self._put(Confirm(f"Run it anew? Then {what}.", keys, self._inks, plain=plain), said)


def _anew(source: Source) -> Launch | None:
    """What runs the scenario of a recorded session from its first step; None for one that is only watched."""
    path = getattr(source, "path", None)
    if not isinstance(path, Path):
        return None

    def launch(*, seed: int | None = None) -> Source:
        from dltlab.session import live

        return live.anew(path, seed=seed)

    return launch


def _takes_seed(launch: Launch) -> bool:
    """Whether it can start on another seed: it cannot where it follows what runs already, or a recording."""
    wanted = inspect.signature(launch).parameters.values()
    return any(one.name == "seed" or one.kind is inspect.Parameter.VAR_KEYWORD for one in wanted)

"""Where one looks on the bench: the keys and clicks that move the cursor, the window and the axes."""

import abc
from collections.abc import Sequence

from rich.style import Style

from dltlab.claims.judging import Judge
from dltlab.commands import Pace, Pause, Resume, Stop
from dltlab.panels import AbstractPanel, Curves
from dltlab.session.source import Source
from dltlab.terminal.drawing import axes, smoothing, timeline
from dltlab.terminal.drawing.beside import Judged
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.fit import Options
from dltlab.terminal.messages import Launch
from dltlab.terminal.panels.curves import spanned
from dltlab.terminal.screens import looking
from dltlab.terminal.screens.driven import AbstractDriven
from dltlab.terminal.screens.looking import Act, Looking
from dltlab.terminal.screens.walking import Walk
from dltlab.terminal.widgets.board import Board
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line


class AbstractLooked(AbstractDriven):
    """A screen with plots and a timeline, read at a cursor."""

    _board: Board
    _plots: Sequence[Sheet]
    _panels: Sequence[AbstractPanel]
    _time: Sheet

    def __init__(
        self, source: Source, options: Options, inks: dict[str, Style], relaunch: Launch | None = None
    ) -> None:
        super().__init__(source, options, inks, relaunch)
        self.looking = Looking(self.history, self.following.traces)
        self.walk = Walk(self.looking, self.history.header.steps)
        self._past = Judge(self.history.header, options.clock)
        self._looks = (0, 0)

    @abc.abstractmethod
    def repaint_plots(self) -> None:
        """Draw all of it anew, as far as it is seen."""

    @property
    def cursor(self) -> int | None:
        """The step at which all panels are read; None follows the end."""
        return self.looking.cursor

    @cursor.setter
    def cursor(self, step: int | None) -> None:
        self.looking.look_at(step)
        self.repaint_plots()

    def judged(self) -> Judged:
        """The claims as they stand where one looks."""
        if self.cursor is None:
            return Judged(self.following.judge.verdicts, self.following.judge.since)
        now, then = self._options.clock(), self.looking.traces.history
        if self._past.due(now, then):
            self._past.look(now, then)
        return Judged(self._past.verdicts, self._past.since, self._past.step)

    def judged_anew(self) -> bool:
        """Judge if it is time; whether anything was judged since this was last asked."""
        self.following.judged()
        self.judged()
        before, self._looks = self._looks, (self.following.judge.looks, self._past.looks)
        return self._looks != before

    def look_at_end(self) -> None:
        """Follow what comes."""
        self.cursor = None

    def looks_at_end(self) -> bool:
        """Whether nobody looks back: what is past stays as it was told, and a fork goes another way from there."""
        if self.cursor is not None:
            self.say(f"{looking.past(self.cursor)}; F forks there, end returns to now.")
        return self.cursor is None

    # Playing what was told already.

    @property
    def _recorded(self) -> bool:
        """Whether nobody can end the session from here: then holding what is shown holds up nobody."""
        return Stop not in self.following.source.accepts

    @property
    def plays(self) -> bool:
        """Whether playing goes on from where one looks: not where a session goes on meanwhile."""
        source = self.following.source
        goes_on = Pause in source.accepts and not self.following.held and not source.ended
        return self.cursor is not None and not goes_on and (self._recorded or self.walk.engaged)

    def play_told(self) -> bool:
        """Halt a walk, or walk on from the cursor where that is what playing means."""
        if self.walk.direction:
            self.walk.halt()
            return True
        if not self.plays:
            return False
        self.walk.begin(1, self._options.clock())
        return True

    def action_reverse(self) -> None:
        """Play backwards from where one looks; what is shown holds meanwhile."""
        self._hold()
        self.walk.begin(-1, self._options.clock())

    def _hold(self) -> None:
        source = self.following.source
        if Pause in source.accepts and not self.following.held and not source.ended:
            self._send(Pause(), "pausing")

    def hold_there(self, step: int) -> None:
        """Look at a step, where a recording holds; go on to one that is to come."""
        self.walk.halt()
        if step > self.history.step:
            self.cursor = None
            self._reach(step)
            return
        if self._recorded:
            self._hold()
        self.cursor = step

    def walk_on(self, stops: Sequence[int]) -> tuple[bool, int | None]:
        """Walk as far as it is time to: whether one looks elsewhere now, and the stop that it halted at."""
        before, walking = self.cursor, self.walk.direction
        stop = self.walk.go_on(self._options.clock(), self._pace() if walking else None, stops)
        source = self.following.source
        if walking > 0 and self.cursor is None and self._recorded and Resume in source.accepts and stop is None:
            # What was walked through is followed by what the recording tells next.
            self._send(Resume(), "going on")
        return self.cursor != before, stop

    def _pace(self) -> float | None:
        """Steps a second at which a session is played; None for flat out."""
        pace, speed = self.following.standing.pace, getattr(self.following.source, "speed", 1.0)
        asked = any(event.what == "pace" and event.data.get("replay") for event in self.history.events)
        return pace if pace is None or asked else pace * speed

    def action_pace(self, factor: float) -> None:
        """Faster or slower: the walk through what was told, or else the session."""
        if Pace in self.following.source.accepts and not (self.walk.direction and not self._recorded):
            self.set_pace(factor)
        elif self.watched and self.cursor is None:
            self.say(self.refusal)
        else:
            self.walk.factor *= factor

    def action_look(self, act: Act, by: int = 0) -> None:
        """Look elsewhere: the cursor, the window, the axes, the means."""
        looking = self.looking
        match act:
            case "columns":
                looking.move(by, self._columns())
            case "reading":
                self._look_on(by)
            case "page":
                looking.page(by)
            case "start":
                looking.look_at(0)
            case "end":
                looking.look_at(None)
            case "zoom" if not looking.zoom(2.0**-by):
                self.say("this is as near as it gets." if by > 0 else "all that is planned is seen.")
            case "axis" if (front := self._board.front) is not None:
                looking.turn_over([front])
            case "axis":
                self._turn_all()
            case "mean":
                share = smoothing.wide(looking.seen, kind := looking.smooth())
                self.say(f"running means: {kind}" + (f", over {smoothing.said(looking.seen, share)}" if share else ""))
        self.repaint_plots()

    def _turn_all(self) -> None:
        linear = [place + 1 for place in self.looking.turn_all(self._panels) if place in self._board.shown]
        if linear and self.looking.other:
            which = f"plot{'s' * (len(linear) > 1)} {', '.join(map(str, linear))}"
            self.say(f"logarithmic, but for {which}: not all that is read there is above zero.")

    def _look_on(self, by: int) -> None:
        """The reading before or after; at the end of the session the next one is a step away."""
        if by > 0 and self.cursor is None:
            self._step()
            return
        front = self._board.front
        shown = [place for place in self._board.shown if place < len(self._panels)]
        panel = self._panels[shown[0] if front is None and shown else front or 0]
        self.looking.read(by, panel.names)

    def _columns(self) -> int:
        """The columns of a plot over time, the first that is shown."""
        widths = (len(axes.between(self._plots[place].picture)) for place in self._over_time())
        return next((wide for wide in widths if wide), self.size.width)

    def _over_time(self) -> list[int]:
        """The plots that are shown and span the step axis."""
        return [place for place in self._board.shown if place < len(self._panels) and self._panels[place].OVER_TIME]

    def on_sheet_touched(self, message: Sheet.Touched) -> None:
        """A click on the timeline or in a plot looks there."""
        sheet, column = message.sheet, message.column
        if sheet is self._time:
            self.cursor = timeline.step_at(column, sheet.size.width, self.history.header.steps)
        elif sheet in self._plots and column in (inside := axes.between(sheet.picture)):
            panel = self._panels[self._plots.index(sheet)]
            if isinstance(panel, Curves):
                span = spanned(panel, self.history.header, self.looking.window)
                self.cursor = span.step((column - inside.start) / max(len(inside) - 1, 1))

    def _told_where(self) -> str:
        """Where one looks, for who went there by name."""
        if self.cursor is None:
            return "looking at the end, and following it."
        return f"looking back at step {count(self.cursor)}; end returns to now."

    def action_go(self) -> None:
        """Go on to a step that is to come, or look at one that is past."""
        planned, step = self.history.header.steps, self.looking.step

        def named(text: str) -> int | None:
            happened = [*timeline.of(self.history), *self.looking.noted]
            found = [one.step for one in happened if text.casefold() in one.name.casefold()]
            return found[-1] if found else None

        def said(text: str | None) -> None:
            if not text or not text.strip():
                return
            found = looking.target(one_line(text), step, planned, named)
            if isinstance(found, str):
                self.say(found)
            elif found > self.history.step:
                self.cursor = None
                self._reach(min(found, planned))
            else:
                self.cursor = found
                self.say(self._told_where())

        self._ask(f"go to step ({step:,} of {planned:,}; +20, -20, 50%, the name of a mark or chapter):", "", said)

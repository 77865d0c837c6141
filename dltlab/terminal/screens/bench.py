"""The bench: a session's plots, verdicts and knobs, and the keys that steer it.

It cannot tell a live engine from a recording: it polls a source for records, folds them
into a History, and sends commands that come back as Events.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.actions import parse
from textual.app import ComposeResult
from textual.containers import Horizontal

from dltlab.commands import Kick, Stop, Turn
from dltlab.panels import chosen
from dltlab.session.source import Source
from dltlab.terminal.drawing import beside, prose, sliders, standing, timeline
from dltlab.terminal.drawing.lines import Line, Picture, centred, fit, frame
from dltlab.terminal.fit import Options
from dltlab.terminal.messages import CloseBench, Launch
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look
from dltlab.terminal.screens import chaptering, keys
from dltlab.terminal.screens.branching import Act, Branching
from dltlab.terminal.screens.chaptering import Chaptering
from dltlab.terminal.screens.looked import AbstractLooked
from dltlab.terminal.screens.page import Page
from dltlab.terminal.screens.painting import Painting
from dltlab.terminal.screens.stills import drawn, write_new
from dltlab.terminal.widgets.board import Board, lowest
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line

SMALLEST: Final = (40, 12)
_WIDE: Final = 100
_NAMED: Final = 30
"""Rows of screens on which the timeline has a line for names."""
_READING: Final = 6.0
"""Seconds for which a hint stands where there is no room for all of them."""
_WANTING: Final = {
    keys.Again: "this session is recorded in no file, so it cannot be run anew; dltlab open SCENARIO starts one.",
    keys.Recorded: "this session is recorded in no file, so it can neither be forked nor noted.",
}


class Bench(AbstractLooked):
    """Follows a source and shows what it says."""

    BINDINGS = keys.bindings()

    def __init__(
        self, source: Source, options: Options, inks: dict[str, Style], relaunch: Launch | None = None
    ) -> None:
        super().__init__(source, options, inks, relaunch)
        self._panels, self._own = chosen.with_standard(self.history.header)
        self._turn = 0
        self._fresh = False
        self.chaptering = Chaptering(self, inks, plain=options.glyphs == "ascii")
        self.branching = Branching(self, inks, plain=options.glyphs == "ascii")
        self._painting = Painting(self.call_later, lambda: getattr(self.app, "drained", True))
        self._plots = [self._sheet(self._painter(i), f"plot-{i}") for i in range(len(self._panels))]
        self._inset = self._sheet(self._paint_side, "inset")
        self._side = self._sheet(self._paint_side, "side")
        self._board = Board([*self._plots, self._inset], [panel.SHAPE for panel in self._panels], id="board")
        self._title = self._sheet(self._paint_title, "title")
        self._time = self._sheet(self._paint_time, "time")
        self._knobs = self._sheet(self._paint_knobs, "knobs")
        self._status = self._sheet(self._paint_status, "status")
        self._foot = self._sheet(self._paint_keys, "keys")
        self._small = self._sheet(self._paint_small, "small")
        self._told = self._sheet(self._paint_told, "told")

    def _sheet(self, painter: Callable[[int, int], Picture], name: str) -> Sheet:
        return Sheet(painter, self._inks, plain=self._options.glyphs == "ascii", id=name)

    def compose(self) -> ComposeResult:
        """Title, plots with what stands beside them, timeline, knobs, status, keys."""
        yield self._title
        with Horizontal(id="middle"):
            yield self._board
            yield self._side
        yield self._time
        yield self._knobs
        yield self._status
        yield self._foot
        yield self._small
        yield self._told

    def on_mount(self) -> None:
        """Begin to follow."""
        self._lay_out(self.size.width, self.size.height)
        self.set_interval(1 / self._options.fps, self._poll)
        self._poll()
        if getattr(self.app, "take_lecture", bool)():
            self.call_later(self.action_lecture)

    def on_resize(self, event: events.Resize) -> None:
        """Another arrangement for another size."""
        self._lay_out(event.size.width, event.size.height)

    def _lay_out(self, width: int, height: int) -> None:
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-small")
        count = len(self.history.header.knobs)
        knobs = sliders.rows(count, height)
        self._knobs.styles.height = knobs
        self._time.styles.height = line = 1 if height < _NAMED else 2
        self._knobs.display = count > 0 and not small
        # What is told stands above timeline and knobs: who turns one sees it.
        self._told.styles.margin = (0, 0, knobs + line + 2, 0)
        wide = width >= _WIDE
        self._side.display = wide and self._board.front is None and self._beside()
        self._side.styles.width = min(max(width * 3 // 10, 34), 58)
        plots = list(range(self._own))
        if not wide and self._beside() and height >= 20:
            # The last cell of the grid belongs to verdicts and hints.
            columns = max(width // 34, 1)
            free = height - 3 - knobs - line
            most = max(columns * max(free // lowest(free), 1) - 1, 1)
            plots = [*plots[:most], len(self._plots)]
        self._board.wanted = plots
        self._board.lay_out()

    def _beside(self) -> bool:
        """Whether there is anything to say beside the plots."""
        scenario = self.history.header.scenario
        return bool(scenario.get("claims") or scenario.get("look_for") or self.branching.lost)

    # The stream.

    def _poll(self) -> None:
        """Take in what the source says and mark what it changes for painting."""
        self._fresh = self.following.poll() or self._fresh
        self.close_void()
        self.chaptering.poll()
        moved, stop = self.walk_on(self.chaptering.stops)
        if stop is not None:
            self.chaptering.tell(stop)
        self._fresh = moved or self._fresh
        self._fresh = self.branching.poll() or self.looking.follow() or self._fresh
        if self.branching.covered:
            return
        if self._fresh and self._painting.rested:
            self._fresh = False
            self._painting.spoil(*self._plots)
        # While a session is paused so are the sentences beside it.
        turn = self._turn if self.following.held else int(self._options.clock() / _READING)
        if self.judged_anew() or turn != self._turn:
            self._turn = turn
            self._painting.spoil(self._side, self._inset)
            if isinstance(self.app.screen, Page):
                self.app.screen.repaint()
        self._tell()
        self._painting.spoil(self._title, self._time, self._knobs, self._status, self._foot)

    def paint_at_once(self) -> None:
        """Take in what the source says and paint all that it changes, without rests: what a film does each frame."""
        self._painting.rest_no_longer()
        self._poll()
        while self._painting.stale:
            self._painting.paint_next()

    # What is painted.

    def _painter(self, index: int) -> Callable[[int, int], Picture]:
        def paint(width: int, height: int) -> Picture:
            number = str(index + 1) if index < 9 else ""
            looking, panel = self.looking, self._panels[index]
            look = Look(self._options.glyphs, number, self.branching.overlaid, looking.cursor, looking.window)
            look = look._replace(smoothing=looking.smoothing, other=index in looking.other)
            try:
                traces = self.following.traces if panel.OVER_TIME else looking.traces
                return draw(panel, traces, width, height, look)
            except Exception as fault:
                # One panel that cannot be drawn must not take the session's viewer with it.
                said = f"this panel cannot be drawn ({type(fault).__name__}: {fault}); tab shows the others."
                return centred(said, width, height, "wrong")

        return paint

    def _paint_title(self, width: int, _: int) -> Picture:
        shown = [place for place in self._board.shown if place < self._own]
        number = f"{len(shown)} of {self._own} plots" if self._board.front is None and len(shown) < self._own else ""
        told = "  ".join(filter(None, (number, self.branching.origin)))
        return (standing.title_bar(self.history, told, width),)

    def _paint_side(self, width: int, height: int) -> Picture:
        alarm = self.branching.alarm()
        return beside.side(self.judged(), self._texts("look_for"), width, height, self._turn, alarm)

    def _texts(self, key: str) -> list[str]:
        """Lines of the scenario, as its recording holds them."""
        texts = self.history.header.scenario.get(key)
        return [str(text) for text in texts] if isinstance(texts, list) else []

    def _paint_time(self, width: int, height: int) -> Picture:
        return timeline.draw(self.looking.time(self.following.standing.word), width, height, self._options.glyphs)

    def _paint_knobs(self, width: int, height: int) -> Picture:
        told = self.following
        settings = [
            sliders.Setting(knob, told.value(knob), told.asked(knob), told.said(knob))
            for knob in self.history.header.knobs
        ]
        live = Turn in told.source.accepts
        return frame(sliders.knob_lines(settings, self._knob, width, height, live=live), width, height)

    def _paint_status(self, width: int, _: int) -> Picture:
        now = self.following.standing
        if self.walk.direction:
            word = "backwards" if self.walk.direction < 0 else "forwards"
            now = now._replace(word=word, pace=self.walk.rate(self._pace()), step=self.looking.step)
        return (standing.status_line(now, width),)

    def _paint_keys(self, width: int, _: int) -> Picture:
        notice = "" if self._told.display else self.following.notice
        said = notice or self.following.source.ended
        if said:
            again = [("r", "run anew")] if self._relaunch and self.following.source.ended else []
            again += [("b", "rewind")] if self.branching.lost and keys.Recorded in self._able else []
            again += keys.LAST
            room = max(width - 1 - sum(cell_len(f"{key} {words}") + 3 for key, words in again), width // 2)
            ink = "pending" if notice else "ended"
            if notice and cell_len(notice) >= room:
                # All of a sentence is worth more than the keys.
                room = width
            spans = fit(((f" {one_line(said)}", ink),), room)
            return ((*spans, *prose.keys_line(again, width - room)),)
        last = keys.last(self._able, back=self.cursor is not None)
        if self.cursor is not None:
            offered = keys.looking_back(plays=self.plays, walks=self.walk.direction != 0)
            return (prose.keys_line(offered, width, last=last),)
        meant = keys.at_end(self._able, held=self.following.held)
        shown = [(k.shown, k.brief) for k in meant if k.needs != (Kick,) or self.following.kick]
        if Turn in self.following.source.accepts and self.history.header.knobs:
            shown.insert(2, ("←→", "turn"))
        seen = self._side.display or self._inset.display
        right = () if seen else beside.summary(self.following.judge.verdicts)
        return (prose.keys_line(shown, width, right, last),)

    def _tell(self) -> None:
        """A sentence that is longer than a line stands below the plots, upon them, for as long as a notice does."""
        lines = prose.said(self.following.notice, self.size.width) if self.following.sentence else ()
        shown = len(lines) > 1 and not self.has_class("-small")
        if shown != self._told.display or (shown and self._told.size.height != len(lines)):
            self._told.styles.height = max(len(lines), 1)
            self._told.display = shown
        if shown:
            self._painting.spoil(self._told)

    def _paint_told(self, width: int, height: int) -> Picture:
        return frame(prose.said(self.following.notice, width), width, height)

    def _paint_small(self, width: int, height: int) -> Picture:
        needs = f"{SMALLEST[0]}x{SMALLEST[1]}"
        return centred(f"the terminal is too small ({width}x{height}); dltlab needs {needs}", width, height, "text")

    # What the keys do.

    @property
    def _able(self) -> frozenset[type]:
        """What keys may need: the commands that are accepted, and what this bench has besides."""
        able = {*self.following.source.accepts}
        able |= {keys.Recorded} if self.branching.path else set()
        return frozenset(able | ({keys.Again} if self._relaunch else set()))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that can do nothing for this session does nothing."""
        key = keys.named(action, parameters)
        if key is None or not key.needs or action == "detach":
            return True
        told = action == "pause" and (self.cursor is not None or self.walk.direction != 0)
        return told or not self._able.isdisjoint(key.needs)

    def on_key(self, event: events.Key) -> None:
        """Say why a key does nothing."""
        key = keys.pressed(event.key)
        if key is not None and not self.check_action(*parse(key.action)[1:]):
            wanting = [said for need, said in _WANTING.items() if need in key.needs and not self.watched]
            self.say((wanting or [self.refusal])[0])

    def repaint_plots(self) -> None:
        """Draw all of it anew, as far as it is seen."""
        self._painting.spoil(self._time, *self._plots, self._title, self._side, self._inset, self._foot)

    # Which plots.

    def action_front(self, number: int) -> None:
        """One plot alone."""
        if number <= len(self._plots):
            self._show_alone(None if self._board.front == number - 1 else number - 1)

    def action_next_panel(self, by: int) -> None:
        """The next plot alone, then all of them again."""
        places: Sequence[int | None] = [None, *range(len(self._plots))]
        self._show_alone(places[(places.index(self._board.front) + by) % len(places)])

    def action_standard(self, word: str) -> None:
        """Loss, sharpness or movement alone."""
        wanted = chosen.standard(self.history.header).get(word)
        if wanted is None:
            self.say(f"this session has no probe of the {word}.")
            return
        index = next(i for i, panel in enumerate(self._panels) if panel.names[:1] == wanted.names[:1])
        self._show_alone(None if self._board.front == index else index)

    def _show_alone(self, index: int | None) -> None:
        self._board.front = index
        self._lay_out(self.size.width, self.size.height)
        # It says of how many plots there was no room for all.
        self._title.repaint()

    def action_back(self) -> None:
        """All plots; from all plots of a fork to its parent."""
        if self._board.front is not None or not self.branching.back():
            self._show_alone(None)

    def action_branch(self, act: Act) -> None:
        """Other sessions: choose and compare them, fork this one, go back to before what diverged."""
        self.branching.act(act, getattr(self, "cursor", None))

    def action_chapter(self, act: chaptering.Act) -> None:
        """Chapters, marks and notes: their list, the next and the one before, pausing at them."""
        self.chaptering.act(act)

    def action_claims(self) -> None:
        """Claims, hints and sources in full."""
        abstract = str(self.history.header.scenario.get("abstract", ""))
        texts = {"Look for": self._texts("look_for"), "Sources": self._texts("sources")}

        def write(width: int) -> list[Line]:
            return beside.page(abstract, self.judged(), texts, width)

        self._open_page(one_line(self.history.header.title), write)

    def action_help(self) -> None:
        """What the keys do."""
        table = [(key.shown, key.words) for key in keys.offered(self._able)]
        said = {
            "How it ended": [self.following.source.ended] if self.following.source.ended else [],
            "On the step axis": [keys.SIGNS],
            "Session": [self.history.header.session],
        }
        self._open_page("Keys of the bench", lambda width: prose.help_page(table, said, width), keys=True)

    def _open_page(self, title: str, writer: Callable[[int], list[Line]], *, keys: bool = False) -> None:
        self.app.push_screen(Page(title, writer, self._inks, plain=self._options.glyphs == "ascii", keys=keys))

    def action_export(self) -> None:
        """Write the screen as an SVG."""
        stem = f"dltlab-{one_line(Path(self.history.header.source).stem or 'session')}-{self.history.step}"
        try:
            path = write_new(stem, drawn(self, self.history.header.title, self._options))
            self.say(f"this screen is now in {path}")
        except OSError as fault:
            self.say(f"{stem}.svg cannot be written here ({fault.strerror}); start dltlab in a folder of yours.")

    def action_lecture(self) -> None:
        """Show a class what this bench follows."""
        from dltlab.terminal.screens.lecture import Lecture

        self.walk.halt()
        told = self.chaptering
        lecture = Lecture(self.following, self._panels, self._options, self._inks, told.opened, told.notes, self.cursor)
        told.asks = lambda: lecture.stops if lecture.is_attached else ()
        self.app.push_screen(lecture)

    def action_detach(self) -> None:
        """Leave; the session goes on."""
        name = one_line(self.history.header.session)
        goes_on = Stop in self.following.source.accepts
        parting = f"{name} goes on; `dltlab attach {name}` comes back to it." if goes_on else ""
        self.post_message(CloseBench(self._parting(parting)))

    def _parting(self, said: str = "") -> str:
        """What is said once the terminal is given back: how what was cut short goes on, and what was not saved."""
        cut = "" if self.history.footer else self.following.source.ended
        return "\n".join(filter(None, (said, cut, self.chaptering.unsaved)))

    def action_leave(self) -> None:
        """End the session and leave."""
        self.following.end()
        self.post_message(CloseBench(self._parting()))

    def on_unmount(self) -> None:
        """Let go of the session and of all that is read beside it, whichever way one leaves."""
        self.chaptering.close()
        self.branching.close()
        self.following.source.close()

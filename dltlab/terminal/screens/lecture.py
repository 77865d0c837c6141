"""Lecture mode: one plot over the whole screen, the chapter and the step in large type, and questions to the class."""

from collections.abc import Callable, Sequence
from typing import Final, final

from rich.style import Style
from textual import events
from textual.app import ComposeResult

from dltlab.chapters import Chapter
from dltlab.commands import Turn
from dltlab.panels import AbstractPanel
from dltlab.session.notes import Notes
from dltlab.terminal.drawing import blackboard, prose, sliders, timeline
from dltlab.terminal.drawing.blackboard import Asked, Number
from dltlab.terminal.drawing.lines import Picture, centred, fit, frame
from dltlab.terminal.drawing.numbers import count, short
from dltlab.terminal.fit import Options
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look
from dltlab.terminal.screens import lecturing
from dltlab.terminal.screens.conducting import AbstractConducted
from dltlab.terminal.screens.following import Following
from dltlab.terminal.screens.painting import Painting
from dltlab.terminal.widgets.board import Board
from dltlab.terminal.widgets.sheet import Sheet
from dltlab.text import one_line

_SMALLEST: Final = (40, 12)
_NAMED: Final = 30
"""Rows of screens on which the timeline has a line for names."""
_LABEL: Final = 12
"""Cells of the name of a number in large type."""


@final
class Lecture(AbstractConducted):
    """Shows a class what a bench follows."""

    BINDINGS = lecturing.bindings()

    def __init__(
        self,
        following: Following,
        panels: Sequence[AbstractPanel],
        options: Options,
        inks: dict[str, Style],
        chapters: Callable[[], Sequence[Chapter]],
        notes: Notes | None = None,
        look_at: int | None = None,
    ) -> None:
        super().__init__(following, options, inks, chapters, notes, look_at)
        self._panels = panels
        self._adding = False
        self._painting = Painting(self.call_later, lambda: getattr(self.app, "drained", True))
        self._plots = [self._sheet(self._painter(index), f"plot-{index}") for index in range(len(panels))]
        self._board = Board(self._plots, [panel.SHAPE for panel in panels], id="board")
        self._board.wanted = [0]
        self._head = self._sheet(self._paint_head, "head")
        self._card = self._sheet(self._paint_card, "card")
        self._time = self._sheet(self._paint_time, "time")
        self._knobs = self._sheet(self._paint_knobs, "knobs")
        self._foot = self._sheet(self._paint_foot, "keys")
        self._small = self._sheet(self._paint_small, "small")

    def _sheet(self, painter: Callable[[int, int], Picture], name: str) -> Sheet:
        return Sheet(painter, self._inks, plain=self._options.glyphs == "ascii", id=name)

    def compose(self) -> ComposeResult:
        """Headline, plots or a question's card, timeline, knob, keys."""
        yield self._head
        yield self._board
        yield self._card
        yield self._time
        yield self._knobs
        yield self._foot
        yield self._small

    def on_mount(self) -> None:
        """Begin."""
        self.begin()
        self.lay_out()
        self.set_interval(1 / self._options.fps, self.poll)
        self.poll()

    def on_resize(self, event: events.Resize) -> None:
        """Another arrangement for another size."""
        self._arrange(event.size.width, event.size.height)

    def poll(self) -> None:
        """Take in what the session says, and paint it."""
        self.take()
        if self._painting.rested:
            self._painting.spoil(*self._plots)
        self._painting.spoil(self._head, self._card, self._time, self._knobs, self._foot)

    def lay_out(self) -> None:
        """Show what is to be shown now."""
        self._arrange(self.size.width, self.size.height)

    def _arrange(self, width: int, height: int) -> None:
        small = width < _SMALLEST[0] or height < _SMALLEST[1]
        self.set_class(small, "-small")
        card = self.lesson.phase in ("asking", "answered", "told") and not self._plot
        self._card.display = card and not small
        self._board.display = self._head.display = not card and not small
        self._time.styles.height = 1 if height < _NAMED else 2
        live = Turn in self.following.source.accepts and bool(self.history.header.knobs)
        self._knobs.display = live and not small and not card
        self._head.styles.height = len(self._headline(width, height))
        self._board.lay_out()
        self._painting.spoil(*self._plots, self._head, self._card, self._foot)

    # Which plots.

    def show_series(self, name: str) -> None:
        """See to it that a plot of this series is seen."""
        shown = [index for index in self._board.wanted if name in self._panels[index].names]
        having = [index for index, panel in enumerate(self._panels) if name in panel.names]
        if having and not shown:
            self._board.wanted = having[:1]

    def action_panel(self, by: int) -> None:
        """The next plot alone, or the one before."""
        self._board.wanted = [(next(iter(self._board.wanted), 0) + by) % len(self._panels)]
        self.lay_out()

    def action_number(self, number: int) -> None:
        """An answer, while a question is asked; else a plot alone, or beside the others."""
        if self.lesson.phase in ("asking", "answered"):
            self.answer(number - 1)
        elif number <= len(self._panels):
            chosen, index = list(self._board.wanted), number - 1
            beside = [one for one in chosen if one != index] if index in chosen else [*chosen, index]
            self._board.wanted = (beside or [index]) if self._adding else [index]
            self._adding = False
            self.lay_out()

    def action_beside(self) -> None:
        """Let the plot of the next number come beside what is shown, or go."""
        self._adding = True
        self.following.say("the number of the plot that comes beside, or goes.")

    def action_every(self) -> None:
        """All plots, or the first again."""
        self._board.wanted = list(range(len(self._panels))) if len(self._board.wanted) == 1 else [0]
        self.lay_out()

    # What is painted.

    @property
    def _asked(self) -> Asked | None:
        lesson = self.lesson
        if lesson.question is None:
            return None
        title = one_line(self.history.header.title)
        return Asked(lesson.question, lesson.phase, lesson.opened, title, lesson.choice, lesson.counts)

    def _headline(self, width: int, height: int) -> Picture:
        asked, here = self._asked, [one for one in self.chapters if one.step <= self.step]
        if asked is not None:
            title = asked.question.ask
            told = "" if asked.phase == "asking" else blackboard.strip(asked)
        else:
            title = self._named(here[-1]) if here else one_line(self.history.header.title)
            told = one_line(here[-1].text) if here else ""
        return blackboard.headline(title, told, self._numbers(), width, height, self._options.glyphs)

    def _named(self, chapter: Chapter) -> str:
        """A chapter as a headline, with the arm that it happens in."""
        title = one_line(chapter.title)
        if chapter.arm in self.following.traces.arms:
            return f"{one_line(self.following.traces.title(chapter.arm))}: {title}"
        return title[:1].upper() + title[1:] if title[:1].isascii() else title

    def _numbers(self) -> list[Number]:
        """The step, and what the first of the shown plots reads there."""
        found = [Number("step", count(self.step), count(10 ** len(str(self.history.header.steps)) - 1))]
        panel, traces = self._panels[next(iter(self._board.wanted), 0)], self.looking.traces
        arms, name = panel.shown_arms(self.history.header), panel.names[0]
        if len(arms) > 1 or name not in traces:
            return found
        for one in filter(None, (name, traces.theory_of(name))):
            trace = traces.trace(one, arms[0])
            if trace.length and panel.OVER_TIME:
                named = (trace.label(0), one_line(trace.series.title), one, one.split(".")[-1][:_LABEL])
                label = next((name for name in named if 0 < len(name) <= _LABEL), "")
                found.append(Number(label, short(float(trace.latest[0]))))
        return found

    def _paint_head(self, width: int, height: int) -> Picture:
        drawn = self._headline(width, self.size.height)
        if len(drawn) != height:
            # Another chapter, or another number of digits: it takes more lines, or fewer.
            self.call_later(self.lay_out)
        return frame(drawn, width, height)

    def _painter(self, index: int) -> Callable[[int, int], Picture]:
        def paint(width: int, height: int) -> Picture:
            look = Look(self._options.glyphs, str(index + 1) if len(self._board.shown) > 1 and index < 9 else "")
            try:
                return draw(self._panels[index], self.looking.traces, width, height, look)
            except Exception as fault:
                # One panel that cannot be drawn must not end the lecture.
                said = f"this panel cannot be drawn ({type(fault).__name__}: {fault})."
                return centred(said, width, height, "wrong")

        return paint

    def _paint_card(self, width: int, height: int) -> Picture:
        asked = self._asked
        return () if asked is None else blackboard.card(asked, width, height, self._options.glyphs)

    def _paint_time(self, width: int, height: int) -> Picture:
        time, step = self.looking.time(self.following.standing.word), self.step
        # The name of the chapter at which it is asked would give the answer away.
        open_ = self.lesson.limit is not None
        past = [one for one in time.happened if one.step < step or (one.step == step and not open_)]
        return timeline.draw(time._replace(step=step, happened=past), width, height, self._options.glyphs)

    def _paint_knobs(self, width: int, _: int) -> Picture:
        told, knobs = self.following, self.history.header.knobs
        settings = [sliders.Setting(one, told.value(one), told.asked(one), told.said(one)) for one in knobs]
        return tuple(fit(line, width) for line in sliders.knob_lines(settings, 0, width, 1, live=True))

    def _paint_foot(self, width: int, _: int) -> Picture:
        said, question = self.following.notice, self.lesson.question
        if any(one_line(one.text) in said for one in self.chapters):
            # The headline says it.
            said = ""
        choices = len(question.choices) if question else 0
        shown = lecturing.offered(self.lesson.phase, choices, plot=self._plot, held=self.following.held)
        # While a question is open its keys are worth more than a notice, but not than a sentence.
        if not said or (question and not self.following.sentence):
            return (prose.keys_line(shown, width),)
        room = max(width - 24, width // 2)
        spans = fit(((f" {one_line(said)}", "pending"),), room)
        return ((*spans, *prose.keys_line([("?", "keys"), ("esc", "bench")], width - room)),)

    def _paint_small(self, width: int, height: int) -> Picture:
        return centred(f"the terminal is too small ({width}x{height}) for a lecture", width, height, "text")

"""The sessions that were kept and those that run: a section of the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from dltlab.terminal import outcomes
from dltlab.terminal.drawing import cards, finding
from dltlab.terminal.drawing.cards import SIGNS
from dltlab.terminal.drawing.lines import Line, Span, wrap
from dltlab.terminal.messages import Launch
from dltlab.terminal.screens.section import Clock, Section
from dltlab.text import one_line

if TYPE_CHECKING:
    from dltlab.session.shelf import Kept
    from dltlab.session.source import Source


class Sessions(Section):
    """The sessions that were kept, newest first; those that run before all others."""

    NOUN = "sessions"
    MOST: ClassVar[int] = 30
    """How many of the newest are judged without being chosen."""

    def __init__(self, glyphs: str, now: Clock) -> None:
        super().__init__(glyphs, now)
        self._kept: dict[str, Kept] = {}
        self._fault = ""

    def take(self, kept: Sequence[Kept], fault: str = "") -> None:
        """Which there are; a ``fault`` is why none can be seen."""
        before, self._fault = self.chosen, fault
        order = sorted(kept, key=lambda one: one.state != "running")
        for one in order:
            known = self._kept.get(one.name)
            if known is not None and known.size != one.size:
                self.previews.forget(one.name)
        self._kept = {one.name: one for one in order}
        self.names = list(self._kept)
        if before in self.shown:
            self.at = self.shown.index(before)

    @property
    def running(self) -> int:
        """How many run."""
        return sum(one.state == "running" for one in self._kept.values())

    @property
    def recording(self) -> Kept | None:
        """The chosen one."""
        return self._kept.get(self.chosen or "")

    @property
    def nothing(self) -> str:
        """Why the list is empty, and what to do."""
        if self._fault:
            return self._fault
        if self.names:
            return "no session has these words; backspace takes back"
        return "no session was kept yet; tab goes back to the scenarios, and enter runs one"

    @property
    def title(self) -> str:
        """The session's title."""
        return one_line(self.recording.header.title) if self.recording else ""

    @property
    def verb(self) -> str:
        """A running session is attached to, a recording is replayed."""
        return "attach" if self.recording and self.recording.state == "running" else "replay"

    def launch(self) -> Launch | None:
        """Follow it where it runs, else play it back."""
        if self.recording is None:
            return None
        path, running = self.recording.path, self.recording.state == "running"

        def launch() -> Source:
            from dltlab.session.live import attach
            from dltlab.session.replay import Replay

            return attach(path) if running else Replay(path)

        return launch

    def row(self, name: str, width: int) -> Line:
        """How it stands, of which scenario it is, and since when."""
        one = self._kept[name]
        sign, _ = SIGNS[outcomes.stands(one)]
        share = 100 * one.step // max(one.header.steps, 1)
        right: list[Span] = [(f"{share} %", "running")] if one.state == "running" else self._tally(one).brief
        told = f"{sign} {_scenario(one)}"
        when = outcomes.when(one.header, self._now())
        if width >= len(told) + len(when) + 14:
            right = [(f"{when}  ", "faint"), *(right or [("   ", "text")])]
        return cards.row(told, right, width, chosen=name == self.chosen, inset=False, wanted=self._wanted)

    def page(self, width: int, height: int) -> list[Line]:
        """How it stands, its verdicts, its plot, and what it was made of."""
        one = self.recording
        if one is None:
            return []
        head, state = one.header, outcomes.stands(one)
        sign, ink = SIGNS[state]
        lines = [finding.marked(line, self._wanted) for line in wrap(head.title, width, "strong")]
        lines.append(((f"{sign} {state}", ink), (f"  step {one.step:,} of {head.steps:,}", "text")))
        told = self._tally(one).told
        lines += [tuple(told)] if told else []
        plot = self._preview(width, height // 2)
        lines += [(), *plot] if plot else []
        if one.name in self.previews and self.previews.get(one.name) is None:
            lines += [
                (),
                *wrap("No preview: the recording is large, or cannot be read; enter opens it.", width, "faint"),
            ]
        knobs = ", ".join(f"{one_line(knob.title or knob.name)} {knob.value:g}" for knob in head.knobs)
        pairs = [
            ("session", one.name),
            ("began", outcomes.when(head, self._now())),
            ("from", one_line(head.parent)),
            ("scenario", one_line(head.source)),
            ("optimizer", f"{one_line(head.optimizer)}{f', {knobs}' if knobs else ''}"),
            ("seeds", ", ".join(map(str, head.seeds[:12]))),
            ("arms", ", ".join(one_line(arm.name) for arm in head.arms[:12])),
            ("size", f"{one.size / 1e6:.1f} MB"),
        ]
        return [*lines, (), *cards.facts(pairs, width)]

    def _found_by(self, name: str) -> Sequence[finding.Field]:
        """Its scenario and its title, its name, how it stands."""
        one = self._kept[name]
        head = one.header
        return ((_scenario(one), 8.0), (one_line(head.title), 8.0), (name, 4.0), (outcomes.stands(one), 4.0))


def _scenario(one: Kept) -> str:
    """The scenario's name, without the folder that it lies in."""
    source = one_line(one.header.source)
    return source.rsplit("/", 1)[-1].removesuffix(".toml") or "session"

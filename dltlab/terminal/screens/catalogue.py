"""The scenarios of the gallery: what they are found by, and what is told of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dltlab import scenario
from dltlab.errors import ScenarioError
from dltlab.tables import Scenario
from dltlab.terminal import outcomes
from dltlab.terminal.drawing import cards, finding
from dltlab.terminal.drawing.cards import SIGNS
from dltlab.terminal.drawing.lines import Line, Span, wrap
from dltlab.terminal.drawing.prose import rule
from dltlab.terminal.messages import Launch
from dltlab.terminal.screens.section import Clock, Section

if TYPE_CHECKING:
    from dltlab.session.shelf import Kept
    from dltlab.session.source import Source


@functools.cache
def about(name: str) -> Scenario | ScenarioError:
    """A scenario's text, or what is wrong with its file."""
    try:
        return scenario.validate(scenario.read(name))
    except ScenarioError as fault:
        return fault


@functools.cache
def _fields(name: str) -> tuple[finding.Field, ...]:
    """What a scenario is found by: its name and title before its tags, those before its abstract."""
    try:
        table = scenario.read(name).table
    except ScenarioError:
        return ((name, 8.0),)
    tags = table.get("tags")
    told = " ".join(str(tag) for tag in tags) if isinstance(tags, list) else ""
    return ((name, 8.0), (str(table.get("title", "")), 8.0), (told, 4.0), (str(table.get("abstract", "")), 1.0))


class Scenarios(Section):
    """The gallery's scenarios, each under the one that it accompanies."""

    NOUN = "scenarios"

    def __init__(self, glyphs: str, now: Clock) -> None:
        super().__init__(glyphs, now)
        programme = scenario.programme()
        self.names = [name for name, _ in programme]
        self._companions = {name for name, companion in programme if companion}
        self._newest: dict[str, Kept] = {}

    def take(self, kept: Sequence[Kept]) -> None:
        """The newest recording of each."""
        self._newest = outcomes.newest(kept, self.names, scenario.folder())
        for one in self._newest.values():
            if one.state == "running":
                self.previews.forget(one.name)

    @property
    def recording(self) -> Kept | None:
        """The newest one of the chosen scenario."""
        return self._newest.get(self.chosen or "")

    @property
    def nothing(self) -> str:
        """Why the list is empty, and what to do."""
        if self.names:
            return "no scenario has these words in its name, title, tags or abstract; backspace takes back"
        return "the gallery is empty; dltlab open FILE.toml opens a scenario of your own"

    @property
    def title(self) -> str:
        """The scenario's title."""
        found = about(self.chosen or "")
        return self.chosen or "" if isinstance(found, ScenarioError) else found.title

    @property
    def verb(self) -> str:
        """A scenario is run, unless its file must be mended first."""
        return "read it again" if self.chosen and isinstance(about(self.chosen), ScenarioError) else "run"

    def launch(self) -> Launch | None:
        """A new session of it; a broken file is read again."""
        name = self.chosen
        if name is None:
            return None
        if isinstance(about(name), ScenarioError):
            about.cache_clear()
            _fields.cache_clear()
            return None

        def launch(*, seed: int | None = None) -> Source:
            from dltlab.session.live import launch as start

            return start(name, seed=seed, seeds=1)

        return launch

    def row(self, name: str, width: int) -> Line:
        """Its name, and its last verdicts."""
        one = self._newest.get(name)
        told: list[Span] = [SIGNS["running"]] if one and one.state == "running" else self._tally(one).brief
        # A filter may hide the scenario that it accompanies.
        inset = name in self._companions and not self._wanted
        return cards.row(name, told, width, chosen=name == self.chosen, inset=inset, wanted=self._wanted)

    def page(self, width: int, height: int) -> list[Line]:
        """Title, tags, last verdicts, what one will see, then the text."""
        name = self.chosen or ""
        found, wanted = about(name), self._wanted
        if isinstance(found, ScenarioError):
            lines: list[Line] = [((f"{name} cannot be run", "wrong"),), ()]
            for fault in found.faults:
                lines += wrap(fault, width, "text", "✗ ")
            return [*lines, (), *wrap("Mend the file; enter reads it again.", width, "pending")]
        marked = [finding.marked(line, wanted) for line in wrap(found.title, width, "strong")]
        lines = [*marked, *cards.tags(found.tags, width, wanted), *self._last(width), ()]
        look_for = cards.texts("Look for", found.look_for, width, "text", [])
        plot = self._preview(width, height // 3)
        lines += [*plot, ()] if plot else []
        abstract = [finding.marked(line, wanted) for line in wrap(found.abstract, width)]
        # What one will see comes first: the plot, or the words.
        lines += [*abstract, *look_for] if plot else [*look_for[1:], (), rule("About", width), *abstract]
        return [*lines, *cards.texts("Sources", found.sources, width, "faint", [])]

    def _found_by(self, name: str) -> Sequence[finding.Field]:
        """Its name, title, tags and abstract."""
        return _fields(name) if self._wanted else ()

    def _last(self, width: int) -> list[Line]:
        """What became of it the last time."""
        one = self.recording
        if one is None:
            return []
        when = outcomes.when(one.header, self._now())
        if one.state == "running":
            return [(("● running", "running"), (f"  since {when}; tab, enter: attach", "faint"))]
        outcome = self._tallies.get(one.name)
        said = [f"last run {when}", one.state if one.state != "finished" else ""]
        turns = outcome.turns if outcome else 0
        said += ["a fork" if one.header.forked >= 0 else ""]
        said += [f"turned or kicked {'once' if turns == 1 else f'{turns} times'}" if turns else ""]
        told = self._tally(one).told
        words = ", ".join(part for part in said if part)
        return [*([tuple(told)] if told else []), *wrap(words, width, "faint")]

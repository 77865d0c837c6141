"""What a bench does with other sessions: draws them over its own, forks its own, and comes back from a fork."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.style import Style

from dltlab.errors import DltlabError
from dltlab.session import compare, divergence
from dltlab.session.divergence import Lost
from dltlab.terminal.drawing import differing, forking
from dltlab.terminal.drawing.differing import Column
from dltlab.terminal.drawing.forking import Wanted
from dltlab.terminal.drawing.marks import sign
from dltlab.terminal.drawing.overlaid import Overlaid
from dltlab.terminal.messages import CloseBench, OpenBench
from dltlab.terminal.screens.forking import Fork, launch
from dltlab.terminal.screens.overlay import Overlay
from dltlab.terminal.screens.page import Page
from dltlab.terminal.screens.sessions import Sessions
from dltlab.text import one_line

if TYPE_CHECKING:
    from dltlab.terminal.screens.bench import Bench


Act = Literal["choose", "compare", "fork", "rewind"]


class Branching:
    """The sessions beside that of a bench."""

    def __init__(self, bench: "Bench", inks: dict[str, Style], *, plain: bool) -> None:
        self._bench = bench
        self._inks, self._plain = inks, plain
        self._history = bench.history
        self.overlay = Overlay(bench.history)
        path = getattr(bench.following.source, "path", None)
        self.path: Path | None = path if isinstance(path, Path) else None
        """Where the shown session is recorded."""
        self.overlay.pin_parent(self.path)
        self._lost: tuple[int, list[Lost]] = (0, [])

    def poll(self) -> bool:
        """Read on in the guests' files; whether any said anything."""
        return self.overlay.poll()

    @property
    def overlaid(self) -> tuple[Overlaid, ...]:
        """What panels draw over the shown session."""
        return self.overlay.drawn()

    @property
    def origin(self) -> str:
        """Where the shown session was forked, for its title."""
        header = self._history.header
        return f"fork at step {header.forked:,}" if header.parent and header.forked >= 0 else ""

    @property
    def covered(self) -> bool:
        """Whether another bench or a lecture stands above this one, so that nothing of it is seen."""
        stack = self._bench.app.screen_stack
        above = stack[stack.index(self._bench) + 1 :] if self._bench in stack else []
        return any(isinstance(screen, type(self._bench)) or getattr(screen, "COVERS", False) for screen in above)

    # What diverged.

    @property
    def lost(self) -> list[Lost]:
        """What diverged so far, told anew when there is more of it."""
        number = sum(event.what == "diverged" for event in self._history.events)
        if number != self._lost[0]:
            self._lost = number, divergence.lost(self._history)
        return self._lost[1]

    def alarm(self) -> list[list[str]]:
        """What diverged, and the key that goes back to before it: in full, and in brief."""
        found = self.lost
        if not found:
            return []
        told = [divergence.sentence(one) for one in found[-3:]]
        more = [f"{len(found) - len(told)} more diverged before."] if len(found) > len(told) else []
        cure = [f"b forks from step {found[-1].back:,}, before it, with {self._halved()}."] if self.path else []
        back = [f"b goes back to {found[-1].back:,}"] if self.path else []
        return [[*told, *more, *cure], [divergence.brief(found[-1]), *back]]

    def _halved(self) -> str:
        knob = next((knob for knob in self._history.header.knobs if knob.name == "learning_rate"), None)
        return f"{one_line(knob.title or knob.name)} halved" if knob else "a change"

    # What the keys do.

    def act(self, act: Act, cursor: int | None) -> None:
        """Do what a key asks for; forks begin at the cursor, or where the session stands."""
        match act:
            case "choose":
                self.choose()
            case "compare":
                self.compare()
            case "fork":
                self._ask(self._history.step if cursor is None else cursor)
            case "rewind":
                self.rewind()

    def choose(self) -> None:
        """Open the list of sessions."""
        header = self._history.header
        screen = Sessions(self.overlay, header, self.compare, self._inks, plain=self._plain)
        self._bench.app.push_screen(screen, lambda _: self._bench.repaint_plots())

    def compare(self) -> None:
        """Show what sets the overlaid sessions apart."""
        columns = [Column("-" if self._plain else "━", "curve0", f"{self._history.header.session}, the shown one")]
        for guest in self.overlay.guests:
            columns.append(Column(sign(guest.slot, plain=self._plain), f"curve{guest.slot}", guest.header.session))
            guest.read_all()
        found = compare.differences([self._history, *(guest.history for guest in self.overlay.guests)])
        page = Page(
            "What sets them apart",
            lambda width: differing.page(columns, found, width),
            self._inks,
            plain=self._plain,
        )
        self._bench.app.push_screen(page)

    def rewind(self) -> None:
        """A fork from before what diverged, with the learning rate halved."""
        found = self.lost
        if not found:
            self._bench.say("nothing diverged here; F forks from where the cursor stands.")
            return
        self._ask(found[-1].back, halve=found[-1].step)

    def _ask(self, at: int, halve: int | None = None) -> None:
        if self.path is None:
            return
        path, made = self.path, forking.choices(self._history, at)
        chosen = next((place for place, one in enumerate(made) if one.kind == "knob"), 0)
        if halve is not None:
            # Half of what it was when it diverged, which may be less than half of what it is where one goes back to.
            then = {one.name: one.given for one in forking.choices(self._history, halve)}
            for place, one in enumerate(made):
                if one.name == "learning_rate" and (rate := then.get(one.name)):
                    made[place], chosen = one.put(float(f"{rate / 2:.6g}")), place

        def start(asked: Wanted | None) -> None:
            if asked is not None:
                title = f"A fork of {one_line(self._history.header.title)} at step {asked.at:,}"
                self._bench.post_message(OpenBench(launch(path, asked), title))

        self._bench.app.push_screen(Fork(made, chosen, self._inks, plain=self._plain), start)

    def back(self) -> bool:
        """From a fork to the bench of its parent, where it is drawn from now on; whether there is one below."""
        stack = self._bench.app.screen_stack
        below = stack[-2] if len(stack) > 1 else None
        if not isinstance(below, type(self._bench)):
            return False
        if self.path is not None:
            below.branching.adopt(self.path)
        self._bench.post_message(CloseBench())
        return True

    def adopt(self, path: Path) -> None:
        """Draw a fork over the shown session, if there is a colour left for it."""
        with contextlib.suppress(DltlabError):
            self.overlay.pin(path)

    def close(self) -> None:
        """Stop reading other sessions."""
        self.overlay.close()

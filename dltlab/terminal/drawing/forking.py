"""What a fork is to change, as a form of a few lines: the step that it begins at, the knobs, a kick, a seed."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from rich.cells import cell_len

from dltlab import seeds
from dltlab.records import Knob
from dltlab.session.history import BUDGET, History
from dltlab.terminal.drawing import sliders
from dltlab.terminal.drawing.lines import Line, Picture, Span, fit, frame, wrap
from dltlab.terminal.drawing.numbers import count
from dltlab.text import one_line

LARGEST_KICK: Final = 1e6
_MOST_STEPS: Final = 1e9
Kind = Literal["step", "knob", "kick", "seed", "until"]


class Wanted(NamedTuple):
    """A fork as it is asked for."""

    at: int
    turns: tuple[tuple[str, float], ...] = ()
    """Knobs by name and the values that they take."""
    kick: float | None = None
    seed: int | None = None
    steps: int | None = None
    """The steps that it takes in all, where those are not as many as its parent's."""


class Choice(NamedTuple):
    """A line of the form: a number that may be left as it is."""

    kind: Kind
    name: str
    title: str
    given: float | None
    """The value without a change; None for no kick."""
    low: float
    high: float
    knob: Knob | None = None
    value: float | None = None
    """The value that is wanted; None leaves it."""
    typed: str | None = None
    """What is being typed in its place."""

    @property
    def now(self) -> float | None:
        """Its value as it stands."""
        return self.given if self.value is None else self.value

    def stepped(self, notches: int) -> "Choice":
        """Changed by a notch or some."""
        match self.kind:
            case "step" | "until":
                grain = max(round((self.given or 0.0) / 100), 1)
                return self.put((self.now or 0.0) + notches * grain)
            case "seed":
                return self.put((self.now or 0.0) + notches)
            case "kick":
                return self.put((self.now or 0.01) * (1.25**notches if self.value is not None else 1.0))
            case "knob":
                assert self.knob is not None
                return self.put(sliders.turned(self.knob, self.now or 0.0, notches))

    def halved(self) -> "Choice":
        """Half of it: the usual cure for what diverged."""
        return self if self.now is None or self.kind != "knob" else self.put(float(f"{self.now / 2:.6g}"))

    def put(self, value: float) -> "Choice":
        """With another value, held within its bounds."""
        value = min(max(value, self.low), self.high)
        return self._replace(value=None if value == self.given else value, typed=None)

    def settled(self) -> "Choice | str":
        """With what was typed for its value; or what is wrong with that."""
        if self.typed is None:
            return self
        if not self.typed.strip():
            return self._replace(value=None, typed=None)
        try:
            value = float(self.typed)
            value = float(int(value)) if self.kind in ("step", "seed", "until") else value
        except (ValueError, OverflowError):
            return f"{one_line(self.typed)} is no number; write one like 0.25."
        if not self.low <= value <= self.high:
            return f"{self.title} goes from {self.low:,g} to {self.high:,g}; {value:g} does not lie there."
        return self.put(value)


def choices(history: History, at: int) -> list[Choice]:
    """The form for a fork of a session at a step, with everything as it is there."""
    header = history.header
    found = [Choice("step", "step", "step", float(at), 0.0, float(max(history.step, at)))]
    for knob in header.knobs:
        if not knob.name.endswith(BUDGET):
            title = one_line(knob.title or knob.name)
            found.append(Choice("knob", knob.name, title, _value(history, knob, at), knob.low, knob.high, knob))
    found.append(Choice("kick", "kick", "kick by a length of", None, 1e-12, LARGEST_KICK))
    seed = float(header.seeds[0]) if header.seeds else 0.0
    found.append(Choice("seed", "seed", "seed", seed, 0.0, float(seeds.LARGEST)))
    return [*found, Choice("until", "steps", "up to step", float(header.steps), 1.0, _MOST_STEPS)]


def wanted(made: Sequence[Choice]) -> Wanted:
    """What the form asks for."""
    at = next(one.now for one in made if one.kind == "step") or 0.0
    turns = tuple((one.name, one.value) for one in made if one.kind == "knob" and one.value is not None)
    kick = next((one.value for one in made if one.kind == "kick"), None)
    seed = next((one.value for one in made if one.kind == "seed"), None)
    until = next((one for one in made if one.kind == "until"), None)
    steps = until.value if until else None
    if until and until.given and steps is None and at >= until.given:
        # Where nothing is left of the parent's steps, as many again.
        steps = at + until.given
    return Wanted(round(at), turns, kick, *(None if one is None else round(one) for one in (seed, steps)))


def _value(history: History, knob: Knob, at: int) -> float:
    try:
        return history.knob(knob.name, at)
    except (KeyError, TypeError, ValueError):
        # A recording may hold a turn that says no number.
        return knob.value


def form(made: Sequence[Choice], chosen: int, fault: str, width: int, height: int) -> Picture:
    """The form in height lines of width cells."""
    wide = max(cell_len(one.title) for one in made) + 2
    lines: list[Line] = [((" Fork from here", "strong"), ("  the same up to there, bit for bit; then", "faint"))]
    lines += [_line(one, wide, chosen=place == chosen) for place, one in enumerate(made)]
    lines += [(), *([((f" {fault}", "wrong"),)] if fault else wrap(told(wanted(made), made), width - 2, "text", " "))]
    if len(lines) > height:
        # The line that is being changed stays in sight, and so does what will be started.
        first = min(max(chosen - (height - 3), 0), len(made) - (height - 2))
        last = ((f" {fault}", "wrong"),) if fault else ((f" {told(wanted(made), made)}", "text"),)
        lines = [lines[0], *lines[1 + max(first, 0) : 1 + max(first, 0) + height - 2], last]
    return frame(lines, width, height)


def _line(one: Choice, wide: int, *, chosen: bool) -> Line:
    lead: Span = ("▸ " if chosen else "  ", "strong")
    given = _number(one, one.given)
    spans: list[Span] = [lead, *fit(((one.title, "strong" if chosen else "text"),), wide)]
    if one.typed is not None:
        return (*spans, (f"{given} → ", "faint"), (f"{one_line(one.typed)}▏", "pending"))
    if one.value is not None:
        return (*spans, (f"{given} → ", "faint"), (_number(one, one.value), "pending"))
    bounds = f"   {one.low:g} … {one.high:g}" if chosen and one.kind == "knob" else ""
    return (*spans, (given, "text"), (bounds, "faint"))


def _number(one: Choice, value: float | None) -> str:
    if value is None:
        return "none"
    return count(value) if one.kind in ("step", "until") else f"{value:.4g}" if one.kind != "seed" else f"{value:.0f}"


def told(asked: Wanted, made: Sequence[Choice]) -> str:
    """What will be started, in a sentence."""
    titles = {one.name: one.title for one in made}
    parts = [f"{titles[name]} = {value:.4g}" for name, value in asked.turns]
    parts += [f"a kick of {asked.kick:.4g}"] if asked.kick is not None else []
    parts += [f"seed {asked.seed}"] if asked.seed is not None else []
    parts += [f"{asked.steps:,} steps in all"] if asked.steps is not None else []
    return f"Enter starts it at step {asked.at:,} {'with ' + ', '.join(parts) if parts else 'with nothing changed'}."

"""A new session that begins as another one did: its parent's records up to a step, byte for byte.

A fork is a recording cut at a step, with the changes told at its end, that is then continued
like any other: the parent's last keyframe before the cut is computed on to the step, with the
acts between them done again, and there the changes are made.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from dltlab import seeds
from dltlab.engine.lines import Lines
from dltlab.engine.past import Past
from dltlab.errors import UsageError
from dltlab.records import Array, Event, Footer, Frames, Keyframe, Knob, Part, Record
from dltlab.text import one_line

_PIECE: Final = 1 << 20


class Changes(Struct, frozen=True):
    """What is done otherwise from the step of the fork on; in this order."""

    seed: int | None = None
    """Folded into the state's key: batches, the optimizer's noise and kicks are drawn anew from there on.

    The noise of randomized readings is too. Data and parameters stay what they are.
    """
    turns: tuple[tuple[str, float], ...] = ()
    """Knobs and their values."""
    kick: float | None = None
    """The length of a displacement of every member's parameters."""
    direction: str = "random"
    """Its direction: "random", or "lowest" curvature."""

    def check(self, knobs: tuple[Knob, ...]) -> None:
        """Raise UsageError for what cannot be done."""
        known = {knob.name: knob for knob in knobs}
        for name, value in self.turns:
            knob, said = known.get(name), f"{one_line(name)} = {value:g}: cannot be set"
            if knob is None:
                raise UsageError(f"{said}; knobs: {', '.join(map(one_line, known)) or 'none'}.")
            if not knob.low <= value <= knob.high:
                raise UsageError(f"{said}; it lies between {knob.low:g} and {knob.high:g}.")
        if self.kick is not None and not 0 < self.kick < 1e300:
            raise UsageError(f"a kick of {self.kick:g}: not a length; give a positive number.")
        if self.seed is not None and not 0 <= self.seed <= seeds.LARGEST:
            raise UsageError(f"seed {self.seed}: no seed; it lies between 0 and {seeds.LARGEST}.")

    def told(self, past: Past, knobs: tuple[Knob, ...], parent: str, at: int) -> list[Event]:
        """The fork as events, and every change as its own kind of event."""
        titles, values = {knob.name: knob.title for knob in knobs}, dict(past.values)
        data: dict = {"parent": parent, "step": at}
        data |= {"seed": self.seed} if self.seed is not None else {}
        data |= {"turns": dict(self.turns)} if self.turns else {}
        data |= {"kick": self.kick, "direction": self.direction} if self.kick is not None else {}
        way = "at random" if self.direction == "random" else "along the lowest curvature"
        said = [f"randomness of seed {self.seed}"] if self.seed is not None else []
        said += [f"{titles[name]} = {value:g}" for name, value in self.turns]
        said += [f"a kick by {self.kick:.4g} {way}"] if self.kick is not None else []
        text = f"Forked from {parent} at step {at}: {', '.join(said) or 'nothing is changed'}."
        events = [Event(at, "fork", one_line(text), data, past.wall)]
        for name, value in self.turns:
            old, values[name] = values.get(name, value), value
            turn = {"knob": name, "value": value, "old": old}
            events.append(Event(at, "turn", one_line(f"{titles[name]} {old:g} → {value:g}."), turn, past.wall))
        if self.kick is not None:
            kick = {"radius": self.kick, "direction": self.direction}
            events.append(Event(at, "kick", f"Kicked by {self.kick:.4g} {way}.", kick, past.wall))
        return events


class Beginning:
    """A recording up to and with a step, read once and never written to: its engine may still append to it."""

    def __init__(self, path: Path, at: int) -> None:
        """Read it.

        Raises:
            RecordingError: It is no recording, does not reach the step, or has no keyframe before it.
        """
        self.path, self.at = path, at
        self.stretches: list[tuple[int, int]] = []
        """Where the bytes stand that begin a fork too, between the first line and the cut: from, and up to."""
        self.cut: Frames | None = None
        """What was recorded up to the step by a chunk that went on beyond it."""
        self._before = Frames(0, (), 0.0, 0.0)
        self._lines = Lines(path)
        self.past = Past(self._lines.header)
        for begin, end, record in self._lines:
            if isinstance(record, Frames) and record.step > at:
                self._take_cut(record)
                break
            self._take(begin, end, record)
        self._check()

    def _take(self, begin: int, end: int, record: Record) -> None:
        """Keep a line that tells of nothing beyond the step."""
        if _step(record) > self.at:
            return
        self.past.take(record)
        if isinstance(record, Frames):
            self._before = record
        if isinstance(record, Footer):
            return
        if self.stretches and self.stretches[-1][1] == begin:
            begin = self.stretches.pop()[0]
        self.stretches.append((begin, end))

    def _take_cut(self, frames: Frames) -> None:
        """Keep what a chunk read up to the step. Its knobs stood still, so time passed evenly from step to step."""
        parts = tuple(cut for part in frames.parts if (cut := _cut(part, self.at)).count)
        before = self._before
        self.past.reached = max(self.past.reached, self.at)
        if not parts and before.step >= self.at:
            return
        share = min(max((self.at - before.step) / (frames.step - before.step), 0.0), 1.0)
        wall, clock = (
            old + share * (new - old) for old, new in ((before.wall, frames.wall), (before.clock, frames.clock))
        )
        self.cut = Frames(self.at, parts, wall, share * frames.busy, clock)
        self.past.take(self.cut)

    def _check(self) -> None:
        past, why = self.past, f" ({self._lines.note})" if self._lines.note else ""
        if self.at > past.reached:
            raise self._lines.fault(
                f"it is recorded up to step {past.reached}{why}, not {self.at}; fork it at a step up to there."
            )
        if past.keyframe is None:
            raise self._lines.fault(f"no keyframe at step {self.at} or before it{why}, so there is no state to fork.")
        footer = past.footer
        if footer is not None and footer.last_finite is not None and self.at > footer.last_finite:
            cure = f"fork it at step {footer.last_finite} or before."
            raise self._lines.fault(f"at step {self.at} its loss is not finite any more; {cure}")

    def pieces(self) -> Iterator[bytes]:
        """The parent's lines after its header, in bounded pieces."""
        with self.path.open("rb") as stream:
            for begin, end in self.stretches:
                stream.seek(begin)
                while begin < end:
                    data = stream.read(min(_PIECE, end - begin))
                    if not data:
                        raise self._lines.fault("it became shorter while it was read; try again.")
                    yield data
                    begin += len(data)


def _step(record: Record) -> int:
    """The last step that a record tells of."""
    match record:
        case Event(what="diverged", data={"step": int(at)}):
            # It is said where the chunk began in which a member was lost.
            return at
        case Event(step=at) | Frames(step=at) | Keyframe(step=at) | Footer(step=at):
            return at
        case _:
            return 0


def _cut(part: Part, at: int) -> Part:
    """The readings of a part up to a step."""
    count = min(part.count, max((at - part.first) // part.stride + 1, 0))
    if count in (0, part.count):
        return part if count else Part(part.first, part.stride, 0, {})
    kept = {name: array for name, array in part.columns.items() if array.shape[:1] == (part.count,)}
    return msgspec.structs.replace(
        part,
        count=count,
        columns={
            name: Array(array.dtype, (count, *array.shape[1:]), array.data[: len(array.data) // part.count * count])
            for name, array in kept.items()
        },
    )

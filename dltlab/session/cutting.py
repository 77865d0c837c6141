"""A stretch of frames, cut in two at a step: what a replay shows that holds within one or is slower than it."""

from typing import NamedTuple

from dltlab.records import Array, Frames, Part


class Reached(NamedTuple):
    """How far a session was told: its step, the seconds since its start, and its physical time."""

    step: int
    wall: float
    clock: float


def cut(frames: Frames, at: int, since: Reached) -> tuple[Frames, Frames]:
    """The frames up to and with a step before their last, and those beyond it.

    Seconds and physical time at the cut are taken to have passed evenly since what was told before.
    Columns of both pieces, one behind the other, are those of the whole, byte for byte.
    """
    share = (at - since.step) / max(frames.step - since.step, 1)
    wall = since.wall + share * (frames.wall - since.wall)
    clock = since.clock + share * (frames.clock - since.clock)
    halves = [_halves(part, at) for part in frames.parts]
    first = tuple(one for one, _ in halves if one.count)
    rest = tuple(one for _, one in halves if one.count)
    return Frames(at, first, wall, 0.0, clock), Frames(frames.step, rest, frames.wall, frames.busy, frames.clock)


def _halves(part: Part, at: int) -> tuple[Part, Part]:
    here = min(max((at - part.first) // part.stride + 1, 0), part.count)
    early, late = {}, {}
    for name, column in part.columns.items():
        size = here * (len(column.data) // max(part.count, 1))
        early[name] = Array(column.dtype, (here, *column.shape[1:]), column.data[:size])
        late[name] = Array(column.dtype, (part.count - here, *column.shape[1:]), column.data[size:])
    beyond = part.first + here * part.stride
    return Part(part.first, part.stride, here, early), Part(beyond, part.stride, part.count - here, late)

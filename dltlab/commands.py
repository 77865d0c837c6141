"""What the engine hears: one JSON line a command, over a Unix socket.

Each command that is obeyed is echoed as an Event in the session; one that cannot be obeyed
becomes an Event too ("refused"), so that every viewer sees the same story.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

LONGEST: Final = 1 << 16


class Pause(Struct, frozen=True, tag_field="command", tag="pause"):
    """Hold at the end of the chunk in flight."""


class Resume(Struct, frozen=True, tag_field="command", tag="resume"):
    """Go on."""


class Advance(Struct, frozen=True, tag_field="command", tag="advance"):
    """Take some steps and hold; every probe is read where it stops."""

    steps: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class Reach(Struct, frozen=True, tag_field="command", tag="reach"):
    """Go on to a step that has not been reached yet, and hold there; every probe is read where it stops."""

    step: Annotated[int, Meta(ge=1, le=1_000_000_000)]


class Turn(Struct, frozen=True, tag_field="command", tag="turn"):
    """Set a knob."""

    knob: Annotated[str, Meta(max_length=100)]
    value: float


class Kick(Struct, frozen=True, tag_field="command", tag="kick"):
    """Displace the parameters of every member by a vector of this length."""

    radius: Annotated[float, Meta(gt=0, le=1e6)]
    direction: Literal["random", "lowest"] = "random"
    """Uniform on the sphere, or along the direction of lowest curvature."""


class Pace(Struct, frozen=True, tag_field="command", tag="pace"):
    """Set the steps a second; None for flat out."""

    rate: Annotated[float, Meta(ge=1e-3, le=1e9)] | None = None


class Mark(Struct, frozen=True, tag_field="command", tag="mark"):
    """Leave a note at the present step."""

    text: Annotated[str, Meta(max_length=4096)]


class Stop(Struct, frozen=True, tag_field="command", tag="stop"):
    """End the session with a keyframe and a footer."""


Command = Pause | Resume | Advance | Reach | Turn | Kick | Pace | Mark | Stop
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Command)


def encode(command: Command) -> bytes:
    """One line."""
    return _ENCODER.encode(command) + b"\n"


def decode(line: bytes) -> Command:
    """Read one line. Raises msgspec.MsgspecError for anything that is no command."""
    return _DECODER.decode(line)

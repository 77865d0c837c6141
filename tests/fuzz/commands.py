"""Lines on the socket: whatever is said there, the inbox finds commands or says that it is none."""

import atexit
import json
import random
import socket
import struct
from typing import Any, Final

import harness

with harness.instrumented():
    import msgspec

    from dltlab import commands, soundness
    from dltlab.engine.inbox import Inbox
    from dltlab.records import Event
    from dltlab.text import UNFIT

SECONDS: Final = 1.0
SEEDS: Final[list[bytes]] = [
    b"".join(map(commands.encode, said))
    for said in (
        (commands.Pause(), commands.Resume(), commands.Advance(10), commands.Reach(10)),
        (commands.Turn("learning_rate", 0.1), commands.Kick(0.1, "lowest"), commands.Kick(3.0)),
        (commands.Pace(100.0), commands.Pace(), commands.Mark("here"), commands.Stop()),
    )
]
_INBOX: Final[list[Inbox]] = []


def trial(data: bytes) -> None:
    """Try it; an AssertionError or any exception is a finding."""
    if not _INBOX:
        _INBOX.append(Inbox(harness.FOLDER / "fuzzed.sock"))
        atexit.register(_INBOX[0].close)
    inbox = _INBOX[0]
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(inbox.path))
        caller.settimeout(1.0)
        # A caller that is hung up on is told so by a broken pipe.
        found = inbox.take(0.0)
        with harness.bounds(SECONDS):
            try:
                caller.sendall(data[: 1 << 15])
            except OSError:
                return
            found += inbox.take(0.0)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    inbox.take(0.0)
    for one in found:
        if isinstance(one, str):
            assert not UNFIT.search(one), one
            assert len(one) < 1000
        else:
            _echoed(one)


def _echoed(command: Any) -> None:
    """An engine that obeys tells it in an event: one that every reader finds sound."""
    told = msgspec.to_builtins(command)
    assert commands.decode(commands.encode(command).strip()) == command
    if isinstance(command, commands.Kick):
        assert not soundness.fault_of(Event(0, "kick", "", told), None), command
    if isinstance(command, commands.Pace) and command.rate is not None:
        assert 1 / command.rate < 1e6, command


def mutated(data: bytes, draw: random.Random) -> bytes:
    """One line is otherwise, or comes again."""
    lines = data.rstrip(b"\n").split(b"\n")
    place = draw.randrange(len(lines))
    if draw.random() < 0.2:
        lines.insert(draw.randrange(len(lines)), lines[place])
    else:
        lines[place] = harness.jsoned(harness.grown(json.loads(lines[place]), draw))
    return b"\n".join(lines) + b"\n" * draw.choice([1, 1, 1, 0])


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

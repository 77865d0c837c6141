"""Make the recording of a version, once, to be opened by every later one: ``python make.py FOLDER``.

A run of edge-of-stability with what can happen to a session: η is turned, the weights are kicked, a mark
is left, and it is stopped before its end, which leaves a keyframe. What is of the machine alone (its name,
its process, its socket) is taken out of the header.
"""

import sys
import tempfile
import time
from pathlib import Path

import msgspec

import dltlab
from dltlab import commands, records
from dltlab.records import Header
from dltlab.session import live
from dltlab.session.history import History

TOLD: list[tuple[int, commands.Command]] = [
    (900, commands.Turn("learning_rate", 0.3)),
    (1000, commands.Mark("Here the class was asked.")),
    (1100, commands.Kick(0.05)),
    (1200, commands.Stop()),
]
"""What is done, and at which step."""


def main(folder: Path) -> None:
    """Record, and keep it under the version's name."""
    path = Path(tempfile.mkdtemp()) / f"v{dltlab.__version__}{records.SUFFIX}"
    source = live.launch("edge-of-stability", seeds=1, steps=1400, overrides=("run.every=4",), session=path)
    history = History(source.header)
    # It holds before its first step that is not asked for.
    source.send(commands.Pause())
    source.send(commands.Pace(None))
    for step, command in TOLD:
        source.send(commands.Reach(step))
        while history.step < step and not source.ended:
            history.extend(source.poll())
            time.sleep(0.02)
        source.send(command)
    while not source.ended:
        history.extend(source.poll())
        time.sleep(0.02)
    source.close()
    first, rest = path.read_bytes().split(b"\n", 1)
    header = records.decode(first)
    assert isinstance(header, Header)
    device = {key: value for key, value in header.device.items() if key != "node"}
    header = msgspec.structs.replace(header, session=f"v{dltlab.__version__}", socket="", pid=0, device=device)
    (folder / path.name).write_bytes(records.encode(header) + rest)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

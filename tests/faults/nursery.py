"""Engines without the seconds that they take to import JAX: each is a fork of a process that has, and has used none.

Started as a program, it reads orders from standard input, one JSON table a line, and answers each with one:
``{"words": […]}`` forks an engine with these arguments and answers with its ``pid``; ``{"wait": pid}`` answers
with its exit ``code`` once it has ended, negative for a signal. As :mod:`dltlab.engine.loop` names them,
``seconds`` says how long a chunk and the time between two keyframes are. ``diary`` names a file of 16 bytes that
survives the engine: the step where its chunk in flight began, and the bytes of its recording that were written.
``clock`` has the wall clock jump by so many seconds, back and forth, at every look at it. ``disk`` says which call
to the disk fails: the arguments of :class:`faulty.Faulty`.
"""

import itertools
import json
import mmap
import os
import signal
import struct
import sys
import time
from typing import Any

import faulty

from dltlab.engine import __main__, journal, keyframes, loop, machine

machine.prepare()
from dltlab.engine import again, estimate, forks, session  # noqa: E402, F401  (imported once, for all that are forked)


def main() -> None:
    """Serve orders until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)
            continue
        # Whoever asked may kill it at once, and then looks at what it said.
        os.close(os.open(order["log"], os.O_WRONLY | os.O_CREAT, 0o600))
        pid = os.fork()
        if not pid:
            live(order)
        print(json.dumps({"pid": pid}), flush=True)


def live(order: dict[str, Any]) -> None:
    """Be an engine, and end."""
    code = 70
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        quiet = os.open(os.devnull, os.O_RDWR)
        for new, old in ((quiet, 0), (quiet, 1), (log, 2)):
            os.dup2(new, old)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.CHUNK_SECONDS, keyframes.SECONDS = order.get("seconds", (loop.CHUNK_SECONDS, keyframes.SECONDS))
        if "diary" in order:
            keep_a_diary(order["diary"])
        if "clock" in order:
            jump(order["clock"])
        if "disk" in order:
            journal.os = faulty.Faulty(**order["disk"])
        code = __main__.main(order["words"])
        sys.stderr.flush()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def keep_a_diary(path: str) -> None:
    """Note where a chunk begins before it flies, and how much is written once it is."""
    with open(path, "r+b") as file:
        page = mmap.mmap(file.fileno(), 16)
    chunk, copy = loop.Loop._chunk, journal.Journal.copy

    def flown(self: loop.Loop, limit: int) -> Any:
        page[:8] = struct.pack("<q", max(self.step, self._known))
        return chunk(self, limit)

    def copied(self: journal.Journal, data: bytes) -> int:
        written = copy(self, data)
        page[8:] = struct.pack("<q", self._whole)
        return written

    loop.Loop._chunk, journal.Journal.copy = flown, copied


def jump(seconds: float) -> None:
    """A wall clock that leaps; the monotonic one does not."""
    real, leaps = time.time, itertools.cycle((seconds, -seconds, 0.0))
    time.time = lambda: real() + next(leaps)
    time.time_ns = lambda: int(time.time() * 1e9)


if __name__ == "__main__":
    main()

"""An engine without JAX: writes what it is told to, as a true engine would write it.

    fake_engine.py ENDING run|check|estimate|resume --session=FILE --scenario=NAME … [--headless]

The ENDING is finished, diverged, stopped, killed, silent, refused, broken, listening, deaf (it never
stops), garbled (it never stops either, and writes what is no record), late (it never begins) or barred: that is
finished, and has told two eigenvalues with error bars, one of 50 readings of which is poor; or kicked: that is
finished after a kick at step 20. ``named`` is the ending that the scenario's file is named after.
"""

import argparse
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from dltlab import commands, folders, records
from dltlab.engine.inbox import Inbox
from dltlab.records import Array, Event, Footer, Frames, Header, Keyframe, Part, Series

CHUNK = 10


def header(session: str, steps: int, seeds: int, where: str = "", **changes) -> Header:
    """A header of two series: a loss at every step, and its theory."""
    lead = (("seed",), (seeds,)) if seeds > 1 else ((), ())
    series = tuple(Series(name, name, lead[0], lead[1], scale="log") for name in ("loss", "loss.theory"))
    told = {
        "format": records.FORMAT, "session": session, "started": "2026-01-02T03:04:05Z", "title": "A fall",
        "source": "fall",
        "scenario": {"title": "A fall", "claims": []}, "steps": steps, "every": 1, "pace": None, "series": series,
        "seeds": tuple(range(seeds)), "knobs": (records.Knob("learning_rate", "η", 0.1, 0.01, 1.0),), "parameters": 1,
        "precision": "float64", "optimizer": "gradient_descent", "versions": {}, "threads": 1,
        "device": {"kind": "cpu", "node": "lab7"}, "fingerprint": "f" * 8, "pid": os.getpid(), "socket": where,
    }  # fmt: skip
    return Header(**(told | changes))


def frames(first: int, count: int, seeds: int, wall: float) -> Frames:
    """A chunk of an exponential fall."""
    values = np.exp(-0.01 * np.arange(first, first + count))
    values = np.repeat(values[:, None], seeds, axis=1) if seeds > 1 else values
    columns = {"loss": Array.of(values), "loss.theory": Array.of(values)}
    return Frames(first + count - 1, (Part(first, 1, count, columns),), wall, 0.001, 0.1 * (first + count))


BARRED = (
    Series("sharpness", "λ", ("eigenvalue",), (2,), source="probes.sharpness", bar="sharpness.error", tolerance=1e-3),
    Series("sharpness.error", "error bar", ("eigenvalue",), (2,), source="probes.sharpness"),
)


def barred(chunk: Frames) -> Frames:
    """A chunk with two eigenvalues as well: the second is not tracked, the first is poor at step 17."""
    (part,) = chunk.parts
    steps = part.steps()
    values = np.stack([np.full(len(steps), 8.0), np.full(len(steps), np.nan)], axis=1)
    bars = values * np.where(steps == 17, 0.01, 1e-4)[:, None]
    columns = {**part.columns, "sharpness": Array.of(values), "sharpness.error": Array.of(bars)}
    return msgspec.structs.replace(chunk, parts=(msgspec.structs.replace(part, columns=columns),))


def told(head: Header, ending: str) -> list[records.Record]:
    """The records of a whole session: header, chunks with a keyframe among them, footer."""
    seeds = len(head.seeds)
    said: list[records.Record] = [head]
    for first in range(0, head.steps, CHUNK):
        if ending == "kicked" and first == 2 * CHUNK:
            said.append(Event(first, "kick", "Kicked by 0.1.", {"radius": 0.1, "direction": "random"}, 0.2))
        said.append(frames(first, min(CHUNK, head.steps - first), seeds, 0.01 * first))
        if first == CHUNK:
            said.append(Keyframe(first, {"theta": Array.of(np.arange(5.0))}, "digest"))
            said.append(Event(first, "mark", "half way", {}, 0.01 * first))
    ending = "finished" if ending in ("barred", "kicked") else ending
    if ending == "diverged":
        said.append(Event(head.steps - 1, "diverged", "the loss is NaN", {"step": head.steps - 1, "seed": 0}, 1.0))
    last = head.steps - 5 if ending == "diverged" else None
    return [*said, Footer(head.steps - 1, ending, f"{ending} as told", 0.01 * head.steps, last)]


def listen(given: argparse.Namespace, out) -> None:
    """Hold, echo each command as an event, end on Stop."""
    inbox = Inbox(folders.socket_path(Path(given.session)))
    out(header("fake", given.steps, given.seeds, str(inbox.path)))
    out(frames(0, CHUNK, given.seeds, 0.1))
    stopped = False
    while not stopped:
        for command in inbox.take(1.0):
            stopped = stopped or isinstance(command, commands.Stop)
            if not stopped and not isinstance(command, str):
                data = msgspec.structs.asdict(command) | {"old": 0.1}
                out(Event(CHUNK - 1, type(command).__name__.lower(), "heard", data, 0.2))
    inbox.close()
    out(Footer(CHUNK - 1, "stopped", "", 0.3))


def go_on(given: argparse.Namespace, out) -> None:
    """A session that is continued, to its end."""
    time.sleep(0.1)
    out(Event(given.steps, "continued", "on and on", {}, 1.0))
    out(frames(given.steps, CHUNK, given.seeds, 1.1))
    time.sleep(0.1)
    out(Footer(given.steps + CHUNK - 1, "finished", "at last", 1.2))


def estimated(steps: int) -> str:
    """What a run would take."""
    told_of = {"title": "A fall\x1b[2J", "steps": steps, "members": 3, "parameters": 1, "compiling": 2.5}
    told_of |= {"timed": 40, "seconds_a_step": 0.25, "computing": 0.25 * steps, "memory": 3 << 29}
    told_of |= {"flops": 12_500, "moved": 3 << 20, "read": 4.0e9, "arguments": 1 << 20, "outputs": 2 << 20}
    told_of |= {"temporaries": 5 << 20}
    return json.dumps(told_of | {"free": 1 << 34, "recording": 5 << 20, "fingerprint": "f" * 8})


def main() -> int:
    """Play the part."""
    reader = argparse.ArgumentParser()
    reader.add_argument("ending")
    reader.add_argument("verb")
    reader.add_argument("--session")
    reader.add_argument("--scenario")
    reader.add_argument("--set", action="append")
    for name, usual in (("--seed", 0), ("--seeds", 1), ("--steps", 50)):
        reader.add_argument(name, type=int, default=usual)
    reader.add_argument("--headless", action="store_true")
    given = reader.parse_args()
    given.ending = Path(given.scenario).stem if given.ending == "named" else given.ending
    if given.ending == "refused":
        print("fall.toml:3:1: run.steps: too few.\nfall.toml:4:1: \x1b[2Jbad", file=sys.stderr)
        return 2
    if given.ending == "broken":
        print("The device is on fire.", file=sys.stderr)
        return 3
    if given.ending == "late":
        time.sleep(60)
    if given.verb == "check":
        print(json.dumps({"faults": [], "series": ["loss", "loss.theory"], "open": []}))
        return 0
    if given.verb == "estimate":
        print(estimated(given.steps))
        return 0
    new = os.O_CREAT | os.O_EXCL if given.verb == "run" else 0
    file = os.open(given.session, os.O_WRONLY | os.O_APPEND | new, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)

    def out(record: records.Record) -> None:
        os.write(file, records.encode(record))

    if given.verb == "resume":
        go_on(given, out)
        return 0
    if given.ending == "silent":
        return 3
    if given.ending in ("deaf", "garbled"):
        out(header("fake", given.steps, given.seeds))
        out(frames(0, CHUNK, given.seeds, 0.1))
        if given.ending == "garbled":
            os.write(file, b"what no reader takes\n")
        time.sleep(60)
    if given.ending == "listening":
        listen(given, out)
        return 0
    head = header("fake", given.steps, given.seeds)
    if given.ending == "barred":
        head = msgspec.structs.replace(head, series=(*head.series, *BARRED))
    for record in told(head, given.ending):
        record = barred(record) if given.ending == "barred" and isinstance(record, Frames) else record
        if given.ending == "killed" and isinstance(record, Footer):
            os.write(file, records.encode(record)[:20])
            os.kill(os.getpid(), signal.SIGKILL)
        out(record)
        time.sleep(0.002)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The engine's process: ``python -m dltlab.engine run|estimate|check|anew|fork|resume|again|doctor``.

Started by :mod:`dltlab.session.live`. Its standard output is never used for records; what
it has to say to people goes to standard error, one sentence a line.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from dltlab import guard
from dltlab.errors import BROKEN, HOLDS, DltlabError
from dltlab.text import clean, one_line


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the command line says; the exit code."""
    # The log is read by people too.
    guard.install()
    parser = argparse.ArgumentParser(prog="python -m dltlab.engine")
    tasks = parser.add_subparsers(dest="task", required=True)
    run = tasks.add_parser("run")
    run.add_argument("--session", type=Path, required=True)
    run.add_argument("--headless", action="store_true")
    for begun in (run, tasks.add_parser("estimate"), tasks.add_parser("check")):
        begun.add_argument("--scenario", required=True)
        begun.add_argument("--set", action="append", default=[], dest="overrides")
        for option in ("--seed", "--seeds", "--steps"):
            begun.add_argument(option, type=int)
        begun.add_argument("--arms", default="", help="names, separated by commas")
    anew = tasks.add_parser("anew")
    for option in ("--original", "--session"):
        anew.add_argument(option, type=Path, required=True)
    anew.add_argument("--seed", type=int)
    resume = tasks.add_parser("resume")
    resume.add_argument("--session", type=Path, required=True)
    resume.add_argument("--headless", action="store_true")
    fork = tasks.add_parser("fork")
    for option in ("--parent", "--session"):
        fork.add_argument(option, type=Path, required=True)
    fork.add_argument("--at", type=int, required=True)
    fork.add_argument("--turn", action="append", default=[], dest="turns", type=_turn, metavar="KNOB=VALUE")
    fork.add_argument("--kick", type=float)
    fork.add_argument("--direction", choices=("random", "lowest"), default="random")
    for option in ("--seed", "--steps"):
        fork.add_argument(option, type=int)
    fork.add_argument("--headless", action="store_true")
    again = tasks.add_parser("again")
    for option in ("--original", "--session"):
        again.add_argument(option, type=Path, required=True)
    tasks.add_parser("doctor")
    given = parser.parse_args(argv)
    for name in ("SIGHUP", "SIGPIPE"):
        with contextlib.suppress(AttributeError):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        return _task(given)
    except DltlabError as fault:
        _say(str(fault))
        return fault.exit_code
    except OSError as fault:
        # What refuses is part of the machine, and it is named; whatever was recorded is whole.
        _say(f"{one_line(str(fault.filename or 'the engine'))}: the system refused ({fault.strerror}).")
        return BROKEN


def _say(text: str) -> None:
    """Say something to people, if there is room for it: the log may lie on the disk that is full."""
    with contextlib.suppress(OSError):
        sys.stderr.flush()
        os.write(sys.stderr.fileno(), f"{clean(text)}\n".encode(errors="backslashreplace"))


def _turn(text: str) -> tuple[str, float]:
    """``KNOB=VALUE``."""
    knob, _, value = text.rpartition("=")
    return knob, float(value)


def _task(given: argparse.Namespace) -> int:
    if given.task == "check":
        # What is built and never run is not worth a GPU's memory, which JAX would take whole.
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    # JAX is set up before anything of it is imported: some of it reads the settings once.
    from dltlab.engine import machine

    machine.prepare()
    if given.task == "doctor":
        versions, device, threads, fingerprint = machine.describe()
        told = {"versions": versions, "device": device, "threads": threads, "fingerprint": fingerprint}
        print(json.dumps(told | {"devices": machine.devices()}))
        return HOLDS
    from dltlab.engine import again, estimate, experiment, forks, session

    try:
        if given.task == "again":
            return again.again(given.original, given.session)
        if given.task == "anew":
            return session.anew(given.session, given.original, seed=given.seed)
        if given.task == "resume":
            return session.resume(given.session, headless=given.headless)
        if given.task == "fork":
            changes = forks.Changes(given.seed, tuple(given.turns), given.kick, given.direction)
            return session.fork(
                given.parent, given.session, given.at, changes, steps=given.steps, headless=given.headless
            )
        wanted = {key: getattr(given, key) for key in ("overrides", "seed", "seeds", "steps")}
        wanted["arms"] = [name for name in given.arms.split(",") if name]
        if given.task in ("estimate", "check"):
            ask = estimate.estimate if given.task == "estimate" else experiment.checked
            print(json.dumps(ask(given.scenario, **wanted)))
            return HOLDS
        return session.run(given.session, given.scenario, **wanted, headless=given.headless)
    except MemoryError:
        _say("the engine ran out of memory; make the scenario smaller.")
        return BROKEN


if __name__ == "__main__":
    sys.exit(main())

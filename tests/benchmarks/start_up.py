"""How long one waits: for the command line, for the first screen, for the first plotted point.

    python tests/benchmarks/start_up.py

Each line is the median of some starts of the whole process, with the fastest in brackets;
warm means that the files are in the page cache. The first plotted point of
``edge-of-stability`` is measured twice: from the start of the engine to the first Frames in
its file, and from ``dltlab open`` to the first braille dot on a screen of 120x40; each with
an empty folder of compiled programs (DLTLAB_CACHE_DIR) and with a filled one.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from terminals import Terminal, compiled_in, folders_in

from dltlab.records import SUFFIX, Decoder, Frames

Environment = dict[str, str]
SCENARIO = "edge-of-stability"


def command(*words: str) -> Callable[[Environment], float]:
    """Seconds of a whole command."""

    def run(environment: Environment) -> float:
        begin = time.perf_counter()
        order = [sys.executable, "-m", "dltlab", *words]
        subprocess.run(order, env=environment, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin

    return run


def first_cell(environment: Environment) -> float:
    """Seconds until the gallery's first letter stands."""
    terminal = Terminal((), environment)
    try:
        return terminal.until(lambda seen: bool(seen.text.strip()))
    finally:
        terminal.press("\x1b")
        terminal.close()


def first_frames(environment: Environment) -> float:
    """Seconds from the start of the engine until Frames stand in its file."""
    path = os.path.join(environment["DLTLAB_DATA_DIR"], f"{time.monotonic_ns()}{SUFFIX}")
    order = ["run", f"--session={path}", f"--scenario={SCENARIO}", "--seeds=1"]
    begin = time.perf_counter()
    engine = subprocess.Popen([sys.executable, "-P", "-m", "dltlab.engine", *order], env=environment)
    try:
        decoder, offset = Decoder(), 0
        while engine.poll() is None:
            if os.path.exists(path):
                with open(path, "rb") as stream:
                    stream.seek(offset)
                    data = stream.read()
                offset += len(data)
                if any(isinstance(record, Frames) for record in decoder.feed(data)):
                    return time.perf_counter() - begin
            time.sleep(0.005)
        raise RuntimeError("the engine ended before its first frames.")
    finally:
        engine.terminate()
        engine.wait()


def first_point(environment: Environment) -> float:
    """Seconds from ``dltlab open`` until a point is plotted."""
    terminal = Terminal(("open", SCENARIO), environment)
    try:
        return terminal.until(lambda seen: seen.dotted)
    finally:
        terminal.close()


def line(what: str, measure: Callable[[Environment], float], environments: list[Environment], goal: float) -> None:
    """Measure and print."""
    seconds = [measure(environment) for environment in environments]
    middle = statistics.median(seconds)
    verdict = "" if middle <= goal else "  missed"
    print(f"{what:<52}{middle:7.2f} s [{min(seconds):.2f}]   ≤ {goal} s{verdict}", flush=True)


def main() -> None:
    """The table."""
    with tempfile.TemporaryDirectory(prefix="dltlab-", ignore_cleanup_errors=True) as folder:
        warm = folders_in(folder)
        cold = [compiled_in(warm, os.path.join(folder, f"cold-{count}")) for count in range(6)]
        command("--help")(warm)
        print(f"{'what':<52}{'median [fastest]':<18}   goal")
        line("dltlab --help", command("--help"), [warm] * 9, 0.25)
        line("dltlab list", command("list"), [warm] * 9, 0.4)
        line("first painted cell of dltlab", first_cell, [warm] * 7, 0.6)
        line("first frames of the engine, nothing compiled", first_frames, cold[:3], 4)
        line("first plotted point of dltlab open, nothing compiled", first_point, cold[3:], 4)
        first_frames(warm)
        line("first frames of the engine, compiled before", first_frames, [warm] * 5, 2)
        line("first plotted point of dltlab open, compiled before", first_point, [warm] * 5, 2)


if __name__ == "__main__":
    main()

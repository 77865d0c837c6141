"""Seconds from the start of a run until its 100th tracked step is on disk: ``python first_steps.py SCENARIO FOLDER``.

The process is fresh and its imports do not count; the session is recorded as any other, and left
behind in the folder when the step is there. ``python first_steps.py prototype WORKLOAD`` tells the
same of the prototype, which records nothing: it traces, compiles and takes as many steps.
"""

import os
import re
import sys
import threading
import time
from pathlib import Path

from dltlab.engine import machine

machine.prepare()

from dltlab.engine import session  # noqa: E402

STEPS = 100
REACHED = re.compile(rb'"record":"frames","step":(\d+)')


def watched(path: Path, begin: float) -> None:
    """Print the seconds when the step is there, and end the process."""
    while not (path.exists() and any(int(step) >= STEPS for step in REACHED.findall(path.read_bytes()))):
        time.sleep(0.005)
    print(time.perf_counter() - begin, flush=True)
    os._exit(0)


def prototype(name: str) -> None:
    """Print the seconds of the prototype; to make its network does not count."""
    import jax
    import workloads
    from candidates import Bench
    from prototype import Prototype

    jax.config.update("jax_enable_compilation_cache", False)
    with workloads.scratch() as folder:
        task = Bench(name, Path(folder), {}, STEPS, 1.0).task()
    begin = time.perf_counter()
    made = Prototype(task, columns=name != "cheb")
    jax.block_until_ready(made.fly(made.begin(), STEPS))
    print(time.perf_counter() - begin)


def main() -> None:
    """Run well beyond that step."""
    if sys.argv[1] == "prototype":
        prototype(sys.argv[2])
        return
    path = Path(sys.argv[2]) / "first.dltlab.jsonl"
    begin = time.perf_counter()
    threading.Thread(target=watched, args=(path, begin), daemon=True).start()
    session.run(path, sys.argv[1], steps=10 * STEPS, headless=True)


if __name__ == "__main__":
    main()

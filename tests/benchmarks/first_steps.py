"""Seconds from the start of a run to its 100th tracked step: ``python first_steps.py SCENARIO``.

The process is fresh and its imports do not count; the session is recorded as any other.
"""

import sys
import tempfile
import time
from pathlib import Path

from dltlab.engine import machine

machine.prepare()

from dltlab.engine import session  # noqa: E402


def main() -> None:
    """Print the seconds."""
    with tempfile.TemporaryDirectory(prefix="dltlab-") as folder:
        begin = time.perf_counter()
        session.run(Path(folder) / "first.dltlab.jsonl", sys.argv[1], steps=100, headless=True)
        print(time.perf_counter() - begin)


if __name__ == "__main__":
    main()

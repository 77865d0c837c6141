"""Engines that start at once and may be killed, disks that refuse, and what is left of a recording."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dltlab import records
from dltlab.records import Frames
from dltlab.session import diff

HERE = Path(__file__).parent
SCENARIO = """
title = "Down a bowl"
[problem]
kind = "quadratic"
eigenvalues = [1.0, 0.3]
[optimizer]
kind = "noisy_gradient_descent"
learning_rate = 0.01
noise = 0.1
[run]
steps = 600
seeds = 2
pace = 2000
precision = "float64"
[probes.loss]
kind = "loss"
[probes.movement]
kind = "weight_movement"
every = 10
[[knobs]]
name = "learning_rate"
low = 0.001
high = 10.0
"""
"""Two members whose optimizer draws at every step, and a probe that remembers where they began."""


class Nursery:
    """Where engines are forked from a process that has imported JAX already."""

    def __init__(self, runtime: str, logs: Path) -> None:
        self._logs = logs
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "nursery.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": runtime, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1])])},
        )
        self._count = 0
        self._said: dict[int, Path] = {}

    def _asked(self, **order: Any) -> dict[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def start(self, *words: object, **order: Any) -> int:
        """Fork an engine; its process."""
        self._count += 1
        log = self._logs / f"{self._count}.log"
        pid = self._asked(words=list(map(str, words)), log=str(log), **order)["pid"]
        self._said[pid] = log
        return pid

    def ended(self, pid: int) -> tuple[int, str]:
        """The exit code of an engine, once it has ended, and what it said."""
        return self._asked(wait=pid)["code"], self._said.pop(pid).read_text(encoding="utf-8")

    def run(self, *words: object, **order: Any) -> tuple[int, str]:
        """Fork an engine and wait for its end."""
        return self.ended(self.start(*words, **order))

    def close(self) -> None:
        """No more engines."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait(10)


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Engines that start in a quarter of a second."""
    with tempfile.TemporaryDirectory(prefix="dltlab-") as runtime:
        forks = Nursery(runtime, tmp_path_factory.mktemp("logs"))
        yield forks
        forks.close()


@pytest.fixture(scope="session")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny one, of 600 steps."""
    path = tmp_path_factory.mktemp("scenario") / "bowl.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def whole(nursery: Nursery, scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session of it that nobody broke."""
    path = tmp_path_factory.mktemp("whole") / f"whole{records.SUFFIX}"
    assert nursery.run("run", "--session", path, "--scenario", scenario, "--headless") == (0, "")
    return path


@pytest.fixture(scope="session")
def same_bits() -> Callable[[Path, Path], bool]:
    """Whether a session has every bit of another one, in its readings and in the states that both kept."""

    def same(one: Path, other: Path) -> bool:
        mine = diff.told(one)
        found, end = diff.compare(mine, diff.told(other), whole=True), mine.history.header.steps
        assert len(readings(other)) == len(set(readings(other))), "no reading is told twice"
        return (found.verdict, found.missing, found.upto) == ("identical", (0, 0), end) and found.states >= 2

    return same


def readings(path: Path) -> list[tuple[str, int]]:
    """The series and the step of every reading in a file."""
    told = records.Decoder().feed(path.read_bytes())
    parts = [part for record in told if isinstance(record, Frames) for part in record.parts]
    return [(name, int(step)) for part in parts for name in part.columns for step in part.steps()]


@pytest.fixture(scope="session")
def faulty() -> ModuleType:
    """Disks that refuse."""
    spec = importlib.util.spec_from_file_location("faulty", HERE / "faulty.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Two engines at one file: the second is refused in a sentence, and the first is not disturbed."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltlab import commands, errors, records
from dltlab.errors import UsageError
from dltlab.session import live, recording, shelf

Same = Callable[[Path, Path], bool]


def running(path: Path) -> None:
    """Wait until a session has steps."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if path.exists() and b'"record":"frames"' in path.read_bytes():
            return
        time.sleep(0.005)
    pytest.fail("the session never began")


def test_a_second_engine_is_refused_and_the_first_is_not_disturbed(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    path = tmp_path / f"taken{records.SUFFIX}"
    first = nursery.start("run", "--session", path, "--scenario", scenario, "--set=run.pace=20")
    running(path)
    with pytest.raises(UsageError, match="its engine is running; follow it with `dltlab attach`"):
        live.resume(path)
    refusals = [
        (nursery.run("resume", "--session", path, "--headless"), "another engine writes it; attach to that one"),
        (nursery.run("run", "--session", path, "--scenario", scenario), "cannot be recorded to (File exists)"),
        (nursery.run("again", "--original", whole, "--session", path), "cannot be recorded to (File exists)"),
        (nursery.run("fork", "--parent", whole, "--session", path, "--at", 9), "there is a file already"),
    ]
    for (code, said), why in refusals:
        assert (code, said.count("\n")) == (errors.USAGE, 1)
        assert why in said
    # It hears its viewers still: nobody took its socket.
    header = recording.read_all(path)[0].header
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(header.socket)
        line.sendall(commands.encode(commands.Mark("still here")) + commands.encode(commands.Pace(None)))
    assert nursery.ended(first) == (0, "")
    assert [event.text for event in recording.read_all(path)[0].events if event.what == "mark"] == ["still here"]
    assert same_bits(whole, path)
    assert shelf.look(path).state == "finished"


def test_two_that_continue_one_session_at_once_write_it_once(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    path = tmp_path / f"raced{records.SUFFIX}"
    lines = whole.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    ends = [nursery.ended(pid) for pid in [nursery.start("resume", "--session", path) for _ in range(3)]]
    assert sorted(code for code, _ in ends) == [0, errors.USAGE, errors.USAGE]
    assert same_bits(whole, path)

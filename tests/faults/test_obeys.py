"""An engine answers whoever asks it, and ends when it is told to, however long it has nothing to do."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dltlab import records
from dltlab.commands import Advance, Command, Pause, Resume, Stop
from dltlab.records import Event, Frames, Record
from dltlab.session import live, recording


def followed(source: live.Live, until: Callable[[Sequence[Record]], bool]) -> list[Record]:
    """What is told until then."""
    found: list[Record] = []
    latest = time.monotonic() + 60
    while not until(found):
        assert time.monotonic() < latest
        found += source.poll()
        time.sleep(0.01)
    return found


def begun(path: Path) -> live.Live:
    """A session, as soon as there is one."""
    latest = time.monotonic() + 60
    while not path.exists() or not path.stat().st_size:
        assert time.monotonic() < latest
        time.sleep(0.01)
    source = live.attach(path)
    followed(source, lambda found: any(isinstance(one, Frames) for one in found))
    return source


def events(found: Sequence[Record], *kinds: str) -> list[str]:
    return [one.what for one in found if isinstance(one, Event) and one.what in kinds]


def test_whoever_asks_for_what_is_so_already_is_answered_too(nursery: Any, scenario: Path, tmp_path: Path) -> None:
    path = tmp_path / f"twice{records.SUFFIX}"
    pid = nursery.start("run", "--session", path, "--scenario", scenario, "--set", "run.steps=1000000")
    first, second = begun(path), live.attach(path)
    said: list[str] = []
    asked: list[Command] = [Pause(), Pause(), Resume(), Resume()]
    for command, viewer in zip(asked, [first, second, first, second], strict=True):
        viewer.send(command)
        said += events(followed(first, lambda found: bool(events(found, "pause", "resume"))), "pause", "resume")
    assert said == ["pause", "pause", "resume", "resume"]
    first.send(Advance(1_000_000))
    second.send(Resume())
    followed(first, lambda found: bool(events(found, "resume")))
    first.send(Stop())
    followed(first, lambda _: bool(first.ended))
    for viewer in (first, second):
        viewer.close()
    assert nursery.ended(pid) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_an_engine_ends_when_it_is_told_to_at_the_slowest_pace(
    nursery: Any, scenario: Path, tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / f"slow{records.SUFFIX}"
    pid = nursery.start("run", "--session", path, "--scenario", scenario, "--set", "run.pace=0.001")
    source = begun(path)
    os.kill(pid, number)
    asked = time.monotonic()
    followed(source, lambda _: bool(source.ended) or time.monotonic() - asked > 20)
    if not source.ended:
        os.kill(pid, signal.SIGKILL)
    source.close()
    assert nursery.ended(pid) == (0, "")
    assert recording.read_all(path)[0].footer is not None

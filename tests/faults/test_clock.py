"""A wall clock that jumps by years: recordings, replays and timeouts go by the one that does not."""

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltlab import errors, headless, records
from dltlab.records import Array, Event, Footer, Frames, Header, Part
from dltlab.session import live, recording, shelf
from dltlab.session.replay import LONGEST_GAP, Replay

YEARS = 20 * 365.25 * 86400
Same = Callable[[Path, Path], bool]


def walls(path: Path) -> list[float]:
    """The seconds that stand in a recording, in its order."""
    told = records.Decoder().feed(path.read_bytes())
    return [record.wall for record in told if isinstance(record, Frames | Event | Footer)]


def test_a_recording_goes_by_the_clock_that_does_not_jump(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    path = tmp_path / f"jumping{records.SUFFIX}"
    order = {"seconds": (0.01, 0.05), "clock": YEARS}
    assert nursery.run("run", "--session", path, "--scenario", scenario, **order) == (0, "")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) * 2 // 3]))
    before, header = walls(path)[-1], recording.read_all(path)[0].header
    # It was begun in the future, says its header; and so says the folder.
    path.write_bytes(records.encode(later(header)) + b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    future = time.time() + YEARS
    os.utime(path, (future, future))
    assert nursery.run("resume", "--session", path, **order) == (0, "")
    told = walls(path)
    assert len(told) > 10
    assert told == sorted(told)
    assert before <= told[-1] < before + 60
    assert same_bits(whole, path)


def later(header: Header) -> Header:
    """A header from years to come."""
    from msgspec.structs import replace

    return replace(header, started="2061-07-28T00:00:00+00:00")


@pytest.mark.parametrize("leap", [YEARS, -YEARS, float("inf"), float("nan"), -0.0])
def test_no_replay_hangs_whatever_a_recording_says_of_its_clock(leap: float, whole: Path, tmp_path: Path) -> None:
    header = recording.read_all(whole)[0].header
    column = {"loss": Array.of(np.ones((10, 2)))}
    said = [header] + [Frames(10 * n + 10, (Part(10 * n, 1, 10, column),), n % 2 * leap, 0.0) for n in range(40)]
    path, now = tmp_path / f"leaping{records.SUFFIX}", 0.0
    path.write_bytes(b"".join(map(records.encode, said)))
    readable = len(recording.read_all(path)[0]["loss"])
    replay, found = Replay(path, clock=lambda: now), 0
    for _ in range(int(40 * LONGEST_GAP) + 1):
        found += sum(isinstance(record, Frames) for record in replay.poll())
        now += 1.0
    assert replay.ended
    assert 10 * found == readable
    replay.close()


def test_a_replay_survives_a_sleep_of_the_machine(whole: Path) -> None:
    leaps = itertools.accumulate(itertools.chain([0.0, 0.1, YEARS], itertools.repeat(0.1)))
    replay, found = Replay(whole, clock=lambda: next(leaps)), 0
    for _ in range(200):
        found += len(replay.poll())
    assert replay.ended
    assert found == len(list(records.Decoder().feed(whole.read_bytes())))
    replay.close()


def test_a_session_that_was_begun_in_the_future_is_continued(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / f"future{records.SUFFIX}"
    lines = whole.read_bytes().splitlines(keepends=True)
    header = recording.read_all(whole)[0].header
    path.write_bytes(b"".join([records.encode(later(header)), *lines[1:-3]]))
    (tmp_path / f"now{records.SUFFIX}").write_bytes(b"".join(lines))
    assert [kept.name for kept in shelf.kept(tmp_path)] == ["future", "now"], "by the clock that each was begun by"
    future = time.time() + YEARS
    os.utime(path, (future, future))
    source = live.resume(path)
    until = time.monotonic() + 60
    while not source.ended and time.monotonic() < until:
        source.poll()
        time.sleep(0.01)
    assert source.ended == "The session finished at step 600."
    source.close()


def test_a_clock_that_jumps_ends_no_run_before_its_time_and_lets_none_go_on(
    monkeypatch: pytest.MonkeyPatch, scenario: Path, tmp_path: Path
) -> None:
    real, leaps = time.time, itertools.cycle((YEARS, -YEARS))
    monkeypatch.setattr("time.time", lambda: real() + next(leaps))
    from dltlab.headless.halt import Halt

    patient, short = Halt(60.0), Halt(0.05)
    time.sleep(0.06)
    assert (patient.why, short.why) == ("", "timeout")
    assert 50 < patient.left < 60
    begin = time.monotonic()
    endless = tmp_path / "endless.toml"
    endless.write_text(scenario.read_text(encoding="utf-8").replace("steps = 600", "steps = 20000000"))
    assert headless.run([str(endless)], timeout=3.0, quiet=True) == errors.TIMED_OUT
    assert 3.0 <= time.monotonic() - begin < 20.0

"""SIGKILL at any moment of a run: at most the chunk in flight is lost, and the session goes on to the same bits."""

import contextlib
import os
import random
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltlab import records
from dltlab.errors import RecordingError
from dltlab.session import recording, shelf

SECONDS = (0.005, 0.03)
"""Of a chunk, and between two keyframes."""
Same = Callable[[Path, Path], bool]


class Killed:
    """One engine that was killed, and its recording."""

    def __init__(self, nursery: Any, folder: Path, scenario: Path) -> None:
        self.nursery, self.scenario = nursery, scenario
        self.path, self.diary = folder / f"killed{records.SUFFIX}", folder / "diary"
        self.diary.write_bytes(bytes(16))

    def go(self, after: float, *words: object) -> int:
        """Start an engine and kill it so many seconds later; its exit code."""
        order = {"seconds": SECONDS, "diary": str(self.diary)}
        pid = self.nursery.start(words[0], "--session", self.path, *words[1:], **order)
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
        return self.nursery.ended(pid)[0]

    def left(self) -> str:
        """What the kill left, having checked that it lost no more than the chunk in flight."""
        step, written = struct.unpack("<2q", self.diary.read_bytes())
        if not self.path.exists() or b"\n" not in self.path.read_bytes():
            assert written == 0, "what was recorded is there"
            return "nothing yet"
        history, note = recording.read_all(self.path)
        assert not note or note.startswith("its last line is not whole")
        assert self.path.read_bytes().rindex(b"\n") + 1 >= written
        assert history.step >= step, "all but the chunk in flight is there"
        kept = shelf.look(self.path)
        assert kept.state == (history.footer.reason if history.footer else "died")
        return kept.state if history.keyframes or history.footer else "no keyframe yet"


def tried(killed: Killed, whole: Path, same_bits: Same, moments: tuple[float, float]) -> str:
    """Kill, see what is left, kill what continues it too, and continue that: to the same bits."""
    code = killed.go(moments[0], "run", "--scenario", killed.scenario)
    state = killed.left()
    assert code == (0 if state == "finished" else -signal.SIGKILL) or state == "finished"
    if state == "nothing yet":
        with pytest.raises(RecordingError, match=r"empty|cannot be opened|cut within its first line"):
            recording.read_all(killed.path)
        killed.path.unlink(missing_ok=True)
        assert killed.nursery.run("run", "--session", killed.path, "--scenario", killed.scenario, "--headless")[0] == 0
    elif state != "finished":
        if moments[1] > 0:
            killed.go(moments[1], "resume", "--headless")
            killed.left()
        code, said = killed.nursery.run("resume", "--session", killed.path, "--headless")
        assert (code, said) == (0, "") or "it has finished" in said
    assert same_bits(whole, killed.path)
    return state


def life(nursery: Any, folder: Path, scenario: Path) -> float:
    """Seconds from the fork of an engine to its end."""
    begin = time.monotonic()
    path = folder / f"life{records.SUFFIX}"
    assert nursery.run("run", "--session", path, "--scenario", scenario, seconds=SECONDS)[0] == 0
    return time.monotonic() - begin


def kills(count: int, nursery: Any, folder: Path, scenario: Path, whole: Path, same_bits: Same) -> Counter[str]:
    """What is left after each of so many kills, spread over the whole of a run's life and a little beyond."""
    chance, long = random.Random(6), life(nursery, folder, scenario)
    left: Counter[str] = Counter()
    for number in range(count):
        place = folder / str(number)
        place.mkdir()
        moment = 1.05 * long * (number + chance.random()) / count
        second = chance.uniform(0.1, 0.8) * long if number % 3 == 0 else 0.0
        try:
            left[tried(Killed(nursery, place, scenario), whole, same_bits, (moment, second))] += 1
        except BaseException as fault:
            fault.add_note(f"kill {number} of {count}, {moment:.4f} and {second:.4f} of {long:.3f} seconds: {place}")
            raise
    return left


def test_a_killed_engine_loses_at_most_the_chunk_in_flight_and_is_continued_to_the_same_bits(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    left = kills(10, nursery, tmp_path, scenario, whole, same_bits)
    assert left["died"] >= 2, left


@pytest.mark.long
@pytest.mark.slow
def test_two_hundred_of_two_hundred_kills_are_survived(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    left = kills(200, nursery, tmp_path, scenario, whole, same_bits)
    with contextlib.suppress(OSError):
        print(f"{left.total()} of 200: {dict(left)}")
    assert left.total() == 200
    assert left["died"] >= 50, left

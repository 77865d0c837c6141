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
Moment = tuple[int, float]
"""Since when: an engine's start (-1), its first record (0), or a step; and how many seconds later."""


class Killed:
    """One engine that was killed, and its recording."""

    def __init__(self, nursery: Any, folder: Path, scenario: Path) -> None:
        self.nursery, self.scenario = nursery, scenario
        self.path, self.diary = folder / f"killed{records.SUFFIX}", folder / "diary"
        self.diary.write_bytes(bytes(16))

    def go(self, moment: Moment, *words: object) -> int:
        """Start an engine and kill it; its exit code."""
        order = {"seconds": SECONDS, "diary": str(self.diary)}
        before, (since, seconds) = self.diary.read_bytes(), moment
        pid = self.nursery.start(words[0], "--session", self.path, *words[1:], **order)
        while since >= 0 and alive(pid):
            now = self.diary.read_bytes()
            if now != before and struct.unpack("<2q", now)[0] >= since:
                break
            time.sleep(0.001)
        time.sleep(seconds)
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


def alive(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has waited for has."""
    return Path(f"/proc/{pid}/stat").read_bytes().rsplit(b") ")[-1][:1] != b"Z"


def tried(killed: Killed, whole: Path, same_bits: Same, moments: list[Moment]) -> str:
    """Kill, see what is left, kill what continues it too, and continue that: to the same bits."""
    code = killed.go(moments[0], "run", "--scenario", killed.scenario)
    state = killed.left()
    assert state == "finished" or code == -signal.SIGKILL
    if state == "nothing yet":
        with pytest.raises(RecordingError, match=r"empty|cannot be opened|cut within its first line"):
            recording.read_all(killed.path)
        killed.path.unlink(missing_ok=True)
        assert killed.nursery.run("run", "--session", killed.path, "--scenario", killed.scenario, "--headless")[0] == 0
    elif state != "finished":
        for moment in moments[1:]:
            killed.go(moment, "resume", "--headless")
            killed.left()
        code, said = killed.nursery.run("resume", "--session", killed.path, "--headless")
        assert (code, said) == (0, "") or "it has finished" in said
    assert same_bits(whole, killed.path)
    return state


def life(nursery: Any, folder: Path, scenario: Path) -> tuple[float, float]:
    """Seconds from the fork of an engine to its first record, and from there to its end."""
    killed = Killed(nursery, folder, scenario)
    begin = time.monotonic()
    order = {"seconds": SECONDS, "diary": str(killed.diary)}
    pid = nursery.start("run", "--session", killed.path, "--scenario", scenario, **order)
    while not any(killed.diary.read_bytes()):
        time.sleep(0.001)
    first = time.monotonic()
    assert nursery.ended(pid) == (0, "")
    return first - begin, time.monotonic() - first


def kills(count: int, nursery: Any, folder: Path, scenario: Path, whole: Path, same_bits: Same) -> Counter[str]:
    """What is left after each of so many kills: a fifth spread over the start, the others over all that follows.

    Of those half go by the clock, to the end and beyond, and half by the steps that were taken.
    """
    chance, (start, flight) = random.Random(6), life(nursery, folder, scenario)
    early, left = count // 5, Counter[str]()
    for number in range(count):
        place = folder / str(number)
        place.mkdir()
        if number < early:
            moments = [(-1, start * (number + chance.random()) / early)]
        elif number % 2:
            moments = [(chance.randrange(1, 550), 0.02 * chance.random())]
        else:
            moments = [(0, 1.05 * flight * (number - early + chance.random()) / (count - early))]
        # What continues it is killed too, now and then.
        moments += [(0, chance.random() * flight / 2)] * (number % 4 == 1)
        try:
            left[tried(Killed(nursery, place, scenario), whole, same_bits, moments)] += 1
        except BaseException as fault:
            fault.add_note(f"kill {number} of {count}, {moments} of {start:.3f} + {flight:.3f} seconds: {place}")
            raise
    return left


def test_a_killed_engine_loses_at_most_the_chunk_in_flight_and_is_continued_to_the_same_bits(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    left = kills(7, nursery, tmp_path, scenario, whole, same_bits)
    assert left.total() == 7
    assert left["died"] >= 1, left


@pytest.mark.long
@pytest.mark.slow
def test_two_hundred_of_two_hundred_kills_are_survived(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    left = kills(200, nursery, tmp_path, scenario, whole, same_bits)
    with contextlib.suppress(OSError):
        print(f"{left.total()} of 200: {dict(left)}")
    assert left.total() == 200
    assert left["died"] >= 30, left

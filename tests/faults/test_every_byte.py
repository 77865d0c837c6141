"""A damaged byte or a cut anywhere in a recording: a clear message or a shorter valid session, whoever reads it."""

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltlab import records
from dltlab.errors import DltlabError
from dltlab.records import Event, Frames, Record
from dltlab.session import diff, recording, shelf
from dltlab.session.history import History
from dltlab.session.replay import Replay

ONE = """
title = "One"
[problem]
kind = "quadratic"
eigenvalues = [1.0]
[optimizer]
kind = "gradient_descent"
learning_rate = 0.1
[run]
steps = 12
precision = "float64"
[probes.loss]
kind = "loss"
[[knobs]]
name = "learning_rate"
low = 0.001
high = 10.0
"""
AT = 5
"""Where a fork of it is tried."""
Same = Callable[[Path, Path], bool]


@pytest.fixture(autouse=True)
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost if the power fails."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(scope="module")
def small(nursery: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole session of some 3 kB, with a turn before its second chunk, and without its footer."""
    folder = tmp_path_factory.mktemp("small")
    scenario, path = folder / "one.toml", folder / f"small{records.SUFFIX}"
    scenario.write_text(ONE, encoding="utf-8")
    assert nursery.run("run", "--session", path, "--scenario", scenario, "--headless") == (0, "")
    lines = path.read_bytes().splitlines(keepends=True)
    assert [type(records.decode(line[:-1])).__name__ for line in lines[:4]] == ["Header", "Keyframe", "Event", "Frames"]
    turn = records.encode(Event(2, "turn", "η 0.1 → 0.2.", {"knob": "learning_rate", "value": 0.2, "old": 0.1}, 0.1))
    path.write_bytes(b"".join([*lines[:4], turn]))
    assert nursery.run("resume", "--session", path, "--headless") == (0, "")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    return path


class Truth:
    """What stands in a recording that nobody harmed, and whether readers of a harmed copy keep to it."""

    def __init__(self, whole: Path) -> None:
        self.bytes = whole.read_bytes()
        self.history, note = recording.read_all(whole)
        assert note == ""
        self.told = diff.told(whole)
        self.records: list[Record] = list(records.Decoder().feed(self.bytes))
        self.replayed = self._of_replay(whole)
        first = self.bytes.index(b"\n") + 1
        self.ends = [first, *(first + at + 1 for at, byte in enumerate(self.bytes[first:]) if byte == 10)]

    def whole_before(self, at: int) -> int:
        """The lines that end before a byte."""
        return sum(end <= at for end in self.ends)

    def reaching(self, step: int) -> int:
        """The lines up to the first readings that reach a step."""
        return 1 + next(n for n, one in enumerate(self.records) if isinstance(one, Frames) and one.step >= step)

    def tell(self, harmed: Path, at: int, *, cut: bool = False, all_of_them: bool = False) -> None:
        """Have a copy read that is harmed at a byte, or cut there: by all readers, or by two of them in turn."""
        lines = self.whole_before(at)
        self._reader(harmed, lines, cut, at)
        others = (self._shelf, self._replay, self._comparison, self._proof, self._fork, self._continuation)
        for place, read in enumerate(others):
            if all_of_them or (at + place) % len(others) == 0:
                read(harmed, lines)

    def _reader(self, harmed: Path, lines: int, cut: bool, at: int) -> None:
        found = attempted(lambda: recording.read_all(harmed))
        assert (found is None) == (lines == 0)
        if found is not None:
            history, note = found
            # A cut between two lines leaves nothing to tell of.
            assert bool(note) == (not cut or at not in self.ends)
            assert_prefix(history, self.history)
            assert history.version == lines

    def _shelf(self, harmed: Path, lines: int) -> None:
        kept = attempted(lambda: shelf.look(harmed))
        assert (kept is None) == (lines == 0)
        if kept is not None:
            assert kept.header == self.history.header
            assert kept.state == "died"
            assert kept.step in {0, *(getattr(record, "step", 0) for record in self.records)}

    def _of_replay(self, path: Path) -> list[Record]:
        replay, told = Replay(path, clock=itertools.count(step=10**9).__next__), []
        try:
            while not replay.ended:
                told += replay.poll()
            return told
        finally:
            replay.close()

    def _replay(self, harmed: Path, lines: int) -> None:
        found = attempted(lambda: self._of_replay(harmed))
        assert (found or []) == self.replayed[:lines]

    def _comparison(self, harmed: Path, lines: int) -> None:
        found = attempted(lambda: diff.compare(self.told, diff.told(harmed)))
        assert found is not None or lines < self.reaching(0)
        assert found is None or (found.verdict == "identical" and found.first is found.largest is None)

    def _proof(self, harmed: Path, lines: int) -> None:
        from dltlab.engine import again

        told = attempted(lambda: again.Told(harmed))
        assert (told is None) == (lines == 0)

    def _fork(self, harmed: Path, lines: int) -> None:
        from dltlab.engine import forks

        beginning = attempted(lambda: forks.Beginning(harmed, AT))
        assert (beginning is not None) == (lines >= self.reaching(AT))
        if beginning is not None:
            assert self.bytes[self.ends[0] :].startswith(b"".join(beginning.pieces()))

    def _continuation(self, harmed: Path, lines: int) -> None:
        from dltlab.engine import session
        from dltlab.engine.journal import Journal

        before = harmed.read_bytes()
        journal = Journal.continued(harmed)
        past = attempted(lambda: session._past(journal))
        journal.close()
        if past is not None:
            assert journal._whole == self.ends[lines - 1]
            assert past.header == self.records[0]
        else:
            assert lines == 0 or b"\n" in before[self.ends[lines - 1] :][:-1]
        assert harmed.read_bytes() == before, "nothing was written"


def assert_prefix(shorter: History, longer: History) -> None:
    """Whether a history holds nothing but what another one begins with."""
    for name, column in longer.columns.items():
        length = len(shorter[name])
        assert shorter[name].steps.tobytes() == column.steps[:length].tobytes()
        assert shorter[name].values.tobytes() == column.values[:length].tobytes()
    assert shorter.events == longer.events[: len(shorter.events)]
    assert shorter.keyframes == longer.keyframes[: len(shorter.keyframes)]
    assert shorter.header == longer.header


def attempted(read: Callable[[], Any]) -> Any:
    """What reading gives, or None where it is refused in a sentence."""
    try:
        return read()
    except DltlabError as fault:
        refusal = fault
    assert refusal.exit_code == 2
    assert str(refusal)
    assert str(refusal).isprintable()
    return None


def harmed(whole: bytes, place: Path, values: Callable[[int], list[int]]) -> Iterator[int]:
    """A copy with another byte at every place in turn, as often as there are values for it; the place."""
    place.write_bytes(whole)
    with place.open("r+b", buffering=0) as file:
        for at, byte in enumerate(whole):
            for value in values(byte):
                file.seek(at)
                file.write(bytes([value]))
                yield at
            file.seek(at)
            file.write(bytes([byte]))


@pytest.mark.usefixtures("wide")
def test_another_byte_anywhere_is_noticed_by_every_reader(small: Path, tmp_path: Path) -> None:
    truth, place, chance = Truth(small), tmp_path / f"harmed{records.SUFFIX}", random.Random(6)
    places = 0
    for at in harmed(truth.bytes, place, lambda byte: [byte ^ 1 << chance.randrange(8)]):
        truth.tell(place, at)
        places += 1
    assert places == len(truth.bytes) > 2500


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.usefixtures("wide")
def test_every_bit_and_every_byte_that_means_something_in_json_is_noticed(small: Path, tmp_path: Path) -> None:
    def values(byte: int) -> list[int]:
        return sorted({byte ^ 1 << bit for bit in range(8)} | set(b'\n\r\x00\x1b"\\{}[]:,0a9=\xff') - {byte})

    truth, place = Truth(small), tmp_path / f"harmed{records.SUFFIX}"
    count = 0
    for at in harmed(truth.bytes, place, values):
        truth.tell(place, at, all_of_them=True)
        count += 1
    assert count > 20 * len(truth.bytes)


@pytest.mark.usefixtures("wide")
def test_a_cut_anywhere_leaves_a_shorter_session(small: Path, tmp_path: Path) -> None:
    truth, place = Truth(small), tmp_path / f"cut{records.SUFFIX}"
    place.write_bytes(truth.bytes)
    for at in reversed(range(len(truth.bytes))):
        with place.open("r+b") as file:
            file.truncate(at)
        truth.tell(place, at, cut=True)
    assert place.read_bytes() == b""


def test_what_is_no_recording_any_more_is_not_on_the_shelf(small: Path, tmp_path: Path) -> None:
    whole, place = small.read_bytes(), tmp_path / f"harmed{records.SUFFIX}"
    names = []
    for at in (3, whole.index(b"\n") - 1, whole.index(b"\n") + 20):
        place.write_bytes(whole[:at] + b"\x00" + whole[at + 1 :])
        names.append([kept.name for kept in shelf.kept(tmp_path)])
    assert names == [[], [], ["harmed"]]


def test_what_is_left_goes_on_to_the_same_bits_wherever_it_was_cut(
    small: Path, nursery: Any, same_bits: Same, tmp_path: Path
) -> None:
    whole, chance = small.read_bytes(), random.Random(6)
    lines = whole.splitlines(keepends=True)
    place = tmp_path / f"cut{records.SUFFIX}"
    # What was told of the turn is there in all of them: without it they would be another session.
    for last in range(5, len(lines)):
        torn = lines[last][: chance.randrange(len(lines[last]))]
        place.write_bytes(b"".join(lines[:last]) + torn)
        assert nursery.run("resume", "--session", place, "--headless") == (0, "")
        assert same_bits(small, place)
    # So are those that have lost their keyframes: they are computed again from the first step.
    keyframes = [line for line in lines if b'"record":"keyframe"' in line]
    assert len(keyframes) == 2
    place.write_bytes(b"".join(line for line in lines[:-1] if line not in keyframes))
    assert nursery.run("resume", "--session", place, "--headless") == (0, "")
    assert np.array_equal(recording.read_all(place)[0]["loss"].values, recording.read_all(small)[0]["loss"].values)


def test_what_follows_a_damaged_line_is_not_overwritten(small: Path, nursery: Any, tmp_path: Path) -> None:
    whole, place = small.read_bytes(), tmp_path / f"harmed{records.SUFFIX}"
    at = whole.index(b'"record":"frames"')
    place.write_bytes(whole[:at] + b"!" + whole[at + 1 :])
    before = place.read_bytes()
    code, said = nursery.run("resume", "--session", place, "--headless")
    assert (code, said.count("\n")) == (2, 1)
    assert "line 4 is damaged" in said
    assert place.read_bytes() == before
    code, said = nursery.run("fork", "--parent", place, "--session", tmp_path / "fork", "--at", AT)
    assert (code, said.count("\n")) == (2, 1)
    assert f"not {AT}" in said

"""A recording reads back as it was written, up to where it is whole, and does no harm."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltlab import records
from dltlab.errors import RecordingError
from dltlab.records import Arm, Array, Event, Footer, Frames, Keyframe, Part, Series
from dltlab.session import recording
from dltlab.session.recording import Follower, engine_alive, opened, read_all


def without_leaves(record):
    return msgspec.structs.replace(record, leaves={}) if isinstance(record, Keyframe) else record


def readable(path):
    """What of a file reads as records, and whether it was refused as no recording."""
    try:
        follower, found = opened(path)
    except RecordingError:
        return [], True
    found += follower.rest()
    follower.close()
    return found, False


def test_everything_comes_back_but_the_leaves_of_keyframes(keep, fake):
    path = keep(steps=95, seeds=3)
    told = [without_leaves(record) for record in fake.told(fake.header("kept", 95, 3), "finished")]
    found, refused = readable(path)
    assert not refused
    assert found[1:] == told[1:]
    history, note = read_all(path)
    assert note == ""
    assert history["loss"].values.shape == (95, 3)
    assert np.array_equal(history["loss"].steps, np.arange(95))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_byte_or_a_cut_leaves_a_prefix_and_nothing_else(fake, tmp_path_factory, data):
    whole = b"".join(records.encode(record) for record in fake.told(fake.header("kept", 30, 2), "finished"))
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        harmed = whole[:at]
    else:
        byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
        harmed = whole[:at] + bytes([byte]) + whole[at + 1 :]
    path = tmp_path_factory.getbasetemp() / "harmed"
    path.write_bytes(harmed)
    found, refused = readable(path)
    first = whole.index(b"\n") + 1
    assert refused == (at < first)
    path.write_bytes(whole)
    assert found == readable(path)[0][: len(found)]
    assert len(found) >= whole[:at].count(b"\n") - (0 if refused else 1) or refused


def test_a_torn_tail_waits_for_its_rest(fake, tmp_path):
    told = fake.told(fake.header("kept", 40, 1), "finished")
    path = tmp_path / "growing"
    follower, found = None, []
    with path.open("wb", buffering=0) as out:
        for byte_count, line in enumerate(map(records.encode, told), 3):
            out.write(line[:byte_count])
            follower = follower or Follower(path)
            found += follower.rest()
            assert follower.torn == byte_count
            out.write(line[byte_count:])
            found += follower.rest()
    assert follower is not None
    assert len(found) == len(told)
    assert follower.note == ""
    follower.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b'{"crc":"0000', "cut within its first line"),
        (b"GIF89a and more", "no recording"),
        (b"\x00" * 100, "no recording"),
        (b'{"crc":"00000000","record":"header"}\n', "first line is damaged"),
    ],
)
def test_what_is_no_recording_is_refused_in_one_sentence(tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=words) as refusal:
        read_all(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_folder_a_pipe_and_a_missing_file_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
        with pytest.raises(RecordingError, match=r"not a file|cannot be opened"):
            read_all(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "dltlab-session/9"}, "its format is"),
        ({"steps": 1 << 60}, "beyond all bounds"),
        ({"series": (Series("loss", "", ("a",), (1 << 60,)),)}, "impossible"),
        ({"series": (Series("loss", "", dtype="|O"),)}, "impossible"),
        ({"series": (Series("loss", ""), Series("loss", ""))}, "two series"),
        ({"seeds": ()}, "no seeds"),
        ({"arms": (Arm("a", "a"), Arm("a", "b"))}, "two of one name"),
        ({"arms": (Arm("a", "a", seeds=5),)}, "seeds that the session does not have"),
        ({"arms": (Arm("a", "a", seeds=0),)}, "seeds that the session does not have"),
        ({"arms": (Arm("a", "a"),)}, "without its arms"),
    ],
)
def test_a_crafted_header_is_refused_before_memory_is_taken(keep, change, words):
    with pytest.raises(RecordingError, match=words):
        read_all(keep(header=change))


_COLUMN = Array.of(np.zeros(2))


@pytest.mark.parametrize(
    "record",
    [
        Frames(5, (Part(0, 1, 1 << 60, {}),), 0.0, 0.0),
        Frames(5, (Part(0, 0, 2, {"loss": _COLUMN}),), 0.0, 0.0),
        Frames(5, (Part(1 << 62, 1 << 62, 2, {"loss": _COLUMN}),), 0.0, 0.0),
        Frames(5, (Part(0, 1, 3, {"loss": _COLUMN}),), 0.0, 0.0),
        Frames(5, (Part(0, 1, 2, {"loss": Array("<f8", (2,), b"short")}),), 0.0, 0.0),
        Frames(5, (Part(0, 1, 2, {"loss": Array("<c16", (2,), b"0" * 32)}),), 0.0, 0.0),
        Frames(1 << 70, (), 0.0, 0.0),
        Event(1, "turn", "", {"knob": "learning_rate", "value": "high"}),
        Event(1, "kick", "", {"radius": -1, "direction": "random"}),
        Event(1, "kick", "", {"radius": 0.1, "direction": "up"}),
        Event(-1, "mark", ""),
    ],
)
def test_a_crafted_record_ends_the_reading_with_a_note(keep, record):
    path = keep(steps=10)
    with path.open("ab") as out:
        out.write(records.encode(record) + records.encode(Footer(9, "finished", "")))
    history, note = read_all(path)
    assert "unsound" in note
    assert len(history["loss"]) == 10


def test_no_escape_sequence_and_no_second_header_gets_through(keep, fake):
    path = keep(steps=10, header={"title": "\x1b]0;owned\x07", "scenario": {"ti\x1btle": ["\u202e"]}})
    with path.open("ab") as out:
        out.write(records.encode(Event(9, "mark", "\x1b[2J", {"\x9b": "\x1b"})))
        out.write(records.encode(fake.header("second", 10, 1)))
    history, note = read_all(path)
    shown = str((history.header, history.events))
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert "second header" in note


def test_a_header_of_another_format_further_on_is_no_reason_to_refuse_what_was_read(keep, fake):
    path = keep(steps=10)
    with path.open("ab") as out:
        out.write(records.encode(fake.header("second", 10, 1, format="dltlab-session/9")))
    history, note = read_all(path)
    assert len(history["loss"]) == 10
    assert "second header" in note


def test_reading_stops_when_its_time_has_passed_and_knows_whether_there_is_more(keep, monkeypatch):
    monkeypatch.setattr(recording.Follower.read, "__defaults__", (1 << 12,))
    path, clock = keep(steps=2000), iter(range(1000))
    follower, other = Follower(path), Follower(path)
    for seconds, pieces in ((0, 1), (1, 1), (3, 3)):
        found = follower.read_for(seconds, lambda: next(clock))
        assert found == [record for _ in range(pieces) for record in other.read()]
        assert not follower.drained
    assert follower.rest() == other.rest() != []
    assert follower.drained
    assert follower.left_out == ""
    follower.close()
    other.close()


def test_a_file_that_shrinks_is_noticed(keep):
    path = keep(steps=10)
    follower, _ = opened(path)
    follower.rest()
    os.truncate(path, 10)
    assert follower.rest() == []
    assert "shorter" in follower.note
    follower.close()


def test_an_engine_is_alive_as_long_as_it_holds_its_lock(keep):
    path = keep()
    assert not engine_alive(path)
    file = os.open(path, os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    assert engine_alive(path)
    os.close(file)
    assert not engine_alive(path)
    assert not engine_alive(path.with_name("missing"))


_OPEN_MILLION = """
import sys
from pathlib import Path
from dltlab.session.recording import read_all
history, note = read_all(Path(sys.argv[1]))
# Not getrusage: what it tells outlives exec, so that it would speak of the process that started us.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(len(history["loss"]), note, peak.split()[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak memory is read from /proc")
def test_a_million_frames_open_within_300_mb(fake, tmp_path):
    path = tmp_path / "long"
    series = tuple(Series(name, name) for name in ("loss", "a", "b", "c", "d", "e"))
    wide = Series("sharpness", "", ("eigenvalue",), (3,))
    head = fake.header("long", 1_000_000, 1, series=(*series, wide))
    big = records.encode(Keyframe(0, {"theta": Array.of(np.zeros(1_000_000))}, ""))
    with path.open("wb") as out:
        out.write(records.encode(head))
        for first in range(0, 1_000_000, 1000):
            values = Array.of(np.random.default_rng(first).normal(size=1000))
            columns = {one.name: values for one in series} | {"sharpness": Array.of(np.ones((1000, 3)))}
            out.write(records.encode(Frames(first + 999, (Part(first, 1, 1000, columns),), first * 1e-3, 0.0)))
            if first % 100_000 == 0:
                out.write(big)
    said = subprocess.run([sys.executable, "-c", _OPEN_MILLION, str(path)], capture_output=True, text=True, check=True)
    count, kilobytes = said.stdout.split()
    assert int(count) == 1_000_000
    assert 30e6 < int(kilobytes) * 1024 < 300e6


def test_a_long_line_is_read_in_linear_time(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "LONGEST_LINE", 1 << 22)
    path = tmp_path / "wide"
    line = records.encode(Event(0, "mark", "x" * (1 << 23)))
    path.write_bytes(records.encode(fake.header("wide", 1, 1)) + line)
    history, note = read_all(path)
    assert "longer than 4 MiB" in note
    assert history.events == []
    assert recording.PIECE < 1 << 22

"""The stream's bytes: exact for every number, whole or refused, and readable by an older reader."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltlab import records
from dltlab.errors import RecordingError
from dltlab.records import Array, Decoder, Event, Footer, Frames, Header, Keyframe, Part, Record, Series

BITS = st.sampled_from(["<f4", "<f8", "<i4", "<i8", "<u4", "<u8", "|u1"])


@st.composite
def arrays(draw: Any) -> np.ndarray:
    """Any bits at all, of any kind and shape: every NaN among them."""
    dtype = np.dtype(draw(BITS))
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    size = int(np.prod(shape)) * dtype.itemsize
    return np.frombuffer(draw(st.binary(min_size=size, max_size=size)), dtype).reshape(shape)


def header(**change: Any) -> Header:
    fields: dict[str, Any] = {
        "format": records.FORMAT,
        "session": "s",
        "started": "2026-01-01T00:00:00Z",
        "title": "η \x1b[2J",
        "scenario": {"run": {"steps": 10}, "list": [1, 2.5, "a", None, True]},
        "source": "x.toml",
        "steps": 10,
        "every": 1,
        "pace": None,
        "seeds": (0, 1),
        "series": (Series("loss", "Loss", ("seed",), (2,)),),
        "knobs": (),
        "parameters": 3,
        "precision": "float64",
        "optimizer": "gradient_descent",
        "versions": {},
        "device": {},
        "threads": 2,
        "fingerprint": "f",
    }
    return Header(**{**fields, **change})


def frames(values: np.ndarray) -> Frames:
    return Frames(7, (Part(1, 2, 3, {"loss": Array.of(values)}),), 0.25, 0.125, 2.8)


STREAM: list[Record] = [
    header(),
    frames(np.array([[np.nan, np.inf], [-0.0, 5e-324], [1.0, -np.inf]])),
    Event(7, "turn", "η = 0.2", {"knob": "learning_rate", "value": 0.2}),
    Keyframe(7, {"w": Array.of(np.arange(4.0))}, "d"),
    Footer(7, "stopped", "asked to"),
]
LINES = [records.encode(record) for record in STREAM]


def test_a_header_says_when_its_session_began_or_nothing() -> None:
    moment = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
    for said in ("2026-01-01T12:30:00Z", "2026-01-01T02:30:00-10:00"):
        assert header(started=said).began() == moment
    west = timezone(timedelta(hours=-5))
    assert str(header(started="2026-01-01T12:30:00Z").began(west)) == "2026-01-01 07:30:00-05:00"
    for said in ("", "soon", "2026-13-01", "0001-01-01T00:00:00+14:00"):
        assert header(started=said).began() is None
    assert header(started="0001-01-01T00:00:00Z").began(west) is None


@pytest.mark.parametrize("record", STREAM, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_the_same(record: Record) -> None:
    line = records.encode(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert records.decode(line[:-1]) == record
    assert isinstance(msgspec.json.decode(line), dict), "any JSON tool reads it"


def test_a_line_is_known_by_its_beginning() -> None:
    for record, line in zip(STREAM, LINES, strict=True):
        assert [type(one) for one in STREAM if records.begins(line, type(one))] == [type(record)]
    turn = LINES[2]
    assert records.begins(turn, Event, step=7)
    assert records.begins(turn, Event, step=7, what="turn")
    for step, what in ((70, "turn"), (7, "turns"), (7, "kick")):
        assert not records.begins(turn, Event, step=step, what=what)
        assert not records.begins(records.encode(Event(step, what, "")), Event, step=7, what="turn")


@given(arrays())
def test_every_bit_of_every_number_comes_back(values: np.ndarray) -> None:
    back = records.decode(records.encode(frames(values))[:-1])
    assert isinstance(back, Frames)
    found = back.parts[0].columns["loss"].numpy()
    assert found.dtype == values.dtype
    assert found.shape == values.shape
    assert found.tobytes() == values.tobytes()


def test_big_endian_and_strided_arrays_keep_their_numbers() -> None:
    for values in (np.arange(6, dtype=">f8"), np.arange(12.0).reshape(3, 4).T[::2], np.float32(3), np.array([True])):
        np.testing.assert_array_equal(Array.of(np.asarray(values)).numpy(), values)


def test_what_was_read_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Array.of(np.zeros(3)).numpy()[0] = 1


@pytest.mark.parametrize(
    "array",
    [
        Array("<f8", (2,), b"\0" * 8),
        Array("<f8", (1 << 40,), b""),
        Array("<f8", (-1, -1), b"\0" * 8),
        Array("<f8", (1 << 62, 4), b""),
        Array("|O8", (1,), b"\0" * 8),
        Array("<f8,<f8", (1,), b"\0" * 16),
        Array("\x1b[2J", (), b""),
        Array("|u1", (1,) * 33, b"\0"),
        Array("|u1", (0,) * 33, b""),
    ],
)
def test_an_array_that_lies_is_refused(array: Array) -> None:
    with pytest.raises(RecordingError) as found:
        array.numpy()
    assert "\x1b" not in str(found.value)


@given(st.integers(0, sum(map(len, LINES)) - 1), st.integers(1, 255))
def test_one_changed_byte_is_known_and_what_stands_before_it_kept(where: int, flip: int) -> None:
    data = bytearray(b"".join(LINES))
    data[where] ^= flip
    decoder = Decoder()
    found = list(decoder.feed(bytes(data)))
    before = sum(end <= where for end in np.cumsum([len(line) for line in LINES]))
    assert found == STREAM[:before]
    assert decoder.note or decoder.torn


@given(st.lists(st.integers(0, sum(map(len, LINES)))))
def test_pieces_make_the_same_records_however_they_are_cut(cuts: list[int]) -> None:
    data = b"".join(LINES)
    decoder, found = Decoder(), []
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        found += decoder.feed(data[start:end])
    assert found == STREAM
    assert (decoder.note, decoder.torn) == ("", 0)


@given(st.integers(0, sum(map(len, LINES))))
def test_a_torn_tail_waits(length: int) -> None:
    decoder = Decoder()
    found = list(decoder.feed(b"".join(LINES)[:length]))
    assert found == STREAM[: len(found)]
    assert decoder.torn == length - sum(map(len, LINES[: len(found)]))
    assert decoder.note == ""


def test_an_older_reader_skips_what_it_does_not_know() -> None:
    class Telepathy(msgspec.Struct, tag_field="record", tag="telepathy"):
        thought: str

    unknown = records.encode(Telepathy("?"))  # type: ignore[arg-type]
    assert records.decode(unknown[:-1]) is None
    assert list(Decoder().feed(LINES[0] + unknown + LINES[1])) == STREAM[:2]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_no_record(noise: bytes) -> None:
    decoder = Decoder()
    assert list(decoder.feed(noise + b"\n")) == []
    assert "\x1b" not in decoder.note


def test_a_deep_line_with_a_right_checksum_is_refused() -> None:
    import zlib

    rest = b'"record":"event","step":1,"what":"x","text":"","data":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    with pytest.raises(RecordingError):
        records.decode(b'{"crc":"%08x",%s' % (zlib.crc32(rest), rest))

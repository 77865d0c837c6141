"""What the engine says: Header, Frames, Keyframe, Event and Footer, and their bytes.

A session is one append-only file of JSON Lines. Each line opens with the CRC-32 of the rest
of it, so that a torn or altered line is known from itself alone::

    {"crc":"5f0c2a91","record":"frames","step":40,...}

Arrays are raw little-endian bytes in base64 beside their dtype and shape: exact for every
float, NaN and infinity among them. Nothing read here is ever executed, and a declared size
is checked before memory is taken. Unknown kinds of record are skipped, so that an older
reader follows a newer engine.
"""

import math
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct, field

from dltlab.errors import RecordingError
from dltlab.text import clean

FORMAT: Final = "dltlab-session/1"
SUFFIX: Final = ".dltlab.jsonl"
LONGEST_LINE: Final = 1 << 30
DTYPES: Final = frozenset({"<f4", "<f8", "<i4", "<i8", "<u4", "<u8", "|u1", "|b1"})
"""Of the arrays that a record may hold."""


class Array(Struct, frozen=True):
    """An array as it travels: dtype, shape, and the bytes in C order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, values: np.ndarray) -> "Array":
        """Pack an array; its numbers come back with the same bits."""
        little = np.asarray(values, order="C")
        little = little.astype(little.dtype.newbyteorder("<"), copy=False)
        return cls(little.dtype.str, little.shape, little.tobytes())

    def numpy(self) -> np.ndarray:
        """Unpack, read-only. Raises RecordingError where size and shape disagree."""
        if self.dtype not in DTYPES:
            raise RecordingError(f"an array of dtype {clean(self.dtype[:20])!r}; known: {', '.join(sorted(DTYPES))}.")
        dtype = np.dtype(self.dtype)
        if any(length < 0 for length in self.shape) or len(self.shape) > 32:
            raise RecordingError("an array with an impossible shape.")
        if math.prod(self.shape) * dtype.itemsize != len(self.data):
            raise RecordingError(f"an array whose shape {self.shape[:8]} does not fit its {len(self.data)} bytes.")
        return np.frombuffer(self.data, dtype).reshape(self.shape)


class Series(Struct, frozen=True):
    """A named column of readings: what a frame holds of it, and how to show it."""

    name: str
    title: str
    axes: tuple[str, ...] = ()
    """Names of the axes of one reading. A scenario with arms leads with "arm", "seed"; an ensemble with "seed"."""
    shape: tuple[int, ...] = ()
    dtype: str = "<f8"
    every: int = 1
    """Steps between readings."""
    scale: str = "linear"
    """The scale that suits it: "linear" or "log"."""
    unit: str = ""
    source: str = ""
    """The probe or theory that it comes from, as the scenario names it."""
    price: float = 0.0
    """What a reading of its probe costs, in gradient evaluations (an estimate)."""
    bar: str = ""
    """The series of its error bars: per reading as many half-widths, in its own unit."""
    tolerance: float = 0.0
    """The error bar, relative to the reading, beyond which a reading is marked; 0 marks none."""


class Knob(Struct, frozen=True):
    """A hyperparameter that may be turned while it runs, and its bounds."""

    name: str
    title: str
    value: float
    low: float
    high: float
    scale: str = "log"


class Arm(Struct, frozen=True):
    """One variant of the scenario, run beside the others."""

    name: str
    title: str
    value: float | None = None
    """The number that it stands for (a width, a scale), where it stands for one."""
    seeds: int = 1
    """Its members: the first so many of the header's seeds; beyond them its readings are NaN."""
    parameters: int = 0


class Part(Struct, frozen=True):
    """Readings that share their steps: ``first, first + stride, …``, ``count`` of them."""

    first: int
    stride: int
    count: int
    columns: dict[str, Array]
    """Per series an array of shape (count, *shape of a reading)."""

    def steps(self) -> np.ndarray:
        """The steps of the readings, shape (count,)."""
        return self.first + self.stride * np.arange(self.count, dtype=np.int64)


class Header(Struct, frozen=True, tag_field="record", tag="header"):
    """The first record: all that a reader must know before the first frame."""

    format: str
    session: str
    """The session's name, unique on its machine; also its file's name."""
    started: str
    """ISO 8601, UTC."""
    title: str
    scenario: dict
    """The resolved scenario: the TOML tables with every override applied."""
    source: str
    """Where the scenario came from: a name of the gallery or a path."""
    steps: int
    """Steps planned; the axis of every plot."""
    every: int
    """Steps between frames."""
    pace: float | None
    """Steps a second worth watching; None for flat out."""
    seeds: tuple[int, ...]
    series: tuple[Series, ...]
    knobs: tuple[Knob, ...]
    parameters: int
    precision: str
    optimizer: str
    """The optimizer's kind, for titles."""
    versions: dict[str, str]
    device: dict[str, str]
    threads: int
    fingerprint: str
    """A digest of versions, device, threads and flags: equal ones promise equal bits."""
    pid: int = 0
    socket: str = ""
    """Where the engine hears commands."""
    parent: str = ""
    """The session that this one was forked from, if any; also its file's name."""
    arms: tuple[Arm, ...] = ()
    """The variants that run beside each other; none where the scenario names none."""
    forked: int = -1
    """The parent's step up to which this session is the parent's own recording; -1 for no fork."""

    def began(self, zone: tzinfo | None = UTC) -> datetime | None:
        """When it started, in a time zone (None for the machine's own); None where it says nothing that there is."""
        try:
            return datetime.fromisoformat(self.started).astimezone(zone)
        except (ValueError, OverflowError, OSError):
            return None


class Frames(Struct, frozen=True, tag_field="record", tag="frames"):
    """A chunk's worth of frames, by column."""

    step: int
    """The step that the session has reached."""
    parts: tuple[Part, ...]
    wall: float
    """Seconds since the session started."""
    busy: float
    """Seconds that the device computed for this chunk."""
    clock: float = 0.0
    """Physical time reached: over all steps the sum of η, of η/(1 − β) where momentum sums up gradients.

    Of several members it is that of the first one that has not diverged.
    """


class Keyframe(Struct, frozen=True, tag_field="record", tag="keyframe"):
    """The whole state at a step: what resume, seek and fork start from."""

    step: int
    leaves: dict[str, Array]
    digest: str
    """SHA-256 of the leaves' bytes in order."""


class Event(Struct, frozen=True, tag_field="record", tag="event"):
    """What happened to the session between frames."""

    step: int
    what: str
    """What it is.

    turn, kick, pause, resume, advance, pace, mark, diverged, refused, warning, continued, fork, compiling, price or
    cadence.
    """
    text: str
    """One line for people."""
    data: dict = field(default_factory=dict)
    wall: float = 0.0


class Footer(Struct, frozen=True, tag_field="record", tag="footer"):
    """The last record of a session that ended by itself."""

    step: int
    reason: str
    """finished, stopped, diverged or failed."""
    text: str
    wall: float = 0.0
    last_finite: int | None = None
    """The last step with a finite state, where the reason is "diverged"."""

    @property
    def complete(self) -> bool:
        """Whether no step is left to be computed; what was stopped, or failed, can be continued."""
        return self.reason in ("finished", "diverged")


Record = Header | Frames | Keyframe | Event | Footer
_KINDS: Final = frozenset({"header", "frames", "keyframe", "event", "footer"})


class _Kind(Struct):
    record: str


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Record)
_KIND: Final = msgspec.json.Decoder(_Kind)
_PREFIX: Final = len('{"crc":"00000000",')


def encode(record: Record) -> bytes:
    """One line, with its checksum and its line feed."""
    rest = _ENCODER.encode(record)[1:]
    return b'{"crc":"%08x",%s\n' % (zlib.crc32(rest), rest)


def begins(line: bytes, kind: type[Record], **first: object) -> bool:
    """Whether a line begins as one of such a record, with these as its first fields; it is neither checked nor read."""
    mark = _ENCODER.encode({"record": kind.__struct_config__.tag, **first})[1:-1]
    return line.startswith(mark + b",", _PREFIX)


def decode(line: bytes) -> Record | None:
    """Read one line without its line feed; None for a kind that this version does not know.

    Raises:
        RecordingError: The line is not whole, or not what was written.
    """
    rest = line[_PREFIX:]
    if line[:_PREFIX] != b'{"crc":"%08x",' % zlib.crc32(rest):
        raise RecordingError("its checksum does not fit")
    try:
        text = b"{" + rest
        if _KIND.decode(text).record not in _KINDS:
            return None
        return _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise RecordingError(f"it is no record ({clean(str(fault))[:200]})") from None


class Decoder:
    """Bytes in as they come, records out; the unfinished end of a line waits for the rest.

    After the first broken line nothing more is read: what follows cannot be trusted to
    belong. ``note`` then says where and why.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._line = 0
        self.torn = 0
        """Bytes of an unfinished last line."""
        self.note = ""

    def feed(self, data: bytes) -> Iterator[Record]:
        """Yield the records that these bytes complete."""
        if self.note:
            return
        first, *others = data.split(b"\n")
        # A line that comes in many pieces is joined once, so that a long one takes linear time.
        self._pieces.append(first)
        self.torn += len(first)
        if self.torn > LONGEST_LINE:
            return self._refuse(f"is longer than {LONGEST_LINE >> 20} MiB")
        if not others:
            return
        lines = [b"".join(self._pieces), *others]
        self._pieces = [lines.pop()]
        self.torn = len(self._pieces[0])
        for line in lines:
            self._line += 1
            try:
                record = decode(line)
            except RecordingError as fault:
                return self._refuse(f"is damaged ({fault})")
            if record is not None:
                yield record

    def _refuse(self, fault: str) -> None:
        self.note = f"line {max(self._line, 1)} {fault}; what stands before it was kept."
        self._pieces, self.torn = [], 0

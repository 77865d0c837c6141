"""TensorBoard: one event file of scalars, written without TensorFlow.

The format is TFRecord: each record is its length, the length's checksum, its bytes, and their checksum,
CRC-32C (Castagnoli), masked. A record is one ``tensorflow.Event`` in Protocol Buffers' wire format
(tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto).
"""

import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO, ClassVar, Final, final

import numpy as np

from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.columns import Flat, columns, numbers
from dltlab.exports.exported import Exported
from dltlab.exports.gathering import gathered
from dltlab.exports.lines import started
from dltlab.exports.rows import Rows, chosen, told

_MOST: Final = 1 << 16
"""Numbers that are encoded at a time."""
_POLYNOMIAL: Final = 0x82F63B78
"""Castagnoli's, bits reversed."""
_MASK: Final = 0xA282EAD8


@final
class TensorBoard(AbstractExport):
    """One event file; TensorBoard shows it when its folder is given as ``--logdir``.

    One scalar tag a column of the CSV, with slashes for its brackets: ``loss``, ``loss/seed=3``,
    ``spectrum/arm=wide/seed=3/0``; members of an ensemble are tags of one group. Scalars there are
    float32, so readings are rounded to that. Wall times share a chunk's time evenly among its steps.
    """

    name: ClassVar[str] = "tensorboard"
    says: ClassVar[str] = "an event file of scalars for TensorBoard (float32, as it keeps them)"
    patterns: ClassVar[tuple[str, ...]] = ("*.tfevents", "*.tfevents.*")
    takes: ClassVar[frozenset[str]] = frozenset({"series"})
    text: ClassVar[bool] = False

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Write one event a step."""
        series = chosen(session, wanted.series)
        flat = columns(session.header, series)
        begun = started(session.header)
        out.writelines(_framed([b"\x09" + struct.pack("<d", begun) + b"\x1a" + _sized(b"brain.Event:2")]))
        for rows in gathered(told(session, series, progress), _MOST):
            out.writelines(_framed(_events(rows, flat, begun)))


def _events(rows: Rows, flat: Sequence[Flat], begun: float) -> list[bytes]:
    """One ``Event`` a row: wall_time = 1, step = 2, summary = 5, in it a value = 1 for each tag that was read."""
    tags = [b"\x0a" + _sized(column.tag.encode()) + b"\x15" for column in flat]
    heads = [b"\x0a" + _varint(len(tag) + 4) + tag for tag in tags]
    summaries: list[list[bytes]] = [[] for _ in rows.steps]
    for head, (there, values) in zip(heads, numbers(rows, flat), strict=True):
        with np.errstate(over="ignore"):
            bits = values.astype("<f4").tobytes()
        for row in np.flatnonzero(there).tolist():
            summaries[row] += (head, bits[4 * row : 4 * row + 4])
    return [
        b"\x09" + struct.pack("<d", begun + wall) + b"\x10" + _varint(step) + b"\x2a" + _sized(b"".join(values))
        for step, wall, values in zip(rows.steps.tolist(), rows.walls.tolist(), summaries, strict=True)
    ]


def _framed(events: Sequence[bytes]) -> Iterator[bytes]:
    lengths = [struct.pack("<Q", len(event)) for event in events]
    for length, event, of_length, of_event in zip(lengths, events, masked(lengths), masked(events), strict=True):
        yield length + struct.pack("<I", of_length) + event + struct.pack("<I", of_event)


def _table() -> np.ndarray:
    entries = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        entries = np.where(entries & 1, entries >> 1 ^ np.uint32(_POLYNOMIAL), entries >> 1)
    return entries


_TABLE: Final = _table()


def masked(texts: Sequence[bytes]) -> list[int]:
    """The masked CRC-32C of each of some texts, all at once: a byte of each at a time.

    >>> [hex(number) for number in masked([b"123456789"])]
    ['0xc78ab0e5']
    """
    lengths = np.array([len(text) for text in texts])
    longest = int(lengths.max(initial=0))
    whole = np.frombuffer(b"".join(text.ljust(longest, b"\0") for text in texts), np.uint8)
    whole = whole.reshape(len(texts), longest).T.copy()
    sums = np.full(len(texts), 0xFFFFFFFF, np.uint32)
    shortest = int(lengths.min(initial=longest))
    for place, byte in enumerate(whole):
        fresh = _TABLE[(sums ^ byte) & 0xFF] ^ (sums >> 8)
        sums = fresh if place < shortest else np.where(place < lengths, fresh, sums)
    sums = ~sums
    return ((sums >> 15 | sums << 17) + np.uint32(_MASK)).tolist()


def _sized(text: bytes) -> bytes:
    return _varint(len(text)) + text


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])

"""Continuing a recording never costs a reading that could still be read, nor the memory of the whole of it."""

import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from dltlab import records
from dltlab.engine.journal import Journal
from dltlab.engine.past import Past
from dltlab.errors import RecordingError
from dltlab.records import Array, Event, Header, Keyframe

pytestmark = pytest.mark.usefixtures("wide")

HEADER = Header(
    format=records.FORMAT, session="s", started="", title="", scenario={}, source="", steps=50, every=1, pace=None,
    seeds=(0,), series=(), knobs=(), parameters=1, precision="float64", optimizer="", versions={}, device={}, threads=1,
    fingerprint="",
)  # fmt: skip
KICK = {"radius": 1.0, "direction": "random"}
LINES = [records.encode(HEADER), *(records.encode(Event(step, "kick", "", KICK, float(step))) for step in range(5))]
MORE = Event(9, "mark", "", {}, 9.0)


def continued(path: Path) -> tuple[Journal, Past]:
    from dltlab.engine import session

    journal = Journal.continued(path)
    try:
        return journal, session._past(journal)
    except BaseException:
        journal.close()
        raise


@pytest.mark.parametrize("torn", [b"", LINES[1][:20], LINES[1][:-1], b"garbage\n"])
def test_a_torn_or_damaged_last_line_stays_until_the_first_new_record(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.dltlab.jsonl"
    path.write_bytes(b"".join(LINES) + torn)
    journal, past = continued(path)
    assert [act.step for act in past.acts] == [0, 1, 2, 3, 4]
    assert path.read_bytes() == b"".join(LINES) + torn
    journal.append(MORE)
    journal.append(MORE)
    journal.close()
    assert path.read_bytes() == b"".join(LINES) + 2 * records.encode(MORE)


def test_a_record_of_a_kind_that_is_not_known_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.dltlab.jsonl"
    strange = records.encode(MORE).split(b",", 1)[1].replace(b'"record":"event"', b'"record":"omen"')
    line = b'{"crc":"%08x",%s' % (zlib.crc32(strange[:-1]), strange)
    path.write_bytes(b"".join(LINES) + line)
    assert records.decode(line[:-1]) is None
    journal, _ = continued(path)
    journal.append(MORE)
    journal.close()
    assert path.read_bytes() == b"".join(LINES) + line + records.encode(MORE)


@pytest.mark.parametrize(
    ("strange", "fault"), [(b"garbage\n", "line 3 is damaged"), (LINES[0], r"line 3 is unsound \(a second header\)")]
)
@pytest.mark.parametrize("last", [False, True])
def test_what_could_still_be_read_is_not_lost(tmp_path: Path, strange: bytes, fault: str, *, last: bool) -> None:
    path = tmp_path / "a.dltlab.jsonl"
    whole = b"".join([*LINES[:2], strange, *([] if last else LINES[2:])])
    path.write_bytes(whole)
    if last and strange != LINES[0]:
        continued(path)[0].close()
    else:
        with pytest.raises(RecordingError, match=rf"{fault}.* continue a copy that ends before that line"):
            continued(path)
    assert path.read_bytes() == whole


def test_continuing_holds_one_record_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dltlab.engine import session

    path, count = tmp_path / "a.dltlab.jsonl", 32
    state = {"theta": Array.of(np.zeros(1 << 16))}
    line = records.encode(Keyframe(0, state, ""))
    path.write_bytes(LINES[0] + count * line)

    def built(past: Past, path: Path) -> None:
        del path
        assert past.keyframe is not None
        raise RecordingError("enough")

    monkeypatch.setattr(session, "rebuilt", built)
    tracemalloc.start()
    try:
        with pytest.raises(RecordingError, match="enough"):
            session.resume(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(line) < count * len(line) / 3

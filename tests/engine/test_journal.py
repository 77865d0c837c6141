"""Continuing a recording never costs a reading that could still be read."""

from pathlib import Path

import pytest

from dltlab import records
from dltlab.engine.journal import Journal
from dltlab.errors import RecordingError
from dltlab.records import Event

LINES = [records.encode(Event(step, "mark", f"mark {step}", {}, float(step))) for step in range(5)]


@pytest.mark.parametrize("torn", [b"", LINES[0][:20], LINES[0][:-1]])
def test_a_torn_tail_stays_until_the_first_new_record(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.dltlab.jsonl"
    path.write_bytes(b"".join(LINES) + torn)
    journal, found = Journal.continued(path)
    assert [record.step for record in found if isinstance(record, Event)] == [0, 1, 2, 3, 4]
    assert path.read_bytes() == b"".join(LINES) + torn
    more = Event(9, "mark", "", {}, 9.0)
    journal.append(more)
    journal.append(more)
    journal.close()
    assert path.read_bytes() == b"".join(LINES) + 2 * records.encode(more)


def test_a_damaged_last_line_is_cut_off_too(tmp_path: Path) -> None:
    path = tmp_path / "a.dltlab.jsonl"
    path.write_bytes(b"".join(LINES) + b"garbage\n")
    journal, found = Journal.continued(path)
    journal.append(Event(9, "mark", "", {}, 9.0))
    journal.close()
    assert len(found) == 5
    assert len(path.read_bytes().splitlines()) == 6


def test_what_follows_a_damaged_line_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.dltlab.jsonl"
    whole = b"".join([*LINES[:2], b"garbage\n", *LINES[2:]])
    path.write_bytes(whole)
    with pytest.raises(RecordingError, match=r"line 3 .* continue a copy that ends before that line"):
        Journal.continued(path)
    assert path.read_bytes() == whole

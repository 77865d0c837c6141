"""What of a recording begins a fork, and what cannot be forked: refused in a sentence, whatever the file says."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltlab import records
from dltlab.errors import RecordingError, UsageError
from dltlab.records import Array, Event, Footer, Frames, Header, Keyframe, Part, Record

pytestmark = pytest.mark.usefixtures("wide")


def written(path: Path, said: Iterable[Record]) -> Path:
    path.write_bytes(b"".join(map(records.encode, said)))
    return path


def refused(path: Path, at: int = 15) -> str:
    from dltlab.engine.forks import Beginning

    with pytest.raises(RecordingError) as fault:
        Beginning(path, at)
    assert len(str(fault.value).splitlines()) == 1
    return str(fault.value)


def header(**changes: Any) -> Header:
    given = {
        "format": records.FORMAT, "session": "s", "started": "", "title": "", "scenario": {}, "source": "", "steps": 50,
        "every": 1, "pace": None, "seeds": (0,), "series": (records.Series("loss", "loss"),), "knobs": (),
        "parameters": 1, "precision": "float64", "optimizer": "", "versions": {}, "device": {}, "threads": 1,
        "fingerprint": "",
    }  # fmt: skip
    return Header(**given | changes)


def chunk(first: int, count: int) -> Frames:
    values = Array.of(np.arange(first, first + count, dtype=float))
    return Frames(first + count, (Part(first, 1, count, {"loss": values}),), float(first), 1.0, 0.1 * (first + count))


def test_a_chunk_is_cut_between_two_readings(tmp_path: Path) -> None:
    from dltlab.engine.forks import Beginning

    path = written(tmp_path / "p", [header(), Keyframe(0, {}, ""), chunk(0, 10), chunk(10, 10), chunk(20, 10)])
    cut = Beginning(path, 14).cut
    assert cut is not None
    (part,) = cut.parts
    assert part.columns["loss"].numpy().tolist() == [10, 11, 12, 13, 14]
    assert (cut.step, cut.busy, cut.clock) == (14, 0.4, pytest.approx(1.4))
    # State 10 is reached by the chunk before, and read by the one that leaves it.
    on_the_border = Beginning(path, 10).cut
    assert on_the_border is not None
    assert on_the_border.parts[0].columns["loss"].numpy().tolist() == [10]
    assert Beginning(path, 30).cut is None
    lost = Event(10, "diverged", "", {"seed": 0, "step": 16})
    path = written(tmp_path / "q", [header(), Keyframe(0, {}, ""), chunk(0, 10), lost, chunk(10, 10)])
    assert Beginning(path, 15).past.lost == {}
    assert Beginning(path, 16).past.lost == {(None, 0): 16}


def test_a_step_without_a_state_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "p"
    good = [header(), Keyframe(0, {}, ""), chunk(0, 10), chunk(10, 10)]
    written(path, good)
    assert "recorded up to step 20, not 21; fork it at a step up to there" in refused(path, 21)
    written(path, [header(), chunk(0, 10), Keyframe(10, {}, ""), chunk(10, 10)])
    assert "no keyframe at step 9 or before it" in refused(path, 9)
    written(path, [*good, Footer(20, "diverged", "", 0.0, 19)])
    assert "at step 20 its loss is not finite any more; fork it at step 19 or before" in refused(path, 20)


@pytest.mark.parametrize(
    "said",
    [
        [],
        [Keyframe(0, {}, "")],
        [header(format="dltlab-session/9")],
        [header(seeds=())],
        [header(), header(), Keyframe(0, {}, "")],
        [header(), Frames(20, (Part(0, 0, 20, {}),), 0, 0), Keyframe(0, {}, "")],
        [header(), Keyframe(0, {}, ""), Frames(20, (Part(0, 1, -5, {}),), 0, 0)],
        [header(), Keyframe(0, {}, ""), Frames(20, (Part(0, 1, 20, {"loss": Array("<f8", (3,), b"")}),), 0, 0)],
        [header(), Keyframe(0, {}, ""), Frames(20, (Part(0, 1, 20, {"loss": Array("<f8", (20,), b"")}),), 0, 0)],
        [header(), Keyframe(0, {}, ""), Event(1, "turn", "", {"knob": 3, "value": "x"}), chunk(0, 20)],
        [header(), Keyframe(0, {}, ""), Event(1, "kick", "", {"radius": -1}), chunk(0, 20)],
        [header(), Keyframe(0, {}, ""), Event(1, "fork", "", {"seed": 1 << 40}), chunk(0, 20)],
        [header(), Keyframe(-1, {}, ""), chunk(0, 20)],
    ],
    ids=range(13),
)
def test_no_recording_breaks_the_fork(tmp_path: Path, said: list[Record]) -> None:
    refused(written(tmp_path / "hostile", said))


def test_what_is_no_recording_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "junk").write_bytes(os.urandom(1000))
    (tmp_path / "unknown").write_bytes(b'{"crc":"00000000","record":"frames"}\n' * 3)
    for name in ("fifo", "junk", "unknown", "nothing", "."):
        refused(tmp_path / name)
    # What the engine of a running parent has not finished to write is left for later.
    path = written(tmp_path / "torn", [header(), Keyframe(0, {}, ""), chunk(0, 20)])
    with path.open("ab") as stream:
        stream.write(records.encode(chunk(20, 20))[:-9])
    assert "recorded up to step 20, not 21" in refused(path, 21)


def test_what_cannot_be_changed_is_refused_with_its_bounds() -> None:
    from dltlab.engine.forks import Changes

    knobs = (records.Knob("learning_rate", "η", 0.1, 0.01, 1.0),)
    Changes(turns=(("learning_rate", 1.0),), kick=1e-9, seed=0).check(knobs)
    for changes, words in {
        Changes(turns=(("learning_rate", 2.0),)): "learning_rate = 2: cannot be set; it lies between 0.01 and 1",
        Changes(turns=(("learning_rate", float("nan")),)): "learning_rate = nan: cannot be set",
        Changes(turns=(("lr", 1.0),)): "lr = 1: cannot be set; knobs: learning_rate",
        Changes(kick=float("inf")): "a kick of inf: not a length",
        Changes(kick=0.0): "a kick of 0: not a length",
        Changes(seed=-1): "seed -1: no seed",
        Changes(seed=1 << 32): "no seed; it lies between 0 and 4294967295",
    }.items():
        with pytest.raises(UsageError, match=re.escape(words)):
            changes.check(knobs)

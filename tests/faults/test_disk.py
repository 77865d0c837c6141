"""A disk that refuses: one clear sentence, the right exit code, and a recording that is whole and goes on."""

import errno
import fcntl
import io
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dltlab import errors, records
from dltlab.engine import journal as writing
from dltlab.engine import lines
from dltlab.engine.journal import Journal
from dltlab.errors import DltlabError, EngineError, RecordingError, UsageError
from dltlab.records import Array, Event, Footer, Keyframe, Record
from dltlab.session import recording

Same = Callable[[Path, Path], bool]
STATE = Keyframe(0, {"theta": Array.of(np.arange(40.0))}, "digest")
SAID: list[Record] = [
    STATE,
    *(Event(step, "mark", f"mark {step}", {}, float(step)) for step in range(4)),
    Footer(4, "finished", ""),
]
LINES = [records.encode(record) for record in SAID]
REFUSALS = [errno.ENOSPC, errno.EIO, errno.EDQUOT]


def written(path: Path, said: list[Record], *, begun: bool = False, why: str = "") -> int:
    """Write records as an engine does, one after the other; how many the disk took, which may say why it refuses."""
    journal = Journal.continued(path) if begun else Journal.created(path)
    if begun:
        journal.go_on(path.read_bytes().rfind(b"\n") + 1)
    try:
        for count, record in enumerate(said):
            try:
                journal.append(record)
            except EngineError as fault:
                refusal = fault
            else:
                continue
            told = str(refusal)
            assert refusal.exit_code == errors.BROKEN == 3
            assert "\n" not in told
            assert str(path) in told
            assert why
            assert why in told
            assert ("resume it" in told) == (count > 0 or begun)
            return count
        return len(said)
    finally:
        journal.close()


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("also", [(), ("ftruncate",)], ids=["", "nor-is-anything-cut-off"])
def test_whichever_write_fails_what_was_recorded_is_whole_and_goes_on(
    refusal: int, also: tuple[str, ...], tmp_path: Path, faulty: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nth in range(1, len(SAID) + 1):
        for short in (0, 1, len(LINES[nth - 1]) // 2, len(LINES[nth - 1]) - 1):
            path = tmp_path / f"{nth}-{short}"
            with monkeypatch.context() as patch:
                patch.setattr(writing, "os", faulty.Faulty("write", nth, refusal, short, also))
                assert written(path, SAID, why=os.strerror(refusal)) == nth - 1
            whole, torn = b"".join(LINES[: nth - 1]), LINES[nth - 1][:short] if also else b""
            assert path.read_bytes() == whole + torn
            assert list(records.Decoder().feed(path.read_bytes())) == SAID[: nth - 1]
            # Room was made.
            assert written(path, SAID[nth - 1 :], begun=True) == len(SAID) - nth + 1
            assert path.read_bytes() == b"".join(LINES)


def test_what_a_disk_takes_in_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def few(descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, data[:7])

    monkeypatch.setattr(writing, "os", SimpleNamespace(**(vars(os) | {"write": few})))
    assert written(tmp_path / "pieces", SAID) == len(SAID)
    assert (tmp_path / "pieces").read_bytes() == b"".join(LINES)


@pytest.mark.parametrize("refusal", [*REFUSALS, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("call", ["open", "rename", "fsync"])
def test_every_other_call_that_fails_ends_in_a_sentence_too(
    call: str, refusal: int, tmp_path: Path, faulty: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recording"
    attempts: dict[str, Callable[[], Any]] = {
        "open": lambda: Journal.created(path),
        "rename": lambda: Journal.created(path).named(tmp_path / "name"),
        "fsync": lambda: Journal.created(path).sync(),
    }
    monkeypatch.setattr(writing, "os", faulty.Faulty(call, 1, refusal))
    with pytest.raises(DltlabError) as fault:
        attempts[call]()
    assert os.strerror(refusal) in str(fault.value)
    assert "\n" not in str(fault.value)
    assert isinstance(fault.value, EngineError if call == "fsync" else UsageError)
    path.unlink(missing_ok=True)
    monkeypatch.setattr(writing, "os", os)
    path.write_bytes(b"".join(LINES))
    monkeypatch.setattr(writing, "os", faulty.Faulty("open", 1, refusal))
    with pytest.raises(UsageError, match="cannot be continued"):
        Journal.continued(path)


def test_a_recording_that_cannot_be_read_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "recording"
    path.write_bytes(b"".join(LINES))

    class Failing(io.FileIO):
        def readline(self, _size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(lines, "open", Failing, raising=False)
    with pytest.raises(RecordingError, match=r"cannot be read \(Input/output error\)"):
        lines.Lines(path)
    assert path.read_bytes() == b"".join(LINES)


@pytest.mark.parametrize("refusal", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_that_keeps_no_locks_is_recorded_to(
    refusal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(*_: Any) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(writing, "fcntl", SimpleNamespace(**(vars(fcntl) | {"flock": unlocked})))
    assert written(tmp_path / "unlocked", SAID) == len(SAID)


def refused(nursery: Any, scenario: Path, whole: Path, same_bits: Same, place: Path, disk: dict[str, Any]) -> int:
    """A run whose disk refuses, and is mended; the whole records that it left."""
    path = place / f"refused{records.SUFFIX}"
    code, said = nursery.run(
        "run", "--session", path, "--scenario", scenario, "--headless", seconds=(0.01, 0.05), disk=disk
    )
    lines = path.read_bytes().split(b"\n")
    if code == 0:
        # The run was over before so many writes.
        assert (said, lines[-1]) == ("", b"")
        return len(lines) - 1
    assert code == errors.BROKEN
    assert said.count("\n") == 1, "one sentence"
    assert os.strerror(disk["errno"]) in said
    assert lines[-1] == b"", "nothing half stands there"
    if len(lines) == 1:
        assert "nothing could be recorded" in said
        path.unlink()
        assert nursery.run("run", "--session", path, "--scenario", scenario, "--headless") == (0, "")
    else:
        assert "recording stopped" in said
        assert recording.read_all(path)[1] == "", "it is whole"
        assert nursery.run("resume", "--session", path, "--headless") == (0, "")
    assert same_bits(whole, path)
    return len(lines) - 1


@pytest.mark.parametrize(("nth", "refusal", "short"), [(1, 28, 30), (2, 5, 0), (3, 28, 0), (6, 28, 200), (8, 5, 1)])
def test_an_engine_whose_disk_refuses_says_so_and_is_continued_to_the_same_bits(
    nth: int, refusal: int, short: int, nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    disk = {"call": "write", "nth": nth, "errno": refusal, "short": short}
    assert refused(nursery, scenario, whole, same_bits, tmp_path, disk) == nth - 1


def test_a_session_is_not_over_before_the_disk_has_it(
    nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    disk = {"call": "fsync", "nth": 1, "errno": errno.EIO}
    refused(nursery, scenario, whole, same_bits, tmp_path, disk)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EIO])
def test_every_single_write_of_an_engine_may_fail(
    refusal: int, nursery: Any, scenario: Path, whole: Path, same_bits: Same, tmp_path: Path
) -> None:
    lines = []
    for nth in range(1, 100):
        place = tmp_path / str(nth)
        place.mkdir()
        disk = {"call": "write", "nth": nth, "errno": refusal, "short": nth % 3 * 40}
        lines.append(refused(nursery, scenario, whole, same_bits, place, disk))
        if lines[-1] != nth - 1:
            break
    assert lines[:-1] == list(range(len(lines) - 1))
    assert 10 < len(lines) < 99


@pytest.fixture
def tiny(tmp_path: Path) -> Any:
    """A disk of 256 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("to mount a small disk one must be root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_that_is_full_is_named_and_what_it_holds_goes_on_once_there_is_room(
    tiny: Path, nursery: Any, scenario: Path, whole: Path, same_bits: Same
) -> None:
    path, ballast = tiny / f"full{records.SUFFIX}", tiny / "ballast"
    pid = nursery.start("run", "--session", path, "--scenario", scenario, "--set=run.pace=300", seconds=(0.01, 0.02))
    while not path.exists() or b'"record":"frames"' not in path.read_bytes():
        time.sleep(0.005)
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                break
    code, said = nursery.ended(pid)
    assert (code, said.count("\n")) == (errors.BROKEN, 1)
    assert "recording stopped (No space left on device); it is whole up to here, make room and resume it." in said
    assert path.read_bytes().endswith(b"\n")
    ballast.unlink()
    assert nursery.run("resume", "--session", path, "--headless") == (0, "")
    assert same_bits(whole, path)


def test_a_fork_that_the_disk_refuses_leaves_nothing_behind(nursery: Any, whole: Path, tmp_path: Path) -> None:
    for nth in (1, 2, 3):
        path = tmp_path / f"fork{records.SUFFIX}"
        disk = {"call": "write", "nth": nth, "errno": errno.ENOSPC, "short": 50}
        code, said = nursery.run("fork", "--parent", whole, "--session", path, "--at", 9, "--headless", disk=disk)
        assert (code, said.count("\n")) == (errors.BROKEN, 1)
        assert "nothing could be recorded (No space left on device); make room and start it again." in said
        assert list(tmp_path.iterdir()) == []

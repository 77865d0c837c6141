"""A data folder that may not be written to, or not even read: to read it is to read it, to write is refused."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dltlab import cli, errors, records
from dltlab.errors import RecordingError, UsageError
from dltlab.records import Frames, Header
from dltlab.session import live, logs, shelf
from dltlab.session.replay import Replay
from dltlab.session.watching import Watching


@pytest.fixture
def data(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the session ``kept``."""
    folder = tmp_path / "data"
    (folder / "sessions").mkdir(parents=True, mode=0o700)
    shutil.copy(whole, folder / "sessions" / f"kept{records.SUFFIX}")
    monkeypatch.setenv("DLTLAB_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def frozen(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same on a mount that is read-only; where one may not mount, in folders of mode 0500."""
    if os.getuid():
        (data / "sessions").chmod(0o500)
        data.chmod(0o500)
        yield data
        data.chmod(0o700)
        (data / "sessions").chmod(0o700)
        return
    mount = tmp_path / "mount"
    mount.mkdir()
    if subprocess.run(["mount", "--bind", data, mount], capture_output=True, check=False).returncode:
        pytest.skip("not even root may mount here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", mount], check=True)
        monkeypatch.setenv("DLTLAB_DATA_DIR", str(mount))
        yield mount
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


def run(*words: str) -> int:
    """A command in this process; its exit code."""
    with pytest.raises(SystemExit) as end:
        cli.main(list(words))
    assert isinstance(end.value.code, int)
    return end.value.code


def test_nothing_can_be_written_there(frozen: Path) -> None:
    with pytest.raises(OSError, match=r"Read-only|Permission"):
        (frozen / "sessions" / "file").touch()


@pytest.mark.parametrize(
    "command",
    [
        ["run", "edge-of-stability", "--alone"],
        ["run", "edge-of-stability", "--out", "HERE/mine.dltlab.jsonl"],
        ["run", "edge-of-stability", "--json", "HERE/report.json"],
        ["fork", "kept", "--at", "9", "--detached"],
        ["fork", "kept", "--at", "9", "--headless"],
        ["export", "kept", "HERE/kept.csv"],
    ],
    ids=" ".join,
)
def test_what_would_be_written_there_is_refused_in_a_sentence(
    command: list[str], frozen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*(word.replace("HERE", str(frozen / "sessions")) for word in command)) == errors.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    [sentence] = said.err.splitlines()
    assert str(frozen) in sentence
    assert any(
        words in sentence for words in ("be written to; set DLTLAB_DATA_DIR", "cannot be written", "record there")
    )
    assert any(cure in sentence for cure in ("a folder that you may write to", "choose another place"))


@pytest.mark.parametrize("begin", [lambda _: live.launch("edge-of-stability"), live.resume], ids=["open", "resume"])
def test_no_bench_opens_on_what_cannot_be_recorded(begin: Callable[[Path], Any], frozen: Path) -> None:
    with pytest.raises(UsageError, match=r"set DLTLAB_DATA_DIR to a folder|cannot record beside it") as refusal:
        begin(shelf.find("kept"))
    assert str(frozen) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_only_reads_reads(frozen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sessions") == errors.HOLDS
    assert capsys.readouterr().out.startswith("kept")
    assert run("diff", "kept", "last") == errors.HOLDS
    assert capsys.readouterr().out.startswith("Identical")
    assert run("export", "kept", str(tmp_path / "kept.csv"), "--quiet") == errors.HOLDS
    assert (tmp_path / "kept.csv").stat().st_size > 1000
    assert run("doctor") in (errors.HOLDS, errors.USAGE)
    path = shelf.find("kept")
    for source in (Replay(path, speed=1e9), Watching(path), live.attach(path)):
        found = source.poll()
        while not source.ended:
            found += source.poll()
        assert isinstance(found[0], Header)
        assert sum(isinstance(record, Frames) for record in found) >= 2
        source.close()
    assert [one.name for one in (frozen / "sessions").iterdir()] == [path.name]


def test_a_folder_that_cannot_be_read_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(data / "sessions", data / "elsewhere")
    (data / "sessions").write_text("no folder")
    assert run("sessions") == errors.USAGE
    assert "the sessions folder cannot be read (Not a directory); set DLTLAB_DATA_DIR" in capsys.readouterr().err
    (data / "sessions").unlink()
    assert run("sessions") == errors.HOLDS
    if os.getuid():
        (data / "elsewhere").chmod(0)
        with pytest.raises(UsageError, match="Permission denied"):
            shelf.kept(data / "elsewhere")
        (data / "elsewhere").chmod(0o700)


def test_a_session_that_goes_away_or_fails_while_it_is_looked_at_is_passed_over(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(data / "sessions" / f"kept{records.SUFFIX}", data / "sessions" / f"sick{records.SUFFIX}")
    (data / "sessions" / f"dangling{records.SUFFIX}").symlink_to(data / "nowhere")
    real = shelf._end

    def sick(path: Path, *, alive: bool) -> Any:
        if path.name.startswith("sick"):
            raise OSError(5, os.strerror(5))
        return real(path, alive=alive)

    monkeypatch.setattr(shelf, "_end", sick)
    assert [one.name for one in shelf.kept()] == ["kept"]
    with pytest.raises(RecordingError, match=r"cannot be read \(Input/output error\)"):
        shelf.look(shelf.find(str(data / "sessions" / f"sick{records.SUFFIX}")))


def test_a_cache_that_cannot_be_written_to_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setenv("DLTLAB_CACHE_DIR", str(tmp_path / "cache"))
    assert run("verify", "kept", "--quiet") == errors.USAGE
    assert "set DLTLAB_CACHE_DIR to a folder that you may write to" in capsys.readouterr().err


def test_what_an_engine_cannot_say_for_want_of_room_is_said_for_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.find("kept")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    monkeypatch.setattr(logs, "is_full", lambda _: True)
    source = live.attach(path)
    while not source.ended:
        source.poll()
    assert source.ended.startswith("Make room; `dltlab resume` goes on: ")
    assert "the disk is full" in source.ended
    source.close()

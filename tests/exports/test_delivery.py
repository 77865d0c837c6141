"""An export is under its name when it is whole, and not before; whatever ends it leaves what was there."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, ClassVar, final

import pytest
from click.testing import CliRunner

from dltlab.cli import _code
from dltlab.errors import UsageError
from dltlab.exports import FORMATS, AbstractExport, Wanted
from dltlab.exports.abstract import Progress
from dltlab.exports.delivery import check, deliver, find
from dltlab.exports.exported import Exported
from dltlab.session.notes import Notes

NOTHING = Wanted()
DATA = ["csv", "parquet", "npz", "jsonl", "tensorboard", "markdown"]


@final
class Failing(AbstractExport):
    """Writes a little, and then meets its end."""

    name: ClassVar[str] = "failing"
    says: ClassVar[str] = "Nothing."
    patterns: ClassVar[tuple[str, ...]] = ("*.failing",)

    def __init__(self, end: BaseException) -> None:
        self.end = end

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        del session, wanted, progress
        out.write(b"half " * 1_000_000)
        raise self.end


@pytest.mark.parametrize("before", [None, b"what was there"])
@pytest.mark.parametrize(
    "end", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device"), ValueError("a fault"), MemoryError()]
)
def test_nothing_half_is_left(
    made: Callable[[str], Path], tmp_path: Path, end: BaseException, before: bytes | None
) -> None:
    recording, folder = made("one"), tmp_path / "folder"
    folder.mkdir()
    out = folder / "out.failing"
    if before is not None:
        out.write_bytes(before)
    kind = UsageError if isinstance(end, OSError) else type(end)
    with pytest.raises(kind) as told:
        deliver(Failing(end), recording, out, NOTHING, mode="none")
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == (
        [] if before is None else [("out.failing", before)]
    )
    if isinstance(end, OSError):
        assert str(told.value).count("\n") == 0
        assert "No space left on device" in str(told.value)
        assert "make room" in str(told.value)


@pytest.mark.parametrize("name", DATA)
def test_what_was_there_is_replaced_when_the_new_is_whole(made: Callable[[str], Path], name: str) -> None:
    recording = made("seeds")
    before = recording.read_bytes()
    out = recording.with_name("out")
    out.write_bytes(b"x" * 10_000_000)
    out.chmod(0o640)
    deliver(FORMATS[name], recording, out, NOTHING, mode="none")
    first = out.read_bytes()
    assert b"xxxxxxxx" not in first
    assert out.stat().st_mode & 0o777 == 0o640
    deliver(FORMATS[name], recording, out, NOTHING, mode="none")
    assert out.read_bytes() == first, "the same session gives the same bytes"
    assert sorted(path.name for path in out.parent.iterdir()) == sorted([recording.name, "out"])
    assert recording.read_bytes() == before


def test_a_link_stays_a_link_and_a_device_a_device(made: Callable[[str], Path], tmp_path: Path) -> None:
    recording = made("one")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    deliver(FORMATS["csv"], recording, tmp_path / "link", NOTHING, mode="none")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes().startswith(b"step,")
    deliver(FORMATS["csv"], recording, Path("/dev/null"), NOTHING, mode="none")
    assert Path("/dev/null").is_char_device()


def test_a_pipe_takes_it_too(made: Callable[[str], Path], tmp_path: Path) -> None:
    recording, pipe = made("one"), tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        deliver(FORMATS["csv"], recording, pipe, NOTHING, mode="none")
        assert reader.stdout is not None
        assert reader.stdout.read().startswith(b"step,loss")
    assert pipe.is_fifo()


def test_the_recording_is_spared(made: Callable[[str], Path], tmp_path: Path) -> None:
    recording = made("one")
    before = recording.read_bytes()
    (tmp_path / "other.csv").hardlink_to(recording)
    (tmp_path / "link.csv").symlink_to(recording)
    Notes(recording).add(3, "a note on the recording")
    for out in (
        recording,
        Notes(recording).path,
        tmp_path / "other.csv",
        tmp_path / "link.csv",
        tmp_path / "new.dltlab.jsonl",
    ):
        with pytest.raises(UsageError, match=r"recording|notes"):
            deliver(FORMATS["csv"], recording, out, NOTHING, mode="none")
    assert recording.read_bytes() == before
    assert len(Notes(recording).notes) == 1
    assert not (tmp_path / "new.dltlab.jsonl").exists()


def test_a_link_does_not_lead_to_another_recording(made: Callable[[str], Path], tmp_path: Path) -> None:
    recording, other, link = made("one"), made("seeds"), tmp_path / "x.csv"
    link.symlink_to(other)
    before = other.read_bytes()
    with pytest.raises(UsageError, match="so recordings are named"):
        deliver(FORMATS["csv"], recording, link, NOTHING, mode="none")
    assert other.read_bytes() == before


@pytest.mark.parametrize(
    ("out", "words"),
    [
        (".", "Is a directory"),
        ("none/out.csv", "No such file or directory"),
        ("file/out.csv", "Not a directory"),
        (f"{'n' * 300}.csv", "File name too long"),
    ],
)
def test_a_place_that_cannot_be_is_one_sentence(made: Callable[[str], Path], out: str, words: str) -> None:
    recording = made("one")
    recording.with_name("file").touch()
    with pytest.raises(UsageError, match=words) as told:
        deliver(FORMATS["csv"], recording, recording.parent / out, NOTHING, mode="none")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("a.csv", "csv"), ("A.CSV", "csv"), ("a.parquet", "parquet"), ("a.npz", "npz"), ("a.jsonl", "jsonl"),
        ("a.tfevents", "tensorboard"), ("events.out.tfevents.1767323045.edge", "tensorboard"), ("a.md", "markdown"),
    ],
)  # fmt: skip
def test_a_name_says_its_format(name: str, format_: str) -> None:
    assert find(FORMATS, Path(name)) is FORMATS[format_]


def test_a_name_that_says_none_is_told_all() -> None:
    for out in (Path("a.xyz"), Path("csv"), Path("a.csv.gz")):
        with pytest.raises(UsageError) as told:
            find(FORMATS, out)
        assert all(export.patterns[0] in str(told.value) for export in FORMATS.values())
    with pytest.raises(UsageError, match="choose csv, "):
        find(FORMATS, Path("a.csv"), "cvs")
    with pytest.raises(UsageError, match="--format"):
        find(FORMATS, Path("-"))
    assert find(FORMATS, Path("-"), "jsonl") is FORMATS["jsonl"]


def test_what_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    check(FORMATS["parquet"], NOTHING)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pyarrow.*pip install -e '.*\[parquet\]'$"):
        check(FORMATS["parquet"], NOTHING)
    check(FORMATS["csv"], NOTHING)


def test_an_option_that_means_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="--at says nothing about csv"):
        check(FORMATS["csv"], Wanted(at=3))


def test_an_unknown_series_is_refused_with_those_there_are(made: Callable[[str], Path], tmp_path: Path) -> None:
    for name in DATA:
        with pytest.raises(UsageError, match=r"lost: .* loss, loss\.single"):
            deliver(FORMATS[name], made("one"), tmp_path / "out", Wanted(series=("lost",)), mode="none")
        assert not (tmp_path / "out").exists()


def test_every_series_and_none(made: Callable[[str], Path], tmp_path: Path) -> None:
    recording = made("one")
    cut = recording.read_bytes()
    recording.write_bytes(cut[: cut.index(b"\n") + 1])
    for name in DATA:
        deliver(FORMATS[name], recording, tmp_path / name, NOTHING, mode="none")
        assert (tmp_path / name).stat().st_size > 20


def test_a_cut_recording_is_exported_as_far_as_it_is_whole_and_says_so(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    recording = made("one")
    whole = recording.read_bytes()
    recording.write_bytes(whole[: len(whole) // 2])
    for name in DATA:
        assert "not whole" in deliver(FORMATS[name], recording, tmp_path / name, NOTHING, mode="none").note
    assert 5 < (tmp_path / "csv").read_bytes().count(b"\n") < 40


def test_the_command_writes_to_standard_output_and_to_files(made: Callable[[str], Path], tmp_path: Path) -> None:
    recording, runner = made("one"), CliRunner()
    from dltlab.cli import cli

    told = runner.invoke(cli, ["export", str(recording), "-", "--format", "csv", "--series", "loss,count"])
    assert told.stdout.splitlines()[0] == "step,loss,count"
    told = runner.invoke(cli, ["export", str(recording), str(tmp_path / "out.npz"), "--quiet"])
    assert (told.exit_code, told.output) == (0, "")
    assert (tmp_path / "out.npz").read_bytes().startswith(b"PK")


def test_usage_faults_exit_with_two(made: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    recording = made("one")
    for words in (
        ["a.xyz"],
        ["none/a.csv"],
        ["."],
        [str(recording)],
        ["a.csv", "--series", "no"],
        ["a.csv", "--at", "3"],
    ):
        assert _code(["export", str(recording), words[0], *words[1:]]) == 2, words
        assert len(capsys.readouterr().err.splitlines()) == 1


SLOW = """
import sys, time
from dltlab.exports import delivery, FORMATS
from dltlab.exports.table import Csv
from dltlab import cli, exports
import dltlab.exports.table as table
def slow(*given):
    for one in before(*given):
        yield one
        print("begun", flush=True)
        time.sleep(0.2)
before, table.told = table.told, slow
cli.main(sys.argv[1:])
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_kill_leave_nothing(made: Callable[[str], Path], number: int, code: int) -> None:
    recording = made("one")
    out = recording.with_name("out.csv")
    words = [sys.executable, "-c", SLOW, "export", str(recording), str(out)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as export:
        assert export.stdout is not None
        assert export.stdout.readline() == b"begun\n"
        assert [path.suffix for path in out.parent.iterdir() if path != recording] == [".part"]
        os.kill(export.pid, number)
        assert export.wait(30) == code
        assert export.stderr is not None
        assert b"Traceback" not in export.stderr.read()
    assert list(out.parent.iterdir()) == [recording]

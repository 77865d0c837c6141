"""Files go where the environment says, into folders that nobody else can enter."""

import os
import stat
from pathlib import Path

import pytest

from dltlab import folders
from dltlab.errors import UsageError


def test_sessions_lie_in_a_folder_of_our_own(own_folders):
    assert folders.sessions() == own_folders / "data" / "sessions"
    assert stat.S_IMODE(folders.sessions().stat().st_mode) == 0o700
    assert folders.cache() == own_folders / "cache"


def test_xdg_is_honoured_and_a_relative_one_ignored(monkeypatch, tmp_path):
    monkeypatch.delenv("DLTLAB_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert folders.data() == tmp_path / "xdg" / "dltlab"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert folders.data().is_absolute()
    assert "relative" not in folders.data().parts


def test_a_folder_that_cannot_be_made_is_told_with_its_cure(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DLTLAB_DATA_DIR", str(tmp_path / "file" / "data"))
    with pytest.raises(UsageError, match="set DLTLAB_DATA_DIR to a folder") as refusal:
        folders.sessions()
    assert "\n" not in str(refusal.value)


def test_a_runtime_folder_that_others_may_enter_is_refused(monkeypatch, tmp_path):
    short = tmp_path if len(str(tmp_path)) < 55 else Path(os.path.realpath("/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    if short == tmp_path:
        assert folders.runtime() == tmp_path / "dltlab"
        folders.runtime().chmod(0o755)
        with pytest.raises(UsageError, match="you alone can enter"):
            folders.runtime()
        folders.runtime  # noqa: B018
        (tmp_path / "dltlab").rmdir()
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        (tmp_path / "dltlab").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(UsageError, match="you alone can enter"):
            folders.runtime()


@pytest.mark.parametrize("length", [0, 60, 200])
def test_socket_paths_fit_every_kernel(monkeypatch, tmp_path, length):
    deep = tmp_path / ("x" * length)
    deep.mkdir(exist_ok=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    one, two = (folders.socket_path(tmp_path / name) for name in ("one", "two"))
    assert len(os.fsencode(one)) < folders.LONGEST_SOCKET
    assert one != two


def test_new_sessions_have_new_names(own_folders):
    first = folders.new_session_path("/somewhere/edge of\x1b stability.toml")
    assert first.name.endswith("-edge-of-stability.dltlab.jsonl")
    first.touch()
    second = folders.new_session_path("edge of stability")
    assert second != first
    folders.log_path(second).touch()
    assert folders.new_session_path("edge of stability") not in (first, second)

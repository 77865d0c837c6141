"""What a session leaves behind is its owner's alone, whatever the umask; its engine hears nobody else."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dltlab import folders

SCENARIO = """
title = "A bowl"
problem = { kind = "quadratic", eigenvalues = [1.0] }
optimizer = { kind = "gradient_descent", learning_rate = 0.1 }
run = { steps = 4 }
probes = { loss = "loss" }
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_folders_are_made_for_the_owner_alone(umask, tmp_path):
    made = "from dltlab import folders; folders.sessions(), folders.cache(), folders.runtime()"
    code = f"import os; os.umask(0o{umask}); {made}"
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    told = {"DLTLAB_DATA_DIR": "data", "DLTLAB_CACHE_DIR": "cache"}
    environment = {name: str(tmp_path / place) for name, place in told.items()} | {"XDG_RUNTIME_DIR": str(runtime)}
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | environment)
    found = [tmp_path / "data", tmp_path / "data" / "sessions", tmp_path / "cache"]
    found += [path for path in (runtime / "dltlab",) if path.exists()]
    assert {str(path): oct(mode(path)) for path in found} == {str(path): oct(0o700) for path in found}


def test_a_session_its_log_its_notes_and_its_socket_are_its_owners_alone(tmp_path):
    (tmp_path / "bowl.toml").write_text(SCENARIO)
    code = """
import os, stat, sys
os.umask(0)
from pathlib import Path
from dltlab import folders
from dltlab.session import live, notes
from dltlab.commands import Pause, Stop
import time
source = live.launch(sys.argv[1], steps=100_000_000, headless=True)
where = Path(source.header.socket)
print(oct(stat.S_IMODE(where.lstat().st_mode)), oct(stat.S_IMODE(where.parent.lstat().st_mode)))
notes.read(source.path).add(0, "mine")
for path in (source.path, folders.log_path(source.path), folders.notes_path(source.path)):
    print(oct(stat.S_IMODE(path.lstat().st_mode)))
others = [path for path in source.path.parent.iterdir()]
print(*{oct(stat.S_IMODE(path.lstat().st_mode)) for path in others})
source.send(Stop())
until = time.monotonic() + 60
while not source.ended and time.monotonic() < until:
    source.poll()
    time.sleep(0.05)
source.kill()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "bowl.toml")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0o600", "0o700", "0o600", "0o600", "0o600", "0o600"]


def test_the_socket_refuses_other_users(tmp_path, monkeypatch, wide):
    from dltlab.commands import Pause, encode
    from dltlab.engine import inbox as room

    with tempfile.TemporaryDirectory(prefix="dltlab-") as where:
        before = os.umask(0)
        try:
            inbox = room.Inbox(Path(where) / "s.sock")
        finally:
            os.umask(before)
        assert mode(inbox.path) == 0o600
        for user, heard in ((os.getuid(), [Pause()]), (os.getuid() + 1, [])):
            monkeypatch.setattr(room.os, "getuid", lambda user=user: user)
            with socket.socket(socket.AF_UNIX) as caller:
                caller.connect(str(inbox.path))
                caller.sendall(encode(Pause()))
                assert inbox.take(1.0) == heard
                if not heard:
                    caller.settimeout(5.0)
                    # Hung up on.
                    assert hung_up(caller)
        inbox.close()


def hung_up(caller: socket.socket) -> bool:
    try:
        return caller.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_runtime_folder_that_others_can_enter_is_refused(tmp_path, monkeypatch):
    from dltlab.errors import UsageError

    open_one = tmp_path / "r" / "dltlab"
    open_one.mkdir(parents=True)
    open_one.chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    monkeypatch.setattr(folders, "LONGEST_SOCKET", 1000)
    with pytest.raises(UsageError, match="you alone can enter"):
        folders.runtime()

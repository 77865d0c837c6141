"""Who watches changes nothing; and a paused session that nobody watches ends by itself, to be continued."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing
from pathlib import Path

import pytest

from dltlab import commands, folders, records
from dltlab.commands import Advance, Command, Mark, Pause, Stop
from dltlab.engine.inbox import Inbox
from dltlab.engine.viewers import PATIENCE, VARIABLE, Viewers, patience
from dltlab.records import Event, Footer, Frames, Header
from dltlab.session import live
from dltlab.session.recording import engine_alive
from dltlab.session.viewing import Viewing
from dltlab.session.watching import Watching


def test_a_watching_source_refuses_every_command_and_sends_none(told):
    session = told()
    watching = Watching(session.path)
    watching.poll()
    assert watching.accepts == frozenset()
    for command in (Pause(), Advance(5), Mark("here"), Stop()):
        watching.send(command)
    refused = [one for one in watching.poll() if isinstance(one, Event) and one.what == "refused"]
    assert [one.data["command"] for one in refused] == ["pause", "advance", "mark", "stop"]
    # The engine hears what another says, so it would have heard this one.
    driving = live.attach(session.path)
    driving.send(Mark("driven"))
    until = time.monotonic() + 5
    while not session.heard:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert [command for _, command in session.heard] == [Mark("driven")]
    driving.close()
    watching.close()


def test_viewers_follow_what_another_drives_and_their_keys_do_nothing(stage, told, opened):
    session = told()
    terminals = [opened("watch", session.path.name.partition(".")[0]), opened("watch", columns=80, lines=24)]
    for terminal in terminals:
        terminal.until(lambda terminal=terminal: terminal.dots and "watching" in terminal.text)
        assert "pause" not in terminal.text.splitlines()[-1]
        for key in (" ", ".", "+", "k", "m", "\x1b[C"):
            terminal.press(key)
            terminal.watch(0.05)
    driving = live.attach(session.path)
    driving.send(Pause())
    driving.close()
    for terminal in terminals:
        terminal.until(lambda terminal=terminal: "paused" in terminal.text)
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.restored, terminal.modes
    assert [type(command) for _, command in session.heard] == [Pause]


def test_the_engine_hears_its_own_user_alone(tmp_path, folders):
    del folders
    if os.getuid() != 0 or not hasattr(socket, "SO_PEERCRED"):
        pytest.skip("only root can speak as somebody else, and only Linux says who speaks")
    place = Path("/tmp") / f"dltlab-inbox-{os.getpid()}"
    place.mkdir(mode=0o755)
    try:
        inbox = Inbox(place / "s")
        (place / "s").chmod(0o777)
        said = (
            "import os, socket, sys; os.setuid(65534); line = socket.socket(socket.AF_UNIX); line.connect(sys.argv[1])"
        )
        said += '; line.sendall(b\'{"command":"stop"}\\n\'); print(line.recv(9))'
        stranger = subprocess.Popen([sys.executable, "-c", said, str(place / "s")], stdout=subprocess.PIPE)
        heard: list[Command | str] = []
        until = time.monotonic() + 10
        while stranger.poll() is None and time.monotonic() < until:
            heard += inbox.take(0.05)
        out, _ = stranger.communicate(timeout=5)
        # He connected, and was hung up on.
        assert (stranger.returncode, out) in ((0, b"b''\n"), (1, b""))
        assert heard == []
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(place / "s"))
            line.sendall(commands.encode(Stop()))
            assert inbox.take(1.0) == [Stop()]
        inbox.close()
    finally:
        shutil.rmtree(place)


def test_a_socket_that_was_taken_away_stands_there_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dltlab.engine.inbox._LOOK", 0.0)
    place = Path("run")
    place.mkdir(mode=0o700)
    inbox = Inbox(place / "s")
    inbox.take(0.0)
    shutil.rmtree(place)
    inbox.take(0.0)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("run/s")
        line.sendall(commands.encode(Pause()))
        assert inbox.take(1.0) == [Pause()]
    assert (place / "s").stat().st_mode & 0o777 == 0o600
    shutil.rmtree(place)
    place.mkdir(mode=0o755)
    inbox.take(0.0)
    # A folder that others may enter is nowhere to listen.
    assert not (place / "s").exists()
    inbox.close()


@pytest.mark.parametrize(("given", "seconds"), [("", PATIENCE), ("90", 90.0), ("0", float("inf")), ("x", PATIENCE)])
def test_the_patience_can_be_chosen(monkeypatch, given, seconds):
    monkeypatch.setenv(VARIABLE, given)
    assert patience() == seconds


def test_only_a_paused_session_that_nobody_watches_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "100")
    session, now = tmp_path / f"one{records.SUFFIX}", 0.0
    viewers = Viewers(session, lambda: now)

    def said(until: float, *, paused: bool) -> str:
        nonlocal now
        while now < until:
            now += 10.0
            if why := viewers.left_alone(paused=paused):
                return why
        return ""

    assert said(300, paused=False) == ""
    viewing, second = Viewing(session), Viewing(session)
    assert viewing.hold()
    assert said(700, paused=True) == ""
    viewing.close()
    assert said(1000, paused=True) == ""
    second.close()
    assert "100 seconds" in said(2000, paused=True)
    assert now == 1100
    viewers.close()
    assert not list(tmp_path.iterdir())
    assert not viewing.hold()


def test_a_file_of_the_users_in_the_place_of_that_of_the_viewers_is_left_alone(tmp_path):
    session = tmp_path / f"one{records.SUFFIX}"
    folders.viewers_path(session).write_text("important")
    viewers = Viewers(session)
    assert viewers.left_alone(paused=True) == ""
    viewers.close()
    assert folders.viewers_path(session).read_text() == "important"


def test_a_killed_viewer_lets_go_by_itself(tmp_path):
    session = tmp_path / f"one{records.SUFFIX}"
    path = folders.viewers_path(session)
    path.touch(mode=0o600)
    watch = "import sys, pathlib, time; from dltlab.session.viewing import Viewing"
    watch += "; held = Viewing(pathlib.Path(sys.argv[1]))"
    order = [sys.executable, "-c", f"{watch}; print(held.hold(), flush=True); time.sleep(60)", str(session)]
    viewer = subprocess.Popen(order, stdout=subprocess.PIPE)
    assert viewer.stdout is not None
    assert viewer.stdout.readline() == b"True\n"
    with path.open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        viewer.send_signal(signal.SIGKILL)
        viewer.communicate()
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_paused_engine_that_nobody_watches_ends_with_a_keyframe_and_is_continued(stage, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "0.5")
    scenario = tmp_path / "bowl.toml"
    scenario.write_text(stage.BOWL)
    source = live.launch(str(scenario), seeds=1)
    source.send(Pause())
    found: list[typing.Any] = []
    until = time.monotonic() + 60
    while not any(isinstance(one, Event) and one.what == "pause" for one in found):
        assert time.monotonic() < until
        found += source.poll()
        time.sleep(0.02)
    lock = folders.viewers_path(source.path)
    assert lock.exists()
    time.sleep(1.2)
    # While it is watched it waits.
    assert not source.poll()
    assert not source.ended
    source.close()
    begin = time.monotonic()
    while lock.exists() or engine_alive(source.path):
        assert time.monotonic() - begin < 10
        time.sleep(0.02)
    again = live.attach(source.path)
    told: list[typing.Any] = []
    while not again.ended:
        told += again.poll()
    told += again.poll()
    again.close()
    footer = told[-1]
    assert isinstance(footer, Footer)
    assert footer.reason == "stopped"
    assert "nobody watched" in footer.text
    # Nothing has come since the pause, whose keyframe stands.
    assert [one.step for one in told if isinstance(one, records.Keyframe)][-1] == footer.step
    resumed = live.resume(source.path)
    goes_on: list[typing.Any] = []
    while not any(isinstance(one, Frames) and one.step > footer.step for one in goes_on):
        assert time.monotonic() < until + 60
        goes_on += resumed.poll()
        time.sleep(0.02)
    assert isinstance(goes_on[0], Header)
    resumed.send(Stop())
    while not resumed.ended:
        resumed.poll()
        time.sleep(0.02)
    resumed.close()

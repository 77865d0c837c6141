"""A connection that is cut ends a viewer and no experiment: with a real sshd on loopback, and in tmux."""

import contextlib
import getpass
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dltlab.commands import Stop
from dltlab.records import Event, Frames
from dltlab.session import live, shelf
from dltlab.session.recording import Follower, engine_alive


def _program(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin") or ""


class Server:
    """An sshd of our own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for key in ("host", "own"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / key], check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (place / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {place}/host\nAuthorizedKeysFile {place}/own.pub\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self.log = (place / "log").open("wb")
        order = [_program("sshd"), "-D", "-e", "-f", place / "config"]
        self.process = subprocess.Popen(order, stdout=self.log, stderr=self.log)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        self.close()
        pytest.skip(f"sshd does not start here: {(place / 'log').read_text()[-300:]}")

    def order(self, stage: ModuleType, *words: str) -> list[str]:
        """How to run dltlab over a connection of its own."""
        kept = ("DLTLAB_DATA_DIR", "DLTLAB_CACHE_DIR", "XDG_RUNTIME_DIR", "JAX_COMPILATION_CACHE_DIR", "PYTHONPATH")
        given = stage.environment()
        there = [f"{name}={given[name]}" for name in kept if name in given]
        told = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        who = ["-i", str(self.place / "own"), "-p", str(self.port), f"{getpass.getuser()}@127.0.0.1"]
        return [_program("ssh"), "-tt", "-F", "none", *told, *who, "env", *there, *stage.DLTLAB, *words]

    def cut(self) -> list[int]:
        """Kill the processes that serve connections; which they were."""
        mine = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        found = [int(pid) for pid in Path(mine).read_text(encoding="ascii").split()]
        for pid in found:
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
                if b"sshd" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture
def server(tmp_path: Path, folders: Path) -> Iterator[Server]:
    for name in ("sshd", "ssh", "ssh-keygen"):
        if not _program(name):
            pytest.skip(f"{name} is not installed (Debian: openssh-server)")
    if not sys.platform.startswith("linux"):
        pytest.skip("looks for processes in /proc")
    made = Server(tmp_path)
    yield made
    made.close()


def frames(path: Path) -> list[Any]:
    follower = Follower(path)
    try:
        return follower.rest()
    finally:
        follower.close()


def test_a_cut_connection_leaves_the_run_going_and_a_new_one_shows_it(stage, server, tmp_path):
    scenario = tmp_path / "bowl.toml"
    scenario.write_text(stage.BOWL)
    first = stage.Terminal(server.order(stage, "open", str(scenario)))
    second = None
    try:
        first.until(lambda: first.dots and first.step > 50, 60)
        (kept,) = shelf.kept()
        assert server.cut()
        first.ended()
        reached = first.step
        # The viewer over there is gone, the engine is not.
        viewers = [one for one in Path("/proc").glob("[0-9]*/cmdline") if _is_viewer(one, scenario)]
        until = time.monotonic() + 8
        while any(_is_viewer(one, scenario) for one in viewers):
            assert time.monotonic() < until, "the viewer outlives its connection"
            time.sleep(0.05)
        assert engine_alive(kept.path)
        second = stage.Terminal(server.order(stage, "attach"))
        second.until(lambda: second.step > reached + 100)
        second.press(" ")
        second.until(lambda: "paused" in second.text)
        second.press("d")
        assert second.ended() == 0
        assert second.restored, second.modes
        assert engine_alive(kept.path)
        said = frames(kept.path)
        steps = [one.step for one in said if isinstance(one, Frames)]
        assert steps == sorted(steps)
        assert [one.what for one in said if isinstance(one, Event) and one.what in ("continued", "pause")] == ["pause"]
        walls = [one.wall for one in said if isinstance(one, Frames)]
        assert max(later - earlier for earlier, later in itertools.pairwise(walls)) < 2
    finally:
        for terminal in filter(None, (first, second)):
            terminal.close()
        for one in shelf.kept():
            source = live.attach(one.path)
            source.send(Stop())
            source.close()


def _is_viewer(place: Path, scenario: Path) -> bool:
    try:
        words = place.read_bytes().split(b"\0")
    except OSError:
        return False
    return b"open" in words and os.fsencode(scenario) in words and b"sshd" not in words[0]


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    if not _program("tmux"):
        pytest.skip("tmux is not installed")
    order = [_program("tmux"), "-S", str(tmp_path / "mux"), "-f", "/dev/null"]
    yield order
    subprocess.run([*order, "kill-server"], check=False, stderr=subprocess.DEVNULL)


def test_tmux_can_be_left_and_come_back_to(stage, told, tmux):
    session = told()
    given = stage.environment(SHELL="/bin/sh", LC_ALL="C.UTF-8")
    first = stage.Terminal([*tmux, "-u", "new-session", "-s", "lab", *stage.DLTLAB, "attach"], given)
    second = None
    try:
        first.until(lambda: first.dots and first.step)
        first.press("\x02d")
        first.ended()
        reached = session.step
        second = stage.Terminal([*tmux, "-u", "attach-session", "-t", "lab"], given, columns=80, lines=24)
        second.until(lambda: second.dots and second.step > reached)
        assert len(second.text.splitlines()) == 24
        second.press(" ")
        second.until(lambda: "paused" in second.text)
        second.press("d")
        second.ended()
        assert not session.stopped
    finally:
        for terminal in filter(None, (first, second)):
            terminal.close()


def test_a_size_that_was_exported_once_is_not_believed(stage, told):
    told()
    terminal = stage.Terminal(
        [*stage.DLTLAB, "attach"], stage.environment(LINES="12", COLUMNS="200"), columns=80, lines=24
    )
    try:
        terminal.until(lambda: terminal.step and "space pause" in terminal.text.splitlines()[-1])
    finally:
        terminal.close()


TERMS = ("screen", "tmux-256color", "putty", "vt100", "linux", "xterm-16color")


def test_every_kind_of_terminal_is_drawn_on_and_given_back(stage, told):
    told()
    terminals = {}
    try:
        for term in TERMS:
            given = stage.environment(TERM=term)
            given.pop("COLORTERM")
            terminals[term] = stage.Terminal([*stage.DLTLAB, "attach"], given, columns=80, lines=24)
        for term, terminal in terminals.items():
            terminal.until(lambda t=terminal: t.step and "Plot of loss" in t.text and t.plotted, 40)
            truecolour = b"38;2;" in terminal.raw
            assert not truecolour, term
            assert (b"38;5;" in terminal.raw) == ("256" in term), term
            terminal.press("q")
        for term, terminal in terminals.items():
            assert terminal.ended() == 0, term
            assert terminal.restored, (term, terminal.modes)
    finally:
        for terminal in terminals.values():
            terminal.close()

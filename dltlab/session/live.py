"""An engine that runs in a process of its own, followed through the file that it writes.

The engine outlives its viewer: it is started in a process session of its own, hears
commands over a Unix socket and says everything else in the session file.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from dltlab import folders
from dltlab.commands import Command
from dltlab.errors import EngineError, ScenarioError, UsageError
from dltlab.records import Event, Footer, Frames, Header, Record
from dltlab.session import logs
from dltlab.session.outbox import Outbox
from dltlab.session.recording import Follower, engine_alive, header_of, opened
from dltlab.session.viewing import Viewing
from dltlab.text import one_line

ENGINE: list[str] = [sys.executable, "-P", "-m", "dltlab.engine"]
"""What starts an engine. With -P no file of the current folder can stand in for a module."""
LONGEST_START: Final = 120.0
_LOCK_EVERY: Final = 0.25
_PATIENCE: Final = 0.25
_SLICE: Final = 0.02
_LOG: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
Ready = Callable[[Path, int], "Live | None"]
"""Says whether an engine has begun: its session file and its process in, what follows it out."""


class Live:
    """A running session: a Source whose commands an engine hears."""

    def __init__(self, path: Path, follower: Follower, first: list[Record], pid: int = 0) -> None:
        self.path = path
        self.header: Header = header_of(follower)
        self.accepts: frozenset[type] = frozenset(typing.get_args(Command))
        self._follower = follower
        self._viewing = Viewing(path)
        self._outbox = Outbox(self.header.socket)
        self._waiting = first
        self._child = pid
        self._pid = pid or self.header.pid
        self._step, self._wall = 0, 0.0
        self._footer: Footer | None = None
        self._ended = ""
        self.unreadable = False
        """Whether it ended because nobody can read on in its recording; its engine may go on."""
        self._looked = 0.0

    @property
    def ended(self) -> str:
        """Empty while more may come; else one sentence: how the session ended."""
        return self._ended

    def poll(self) -> list[Record]:
        """The records since the last call, the Header first; reads for a fiftieth of a second at most."""
        found, self._waiting = [*self._waiting, *self._follower.read_for(_SLICE)], []
        for record in found:
            self._footer = record if isinstance(record, Footer) else None
            if isinstance(record, Frames | Footer):
                self._step, self._wall = record.step, record.wall
        if self.accepts and (fault := self._outbox.push()):
            # No engine has said it, so that it stands in no recording.
            found.append(Event(self._step, "refused", fault, {}, self._wall))
        if self._follower.drained and not self._ended:
            found += self._how_it_stands()
        return found

    def send(self, command: Command) -> None:
        """Ask the engine for something. That it is not heard shows through ``ended``, or is told as an Event."""
        if type(command) in self.accepts:
            self._outbox.put(command)

    def kill(self) -> None:
        """End an engine that was started here and does not listen; what it has recorded stays whole."""
        until = time.monotonic() + _PATIENCE
        while self._child > 0 and engine_alive(self.path, self._child) and time.monotonic() < until:
            with contextlib.suppress(OSError):
                os.kill(self._child, signal.SIGKILL)
            time.sleep(0.01)

    def close(self) -> None:
        """Stop following. The engine goes on."""
        self._outbox.close()
        self._follower.close()
        self._viewing.close()

    def _how_it_stands(self) -> list[Record]:
        """Settle whether the session has ended, now that nothing new stands in the file."""
        if self._follower.note:
            self.unreadable = True
            self._end(f"The recording cannot be followed any further: {self._follower.note}")
        elif self._footer is not None:
            self._end(ending(self._footer))
            logs.sweep(folders.log_path(self.path))
        elif time.monotonic() - self._looked >= _LOCK_EVERY:
            self._looked = time.monotonic()
            self._viewing.hold()
            if not engine_alive(self.path, self._pid):
                return self._last_words()
        return []

    def _last_words(self) -> list[Record]:
        """Nobody writes any more: what came between the last reading and the death is read first."""
        found = self._follower.rest()
        if found:
            self._waiting, found = found, []
            return self.poll()
        words = logs.last_line(folders.log_path(self.path))
        full = logs.is_full(self.path.parent)
        # On a full disk there was no room for last words either.
        why, first = (": the disk is full", "Make room; ") if full else ("", "")
        said = f" It said: {words}" if words else ""
        # What to type comes first: a line may have no room for more.
        died = f"the engine died at step {self._step}{why}; the recording is whole up to there."
        self._end(f"{first}`dltlab resume` goes on: {died}{said}")
        return []

    def _end(self, how: str) -> None:
        self._ended, self.accepts = how, frozenset()
        self._outbox.close()


def ending(footer: Footer) -> str:
    """How a session ended, in a sentence."""
    # That it finished says that it took the steps that were planned.
    text = "" if footer.reason == "finished" else one_line(footer.text).rstrip(".")
    how = f"The session {one_line(footer.reason)} at step {footer.step}"
    return f"{how}: {text}." if text else f"{how}."


def launch(
    scenario: str,
    *,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    arms: Sequence[str] = (),
    headless: bool = False,
    session: Path | None = None,
    nice: int = 5,
    patience: float | None = None,
) -> Live:
    """Start an engine on a scenario and wait for its first record.

    An engine that has not begun after ``patience`` seconds (two minutes, if it is None) is ended.

    Raises:
        ScenarioError: The engine refuses the scenario; one line a fault.
        EngineError: The engine ended, or said nothing in that time.
        UsageError: The session cannot be recorded where it was asked to be.
    """
    order = ["run", *wanted(scenario, overrides, seed, seeds, steps, arms), *(["--headless"] * headless)]
    return _begun(order, scenario, session, nice, patience)


def wanted(
    scenario: str,
    overrides: Sequence[str],
    seed: int | None,
    seeds: int | None,
    steps: int | None,
    arms: Sequence[str],
) -> list[str]:
    """A scenario, and what is to be otherwise than it is written, as an engine's options."""
    told = [f"--scenario={scenario}", *(f"--set={assignment}" for assignment in overrides)]
    for option, number in (("--seed", seed), ("--seeds", seeds), ("--steps", steps)):
        told += [] if number is None else [option, str(number)]
    return [*told, *([f"--arms={','.join(arms)}"] if arms else [])]


def fork(
    path: Path,
    at: int,
    *,
    turns: Sequence[tuple[str, float]] = (),
    kick: float | None = None,
    direction: str = "random",
    seed: int | None = None,
    steps: int | None = None,
    headless: bool = False,
    session: Path | None = None,
    nice: int = 5,
) -> Live:
    """Start an engine on a new session that is another one's up to and with a step, and goes on with changes.

    The changes are made in the order of ``seed`` (batches, noise and kicks are drawn anew from there on),
    ``turns`` and ``kick``. The other session may be running still; it is only read.

    Raises:
        RecordingError: The file is no recording.
        ScenarioError: The engine refuses: the step, a change, or the recording; one line a fault.
        EngineError: The engine ended, or said nothing for two minutes.
        UsageError: The session cannot be recorded where it was asked to be.
    """
    parent, _ = opened(path)
    parent.close()
    wanted = [f"--parent={path.absolute()}", f"--at={at}", f"--direction={direction}", *(["--headless"] * headless)]
    wanted += [f"--turn={knob}={float(value)!r}" for knob, value in turns]
    for option, number in (("--kick", kick), ("--seed", seed), ("--steps", steps)):
        wanted += [] if number is None else [f"{option}={number}"]
    return _begun(["fork", *wanted], header_of(parent).source, session, nice)


def anew(original: Path, *, seed: int | None = None) -> Live:
    """Start an engine on a new session of the scenario that a recording holds, from its first step.

    Nothing that was done to the recorded session is done again. Raises what :func:`fork` does.
    """
    follower, _ = opened(original)
    follower.close()
    order = ["anew", f"--original={original.absolute()}", *([] if seed is None else [f"--seed={seed}"])]
    return _begun(order, header_of(follower).source, None, 5)


def again(original: Path, session: Path, *, nice: int = 5) -> Live:
    """Start an engine that computes a recording once more from its first step, into a new file, and hears nothing.

    It ends with the process that asked for it. Raises what :func:`fork` does.
    """
    opened(original)[0].close()
    return _begun(["again", f"--original={original.absolute()}"], session.name, session, nice)


def _begun(order: list[str], scenario: str, session: Path | None, nice: int, patience: float | None = None) -> Live:
    """Start an engine on a new session, which leaves nothing behind if it does not begin."""
    path, log = _reserved(scenario, session)
    logs.sweep_old(path.parent, 2 * LONGEST_START)
    try:
        return _started([order[0], f"--session={path}", *order[1:]], path, log, nice, _heard, patience)
    except BaseException:
        logs.sweep(path)
        logs.sweep(folders.log_path(path))
        raise
    finally:
        os.close(log)


def resume(path: Path, *, headless: bool = False, nice: int = 5) -> Live:
    """Start an engine that continues a session from its last keyframe, and follow all of it.

    Raises:
        RecordingError: The file is no recording.
        ScenarioError: The engine sees nothing to continue.
        EngineError: The engine ended, or said nothing for two minutes.
    """
    attach(path).close()
    if engine_alive(path):
        raise UsageError(f"{one_line(str(path))}: its engine is running; follow it with `dltlab attach`.")
    before = path.stat()

    def continued(path: Path, pid: int) -> Live | None:
        # The old footer must not be taken for the end of the new engine; a clock may be coarse, or jump.
        same = all(getattr(path.stat(), key) == getattr(before, key) for key in ("st_mtime_ns", "st_size"))
        return None if same else Live(path, *opened(path), pid)

    try:
        log = os.open(folders.log_path(path), _LOG, 0o600)
    except OSError as fault:
        raise UsageError(f"{one_line(str(path))}: cannot record beside it ({fault.strerror}).") from None
    try:
        return _started(["resume", f"--session={path}", *(["--headless"] * headless)], path, log, nice, continued)
    except BaseException:
        logs.sweep(folders.log_path(path))
        raise
    finally:
        os.close(log)


def attach(path: Path) -> Live:
    """Follow a session whose engine runs already, or has ended.

    Raises:
        RecordingError: The file is no recording.
    """
    follower, first = opened(path)
    return Live(path, follower, first)


def _reserved(scenario: str, session: Path | None) -> tuple[Path, int]:
    """A path that nobody records to, held by the log beside it, which is made here: no file of another is touched."""
    while True:
        path = (session or folders.new_session_path(scenario)).absolute()
        for place in (path, folders.log_path(path), folders.viewers_path(path)) if session else (path,):
            folders.unused(place)
        try:
            return path, os.open(folders.log_path(path), _LOG | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        except OSError as fault:
            cure = "choose a folder that you may write to."
            raise UsageError(f"{one_line(str(path))}: cannot record there ({fault.strerror}); {cure}") from None


def _started(order: list[str], path: Path, log: int, nice: int, ready: Ready, patience: float | None = None) -> Live:
    """Start the engine's process and follow its file as soon as it says something new."""
    quiet, before = subprocess.DEVNULL, os.fstat(log).st_size
    engine = subprocess.Popen(
        [*ENGINE, *order], stdin=quiet, stdout=quiet, stderr=log, start_new_session=True, env=environment()
    )
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, engine.pid, nice)
    # Somebody must wait for the process when it ends, or it stays in the table as a zombie.
    threading.Thread(target=engine.wait, name="dltlab-reaper", daemon=True).start()
    try:
        return _awaited(engine, path, ready, before, LONGEST_START if patience is None else patience)
    except BaseException:
        engine.kill()
        raise


def _awaited(engine: "subprocess.Popen[bytes]", path: Path, ready: Ready, before: int, patience: float) -> Live:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        over = engine.poll() is not None
        if (source := ready(path, engine.pid)) is not None:
            return source
        if over:
            raise _stillborn(engine.returncode, path, before)
        time.sleep(0.01)
    raise EngineError(f"The engine said nothing for {patience:.0f} seconds and was ended; try again.")


def _heard(path: Path, pid: int) -> Live | None:
    """A new session, as soon as its Header can be read."""
    if not path.exists() or not path.stat().st_size:
        return None
    follower = Follower(path)
    if first := follower.read():
        return Live(path, follower, first, pid)
    follower.close()
    return None


def _stillborn(code: int, path: Path, before: int) -> ScenarioError | EngineError | UsageError:
    """The error that an engine's end before its first record amounts to; what it said is taken out of the log."""
    log = folders.log_path(path)
    said = [line for line in logs.lines(log, before) if line]
    with contextlib.suppress(OSError):
        # What stood in it before are the last words of another engine.
        os.truncate(log, before)
    logs.sweep(log)
    if code == UsageError.exit_code and said:
        return ScenarioError(*said)
    if not said and logs.is_full(path.parent):
        return UsageError(
            f"{one_line(str(path.parent))}: the disk is full; make room, or set DLTLAB_DATA_DIR elsewhere."
        )
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return EngineError(f"The engine ended {how} before it began: {said[-1] if said else 'it said nothing'}")


def environment() -> dict[str, str]:
    """Ours, with the way to a package that stands in a checkout."""
    root = Path(__file__).resolve().parents[2]
    given = dict(os.environ)
    if root.name not in ("site-packages", "dist-packages"):
        given["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), given.get("PYTHONPATH")]))
    return given

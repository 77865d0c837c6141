"""Sessions of the real engine in its own process: continued to the same bits, and never lost."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dltlab import commands, records
from dltlab.records import Event, Footer, Frames, Header, Keyframe, Record

TEXT = """
title = "continued"
[problem]
kind = "supervised"
data = {kind = "chebyshev", degree = 4, points = 20}
model = {kind = "mlp", widths = [12], gain = 1.9}
[optimizer]
kind = "OPTIMIZER"
learning_rate = 0.05
[run]
steps = 3000
precision = "float64"
pace = 1500
[probes.loss]
kind = "loss"
[probes.sharpness]
kind = "sharpness"
method = "tracked"
every = 10
[probes.movement]
kind = "weight_movement"
every = 10
[theories.sharpness]
kind = "stability_threshold"
every = 10
[theories.flow]
kind = "gradient_flow"
every = 50
[[knobs]]
name = "learning_rate"
low = 0.001
high = 1e6
"""


ARMS = """
[[arms]]
name = "narrow"
seeds = 1
[[arms]]
name = "wide"
problem.model.widths = [16]
[[arms]]
name = "kicked"
optimizer = {kind = "perturbed_gradient_descent", learning_rate = 0.05, gradient_threshold = 0.05, interval = 50}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return written(tmp_path, "gradient_descent")


def written(folder: Path, optimizer: str) -> Path:
    path, text = folder / f"{optimizer}.toml", TEXT
    if optimizer == "arms":
        # Two seeds an arm but for one, three programs, one of which draws noise as it goes.
        text = (TEXT + ARMS).replace("OPTIMIZER", "gradient_descent").replace("steps = 3000", "steps = 3000\nseeds = 2")
    if optimizer == "adam":
        text = text.replace('[theories.flow]\nkind = "gradient_flow"\nevery = 50\n', "")
        text = text.replace('method = "tracked"\n', 'method = "tracked"\npreconditioned = true\n')
    path.write_text(text.replace("OPTIMIZER", optimizer), encoding="utf-8")
    return path


def engine(*words: object, **options: object) -> subprocess.Popen[str]:
    order = [sys.executable, "-m", "dltlab.engine", *map(str, words)]
    return subprocess.Popen(order, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]


def finished(*words: object, **options: object) -> tuple[int, str]:
    process = engine(*words, **options)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


def told(path: Path) -> list[Record]:
    decoder = records.Decoder()
    found = list(decoder.feed(path.read_bytes()))
    assert not decoder.note
    return found


def columns(path: Path) -> dict[str, tuple[bytes, bytes]]:
    """Every series as the bytes of its steps and its readings."""
    steps: dict[str, list[np.ndarray]] = {}
    values: dict[str, list[np.ndarray]] = {}
    for record in told(path):
        for part in record.parts if isinstance(record, Frames) else ():
            for name, column in part.columns.items():
                steps.setdefault(name, []).append(part.steps())
                values.setdefault(name, []).append(column.numpy())
    return {n: (np.concatenate(steps[n]).tobytes(), np.concatenate(values[n]).tobytes()) for n in steps}


def read_at_the_steps_of(whole: Path, broken: Path) -> dict[str, tuple[bytes, bytes]]:
    """The columns of a broken run without the readings that were taken where it was held."""
    wanted, found = columns(whole), columns(broken)
    kept: dict[str, tuple[bytes, bytes]] = {}
    for name, (steps, values) in found.items():
        at = np.frombuffer(steps, np.int64)
        rows = np.frombuffer(values).reshape(len(at), -1)
        chosen = np.isin(at, np.frombuffer(wanted[name][0], np.int64))
        assert (~chosen).sum() <= 1
        kept[name] = (at[chosen].tobytes(), rows[chosen].tobytes())
    return kept


def last_keyframe(path: Path) -> Keyframe:
    return [record for record in told(path) if isinstance(record, Keyframe)][-1]


def await_step(path: Path, step: int) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if path.exists() and any(isinstance(r, Frames) and r.step >= step for r in told(path)):
            return
        time.sleep(0.02)
    pytest.fail(f"the session never reached step {step}")


def send(path: Path, *orders: commands.Command) -> None:
    import socket

    header = told(path)[0]
    assert isinstance(header, Header)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(header.socket)
        line.sendall(b"".join(commands.encode(order) for order in orders))


@pytest.mark.parametrize(
    ("optimizer", "end"),
    [
        ("gradient_descent", signal.SIGTERM),
        ("gradient_descent", signal.SIGKILL),
        ("adam", signal.SIGKILL),
        ("arms", signal.SIGKILL),
    ],
)
def test_a_broken_run_continues_to_the_bits_of_the_unbroken_one(
    tmp_path: Path, optimizer: str, end: signal.Signals
) -> None:
    scenario = written(tmp_path, optimizer)
    whole, broken = tmp_path / f"whole{records.SUFFIX}", tmp_path / f"broken{records.SUFFIX}"
    assert finished("run", "--session", whole, "--scenario", scenario, "--headless") == (0, "")
    process = engine("run", "--session", broken, "--scenario", scenario)
    await_step(broken, 700)
    process.send_signal(end)
    process.wait(30)
    assert process.stderr is not None
    process.stderr.close()
    reached = max(record.step for record in told(broken) if isinstance(record, Frames))
    assert 700 <= reached < 3000
    assert finished("resume", "--session", broken, "--headless") == (0, "")
    assert read_at_the_steps_of(whole, broken) == columns(whole)
    assert last_keyframe(broken).digest == last_keyframe(whole).digest
    assert any(isinstance(record, Event) and record.what == "continued" for record in told(broken))


def continued_without_later_keyframes(session: Path, acts: list[Event]) -> dict[str, tuple[bytes, bytes]]:
    """The columns of a session that lost the keyframes after these acts and was continued: the bits of one unbroken."""
    # A kill may have torn the last line.
    lines = [line for line in session.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    kept = [x for x in lines if not (isinstance(k := records.decode(x[:-1]), Keyframe) and k.step >= acts[0].step)]
    session.write_bytes(b"".join(kept))
    before = columns(session)
    assert finished("resume", "--session", session, "--headless") == (0, "")
    after = columns(session)
    for name, (steps, values) in before.items():
        assert after[name][0].startswith(steps)
        assert after[name][1].startswith(values)
    # A run that was never broken: computed again from the start, with the same acts.
    again = session.with_name(f"again{records.SUFFIX}")
    first = [x for x in lines if isinstance(records.decode(x[:-1]), Header | Keyframe)][:2]
    again.write_bytes(b"".join([*first, *map(records.encode, acts)]))
    assert finished("resume", "--session", again, "--headless") == (0, "")
    assert columns(again) == after
    return after


def test_a_knob_turned_after_the_last_keyframe_is_turned_again(tmp_path: Path, scenario: Path) -> None:
    session = tmp_path / f"turned{records.SUFFIX}"
    process = engine("run", "--session", session, "--scenario", scenario)
    await_step(session, 400)
    send(session, commands.Turn("learning_rate", 0.2))
    await_step(session, 900)
    process.kill()
    process.communicate()
    turn = next(r for r in told(session) if isinstance(r, Event) and r.what == "turn")
    after = continued_without_later_keyframes(session, [turn])
    thresholds = np.frombuffer(after["sharpness.theory"][1])
    assert thresholds[0] == pytest.approx(40)
    assert thresholds[-1] == pytest.approx(10)


def test_a_kick_after_the_last_keyframe_is_given_again(tmp_path: Path) -> None:
    session, scenario = tmp_path / f"kicked{records.SUFFIX}", written(tmp_path, "arms")
    process = engine("run", "--session", session, "--scenario", scenario)
    await_step(session, 300)
    send(session, commands.Kick(0.5), commands.Kick(0.25, "lowest"))
    await_step(session, 700)
    process.kill()
    process.communicate()
    kicks = [r for r in told(session) if isinstance(r, Event) and r.what == "kick"]
    assert [kick.data["direction"] for kick in kicks] == ["random", "lowest"]
    continued_without_later_keyframes(session, kicks)


def test_the_scenario_of_a_recording_is_run_anew_without_what_was_done_to_it(tmp_path: Path, scenario: Path) -> None:
    first, forked, anew, other = (tmp_path / f"{name}{records.SUFFIX}" for name in ("first", "forked", "anew", "other"))
    short = ("--set", "run.steps=400", "--headless")
    assert finished("run", "--session", first, "--scenario", scenario, *short) == (0, "")
    # The scenario's file is needed no more: what was run stands in the recording, with what was set.
    scenario.unlink()
    turned = ("--at", 100, "--turn", "learning_rate=0.2", "--headless")
    assert finished("fork", "--parent", first, "--session", forked, *turned) == (0, "")
    assert finished("anew", "--original", forked, "--session", anew) == (0, "")
    assert columns(forked) != columns(first)
    assert columns(anew) == columns(first)
    assert finished("anew", "--original", forked, "--session", other, "--seed", 3) == (0, "")
    before, after, seeded = (head for path in (first, anew, other) if isinstance(head := told(path)[0], Header))
    assert (after.parent, after.forked) == ("", -1)
    assert after.scenario == before.scenario
    assert seeded.seeds == (3,)
    code, said = finished("anew", "--original", tmp_path / "none", "--session", tmp_path / "nowhere")
    assert (code, "cannot be read" in said) == (2, True)


def test_commands_are_obeyed_and_echoed(tmp_path: Path, scenario: Path) -> None:
    session = tmp_path / f"driven{records.SUFFIX}"
    process = engine("run", "--session", session, "--scenario", scenario)
    await_step(session, 100)
    send(session, commands.Pause())
    send(
        session, commands.Advance(3), commands.Mark("here \x1b[2J"), commands.Turn("nothing", 1.0), commands.Pace(None)
    )
    while not (pauses := [r.step for r in told(session) if isinstance(r, Event) and r.what == "pause"]):
        time.sleep(0.02)
    paused = pauses[0]
    await_step(session, paused + 3)
    time.sleep(0.3)
    send(session, commands.Reach(paused + 40), commands.Reach(5))
    await_step(session, paused + 40)
    time.sleep(0.1)
    send(session, commands.Stop())
    assert process.wait(30) == 0
    process.communicate()
    said = told(session)
    events = [record for record in said if isinstance(record, Event)]
    assert [e.what for e in events if e.what not in ("compiling", "price")] == [
        "pause",
        "advance",
        "mark",
        "refused",
        "pace",
        "advance",
        "refused",
    ]
    assert "\x1b" not in next(e.text for e in events if e.what == "mark")
    footer = said[-1]
    assert isinstance(footer, Footer)
    assert (footer.reason, footer.step) == ("stopped", paused + 40)
    read = np.frombuffer(columns(session)["sharpness"][0], np.int64)
    assert {paused, paused + 3, paused + 40} <= set(read.tolist())


def test_a_command_is_obeyed_soon(tmp_path: Path, scenario: Path) -> None:
    session = tmp_path / f"soon{records.SUFFIX}"
    process = engine("run", "--session", session, "--scenario", scenario)
    await_step(session, 100)
    send(session, commands.Pause())
    asked = time.monotonic()
    while not any(isinstance(record, Event) and record.what == "pause" for record in told(session)):
        assert time.monotonic() - asked < 5
        time.sleep(0.005)
    process.terminate()
    process.communicate()


def test_nonsense_on_the_socket_is_refused_and_harmless(tmp_path: Path, scenario: Path) -> None:
    import socket
    import stat

    session = tmp_path / f"nonsense{records.SUFFIX}"
    process = engine("run", "--session", session, "--scenario", scenario)
    await_step(session, 50)
    header = told(session)[0]
    assert isinstance(header, Header)
    assert stat.S_IMODE(os.stat(header.socket).st_mode) == 0o600
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    for data in (b"\xff\xfe\n", b"{}\n", b"[" * 5000 + b"\n", b'{"command":"turn","knob":1}\n', b"x" * 200_000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, contextlib.suppress(BrokenPipeError):
            line.connect(header.socket)
            line.sendall(data)
    send(session, commands.Stop())
    assert process.wait(30) == 0
    process.communicate()
    assert sum(isinstance(r, Event) and r.what == "refused" for r in told(session)) == 4


@pytest.mark.parametrize("every", [1, 50])
def test_divergence_is_a_result_and_names_its_step(tmp_path: Path, scenario: Path, every: int) -> None:
    session = tmp_path / f"diverged{records.SUFFIX}"
    sets = ["--set=optimizer.learning_rate=1e5", f"--set=run.every={every}"]
    sets += [f"--set={key}.every=50" for key in ("probes.sharpness", "probes.movement", "theories.sharpness")]
    code, said = finished("run", "--session", session, "--scenario", scenario, "--headless", *sets)
    assert (code, said) == (0, "")
    footer = told(session)[-1]
    assert isinstance(footer, Footer)
    assert footer.reason == "diverged"
    assert "stopped being finite" in footer.text
    losses = np.frombuffer(columns(session)["loss"][1])
    steps = np.frombuffer(columns(session)["loss"][0], np.int64)
    assert steps[-1] == footer.step
    assert not np.isfinite(losses[-1])
    assert np.isfinite(losses[:-1]).all()


def test_both_cadences_name_the_same_step_of_divergence(tmp_path: Path, scenario: Path) -> None:
    found = []
    for every in (1, 50):
        session = tmp_path / f"at{every}{records.SUFFIX}"
        sets = ["--set=optimizer.learning_rate=1e5", f"--set=run.every={every}"]
        sets += [f"--set={key}.every=50" for key in ("probes.sharpness", "probes.movement", "theories.sharpness")]
        finished("run", "--session", session, "--scenario", scenario, "--headless", *sets)
        found.append(told(session)[-1])
    assert found[0].step == found[1].step


def test_a_full_disk_ends_in_a_sentence_and_a_whole_recording(tmp_path: Path, scenario: Path) -> None:
    session = tmp_path / f"full{records.SUFFIX}"

    # A limit on the size of files stands in for a disk; Python ignores the signal that comes with it.
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, -1))"
    small = f"import os, resource, sys; {limit}; os.execv(sys.argv[1], sys.argv[1:])"
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    words = ["-m", "dltlab.engine", "run", "--session", session, "--scenario", scenario, "--headless"]
    order = [sys.executable, "-c", small, sys.executable, *map(str, words)]
    done = subprocess.run(order, capture_output=True, text=True, env=environment, timeout=120, check=False)
    code, said = done.returncode, done.stderr
    assert code == 3
    assert "recording stopped" in said
    assert len(said.splitlines()) == 1
    assert session.read_bytes().endswith(b"\n")
    assert any(isinstance(record, Frames) for record in told(session))
    assert finished("resume", "--session", session, "--headless") == (0, "")
    assert isinstance(told(session)[-1], Footer)


def test_two_engines_never_write_one_file(tmp_path: Path, scenario: Path) -> None:
    session = tmp_path / f"taken{records.SUFFIX}"
    finished("run", "--session", session, "--scenario", scenario, "--headless", "--steps", 50)
    size = session.stat().st_size
    with session.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, said = finished("resume", "--session", session)
    assert (code, session.stat().st_size) == (2, size)
    assert "another engine" in said
    assert finished("run", "--session", session, "--scenario", scenario)[0] == 2


def test_what_cannot_fit_is_refused_before_it_is_made(tmp_path: Path, scenario: Path) -> None:
    session = tmp_path / f"large{records.SUFFIX}"
    begin = time.monotonic()
    sets = "--set=problem.model.widths=[1000000, 1000000]"
    code, said = finished("run", "--session", session, "--scenario", scenario, sets)
    assert code == 2
    assert "GiB" in said
    assert "problem.model.widths" in said
    assert not session.exists()
    assert time.monotonic() - begin < 30

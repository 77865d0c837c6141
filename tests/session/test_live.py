"""A live session tells what its engine wrote, hears its viewer, and outlives it."""

import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dltlab import commands, doctor, folders, records
from dltlab.errors import EngineError, ScenarioError, UsageError
from dltlab.records import Event, Footer, Frames, Header, Record
from dltlab.session import live, outbox, recording
from dltlab.session.ahead import Ahead
from dltlab.session.live import Live


def followed(source: Live, seconds: float = 10.0) -> list[Record]:
    """Everything until the session has ended."""
    told, until = [], time.monotonic() + seconds
    while not source.ended and time.monotonic() < until:
        told += source.poll()
        time.sleep(0.005)
    assert source.ended, "the session did not end in time"
    return told


@pytest.mark.parametrize("ending", ["finished", "diverged", "stopped"])
def test_a_session_is_told_from_header_to_footer(engine, ending):
    engine(ending)
    source = live.launch("fall", steps=200, seeds=3)
    told = followed(source)
    assert isinstance(told[0], Header)
    assert isinstance(told[-1], Footer)
    assert sum(part.count for record in told if isinstance(record, Frames) for part in record.parts) == 200
    assert ending in source.ended
    assert "199" in source.ended
    assert not source.accepts
    assert not folders.log_path(source.path).exists()
    assert source.path.parent.stat().st_mode & 0o077 == 0


def test_a_killed_engine_leaves_a_whole_recording_and_the_viewer_says_so(engine):
    engine("killed")
    source = live.launch("fall", steps=50)
    told = followed(source)
    assert source.ended.startswith("`dltlab resume` goes on: the engine died at step 49")
    history, note = recording.read_all(source.path)
    assert len(history["loss"]) == 50
    assert "not whole" in note
    assert len(told) == 1 + 5 + 2


def test_a_full_disk_is_named_where_the_engine_had_no_room_to_name_it(engine, monkeypatch):
    free = SimpleNamespace(f_bavail=1, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda *_: free)
    engine("killed")
    source = live.launch("fall", steps=50)
    followed(source)
    assert source.ended.startswith("Make room; `dltlab resume` goes on: the engine died at step 49: the disk is full;")
    monkeypatch.setattr(live, "ENGINE", [sys.executable, "-c", "raise SystemExit(1)"])
    with pytest.raises(UsageError, match="the disk is full; make room"):
        live.launch("fall")


def test_closing_the_viewer_never_stops_the_engine(engine):
    engine("listening")
    source = live.launch("fall")
    source.close()
    again = live.attach(source.path)
    assert recording.engine_alive(source.path)
    assert any(isinstance(record, Frames) for record in again.poll() + again.poll())
    again.send(commands.Stop())
    followed(again)
    assert "stopped" in again.ended


def test_commands_are_heard_and_echoed(engine):
    engine("listening")
    source = live.launch("fall")
    source.send(commands.Turn("learning_rate", 0.2))
    source.send(commands.Pause())
    source.send(commands.Stop())
    told = followed(source)
    assert [record.what for record in told if isinstance(record, Event)] == ["turn", "pause"]
    source.send(commands.Pause())


def test_a_dead_socket_shows_through_ended_and_is_no_exception(engine):
    engine("listening")
    source = live.launch("fall")
    os.kill(source.header.pid, signal.SIGKILL)
    source.send(commands.Pause())
    followed(source)
    assert "died" in source.ended


def test_a_file_that_names_another_socket_is_not_spoken_to(engine, tmp_path):
    engine("listening")
    source = live.launch("fall")
    plain = tmp_path / "letter"
    plain.write_text("")
    assert outbox.ours(source.header.socket)
    assert not outbox.ours(str(plain))
    assert not outbox.ours("\x00")
    source.send(commands.Stop())
    followed(source)


def test_a_refused_scenario_is_told_in_the_engines_own_lines(engine):
    engine("refused")
    with pytest.raises(ScenarioError) as refusal:
        live.launch("fall")
    assert refusal.value.faults == ("fall.toml:3:1: run.steps: too few.", "fall.toml:4:1: \\x1b[2Jbad")
    assert not list(folders.sessions().iterdir())


@pytest.mark.parametrize(("ending", "words"), [("broken", "The device is on fire"), ("silent", "it said nothing")])
def test_an_engine_that_dies_before_its_first_word_leaves_nothing_behind(engine, ending, words):
    engine(ending)
    with pytest.raises(EngineError, match=words):
        live.launch("fall")
    assert not list(folders.sessions().iterdir())


def test_an_engine_that_stays_silent_is_ended(engine, monkeypatch, tmp_path):
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time; time.sleep(60)")
    engine("")
    live.ENGINE[1:] = [str(sleeper)]
    monkeypatch.setattr(live, "LONGEST_START", 0.2)
    started = time.monotonic()
    with pytest.raises(EngineError, match="said nothing for"):
        live.launch("fall")
    assert time.monotonic() - started < 10


def test_doctor_examines_the_engine_that_runs(monkeypatch, tmp_path):
    told = """
import json, os, sys
device = {"processor": os.environ["PYTHONPATH"]}
print(json.dumps({"devices": sys.argv[1:], "device": device, "threads": 1, "fingerprint": "f"}))
"""
    (tmp_path / "engine.py").write_text(told)
    monkeypatch.setattr(live, "ENGINE", [sys.executable, str(tmp_path / "engine.py")])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    found = dict(doctor.report())
    assert found["devices"] == "doctor"
    assert found["processor"].startswith(f"{live.environment()['PYTHONPATH']}, 1 threads")


def test_no_recording_is_overwritten(engine, tmp_path):
    engine("finished")
    taken = tmp_path / "taken.dltlab.jsonl"
    taken.write_text("precious")
    with pytest.raises(UsageError, match="there is a file already"):
        live.launch("fall", session=taken)
    assert taken.read_text() == "precious"


@pytest.mark.parametrize(("beside", "text"), [("exp.log", "important"), ("exp.log", ""), ("exp.viewers", "important")])
def test_no_file_beside_a_recording_of_a_chosen_name_is_touched(engine, tmp_path, beside, text):
    engine("finished")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / beside).write_text(text)
    with pytest.raises(UsageError, match=rf"{beside}: there is a file already; choose another name"):
        live.launch("fall", session=folder / "exp")
    assert [(one.name, one.read_text()) for one in folder.iterdir()] == [(beside, text)]


def test_an_engine_that_does_not_go_on_takes_back_its_own_words_alone(engine, keep):
    engine("refused")
    path = keep("stopped")
    log = folders.log_path(path)
    log.write_text("The last words of the one before.\n")
    with pytest.raises(ScenarioError) as refusal:
        live.resume(path)
    assert len(refusal.value.faults) == 2
    assert log.read_text() == "The last words of the one before.\n"


def test_empty_logs_of_the_dead_are_swept_and_no_others(engine, keep, tmp_path):
    engine("finished")
    old, new, loud, lone = (tmp_path / f"{name}.log" for name in ("old", "new", "loud", "lone"))
    for log in (old, new, loud):
        keep(name=log.stem)
    for log in (old, new, loud, lone):
        log.write_text("Ouch." if log is loud else "")
        if log is not new:
            os.utime(log, (1, 1))
    live.launch("fake", session=tmp_path / f"next{records.SUFFIX}").close()
    assert [log.exists() for log in (old, new, loud, lone)] == [False, True, True, True]


def test_a_folder_that_is_not_there_is_named(engine, tmp_path):
    engine("finished")
    with pytest.raises(UsageError, match="cannot record there"):
        live.launch("fall", session=tmp_path / "nowhere" / "s.dltlab.jsonl")


def test_two_launches_in_one_second_have_two_sessions(engine):
    engine("finished")
    both = [live.launch("fall", steps=5) for _ in range(2)]
    assert both[0].path != both[1].path
    assert {Path(source.path).suffix for source in both} == {".jsonl"}
    for source in both:
        followed(source)


def test_a_stopped_session_is_continued_in_its_own_file(engine, keep):
    engine("finished")
    path = keep("stopped", steps=50)
    source = live.resume(path)
    told = followed(source)
    assert "finished at step 59" in source.ended
    assert [record.reason for record in told if isinstance(record, Footer)] == ["stopped", "finished"]
    history, _ = recording.read_all(path)
    assert len(history["loss"]) == 60
    assert history.footer is not None
    assert history.footer.reason == "finished"


def test_a_session_that_cannot_be_continued_says_why(engine, keep):
    engine("refused")
    with pytest.raises(ScenarioError, match="too few"):
        live.resume(keep("finished"))
    engine("broken")
    with pytest.raises(EngineError, match="on fire"):
        live.resume(keep("stopped"))


def test_a_running_session_is_not_continued(engine):
    engine("listening")
    source = live.launch("fall")
    with pytest.raises(UsageError, match="dltlab attach"):
        live.resume(source.path)
    source.send(commands.Stop())
    followed(source)


def test_a_launch_ahead_is_given_out_once_and_stopped_if_nobody_comes_for_it(engine):
    engine("listening")
    begun: list[Live] = []

    def launch() -> Live:
        begun.append(live.launch("fall"))
        return begun[-1]

    with Ahead(launch) as ahead:
        first, second = ahead(), ahead()
    assert begun == [first, second]
    assert not first.ended
    for source in (first, second):
        source.send(commands.Stop())
        followed(source)
    with Ahead(launch):
        pass
    until = time.monotonic() + 10
    while recording.engine_alive(begun[2].path) and time.monotonic() < until:
        time.sleep(0.01)
    assert not recording.engine_alive(begun[2].path)


def test_a_launch_ahead_that_fails_says_so_to_whoever_asks_and_to_nobody_else(engine):
    engine("finished")

    def launch() -> Live:
        raise ScenarioError("no such thing.")

    with Ahead(launch) as ahead, pytest.raises(ScenarioError, match="no such thing"):
        ahead()
    with Ahead(launch):
        pass

"""A replay tells the same history as the session, at its pace or any other."""

import itertools
import math

import numpy as np
import pytest

from dltlab.commands import Advance, Pace, Pause, Reach, Resume, Stop
from dltlab.records import Event, Frames, Header, Record
from dltlab.session import live
from dltlab.session.history import History
from dltlab.session.recording import opened, read_all
from dltlab.session.replay import LONGEST_GAP, Replay


class Clock:
    """A clock that the test turns."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def played_out(replay: Replay) -> list[Record]:
    """All that a replay tells whose clock goes ahead by years at a look."""
    told: list[Record] = []
    while not replay.ended:
        told += replay.poll()
    return told


def step_of(told):
    return max((record.step for record in told if isinstance(record, Frames)), default=-1)


def test_a_replay_is_the_session_record_for_record(keep):
    path, clock = keep(steps=200), Clock()
    follower, wanted = opened(path)
    wanted += follower.rest()
    follower.close()
    told, replay = [], Replay(path, clock=clock)
    while not replay.ended:
        told += replay.poll()
        clock.now += 0.013
    assert told == wanted
    assert played_out(Replay(path, clock=itertools.count(step=10**9).__next__)) == wanted
    assert "finished at step 199" in replay.ended


def test_a_replay_folds_to_the_same_history_as_live(engine):
    engine("finished")
    source, lived = live.launch("fall", steps=80, seeds=2), []
    while not source.ended:
        lived += source.poll()
    first, second = History(source.header), History(source.header)
    first.extend(lived)
    second.extend(played_out(Replay(source.path, clock=itertools.count(step=10**9).__next__)))
    for name, column in first.columns.items():
        assert np.array_equal(column.values, second[name].values)
        assert np.array_equal(column.steps, second[name].steps)
    assert first.events == second.events
    assert first.footer == second.footer


def test_records_are_due_when_the_recorded_clock_says_so(keep):
    path, clock = keep(steps=200), Clock()
    replay = Replay(path, clock=clock)
    told = replay.poll()
    assert isinstance(told[0], Header)
    assert step_of(told) == 9
    clock.now += 0.95
    assert step_of(replay.poll()) == 99
    double = Replay(path, clock=clock, speed=2.0)
    double.poll()
    clock.now += 0.5
    assert step_of(double.poll()) == 109


def test_a_pace_counts_steps_and_flat_out_releases_all(keep):
    replay = Replay(keep(steps=200), clock=(clock := Clock()))
    replay.poll()
    replay.send(Pace(100.0))
    clock.now += 0.555
    assert step_of(replay.poll()) == 64
    replay.send(Pace(None))
    assert step_of(replay.poll()) == 199
    assert replay.ended


def test_a_paused_replay_holds_and_advances_by_steps(keep):
    replay = Replay(keep(steps=200), clock=(clock := Clock()))
    replay.poll()
    replay.send(Pause())
    clock.now += 50
    assert [record.what for record in replay.poll() if isinstance(record, Event)] == ["pause"]
    replay.send(Advance(1))
    assert step_of(replay.poll()) == 10
    replay.send(Advance(25))
    assert step_of(replay.poll()) == 35
    clock.now += 50
    assert replay.poll() == []
    replay.send(Resume())
    assert step_of(replay.poll()) == -1
    clock.now += 0.11
    assert step_of(replay.poll()) == 39


def test_a_replay_goes_on_to_a_step_at_once_and_holds_there(keep):
    replay = Replay(keep(steps=200), clock=(clock := Clock()))
    replay.poll()
    replay.send(Reach(120))
    told = replay.poll()
    assert step_of(told) == 120
    assert [record.data["to"] for record in told if isinstance(record, Event) and record.what == "advance"] == [120]
    clock.now += 50
    assert replay.poll() == []
    replay.send(Reach(60))
    (refused,) = replay.poll()
    assert isinstance(refused, Event)
    assert refused.what == "refused"


@pytest.mark.parametrize("command", [Reach(199), Advance(200)])
def test_who_goes_to_the_end_is_told_the_last_states_readings_too(keep, command):
    """A session ends with readings of a state that no step leaves: frames that reach no further than those before."""
    path = keep(steps=200)
    *lines, last, footer = path.read_bytes().splitlines(keepends=True)
    assert b'"frames"' in last
    path.write_bytes(b"".join([*lines, last, last, footer]))
    replay = Replay(path)
    replay.poll()
    replay.send(command)
    shown = [record for record in replay.poll() if isinstance(record, Frames)]
    assert [record.step for record in shown][-2:] == [199, 199]
    assert replay.ended


@pytest.mark.parametrize("pace", [None, 40.0, math.inf])
def test_it_holds_at_every_stop_exactly_whatever_the_pace(keep, pace):
    replay = Replay(keep(steps=200), clock=(clock := Clock()))
    replay.stops = (5, 40, 49, 50, 133)
    history = History(replay.header)
    if pace is not None:
        replay.send(Pace(None if pace == math.inf else pace))
    held = []
    for _ in range(400):
        history.extend(replay.poll())
        clock.now += 0.07
        if replay.paused:
            held.append(history.step)
            # The loss has been read there, and not beyond.
            assert int(history["loss"].steps[-1]) == history.step
            assert history.events[-1].what == "pause"
            assert history.events[-1].step == history.step
            replay.send(Resume())
        if replay.ended:
            break
    assert held == [5, 40, 49, 50, 133]
    assert history.step == 199


def test_pieces_make_up_the_whole(keep):
    """The law of cutting: at whatever steps a replay held, what it told in the end is the recording."""
    path = keep(steps=200, seeds=2)
    whole, replay = read_all(path)[0], Replay(path, clock=(clock := Clock()))
    told = History(replay.header)
    told.extend(replay.poll())
    steps = np.random.default_rng(3).integers(1, 17, 60)
    for number in map(int, steps):
        before = told.step
        replay.send(Advance(number))
        told.extend(replay.poll())
        assert told.step == min(before + number, 199)
    assert told.step < 199 or sum(steps) > 150
    replay.send(Pace(None))
    replay.send(Resume())
    told.extend(replay.poll())
    assert replay.ended
    for name, column in whole.columns.items():
        assert np.array_equal(column.steps, told[name].steps)
        assert np.array_equal(column.values, told[name].values)
    assert [event for event in told.events if "replay" not in event.data] == whole.events
    assert (told.step, told.wall, told.clock, told.footer) == (whole.step, whole.wall, whole.clock, whole.footer)
    assert told.busy == pytest.approx(whole.busy)
    assert clock.now == 100.0


def test_long_gaps_are_cut_short(fake, tmp_path):
    from dltlab import records

    path, clock = tmp_path / "gap", Clock()
    told = [fake.header("gap", 30, 1), fake.frames(0, 10, 1, 0.0), fake.frames(10, 10, 1, 3600.0)]
    path.write_bytes(b"".join(map(records.encode, told)))
    replay = Replay(path, clock=clock)
    replay.poll()
    clock.now += LONGEST_GAP
    assert step_of(replay.poll()) == 19
    assert "breaks off at step" in replay.ended


def test_what_a_recording_cannot_do_is_refused_in_the_stream(keep):
    replay = Replay(keep(), clock=Clock())
    assert Stop not in replay.accepts
    replay.send(Stop())
    assert [record.what for record in replay.poll() if isinstance(record, Event)] == ["refused"]


def test_a_damaged_recording_replays_up_to_the_damage(keep):
    path = keep(steps=100)
    raw = bytearray(path.read_bytes())
    raw[-300] ^= 1
    path.write_bytes(raw)
    replay = Replay(path, clock=itertools.count(step=10**9).__next__)
    history = History(replay.header)
    history.extend(played_out(replay))
    assert 0 < len(history["loss"]) < 100
    assert "damaged" in replay.ended
    assert len(read_all(path)[0]["loss"]) == len(history["loss"])


@pytest.mark.parametrize("speed", [0.25, 1.0, 8.0])
def test_speed_changes_when_and_never_what(keep, speed):
    path, clock = keep(steps=100), Clock()
    replay, told = Replay(path, clock=clock, speed=speed), []
    while not replay.ended:
        told += replay.poll()
        clock.now += 0.05
    assert told == played_out(Replay(path, clock=itertools.count(step=10**9).__next__))

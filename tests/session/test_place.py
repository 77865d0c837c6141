"""Where a lecture stands, told by a file: whole or not at all, private, and silent once its process has died."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode
from msgspec.structs import asdict, replace

from dltlab.session import place
from dltlab.session.place import FORMAT, Announcing, Phase, Place

PHASES = get_args(Phase)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return tmp_path / "edge-1.dltlab.jsonl"


@given(
    st.integers(0, 1 << 53), st.sampled_from(PHASES), st.text(max_size=100), st.floats(0, 1e12), st.integers(0, 1 << 31)
)
def test_a_place_comes_back_and_moves_no_cursor(step: int, phase: Phase, question: str, began: float, pid: int) -> None:
    found = place.decode(encode(Place(step, phase, question, began, pid)))
    assert found is not None
    assert (found.step, found.phase, found.began, found.pid) == (step, phase, began, pid)
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in found.question)


@given(
    st.binary(max_size=200)
    | st.builds(
        lambda key, value: encode({**asdict(Place(1)), key: value}),
        st.sampled_from(["step", "phase", "began", "pid", "question"]),
        st.none() | st.integers() | st.floats() | st.text(),
    )
)
def test_whatever_stands_there_is_a_sound_place_or_none(data):
    found = place.decode(data)
    assert found is None or (0 <= found.step <= 1 << 53 and found.phase in PHASES and found.format == FORMAT)


def test_what_is_said_is_read_and_each_saying_replaces_the_last(session):
    told = Announcing(session)
    assert place.read(session) is None
    spoken: list[tuple[int, Phase]] = [(0, "playing"), (520, "asking"), (900, "told")]
    for step, phase in spoken:
        told.say(Place(step, phase, "edge"))
        found = place.read(session)
        assert found is not None
        assert (found.step, found.phase, found.question, found.pid) == (step, phase, "edge", os.getpid())
    path = place.path_of(session)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]
    told.close()
    assert os.listdir(path.parent) == []
    told.close()


def test_a_lecture_whose_process_was_killed_says_nothing(session):
    script = (
        "import sys, time; from pathlib import Path; from dltlab.session.place import *;"
        "told = Announcing(Path(sys.argv[1])); told.say(Place(7)); print('said', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(session)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"said\n"
    found = place.read(session)
    assert found is not None
    assert (found.step, found.pid) == (7, child.pid)
    child.kill()
    child.wait()
    child.stdout.close()
    assert place.path_of(session).exists()
    assert place.read(session) is None
    # The next lecture takes its place.
    told = Announcing(session)
    told.say(Place(8))
    assert place.read(session) is not None
    told.close()


def test_of_two_lectures_the_one_that_spoke_last_is_followed_and_takes_only_its_own_file_away(session):
    one, other = Announcing(session), Announcing(session)
    one.say(Place(1))
    other.say(Place(2))
    one.close()
    found = place.read(session)
    assert found is not None
    assert found.step == 2
    other.close()
    assert place.read(session) is None


def test_where_nothing_can_be_written_it_says_why_once(tmp_path):
    told = Announcing(tmp_path / "gone" / "edge-1.dltlab.jsonl")
    told.say(Place(1))
    assert "no other terminal can follow this lecture (No such file or directory)" in told.fault
    told.close()


def test_links_fifos_and_large_files_are_not_followed(session):
    path, other = place.path_of(session), session.with_name("other")
    other.write_bytes(encode(replace(Place(1), pid=os.getpid())))
    path.symlink_to(other)
    assert place.read(session) is None
    path.unlink()
    os.mkfifo(path)
    assert place.read(session) is None
    path.unlink()
    path.write_bytes(encode(Place(1)) + b" " * 5000)
    assert place.read(session) is None

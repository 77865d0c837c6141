"""What older versions recorded is opened by this one: replayed, folded, told, exported, continued."""

import itertools
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from dltlab import chapters, commands
from dltlab.errors import RecordingError, ScenarioError
from dltlab.exports import FORMATS, Wanted
from dltlab.exports.delivery import deliver
from dltlab.exports.exported import Exported
from dltlab.records import Footer, Frames, Header, Keyframe
from dltlab.session import live, shelf
from dltlab.session.history import History
from dltlab.session.recording import read_all
from dltlab.session.replay import Replay

FOLDER = Path(__file__).with_name("recordings")
OLD = sorted(FOLDER.glob("*.dltlab.jsonl"))


@pytest.fixture(params=OLD, ids=lambda path: path.name.partition(".dltlab")[0])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an old recording."""
    return Path(shutil.copy(request.param, tmp_path))


def test_there_is_one_of_the_first_version_and_all_are_small() -> None:
    assert OLD[0].name == "v0.1.0.dltlab.jsonl"
    assert all(path.stat().st_size < 200_000 for path in OLD)


def test_the_history_is_what_was_done(old: Path) -> None:
    history, note = read_all(old)
    assert not note
    assert (history.step, history.header.steps) == (1200, 1400)
    assert history.footer is not None
    assert history.footer.reason == "stopped"
    assert [(event.step, event.what) for event in history.events if event.what in ("turn", "mark", "kick")] == [
        (900, "turn"), (1000, "mark"), (1100, "kick"),
    ]  # fmt: skip
    assert (history.knob("learning_rate", 899), history.knob("learning_rate")) == (0.4, 0.3)
    assert 1200 in history.keyframes
    loss, sharpness = history["loss"], history["sharpness"]
    assert np.isfinite(loss.values).all()
    assert loss.steps[[0, -1]].tolist() == [0, 1200]
    assert loss.values[-1] < 0.6 * loss.values[0]
    # The phenomenon itself: the sharpness climbs to 2/η = 5 and stays about there.
    assert sharpness.values[0, ..., 0].item() < 3.5
    late = sharpness.values[(sharpness.steps > 560) & (sharpness.steps < 900), ..., 0]
    assert np.median(late) == pytest.approx(5.0, rel=0.1)


def test_its_replay_tells_the_same(old: Path) -> None:
    replay, told = Replay(old, clock=itertools.count(step=10**9).__next__), []
    while not replay.ended:
        told += replay.poll()
    again, (whole, _) = History(replay.header), read_all(old)
    again.extend(told)
    assert {type(record) for record in told} >= {Header, Frames, Keyframe, Footer}
    assert again.events == whole.events
    for name, column in whole.columns.items():
        assert again[name].values.tobytes() == column.values.tobytes()
    assert replay.ended == "The recorded session stopped at step 1200."
    replay.close()
    assert shelf.look(old).state == "stopped"


def test_its_chapters_and_claims_are_told(old: Path) -> None:
    session = Exported(old)
    found = {chapter.kind: chapter.step for chapter in chapters.detect(session.history)}
    assert {"turned": 900, "mark": 1000, "kick": 1100}.items() <= found.items()
    assert found["edge"] == pytest.approx(520, abs=40)
    # Claims that this version does not know would be "not yet".
    assert sum(verdict.status == "holds" for verdict in session.verdicts) >= 4


@pytest.mark.parametrize("format_", FORMATS)
def test_it_is_exported(old: Path, format_: str) -> None:
    out = old.with_name("out")
    assert not deliver(FORMATS[format_], old, out, Wanted(), mode="none").note
    assert out.stat().st_size > 2000


def test_it_goes_on_or_is_refused_in_a_sentence(old: Path) -> None:
    """A later version may not know its state any more, but it must say so, and leave it whole."""
    before = old.read_bytes()
    try:
        source = live.resume(old)
    except (RecordingError, ScenarioError):
        assert old.read_bytes() == before
        return
    history, until = History(source.header), time.monotonic() + 60
    source.send(commands.Pace(None))
    while not source.ended and time.monotonic() < until:
        history.extend(source.poll())
        time.sleep(0.01)
    source.kill()
    source.close()
    assert history.footer is not None, source.ended
    assert (history.footer.reason, history.step) == ("finished", 1400)
    assert old.read_bytes().startswith(before)
    assert [event.step for event in history.events if event.what == "continued"] == [1200]
    assert history.knob("learning_rate") == 0.3

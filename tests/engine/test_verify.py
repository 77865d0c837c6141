"""A recording is computed once more to the last bit, whatever was done to it; and what was altered is found."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab import commands, records
from dltlab.errors import DltlabError, RecordingError
from dltlab.headless import verify
from dltlab.records import Array, Event, Footer, Frames, Header, Keyframe, Record
from dltlab.session import diff
from dltlab.session.history import History

pytestmark = pytest.mark.usefixtures("wide")

SCENARIO = """
title = "proved"
[problem]
kind = "supervised"
batch = 5
data = {kind = "chebyshev", degree = 3, points = 12}
model = {kind = "mlp", widths = [4], gain = 1.9}
[optimizer]
kind = "gradient_descent"
learning_rate = 0.05
[run]
steps = 150
precision = "float64"
[probes.loss]
kind = "loss"
[probes.movement]
kind = "weight_movement"
every = 10
[theories.sharpness]
kind = "stability_threshold"
every = 10
[[knobs]]
name = "learning_rate"
low = 0.001
high = 1e6
"""
LIVE: Sequence[tuple[int, commands.Command]] = (
    (20, commands.Turn("learning_rate", 0.08)),
    (43, commands.Pause()),
    (43, commands.Kick(0.01)),
    (43, commands.Advance(7)),
    (50, commands.Turn("learning_rate", 0.03)),
    (50, commands.Resume()),
)
"""From which step on a viewer asks for what: three interventions, two of them while it is held."""
Altered = Callable[..., Path]


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine runs in the test's own process, whose signals are not its own, and as a single thread."""
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setenv("NPROC", "1")


def watched(loop: Any, orders: Sequence[tuple[int, commands.Command]]) -> None:
    """A viewer at the loop's ear, who asks for one thing after the other."""
    waiting = list(orders)

    def heard() -> list[commands.Command]:
        due = [order for step, order in waiting[:1] if loop.step >= step]
        del waiting[: len(due)]
        return due

    loop._heard = heard
    # Small chunks: the commands meet the session where it is, not at its end.
    loop._affordable = lambda: 3


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with three live interventions."""
    from dltlab.engine import session

    folder = tmp_path_factory.mktemp("verify")
    scenario, path = folder / "scenario.toml", folder / f"original{records.SUFFIX}"
    scenario.write_text(SCENARIO, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signal.signal", lambda *_: None)
        patch.setenv("NPROC", "1")
        flown = session._flown
        patch.setattr(session, "_flown", lambda loop, journal: (watched(loop, LIVE), flown(loop, journal))[1])
        assert session.run(path, str(scenario), headless=True) == 0
    acts = [record.what for record in told(path) if isinstance(record, Event) and record.what in ("turn", "kick")]
    assert acts == ["turn", "kick", "turn"]
    return path


def told(path: Path) -> list[Record]:
    decoder = records.Decoder()
    found = list(decoder.feed(path.read_bytes()))
    assert not decoder.note
    return found


def written(path: Path, said: Sequence[Record]) -> Path:
    path.write_bytes(b"".join(map(records.encode, said)))
    return path


def proved(path: Path, place: Path) -> diff.Comparison:
    """A recording against itself, computed once more."""
    from dltlab.engine import again

    assert again.again(path, place / f"again-{path.name}") == 0
    return diff.compare(diff.told(path), diff.told(place / f"again-{path.name}"), whole=True)


def test_three_live_interventions_are_done_again_to_the_last_bit(
    original: Path, capsys: pytest.CaptureFixture[str], folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, begin = original.read_bytes(), History.__init__
    folded: list[Header] = []
    monkeypatch.setattr(History, "__init__", lambda it, head: (folded.append(head), begin(it, head))[1])
    assert verify.verify(original, quiet=True) == 0
    assert len(folded) == 2, "each recording is held once"
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("Identical, bit for bit (fingerprint ")
    readings = sum(len(column) for column in diff.told(original).history.columns.values())
    assert f"{readings} readings of 5 series and 3 kept states, up to step 150; 3 interventions done again." in said
    assert original.read_bytes() == before
    assert not list((folders / "cache").glob("verify-*")), "nothing is left behind"


def test_one_altered_number_is_named_by_its_step_and_series(original: Path, tmp_path: Path) -> None:
    said = told(original)
    place = next(n for n, record in enumerate(said) if isinstance(record, Frames) and record.step > 100)
    frames = said[place]
    assert isinstance(frames, Frames)
    part = next(part for part in frames.parts if "loss" in part.columns)
    values = part.columns["loss"].numpy().copy()
    values[-1] = np.nextafter(values[-1], 9)
    columns = part.columns | {"loss": Array.of(values)}
    said[place] = replace(frames, parts=(*(p for p in frames.parts if p is not part), replace(part, columns=columns)))
    found = proved(written(tmp_path / "altered", said), tmp_path)
    assert found.verdict == "differs"
    assert found.first is not None
    assert found.first.at == (int(part.steps()[-1]), "loss", ())
    missing = [record for record in told(original) if record != frames]
    again = diff.told(tmp_path / "again-altered")
    found = diff.compare(diff.told(written(tmp_path / "missing", missing)), again, whole=True)
    assert found.first == diff.Place(part.first, "loss"), "nor can a frame be left out"


@pytest.mark.parametrize("at", [20, 50])
def test_an_act_that_is_told_otherwise_is_found_where_it_first_shows(original: Path, tmp_path: Path, at: int) -> None:
    said = told(original)
    place = next(n for n, x in enumerate(said) if isinstance(x, Event) and x.what == "turn" and x.step >= at)
    turn = said[place]
    assert isinstance(turn, Event)
    said[place] = replace(turn, data=turn.data | {"value": 0.06})
    found = proved(written(tmp_path / "otherwise", said), tmp_path)
    assert found.first is not None
    assert (found.first.step, found.first.series) == (turn.step + 1, "loss"), "where a step with it is read first"
    assert found.largest is not None


def test_another_seed_differs_at_the_first_step(original: Path, tmp_path: Path) -> None:
    head, *rest = told(original)
    assert isinstance(head, Header)
    run = head.scenario["run"] | {"seed": 1}
    found = proved(written(tmp_path / "seed", [replace(head, scenario=head.scenario | {"run": run}), *rest]), tmp_path)
    assert found.first is not None
    assert (found.first.step, found.first.series) == (0, "loss")


def test_a_truncated_copy_is_proved_as_far_as_it_goes(original: Path, tmp_path: Path) -> None:
    data = original.read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(data[: data.index(b'"what":"advance"') + 3])
    found = proved(path, tmp_path)
    assert (found.verdict, found.upto, found.missing) == ("identical", diff.told(path).reached, (0, 0))
    assert 43 <= found.upto < 50


def test_a_killed_continued_and_forked_session_is_proved_whole(original: Path, tmp_path: Path) -> None:
    from dltlab.engine import forks, session

    said = told(original)
    kept = [record for record in said if isinstance(record, Keyframe)]
    paused = next(record.step for record in said if isinstance(record, Event) and record.what == "pause")
    assert [one.step for one in kept] == [0, paused, 150], "acts are told, and done again from the one before them"
    killed = next(n for n, record in enumerate(said) if isinstance(record, Frames) and record.step > 90)
    path = written(tmp_path / f"killed{records.SUFFIX}", said[: killed + 1])
    assert session.resume(path, headless=True) == 0
    assert [record.digest for record in told(path) if isinstance(record, Keyframe)] == [one.digest for one in kept]
    held = tmp_path / f"held{records.SUFFIX}"
    assert session.fork(path, held, paused, forks.Changes(), steps=60, headless=True) == 0
    fork, end = tmp_path / f"fork{records.SUFFIX}", Path(f"{tmp_path}/lost{records.SUFFIX}")
    changes = forks.Changes(7, (("learning_rate", 0.2),), 0.02, "random")
    assert session.fork(path, fork, 77, changes, steps=120, headless=True) == 0
    assert session.fork(fork, end, 80, forks.Changes(turns=(("learning_rate", 1e6),)), headless=True) == 0
    last = told(end)[-1]
    assert isinstance(last, Footer)
    assert last.reason == "diverged"
    for one, states in ((path, 3), (held, 3), (fork, 4), (end, 4)):
        found = proved(one, tmp_path)
        assert (found.verdict, found.missing) == ("identical", (0, 0)), one.name
        assert found.states >= states


def test_what_cannot_be_computed_again_is_refused(original: Path, tmp_path: Path) -> None:
    from dltlab.engine import again

    head, *rest = told(original)
    assert isinstance(head, Header)
    cases: dict[str, list[Record]] = {
        "no header": rest,
        "no scenario": [replace(head, scenario={"run": 3}), *rest],
        "another scenario": [replace(head, scenario=head.scenario | {"probes": {"loss": {"kind": "loss"}}}), *rest],
        "no knob": [head, Event(3, "turn", "", {"knob": "\x1b[2J", "value": 1.0}), *rest],
    }
    for name, said in cases.items():
        with pytest.raises(DltlabError) as fault:
            again.again(written(tmp_path / "hostile", said), tmp_path / "again")
        assert fault.value.exit_code == 2, name
        assert "\x1b" not in str(fault.value)
        assert not (tmp_path / "again").exists()
    strange = [Frames(1 << 50, (), 0.0, 0.0), Keyframe(1 << 50, {}, ""), Event(9, "cadence", "", {"every": []})]
    found = proved(written(tmp_path / "far", [head, *strange, *rest]), tmp_path)
    assert found.first == diff.Place(150, diff.END), "a step beyond those planned is not waited for"


def test_a_recording_of_what_is_refused_now_is_told_the_reason_and_no_cure_of_a_scenario(
    original: Path, tmp_path: Path
) -> None:
    from dltlab.engine import again, forks, session

    head, *rest = told(original)
    assert isinstance(head, Header)
    sharpness = head.scenario["probes"] | {"sharpness": {"kind": "sharpness", "every": 10}}
    adam = {"optimizer": {"kind": "adam", "learning_rate": 0.05}, "probes": sharpness}
    path = tmp_path / f"old{records.SUFFIX}"
    cut = [record for record in rest if not isinstance(record, Footer)]
    before = written(
        path, [replace(head, scenario=head.scenario | adam, versions={"dltlab": "0.0.9"}), *cut]
    ).read_bytes()
    other, sentences = tmp_path / f"other{records.SUFFIX}", []
    for ask in (
        lambda: again.again(path, other),
        lambda: session.fork(path, other, 77, forks.Changes(), headless=True),
        lambda: session.resume(path, headless=True),
        lambda: session.anew(other, path),
    ):
        with pytest.raises(RecordingError) as fault:
            ask()
        sentences.append(str(fault.value))
        assert not other.exists()
    (said,) = set(sentences)
    assert re.fullmatch(
        rf"{re.escape(str(path))}: this dltlab refuses its scenario \(probes\.sharpness: the threshold .* of this "
        r"optimizer is that of the preconditioned Hessian, and this reads the Hessian itself\); "
        r"use the one that recorded it \(0\.0\.9\)\.",
        said,
    )
    assert path.read_bytes() == before

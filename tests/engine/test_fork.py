"""Forks by the real engine: its parent's bytes up to a step, and from there what the parent would have done, or not."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab import commands, records
from dltlab.errors import DltlabError, UsageError
from dltlab.records import Array, Event, Footer, Frames, Header, Keyframe, Record
from dltlab.session import live

pytestmark = pytest.mark.usefixtures("wide")

HEAD = """
title = "forked"
[problem]
kind = "supervised"
data = {kind = "chebyshev", degree = 3, points = 12}
model = {kind = "mlp", widths = [5], gain = 1.9}
[optimizer]
kind = "gradient_descent"
learning_rate = 0.05
[run]
steps = 300
precision = "float64"
[probes.loss]
kind = "loss"
[probes.movement]
kind = "weight_movement"
every = 10
[[knobs]]
name = "learning_rate"
low = 0.001
high = 10.0
"""
ALONE = """
[probes.sharpness]
kind = "sharpness"
method = "tracked"
every = 10
[theories.flow]
kind = "gradient_flow"
every = 20
"""
SEVERAL = """
[[arms]]
name = "plain"
[[arms]]
name = "drawn"
seeds = 1
optimizer = {kind = "adam", learning_rate = 0.01}
problem.batch = 4
[[arms]]
name = "lost"
seeds = 1
optimizer.learning_rate = 1e5
"""
AT = 147
TURN = Event(61, "turn", "η 0.05 → 0.08.", {"knob": "learning_rate", "value": 0.08, "old": 0.05})
KICK = Event(94, "kick", "Kicked.", {"radius": 0.01, "direction": "random"})
Forked = Callable[..., Path]


@pytest.fixture(autouse=True)
def signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine runs in the test's own process, whose signals are not its own, and members of an arm in one block."""
    import signal

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("NPROC", "1")


@pytest.fixture(scope="module", params=["alone", "several"])
def parent(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole session with a turn and a kick, and with no keyframe but those at its ends.

    Of a member alone that draws batches; or of two that descend the whole loss beside an arm that draws batches
    and one that diverges before there is anything to fork.
    """
    from dltlab.engine import session

    folder = tmp_path_factory.mktemp(request.param)
    scenario, path = folder / "scenario.toml", folder / f"parent{records.SUFFIX}"
    alone = HEAD.replace('kind = "gradient_descent"', 'kind = "polyak"').replace("[problem]", "[problem]\nbatch = 5")
    several = HEAD.replace("steps = 300", "steps = 300\nseeds = 2")
    scenario.write_text(alone + ALONE if request.param == "alone" else several + SEVERAL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("signal.signal", lambda *_: None)
        patch.setenv("NPROC", "1")
        with pytest.MonkeyPatch.context() as unflown:
            unflown.setattr("dltlab.engine.session._flown", begun)
            assert session.run(path, str(scenario), headless=True) == 0
        assert session.resume(path, headless=True) == 0
    # A slow machine takes keyframes on the way.
    return written(path, [x for x in told(path) if not (isinstance(x, Keyframe) and 0 < x.step < 300)])


def begun(loop: Any, journal: Any) -> int:
    """A session that was killed as soon as it had begun, and whose viewer had asked for a turn and a kick."""
    loop._keyframe()
    loop.viewers.close()
    journal.append(TURN, KICK)
    return 0


@pytest.fixture
def forked(parent: Path, tmp_path: Path) -> Forked:
    """Fork the parent."""
    from dltlab.engine import forks, session

    def fork(at: int = AT, *, of: Path = parent, steps: int | None = None, **changes: Any) -> Path:
        path = tmp_path / f"fork-{len(list(tmp_path.iterdir()))}{records.SUFFIX}"
        assert session.fork(of, path, at, forks.Changes(**changes), steps=steps, headless=True) == 0
        return path

    return fork


def told(path: Path) -> list[Record]:
    decoder = records.Decoder()
    found = list(decoder.feed(path.read_bytes()))
    assert not decoder.note
    return found


def written(path: Path, said: Iterable[Record]) -> Path:
    path.write_bytes(b"".join(map(records.encode, said)))
    return path


def columns(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Every series as its steps and readings, as the records give them: one told twice stands there twice."""
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for record in told(path):
        for part in record.parts if isinstance(record, Frames) else ():
            for name, column in part.columns.items():
                found.setdefault(name, []).append((part.steps(), column.numpy()))
    return {
        name: (np.concatenate([steps for steps, _ in pieces]), np.concatenate([values for _, values in pieces]))
        for name, pieces in found.items()
    }


def same(
    one: Path, other: Path, *, upto: int = 1 << 30, among: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> bool:
    """Whether two sessions have the same steps and bits, up to a step."""
    left, right = columns(one), columns(other)
    assert left.keys() == right.keys()
    return all(
        (steps[steps <= upto].tobytes(), among(values[steps <= upto]).tobytes())
        == (right[name][0][right[name][0] <= upto].tobytes(), among(right[name][1][right[name][0] <= upto]).tobytes())
        for name, (steps, values) in left.items()
    )


def last(path: Path) -> Keyframe:
    return [record for record in told(path) if isinstance(record, Keyframe)][-1]


def test_an_unchanged_fork_is_its_parent_to_the_last_bit(parent: Path, forked: Forked) -> None:
    before = hashlib.sha256(parent.read_bytes()).digest()
    path = forked()
    assert hashlib.sha256(parent.read_bytes()).digest() == before, "the parent is only read"
    assert same(path, parent)
    # A member that is lost strays from chunk to chunk.
    states = [{n: leaf for n, leaf in last(one).leaves.items() if not n.startswith("[2]")} for one in (path, parent)]
    assert states[0] == states[1], "what probes remember is part of it"
    assert len(states[0]) > 5
    lost = [
        [record for record in told(one) if isinstance(record, Event) and record.what == "diverged"]
        for one in (path, parent)
    ]
    assert lost[0] == lost[1], "nobody is lost twice"
    assert len(lost[0]) == (len(columns(path)["loss"][1].shape) > 1)
    (head, *rest), (old, *_) = told(path), told(parent)
    assert isinstance(head, Header)
    assert isinstance(old, Header)
    assert (head.parent, head.forked, head.scenario) == ("parent", AT, old.scenario)
    assert (head.session, head.pid) == (path.name.removesuffix(records.SUFFIX), os.getpid())
    place = next(index for index, record in enumerate(rest) if isinstance(record, Event) and record.what == "fork")
    lines, copied = parent.read_bytes().splitlines(), path.read_bytes().splitlines()[1 : place + 1]
    whole = [line for line, record in zip(copied, rest, strict=False) if line not in lines]
    assert len(whole) == 1, "all but the chunk that was cut is the parent's, byte for byte"
    assert isinstance(cut := rest[place - 1], Frames)
    assert cut.step == AT
    assert {type(record) for record in rest[:place]} == {Frames, Event, Keyframe}
    assert [e.what for e in rest[:place] if isinstance(e, Event) and e.what in ("turn", "kick")] == ["turn", "kick"]


@pytest.mark.parametrize("parent", ["several"], indirect=True)
def test_changes_are_told_and_nothing_before_them_differs(parent: Path, forked: Forked) -> None:
    path = forked(turns=(("learning_rate", 0.2),), kick=0.5, seed=7)
    assert same(path, parent, upto=AT)
    assert not same(path, parent, upto=AT + 10)
    acts = ("fork", "turn", "kick")
    said = [record for record in told(path) if isinstance(record, Event) and record.step == AT and record.what in acts]
    assert [event.what for event in said] == [*acts]
    assert said[0].data == {
        "parent": "parent", "step": AT, "seed": 7, "turns": {"learning_rate": 0.2}, "kick": 0.5, "direction": "random",
    }  # fmt: skip
    assert said[1].data == {"knob": "learning_rate", "value": 0.2, "old": 0.08}, "the turn before it counts"
    assert AT in [record.step for record in told(path) if isinstance(record, Keyframe)]
    again = written(path.with_name(f"killed{records.SUFFIX}"), till_the_changes(path))
    from dltlab.engine import session

    assert session.resume(again, headless=True) == 0
    assert same(again, path), "a fork that was killed at its first step is continued as the fork that it is"


def till_the_changes(path: Path) -> list[Record]:
    """A fork as far as it was written before its engine took a step."""
    said = told(path)
    place = next(
        index
        for index, record in enumerate(said)
        if isinstance(record, Event) and record.what == "compiling" and record.step == AT
    )
    return said[:place]


@pytest.mark.parametrize("parent", ["several"], indirect=True)
def test_a_new_seed_changes_what_is_drawn_and_nothing_else(parent: Path, forked: Forked) -> None:
    path = forked(seed=1)
    again = forked(at=AT + 20, of=path)
    assert same(again, path), "a fork of a fork"
    assert sum(isinstance(record, Event) and record.what == "diverged" for record in told(again)) == 1
    assert [record.parent for record in told(again) if isinstance(record, Header)] == [path.name.split(".")[0]]
    assert same(path, parent, among=lambda values: values[:, 0]), "the first arm draws nothing"
    assert not same(path, parent, among=lambda values: values[:, 1])
    assert not same(path, forked(seed=2), among=lambda values: values[:, 1])


@pytest.mark.parametrize("parent", ["several"], indirect=True)
def test_where_a_session_ends_a_fork_goes_on(parent: Path, forked: Forked) -> None:
    with pytest.raises(UsageError, match="nothing is left of its 300 steps at step 300; say with --steps"):
        forked(at=300)
    path = forked(at=300, steps=310)
    assert same(path, parent, upto=300)
    assert columns(path)["loss"][0].tolist() == list(range(311))
    assert isinstance(footer := told(path)[-1], Footer)
    assert (footer.step, footer.reason) == (310, "finished")


def test_a_session_that_runs_is_forked_beside_itself(tmp_path: Path) -> None:
    scenario = tmp_path / "slow.toml"
    scenario.write_text(HEAD.replace("steps = 300", "steps = 100000\npace = 100"), encoding="utf-8")
    parent = live.launch(str(scenario))
    fork = None
    try:
        at = live_step(parent, 30)
        fork = live.fork(parent.path, at, turns=[("learning_rate", 0.2)])
        assert (fork.header.parent, fork.header.forked) == (parent.header.session, at)
        assert live_step(fork, at + 20) > at
        assert not fork.ended
        assert not parent.ended
        assert same(fork.path, parent.path, upto=at)
        with pytest.raises(DltlabError, match=r"recorded up to step \d+, not 99999; fork it at a step up to there"):
            live.fork(parent.path, 99999)
    finally:
        for source in filter(None, (parent, fork)):
            source.send(commands.Stop())
            source.close()


def live_step(source: live.Live, step: int) -> int:
    """Follow a session until it has come that far; where it is then."""
    import time

    until, reached = time.monotonic() + 60, 0
    while reached < step:
        assert time.monotonic() < until
        reached = max([reached, *(record.step for record in source.poll() if isinstance(record, Frames))])
        time.sleep(0.01)
    return reached


@pytest.mark.parametrize("parent", ["several"], indirect=True)
def test_a_parent_that_does_not_fit_its_scenario_is_refused(parent: Path, tmp_path: Path) -> None:
    from dltlab.engine import forks, session

    head, key, *rest = told(parent)
    assert isinstance(head, Header)
    assert isinstance(key, Keyframe)
    step = next(name for name, leaf in key.leaves.items() if name.endswith(".step"))
    nested: dict = {}
    for _ in range(400):
        nested = {"deeper": nested}
    strange = {
        "garbage": replace(key, leaves={name: replace(leaf, dtype="\x1b[2J") for name, leaf in key.leaves.items()}),
        "cut": replace(key, leaves={name: replace(leaf, data=leaf.data[:1]) for name, leaf in key.leaves.items()}),
        "empty": replace(key, leaves={}),
        "elsewhere": replace(key, leaves=key.leaves | {step: Array.of(key.leaves[step].numpy() + 7)}),
    }
    cases: dict[str, list[Record]] = {name: [head, keyframe, *rest] for name, keyframe in strange.items()}
    cases |= {
        "another scenario": [
            replace(head, scenario=head.scenario | {"probes": {"loss": {"kind": "loss"}}}),
            key,
            *rest,
        ],
        "no scenario": [replace(head, scenario={"run": 3}), key, *rest],
        "a deep one": [replace(head, scenario=head.scenario | {"problem": nested}), key, *rest],
        "no knob": [head, key, replace(TURN, step=0, data={"knob": "\x1b[2J", "value": 1.0}), *rest],
    }
    for name, said in cases.items():
        path = written(tmp_path / "hostile", said)
        with pytest.raises(DltlabError) as fault:
            session.fork(path, tmp_path / f"fork{records.SUFFIX}", 20, forks.Changes(), headless=True)
        assert fault.value.exit_code == 2, name
        assert not re.search("[\x00-\x09\x0b-\x1f]", str(fault.value)), name
    assert [path.name for path in tmp_path.iterdir()] == ["hostile"], "nothing is left behind"

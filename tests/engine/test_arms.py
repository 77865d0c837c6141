"""Arms: variants in lock step, each member the bits that it would have alone."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from dltlab import scenario
from dltlab.commands import Kick, Turn
from dltlab.engine import acts, experiment, keyframes
from dltlab.engine.arms import overlaid
from dltlab.engine.fleet import Fleet, _dealt
from dltlab.engine.inbox import Inbox
from dltlab.engine.journal import Journal
from dltlab.engine.loop import Loop
from dltlab.errors import ScenarioError
from dltlab.records import Decoder
from dltlab.session.history import History

pytestmark = pytest.mark.usefixtures("wide")
TEXT = """
title = "arms"
[problem]
kind = "supervised"
data = {kind = "chebyshev", degree = 4, points = 20}
model = {kind = "mlp", widths = [12], gain = 1.9}
[optimizer]
kind = "gradient_descent"
learning_rate = 0.1
[run]
steps = 120
seeds = 3
precision = "float64"
[probes.loss]
kind = "loss"
[probes.movement]
kind = "weight_movement"
every = 10
[probes.sharpness]
kind = "sharpness"
method = "dense"
top = 2
every = 20
[[knobs]]
name = "learning_rate"
low = 1e-4
high = 1e6
[[arms]]
name = "base"
[[arms]]
name = "wide"
title = "m = 20"
value = 20
seeds = 2
problem.model.widths = [20]
[[arms]]
name = "deep"
problem.model.widths = [5, 5]
[[arms]]
name = "fast"
optimizer.learning_rate = 0.3
[[arms]]
name = "adam"
seeds = 1
optimizer = {kind = "adam", learning_rate = 0.01}
"""
LOST = """
title = "lost"
problem = {kind = "quadratic", eigenvalues = [1.0]}
optimizer = {kind = "gradient_descent", learning_rate = 1e5}
run = {steps = 5}
probes.loss = {kind = "loss"}
arms = [{name = "wild"}, {name = "tame", optimizer = {learning_rate = 0.01}}]
"""


def document(*overrides: str) -> scenario.Document:
    found = scenario.parse(TEXT, "arms.toml")
    for override in overrides:
        found.set(override)
    return found


def recorded(folder: Path, made: experiment.Experiment, *, orders: dict[int, Any] | None = None) -> History:
    """The history of a run, with commands obeyed before certain steps."""
    path = folder / f"{len(list(folder.iterdir()))}"
    journal, inbox = Journal.created(path), Inbox(folder / f"{path.name}s")
    fleet = Fleet(made.programs, made.members)
    try:
        loop = Loop(made, fleet, fleet.begin(), journal, inbox)
        for step, order in (orders or {}).items():
            while loop.step < step:
                assert loop._chunk(step) is None
            loop._obey(order)
        journal.append(loop.run())
    finally:
        inbox.close()
        journal.close()
    records = list(Decoder().feed(path.read_bytes()))
    history = History(_header(made))
    history.extend(records)
    return history


def _header(made: experiment.Experiment) -> Any:
    from dltlab.records import FORMAT, Header

    return Header(
        format=FORMAT, session="s", started="", title="", scenario={}, source="", steps=120, every=1, pace=None,
        seeds=made.seeds, series=made.series, knobs=made.knobs, parameters=1, precision="float64", optimizer="",
        versions={}, device={}, threads=1, fingerprint="", arms=made.arms,
    )  # fmt: skip


def test_every_member_has_the_bits_that_it_has_alone(tmp_path: Path) -> None:
    together = recorded(tmp_path, experiment.build(document()))
    for name, seeds in {"wide": 2, "fast": 3, "adam": 1}.items():
        arm = together.arm(name)
        assert arm.header.seeds == tuple(range(seeds))
        for seed in range(seeds):
            alone = recorded(tmp_path, experiment.build(document(), seed=seed, seeds=1, only=[name])).arm(name)
            assert alone.header.seeds == (seed,)
            for series in ("loss", "movement", "movement.relative", "sharpness"):
                assert arm[series].values[:, seed].tobytes() == alone[series].values[:, 0].tobytes(), (name, series)


def test_arms_that_differ_in_shape_share_a_column_and_what_they_lack_is_nan(tmp_path: Path) -> None:
    history = recorded(tmp_path, experiment.build(document()))
    layers = history["movement.layers"]
    assert layers.series.axes == ("arm", "seed", "layer")
    assert layers.values.shape[1:] == (5, 3, 3)
    there = np.isfinite(layers.values[-1])
    assert there[2].all(), "the deep arm has three layers"
    assert there[0, :, :2].all()
    assert not there[0, :, 2].any()
    assert not there[1, 2].any(), "the wide arm has two seeds"
    assert there[1, :2, :2].all()
    assert [(arm.name, arm.title, arm.value, arm.seeds) for arm in history.header.arms][1] == ("wide", "m = 20", 20, 2)


def test_a_reading_that_an_arm_lacks_is_nan_there_and_nowhere_else(tmp_path: Path) -> None:
    # In the metric that Adam learns the raw sharpness has no threshold to be relative to.
    history = recorded(tmp_path, experiment.build(document("optimizer.kind=adam", "arms.fast.optimizer.kind=polyak")))
    raw, relative = (history[name].values for name in ("sharpness", "sharpness.relative"))
    assert np.isfinite(raw[-1, :, 0]).all()
    assert np.isfinite(relative[-1]).any(axis=(1, 2)).tolist() == [False, False, False, True, False]


def test_a_member_that_diverges_is_said_by_name_and_leaves_the_others_alone(tmp_path: Path) -> None:
    history = recorded(tmp_path, experiment.build(document("arms.fast.optimizer.learning_rate=50", "run.seeds=3")))
    lost = [(event.data["arm"], event.data["seed"]) for event in history.events if event.what == "diverged"]
    assert sorted(lost) == [("fast", 0), ("fast", 1), ("fast", 2)]
    assert history.footer is not None
    assert history.footer.reason == "finished"
    last = np.isfinite(history["loss"].values[-1])
    assert last[0].all()
    assert not last[3].any()
    assert len(history.arm("fast").events) - len(history.arm("base").events) == 3


@pytest.mark.parametrize("steps", [5, 6, 40])
def test_who_is_lost_is_lost_at_the_last_step_too_and_the_clock_is_that_of_who_lives(
    tmp_path: Path, steps: int
) -> None:
    document = scenario.parse(LOST, "lost.toml")
    both = recorded(tmp_path, experiment.build(document, steps=steps))
    assert both.footer is not None
    assert (both.footer.reason, both.footer.step) == ("finished", steps)
    lost = [event.data for event in both.events if event.what == "diverged"]
    assert lost == [{"arm": "wild", "seed": 0, "step": 5}]
    assert both.clock == pytest.approx(0.01 * steps)
    assert not np.isfinite(both["loss"].values[5, 0, 0])
    assert both["loss"].steps.tolist() == list(range(steps + 1))
    alone = recorded(tmp_path, experiment.build(document, steps=steps, only=["wild"]))
    assert alone.footer is not None
    assert (alone.footer.reason, alone.footer.step, alone.footer.last_finite) == ("diverged", 5, 4)
    assert [event.data for event in alone.events if event.what == "diverged"] == [{"step": 5}]


def test_a_knob_keeps_the_ratios_of_the_arms() -> None:
    made = experiment.build(document())
    fleet = Fleet(made.programs, made.members)
    fleet.place(fleet.begin())
    assert acts.standing(fleet, made, "learning_rate") == pytest.approx(0.1)
    acts.turn(fleet, made, "learning_rate", 0.02)
    rates = [float(np.ravel(fleet.state(arm).opt.hyperparams["learning_rate"])[0]) for arm in range(5)]
    assert rates == pytest.approx([0.02, 0.02, 0.02, 0.06, 0.002])


def test_a_keyframe_holds_every_arm(tmp_path: Path) -> None:
    made = experiment.build(document())
    fleet = Fleet(made.programs, made.members)
    fleet.place(fleet.begin())
    fleet.land(fleet.fly(30))
    frame = keyframes.taken(30, fleet.gathered())
    other = Fleet(made.programs, made.members)
    other.place(keyframes.restored(frame, other.begin()))
    for one in (fleet, other):
        one.land(one.fly(20))
    ends = [jax.tree.leaves(one.gathered()) for one in (fleet, other)]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*ends, strict=True))
    del tmp_path


def test_a_kick_moves_every_member_by_its_radius_and_differs_between_seeds() -> None:
    made = experiment.build(document())
    fleet = Fleet(made.programs, made.members)
    fleet.place(fleet.begin())
    before = fleet.gathered()
    acts.kick(fleet, 0.5, "random")
    moves = []
    for was, now in zip(before, fleet.gathered(), strict=True):
        lead = 1 if len(jax.tree.leaves(was[0].step)[0].shape) else 0
        apart = [
            np.asarray(a) - np.asarray(b)
            for a, b in zip(*map(jax.tree.leaves, (now[0].params, was[0].params)), strict=True)
        ]
        flat = np.concatenate([x.reshape(x.shape[0] if lead else 1, -1) for x in apart], axis=1)
        np.testing.assert_allclose(np.linalg.norm(flat, axis=1), 0.5, rtol=1e-12)
        moves.append(flat)
    assert np.linalg.norm(moves[0][0] - moves[0][1]) > 0.1
    acts.kick(fleet, 0.5, "lowest")
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(fleet.gathered()))


def test_turns_and_kicks_are_events_with_all_that_is_needed_to_do_them_again(tmp_path: Path) -> None:
    orders = {40: Turn("learning_rate", 0.05), 80: Kick(0.1)}
    history = recorded(tmp_path, experiment.build(document()), orders=orders)
    kick = next(event for event in history.events if event.what == "kick")
    assert (kick.step, kick.data) == (80, {"radius": 0.1, "direction": "random"})
    turn = next(event for event in history.events if event.what == "turn")
    assert (turn.data["value"], turn.data["old"]) == (0.05, pytest.approx(0.1))


def test_a_table_of_another_kind_takes_the_place_of_the_one_below() -> None:
    below = {"kind": "a", "x": 1, "inner": {"kind": "b", "y": 2, "z": 3}, "word": "plain"}
    assert overlaid(below, {"inner": {"y": 5}}) == {**below, "inner": {"kind": "b", "y": 5, "z": 3}}
    assert overlaid(below, {"inner": {"kind": "c"}})["inner"] == {"kind": "c"}
    assert overlaid(below, {"kind": "other"}) == {"kind": "other"}
    assert overlaid(below, {"word": {"x": 1}})["word"] == {"kind": "plain", "x": 1}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("arms.wide.problem.model.widths=[0]", "arms[1].problem.model.widths"),
        ("arms.fast.optimizer.learning_rate=-1", "optimizer.learning_rate"),
        ("arms.wide.seeds=9", "9 is more than run.seeds = 3"),
        ('arms.wide.name="base"', "a second arm 'base'"),
        ("arms.deep.problem.model.depth=2", "unknown key 'depth'"),
        ("problem.model.widths=[-1]", "problem.model.widths"),
    ],
)
def test_a_fault_in_an_arm_is_told_where_it_stands(override: str, said: str) -> None:
    with pytest.raises(ScenarioError) as fault:
        experiment.build(document(override))
    assert said in str(fault.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("widths = [20]", "widths = [0]", "arms[1].problem.model.widths[0]: expected a whole number >= 1, not 0."),
        ("gain = 1.9", "gain = -1", "problem.model.gain: expected a number > 0, not -1."),
        ("widths = [5, 5]", "depth = 2", "arms[2].problem.model.depth: unknown key 'depth'"),
        ("learning_rate = 0.1", 'learning_rate = "a"', "optimizer.learning_rate: expected a number, not 'a'."),
    ],
)
def test_a_wrong_value_is_told_once_at_its_own_line_whichever_arms_share_it(old: str, new: str, said: str) -> None:
    text = TEXT.replace(old, new, 1)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if new in line]
    with pytest.raises(ScenarioError) as caught:
        experiment.build(scenario.parse(text, "x.toml"))
    [told] = caught.value.faults
    place, _, message = told.partition(": ")
    assert place.split(":")[1] == str(lines[0])
    assert message.startswith(said)


def test_what_a_problem_refuses_in_several_arms_is_told_once_and_names_them() -> None:
    def told(*batches: int, every: int = 0) -> tuple[str, ...]:
        own = [f"problem.batch = {size}\n" if size else "" for size in batches]
        arms = "".join(f'[[arms]]\nname = "a{n}"\n{said}' for n, said in enumerate(own))
        text = TEXT[: TEXT.index("[[arms]]")].replace("[optimizer]", f"batch = {every}\n[optimizer]") + arms
        with pytest.raises(ScenarioError) as caught:
            experiment.build(scenario.parse(text, "x.toml"))
        return tuple(fault.partition(": ")[2] for fault in caught.value.faults)

    (every,) = told(99, 99, 99)
    assert every.startswith("problem: batch = 99 is more than the ")
    said = every.removeprefix("problem: ")
    assert told(99, 4, 99, 98) == (
        f"problem: (arms a0, a2) {said}",
        f"problem: (arm a3) {said.replace('99', '98')}",
    )
    assert told(99, 0, 4, every=99) == (f"problem: (arms a0, a1) {said}",), "one of them says nothing of it itself"
    assert told(0, 0, every=99) == (every,)


def test_with_some_arms_alone_a_fault_still_stands_where_it_is_written() -> None:
    text = TEXT.replace("widths = [5, 5]", "widths = [5, 0]")
    line = text.splitlines().index("problem.model.widths = [5, 0]") + 1
    with pytest.raises(ScenarioError, match=rf"^x\.toml:{line}:28: arms\[2\]\.problem\.model\.widths\[1\]: "):
        experiment.build(scenario.parse(text, "x.toml"), only=["deep"])
    override = "arms.deep.problem.model.widths=[-1]"
    with pytest.raises(ScenarioError, match=r"^--set arms\.deep\.problem\.model\.widths=\[-1\]: arms\[2\]"):
        experiment.build(document(override), only=["deep"])


def test_a_knob_of_an_arm_that_is_left_out_is_no_fault() -> None:
    momentum = '[[arms]]\nname = "heavy"\noptimizer = {kind = "polyak", learning_rate = 0.1, momentum = 0.5}\n'
    text = f'{TEXT}\n{momentum}[[knobs]]\nname = "momentum"\nlow = 0.1\nhigh = 0.9\n'
    whole, alone = (experiment.build(scenario.parse(text, "x.toml"), only=only) for only in ((), ("wide",)))
    assert {knob.name for knob in whole.knobs} - {knob.name for knob in alone.knobs} == {"momentum"}
    with pytest.raises(ScenarioError, match="has no 'mass'"):
        experiment.build(scenario.parse(text.replace('"momentum"\nlow', '"mass"\nlow'), "x.toml"))


def test_arms_of_other_momenta_keep_the_ratio_of_what_is_lost_in_a_step() -> None:
    heavier = '[[arms]]\nname = "{}"\noptimizer = {{kind = "polyak", learning_rate = 0.1, momentum = {}}}\n'
    text = f"{TEXT}\n{heavier.format('half', 0.5)}{heavier.format('heavy', 0.8)}{heavier.format('light', 0.0)}"
    text += '[[knobs]]\nname = "momentum"\nlow = 0.1\nhigh = 0.99\n'
    shares = experiment.build(scenario.parse(text, "x.toml")).shares["momentum"]
    # 1 − β is 0.5, 0.2 and 1; none leaves [0, 1), however the first one's is turned.
    for value, own in ((0.5, [0.5, 0.8, 0.0]), (0.9, [0.9, 0.96, 0.8]), (0.1, [0.1, 0.64, 0.0])):
        told = [shares.of(arm, value) for arm in range(len(shares.own))]
        assert told[:-3] == [None] * (len(told) - 3)
        assert told[-3:] == pytest.approx(own)
        assert told[-3] == value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("high = 0.9", "high = 2.0", r"knobs\[1\]\.high: expected a number <= 0\.999999"),
        (
            "low = 0.1\nhigh = 0.9",
            'low = -1.0\nhigh = 0.9\nscale = "linear"',
            r"knobs\[1\]\.low: expected a number >= 0",
        ),
        # In float32 this is 1, where the velocity never ends to grow and 1/(1 − β) is no number.
        ("momentum = 0.5", "momentum = 0.99999999", r"momentum: expected a number <= 0\.999999"),
    ],
)
def test_a_knob_goes_no_further_than_its_hyperparameter(old: str, new: str, words: str) -> None:
    momentum = '[[arms]]\nname = "heavy"\noptimizer = {kind = "polyak", learning_rate = 0.1, momentum = 0.5}\n'
    text = f'{TEXT}\n{momentum}[[knobs]]\nname = "momentum"\nlow = 0.1\nhigh = 0.9\n'
    assert text.count(old) == 1
    with pytest.raises(ScenarioError, match=words):
        experiment.build(scenario.parse(text.replace(old, new), "x.toml"))


def test_an_arm_that_is_not_there_is_refused_with_its_likeliest_name() -> None:
    with pytest.raises(ScenarioError, match=r"--arms wode.*did you mean 'wide'"):
        experiment.build(document(), only=["wode"])


def test_members_are_dealt_into_blocks_of_one_size() -> None:
    for cores in (1, 2, 3, 8, 16):
        for members in range(1, 65):
            blocks = _dealt(0, members, cores)
            assert len({block.members for block in blocks}) == 1
            assert [place for b in blocks for place in range(b.first, b.first + b.members)] == list(range(members))
            assert len(blocks) <= max(16 * cores, 1)

"""What diverged is said with its numbers: who, when, how sharp against what, and where to go back to."""

import msgspec
import numpy as np
import pytest

from dltlab.records import FORMAT, Arm, Array, Event, Footer, Frames, Header, Keyframe, Knob, Part, Series
from dltlab.session import arms, divergence
from dltlab.session.history import History
from dltlab.terminal.drawing.traces import Traces

STEPS = np.arange(0, 200, 10)
RISE = 3.0 * 1.02 ** STEPS.astype(float)


def session(rise: np.ndarray = RISE, *, seeds: int = 1, threshold: str = "stability_threshold") -> History:
    """A sharpness that passes 2/η = 5 after step 20; of several seeds only the last one does."""
    lead, shape = (("seed",), (seeds,)) if seeds > 1 else ((), ())
    series = (
        Series("sharpness", "λ(H)", (*lead, "eigenvalue"), (*shape, 2), every=10),
        Series("sharpness.theory", "2/η", lead, shape, every=10),
    )
    scenario = {"theories": {"sharpness": {"kind": threshold}}}
    header = Header(
        FORMAT, "s", "", "", scenario, "", 500, 1, None, tuple(range(seeds)), series,
        (Knob("learning_rate", "η", 0.4, 0.05, 1.0),), 1, "float64", "gradient_descent", {}, {}, 1, "",
    )  # fmt: skip
    history = History(header)
    values = np.stack([rise, 0.5 * rise], axis=-1)
    limit = np.full(len(STEPS), 5.0)
    if seeds > 1:
        values = np.stack([*[np.full_like(values, 1.0)] * (seeds - 1), values], axis=1)
        limit = np.repeat(limit[:, None], seeds, axis=1)
    columns = {"sharpness": Array.of(values), "sharpness.theory": Array.of(limit)}
    history.extend([Frames(190, (Part(0, 10, len(STEPS), columns),), 1.0, 1.0)])
    return history


def test_one_that_diverges_is_told_with_its_sharpness_its_threshold_and_its_rate():
    history = session()
    history.extend([Event(195, "diverged", "", {"step": 195}), Footer(195, "diverged", "", 0.0, 194)])
    (one,) = divergence.lost(history)
    (sharp,) = one.sharp
    above = STEPS[RISE > 5.0]
    assert (one.step, one.who, one.knobs) == (195, "", (("η", 0.4),))
    assert (sharp.value, sharp.threshold, sharp.step) == (pytest.approx(RISE[-1]), 5.0, 190)
    assert sharp.since == above[0]
    assert one.back == above[0] - 10
    said = divergence.sentence(one)
    for part in ("step 195", f"{RISE[-1]:.4g} against 2/η = 5", f"since step {above[0]}", "η = 0.4"):
        assert part in said


def test_of_an_ensemble_the_member_is_named_and_its_own_readings_are_told():
    history = session(seeds=3)
    history.extend([Event(150, "diverged", "", {"seed": 2, "step": 150}), Event(160, "diverged", "", {"seed": 0})])
    first, second = divergence.lost(history)
    assert (first.who, second.who) == ("seed 2", "seed 0")
    assert first.sharp[0].value == pytest.approx(RISE[15])
    assert second.sharp[0].value == 1.0
    assert second.sharp[0].since == -1


def test_what_is_not_finite_is_no_last_reading():
    rise = np.where(STEPS > 100, np.nan, RISE)
    history = session(rise)
    history.extend([Event(180, "diverged", "", {})])
    assert divergence.lost(history)[0].sharp[0].step == 100


def test_the_rate_is_that_of_the_step():
    history = session()
    history.extend([Event(50, "turn", "", {"knob": "learning_rate", "value": 0.8}), Event(195, "diverged", "", {})])
    assert divergence.lost(history)[0].knobs == (("η", 0.8),)


def test_without_a_threshold_one_goes_back_to_the_last_keyframe():
    history = session(threshold="gradient_flow")
    history.extend([Keyframe(80, {}, ""), Keyframe(190, {}, ""), Event(120, "diverged", "", {})])
    (one,) = divergence.lost(history)
    assert (one.sharp, one.back) == ((), 80)


def test_without_anything_one_goes_back_a_little():
    history = session(threshold="gradient_flow")
    history.extend([Event(120, "diverged", "", {})])
    assert divergence.lost(history)[0].back == 110


@pytest.mark.parametrize(
    "data", [{"step": "x", "seed": [1], "arm": 7}, {"step": -3}, {"step": True, "seed": 99}], ids=str
)
def test_whatever_a_file_says_of_it_something_is_told(data):
    history = session()
    history.header = msgspec.structs.replace(history.header, title="\x1b[2J")
    history.extend([Event(195, "diverged", "\x1b[2J", data)])
    (one,) = divergence.lost(history)
    assert one.step == 195
    assert divergence.sentence(one).isprintable()


def test_what_did_not_diverge_lost_nothing():
    assert divergence.lost(session()) == []


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ([{"seed": 2, "arm": "a"}], {"a": [2], "b": []}),
        ([{"seed": 0, "arm": "a"}, {"seed": 0, "arm": "b"}, {"seed": 2, "arm": "b"}], {"a": [0], "b": [0]}),
        ([{"step": 7}], {"a": [0, 1, 2], "b": [0]}),
        ([{"seed": 1, "arm": "a", "step": 5}, None], {"a": [0, 1, 2], "b": [0]}),
    ],
    ids=["one", "of both", "the session", "and the session ended"],
)
def test_everybody_counts_the_same_members_that_diverged(said, gone):
    history = session(seeds=3)
    arms_of_it = (Arm("a", "A", seeds=3), Arm("b", "B", seeds=1))
    axes = [("arm", *one.axes) for one in history.header.series]
    series = [msgspec.structs.replace(one, axes=ax, shape=(2, *one.shape))
              for one, ax in zip(history.header.series, axes, strict=True)]  # fmt: skip
    history = History(msgspec.structs.replace(history.header, arms=arms_of_it, series=tuple(series)))
    for data in said:
        end = Footer(9, "diverged", "", 0.0, 8)
        history.extend([end if data is None else Event(8, "diverged", "", data)])
    for arm in history.header.arms:
        found = divergence.members(history, arm.name)
        assert sorted(found) == gone[arm.name]
        assert found == divergence.members(history.arm(arm.name)), "a claim sees the arm alone"
        many = f" ({len(found)} of {arm.seeds} diverged)" if found else ""
        assert arms.told(history, arm.name) == Traces(history).told(arm.name) == f"{arm.title}{many}"

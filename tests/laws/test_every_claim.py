"""Every kind of claim can hold, can fail, waits for readings, and never raises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dltlab import claims, records
from dltlab.claims import CLAIMS
from dltlab.errors import ScenarioError
from dltlab.records import Array, Event, Footer, Frames, Header, Knob, Part, Series
from dltlab.session.history import History

STEPS = 400
_T = np.arange(STEPS + 1.0)
_SHARP = np.minimum(3.0 + 0.01 * _T, 5.0 + 0.01 * np.sin(_T))
_COLUMNS = {
    "loss": np.where(_T < 150, np.exp(-0.02 * _T), np.exp(-3.0) * (1 + 0.2 * np.sin(_T))),
    "loss.theory": np.exp(-0.02 * _T),
    "sharpness": _SHARP,
    "sharpness.theory": np.full(STEPS + 1, 5.0),
    "power": 2.0 * np.maximum(_T, 1e-9) ** -1.5,
}
_AT_EDGE = {"series": "sharpness", "at": {"series": "sharpness", "crosses": "sharpness.theory"}}
_FALLEN = {"series": "loss", "crosses": 0.06, "direction": "down"}
_FIRST = {"series": "sharpness", "at": "first"}
_LOSS = {"numerator": {"series": "loss", "at": "last"}, "denominator": {"series": "loss", "at": "first"}}
_SECOND_HALF = {"numerator": {"series": "sharpness", "window": [0.6, 1]}, "denominator": {"series": "sharpness.theory"}}
_POWER = {"series": "power", "window": [1.5, 400]}
_DECAY = {"series": "loss", "axes": "semilog", "window": [0, 140]}
_EDGE = {"series": "sharpness", "crosses": "sharpness.theory"}
# A claim that the columns above bear out, and the change of one constant that they refute.
EXAMPLES: dict[str, list[tuple[dict, dict]]] = {
    "level": [
        ({"series": "sharpness", "window": [0.6, 1.0], "predicted": 5.0, "tolerance": 0.1}, {"predicted": 7.5}),
        ({"series": "loss", "statistic": "last", "below": 0.1}, {"below": 0.01}),
        ({"series": "sharpness", "statistic": "max", "above": 5.0}, {"above": 6.0}),
        (
            {"series": "sharpness", "statistic": "first", "predicted": 3, "tolerance": 0.01, "relative": True},
            {"predicted": 2},
        ),
    ],
    "plateau": [({"series": "sharpness", "tolerance": 0.03}, {"predicted": 1.5})],
    "monotone": [
        ({"series": "loss", "until": _FALLEN, "at_most": 0}, {"direction": "rises"}),
        ({"series": "loss", "since": _EDGE, "at_least": 0.05}, {"at_least": 0.95}),
    ],
    "crosses": [
        (_EDGE | {"after": 0.4, "before": 0.8}, {"before": 0.45}),
        ({"series": "loss", "crosses": 0.5, "direction": "down", "before": 50}, {"crosses": 1e-9}),
    ],
    "ratio": [
        (
            {"numerator": {"series": "sharpness", "at": _EDGE}, "denominator": _FIRST, "at_least": 1.4},
            {"at_least": 3.0},
        ),
        (_LOSS | {"at_most": 0.1}, {"at_most": 0.01}),
        (_SECOND_HALF | {"predicted": 1.0, "tolerance": 0.02}, {"predicted": 1.5}),
    ],
    "agrees": [
        ({"series": "loss", "window": [0, 149], "tolerance": 1e-6}, {"theory": "sharpness"}),
        ({"series": "loss", "tolerance": 0.1, "relative": False, "deviation": "rms"}, {"tolerance": 1e-4}),
    ],
    "slope": [
        (_POWER | {"predicted": -1.5, "tolerance": 0.01}, {"predicted": -1.0}),
        (_DECAY | {"predicted": -0.02, "tolerance": 1e-4}, {"predicted": -0.03}),
        (_POWER | {"against": "power", "predicted": 1, "tolerance": 1e-6}, {"predicted": 2}),
    ],
}
CASES = [(kind, *case) for kind, cases in EXAMPLES.items() for case in cases]


def header(seeds: int, names=tuple(_COLUMNS), shape: tuple[int, ...] = ()) -> Header:
    lead = ("seed",) * (seeds > 1) + tuple("abc"[: len(shape)])
    size = (seeds,) * (seeds > 1) + shape
    return Header(
        format=records.FORMAT, session="made", started="", title="Made", scenario={}, source="", steps=STEPS, every=1,
        pace=None, seeds=tuple(range(seeds)), series=tuple(Series(name, name, lead, size) for name in names),
        knobs=(Knob("learning_rate", "η", 0.4, 0.05, 1.0),), parameters=1, precision="float64",
        optimizer="gradient_descent", versions={}, device={}, threads=1, fingerprint="",
    )  # fmt: skip


def told(columns, seeds=1, upto=STEPS, footer="finished") -> History:
    """A history of these columns up to a step, every seed alike."""
    history = History(header(seeds))
    cut = {name: Array.of(_seeds(values[: upto + 1], seeds)) for name, values in columns.items()}
    said: list[records.Record] = [Frames(upto, (Part(0, 1, upto + 1, cut),), 1.0, 1.0)]
    if footer:
        said.append(Footer(upto, footer, ""))
    history.extend(said)
    return history


def _seeds(values, seeds):
    return np.repeat(values[:, None], seeds, axis=1) if seeds > 1 else values


def made(kind, table):
    return claims.build([{"kind": kind, "name": "made", "says": "It is so.", **table}])[0]


def test_every_kind_is_enrolled():
    assert set(EXAMPLES) == set(CLAIMS)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("over", ["median", "all"])
@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_the_right_constant_holds_and_the_wrong_one_fails(kind, table, wrong, over, seeds):
    history = told(_COLUMNS, seeds)
    right = made(kind, table | {"over": over}).judge(history)
    refuted = made(kind, table | wrong | {"over": over}).judge(history)
    assert right.status == "holds", right
    assert refuted.status == "fails", refuted
    assert right.predicted
    assert right.measured not in ("", "—")
    assert ("over 3 of 3 seeds" in right.detail) == (seeds == 3)


@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_nothing_is_judged_before_there_is_anything_to_judge(kind, table, wrong):
    for seeds in (1, 3):
        for one in (table, table | wrong):
            claim = made(kind, one)
            assert claim.judge(History(header(seeds))).status == "not yet"
            assert claim.judge(History(header(seeds, names=()))).status == "not yet"
            assert claim.judge(told(_COLUMNS, seeds, upto=0, footer="")).status == "not yet" or _known_at_once(one)


def _known_at_once(table):
    """The first reading, and a bound that it already passes, can no longer change."""
    return table.get("statistic") in ("first", "max")


@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_the_last_live_verdict_is_the_verdict(kind, table, wrong):
    for one in (table, table | wrong):
        claim = made(kind, one)
        live = claim.judge(told(_COLUMNS, upto=STEPS, footer=""))
        final = claim.judge(told(_COLUMNS))
        assert live.status in (final.status, "not yet")
        assert live.measured == final.measured or live.measured == "—"


@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_a_diverged_member_makes_all_fail_and_is_counted(kind, table, wrong):
    assert wrong
    history = told(_COLUMNS, 3, footer="")
    history.extend([Event(STEPS, "diverged", "", {"step": STEPS, "seed": 1}), Footer(STEPS, "finished", "")])
    every, median = (made(kind, table | {"over": over}).judge(history) for over in ("all", "median"))
    assert (every.status, median.status) == ("fails", "holds")
    assert "1 diverged" in median.detail


_ODD = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0, 5.0, 1e300, -1e300, 5e-324])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_readings_make_a_claim_raise(data):
    seeds = data.draw(st.sampled_from([1, 2, 5]))
    shape = data.draw(st.sampled_from([(), (3,), (2, 2), (0,)]))
    count = data.draw(st.integers(0, 30))
    history = History(header(seeds, shape=shape))
    size = (count, *history.header.series[0].shape)
    columns = {name: Array.of(data.draw(arrays(np.float64, size, elements=_ODD))) for name in _COLUMNS}
    first, stride = data.draw(st.integers(0, 500)), data.draw(st.integers(1, 40))
    history.extend([Frames(first + stride * count, (Part(first, stride, count, columns),), 0.0, 0.0)])
    if data.draw(st.booleans()):
        history.extend(
            [Event(data.draw(st.integers(0, 400)), "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4})]
        )
    if reason := data.draw(st.sampled_from(["", "finished", "stopped", "diverged"])):
        history.extend([Footer(STEPS, reason, "")])
    for kind, table, wrong in CASES:
        for over in ("median", "all"):
            for component in (0, 2, 99):
                extra = {"over": over} | ({"component": component} if kind != "ratio" else {})
                verdict = made(kind, table | wrong | extra).judge(history)
                assert verdict.status in ("holds", "fails", "not yet")
                assert len(verdict.measured) < 20


@pytest.mark.parametrize("kind", CLAIMS)
def test_every_claim_names_the_series_that_it_needs(kind):
    claim = made(kind, EXAMPLES[kind][0][0])
    assert claim.needs()
    assert claims.check_series([claim], _COLUMNS) == []
    faults = claims.check_series([claim], ["lass"])
    assert len(faults) == len(claim.needs())
    assert all("no series" in fault for fault in faults)


@pytest.mark.parametrize("kind", CLAIMS)
def test_every_claim_refuses_unknown_keys_and_a_window_that_is_none(kind):
    table = EXAMPLES[kind][0][0]
    with pytest.raises(ScenarioError, match=r"claims\[0\]"):
        made(kind, table | {"tolerence": 0.1})
    with pytest.raises(ScenarioError):
        made(kind, table | {"over": "some"})

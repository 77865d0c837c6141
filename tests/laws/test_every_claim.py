"""Every kind of claim can hold, can fail, waits for readings, and never raises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec import structs

from dltlab import claims, records
from dltlab.claims import CLAIMS
from dltlab.claims.faulty import Faulty
from dltlab.errors import ScenarioError
from dltlab.records import Arm, Array, Event, Footer, Frames, Header, Knob, Part, Series
from dltlab.session.history import History

STEPS = 400
_T = np.arange(STEPS + 1.0)
_SHARP = np.minimum(3.0 + 0.01 * _T, 5.0 + 0.01 * np.sin(_T))
_MODES = np.exp(-np.outer(_T, [0.01, 0.02, 0.04]))
_COLUMNS = {
    "loss": np.where(_T < 150, np.exp(-0.02 * _T), np.exp(-3.0) * (1 + 0.2 * np.sin(_T))),
    "loss.theory": np.exp(-0.02 * _T),
    "sharpness": _SHARP,
    "sharpness.theory": np.full(STEPS + 1, 5.0),
    "power": 2.0 * np.maximum(_T, 1e-9) ** -1.5,
    "modes": _MODES,
    "modes.theory": _MODES,
    "drift": np.full(STEPS + 1, 3.0),
    "depth": np.full(STEPS + 1, 1.0),
    "decay": np.full(STEPS + 1, 1.0),
}
ARMS = {"narrow": 4.0, "middle": 16.0, "wide": 64.0}
"""Arms by the width m that they stand for."""


def _in_arm(width: float) -> dict[str, np.ndarray]:
    """What an arm reads: most as ever, but a drift ∝ m^(−1/2), a depth of 1 + ln m, a decay e^(−m/20)."""
    apart = {"drift": width**-0.5, "depth": 1 + np.log(width), "decay": np.exp(-width / 20)}
    return {name: values * apart.get(name, 1.0) for name, values in _COLUMNS.items()}


_AT_EDGE = {"series": "sharpness", "at": {"series": "sharpness", "crosses": "sharpness.theory"}}
_FALLEN = {"series": "loss", "crosses": 0.06, "direction": "down"}
_FIRST = {"series": "sharpness", "at": "first"}
_LOSS = {"numerator": {"series": "loss", "at": "last"}, "denominator": {"series": "loss", "at": "first"}}
_SECOND_HALF = {"numerator": {"series": "sharpness", "window": [0.6, 1]}, "denominator": {"series": "sharpness.theory"}}
_POWER = {"series": "power", "window": [1.5, 400]}
_DECAY = {"series": "loss", "axes": "semilog", "window": [0, 140]}
_EDGE = {"series": "sharpness", "crosses": "sharpness.theory"}
_DRIFT = {"series": "drift", "at": "last"}
_DRIFTS = [{**_DRIFT, "arm": arm} for arm in ARMS]
_HALVED = [{"series": "modes", "component": place} for place in range(3)]
_WIDE = {"numerator": {"series": "drift", "arm": "wide"}, "denominator": {"series": "drift", "arm": "narrow"}}
# A claim that the columns above bear out, and the change of one constant that they refute.
EXAMPLES: dict[str, list[tuple[dict, dict]]] = {
    "level": [
        ({"series": "sharpness", "window": [0.6, 1.0], "predicted": 5.0, "tolerance": 0.1}, {"predicted": 7.5}),
        ({"series": "loss", "statistic": "last", "below": 0.1}, {"below": 0.01}),
        ({"series": "sharpness", "statistic": "max", "above": 5.0}, {"above": 6.0}),
        ({"series": "modes", "component": "all", "statistic": "min", "below": 1e-6}, {"below": 1e-9}),
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
        (_WIDE | {"predicted": 0.25, "tolerance": 0.01}, {"predicted": 0.5}),
    ],
    "agrees": [
        ({"series": "loss", "window": [0, 149], "tolerance": 1e-6}, {"theory": "sharpness"}),
        ({"series": "loss", "tolerance": 0.1, "units": "absolute", "deviation": "rms"}, {"tolerance": 1e-4}),
        ({"series": "loss", "tolerance": 0.1, "units": "first", "deviation": "max"}, {"tolerance": 1e-3}),
        ({"series": "modes", "component": "all", "tolerance": 1e-9}, {"theory": "loss"}),
    ],
    "bounded": [
        ({"series": "loss", "bound": 1.0}, {"bound": 0.5}),
        ({"series": "sharpness", "bound": "loss", "side": "above"}, {"side": "below"}),
        ({"series": "loss", "bound": "loss.theory", "at_most": 0.7, "tolerance": 0.01}, {"at_most": 0.1}),
        ({"series": "loss", "bound": "loss.theory", "floor": 0.07, "tolerance": 1e-9}, {"floor": 1e-3}),
        ({"series": "modes", "component": "all", "bound": "modes.theory"}, {"bound": 0.5}),
    ],
    "scaling": [
        ({"term": _DRIFT, "predicted": -0.5, "tolerance": 0.01}, {"predicted": -1.0}),
        ({"term": _DRIFT, "at_most": -0.4, "arms": ["wide", "narrow", "middle"]}, {"at_most": -0.6}),
        (
            {"term": {"series": "depth"}, "axes": "semilogx", "predicted": 1.0, "tolerance": 0.01},
            {"predicted": 2.0},
        ),
        (
            {"term": {"series": "decay"}, "axes": "semilogy", "predicted": -0.05, "tolerance": 0.001},
            {"predicted": 0.05},
        ),
        (
            {"term": _DRIFT, "against": {"series": "drift"}, "predicted": 1.0, "tolerance": 0.01},
            {"against": {"series": "depth"}},
        ),
    ],
    "ordered": [
        ({"terms": _DRIFTS, "factor": 1.9}, {"factor": 2.1}),
        ({"terms": _DRIFTS}, {"direction": "rises"}),
        ({"terms": _DRIFTS[::-1], "direction": "rises"}, {"direction": "falls"}),
        ({"terms": _HALVED}, {"direction": "rises"}),
    ],
    "slope": [
        (_POWER | {"predicted": -1.5, "tolerance": 0.01}, {"predicted": -1.0}),
        (_DECAY | {"predicted": -0.02, "tolerance": 1e-4}, {"predicted": -0.03}),
        (_POWER | {"against": "power", "predicted": 1, "tolerance": 1e-6}, {"predicted": 2}),
    ],
}
CASES = [(kind, *case) for kind, cases in EXAMPLES.items() for case in cases]


def header(seeds: int, columns=_COLUMNS, *, arms=(), shape=None) -> Header:
    """Without arms one seed has no axis; with arms every series has both."""
    lead, size = (("seed",), (seeds,)) if seeds > 1 else ((), ())
    if arms:
        lead, size = ("arm", "seed"), (len(arms), seeds)
    series = []
    for name, values in columns.items():
        further = values.shape[1:] if shape is None else shape
        series.append(Series(name, name, lead + tuple("abc"[: len(further)]), size + further))
    return Header(
        format=records.FORMAT, session="made", started="", title="Made", scenario={}, source="", steps=STEPS, every=1,
        pace=None, seeds=tuple(range(seeds)), series=tuple(series), knobs=(Knob("learning_rate", "η", 0.4, 0.05, 1.0),),
        parameters=1, precision="float64", optimizer="gradient_descent", versions={}, device={}, threads=1,
        fingerprint="", arms=tuple(arms),
    )  # fmt: skip


def told(columns, seeds=1, upto=STEPS, footer="finished") -> History:
    """A history of these columns up to a step, every seed alike."""
    history = History(header(seeds, columns))
    cut = {name: Array.of(_seeds(values[: upto + 1], seeds)) for name, values in columns.items()}
    said: list[records.Record] = [Frames(upto, (Part(0, 1, upto + 1, cut),), 1.0, 1.0)]
    if footer:
        said.append(Footer(upto, footer, ""))
    history.extend(said)
    return history


def _seeds(values, seeds):
    return np.repeat(values[:, None], seeds, axis=1) if seeds > 1 else values


def in_arms(seeds=(1, 1, 1), upto=STEPS, footer="finished", change=None, columns=_COLUMNS) -> History:
    """A history of three arms with so many seeds, NaN where an arm has fewer; one arm's columns may be changed."""
    most = max(seeds)
    arms = [Arm(name, f"m = {value:g}", value, own) for (name, value), own in zip(ARMS.items(), seeds, strict=True)]
    history = History(header(most, columns, arms=arms))
    read = {arm.name: _in_arm(arm.value or 1.0) | (change or {}).get(arm.name, {}) for arm in arms}
    parts = {}
    for name in columns:
        values = np.stack([read[arm.name][name][: upto + 1] for arm in arms], axis=1)
        values = np.repeat(values[:, :, None], most, axis=2)
        for place, own in enumerate(seeds):
            values[:, place, own:] = np.nan
        parts[name] = Array.of(values)
    history.extend([Frames(upto, (Part(0, 1, upto + 1, parts),), 1.0, 1.0)])
    if footer:
        history.extend([Footer(upto, footer, "")])
    return history


def made(kind, table):
    return claims.build([{"kind": kind, "name": "made", "says": "It is so.", **table}])[0]


def compares_arms(kind, table):
    """Whether a claim cannot be made of a scenario without arms."""
    return bool(claims.check_arms([made(kind, table)], ()))


ALONE = [case for case in CASES if not compares_arms(*case[:2])]


def test_every_kind_is_enrolled():
    assert set(EXAMPLES) == set(CLAIMS)


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("over", ["median", "all"])
@pytest.mark.parametrize(("kind", "table", "wrong"), ALONE)
def test_the_right_constant_holds_and_the_wrong_one_fails(kind, table, wrong, over, seeds):
    history = told(_COLUMNS, seeds)
    right = made(kind, table | {"over": over}).judge(history)
    refuted = made(kind, table | wrong | {"over": over}).judge(history)
    assert right.status == "holds", right
    assert refuted.status == "fails", refuted
    assert right.predicted
    assert right.measured not in ("", "—")
    assert ("over 3 of 3 seeds" in right.detail) == (seeds == 3)


@pytest.mark.parametrize("seeds", [(1, 1, 1), (3, 3, 3), (3, 3, 1)])
@pytest.mark.parametrize("over", ["median", "all"])
@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_it_holds_and_fails_in_arms_too(kind, table, wrong, over, seeds):
    history = in_arms(seeds)
    for extra in ({}, {"arm": "middle"}) if kind != "scaling" else ({},):
        right = made(kind, table | extra | {"over": over}).judge(history)
        refuted = made(kind, table | wrong | extra | {"over": over}).judge(history)
        assert right.status == "holds", right
        assert refuted.status == "fails", refuted


@pytest.mark.parametrize("seeds", [(1, 1, 1), (3, 3, 1)])
@pytest.mark.parametrize(("kind", "table", "wrong"), ALONE)
def test_an_arm_is_judged_as_if_it_had_run_alone(kind, table, wrong, seeds):
    arms = in_arms(seeds)
    for (name, width), own in zip(ARMS.items(), seeds, strict=True):
        lone = told(_in_arm(width), own)
        for one in (table, table | wrong):
            among, alone = made(kind, one | {"arm": name}).judge(arms), made(kind, one).judge(lone)
            assert structs.replace(among, detail="") == structs.replace(alone, detail="")
            assert among.detail == "; ".join(filter(None, (f"m = {width:g}", alone.detail)))


@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_nothing_is_judged_before_there_is_anything_to_judge(kind, table, wrong):
    for one in (table, table | wrong):
        claim = made(kind, one)
        for seeds in (1, 3):
            assert claim.judge(History(header(seeds))).status == "not yet"
            assert claim.judge(History(header(seeds, {}))).status == "not yet"
            assert claim.judge(told(_COLUMNS, seeds, upto=0, footer="")).status == "not yet" or _known_at_once(one)
        arms = in_arms().header.arms
        assert claim.judge(History(header(1, arms=arms))).status == "not yet"
        assert claim.judge(History(header(1, {}, arms=arms))).status == "not yet"


def _known_at_once(table):
    """The first reading, and a bound that it already passes, can no longer change; a vector has several numbers."""
    return table.get("statistic") in ("first", "max") or table.get("component") == "all"


@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_the_last_live_verdict_is_the_verdict(kind, table, wrong):
    for one in (table, table | wrong):
        claim = made(kind, one)
        for live, final in ((told(_COLUMNS, footer=""), told(_COLUMNS)), (in_arms(footer=""), in_arms())):
            before, after = claim.judge(live), claim.judge(final)
            assert before.status in (after.status, "not yet")
            assert before.measured == after.measured or before.measured == "—"


@pytest.mark.parametrize(("kind", "table", "wrong"), ALONE)
def test_a_diverged_member_makes_all_fail_and_is_counted(kind, table, wrong):
    assert wrong
    history = told(_COLUMNS, 3, footer="")
    history.extend([Event(STEPS, "diverged", "", {"step": STEPS, "seed": 1}), Footer(STEPS, "finished", "")])
    every, median = (made(kind, table | {"over": over}).judge(history) for over in ("all", "median"))
    assert (every.status, median.status) == ("fails", "holds")
    assert "1 diverged" in median.detail


@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_a_member_that_diverged_in_one_arm_makes_all_fail(kind, table, wrong):
    assert wrong
    history = in_arms((3, 3, 3), footer="")
    data = {"step": STEPS, "seed": 1, "arm": "narrow"}
    history.extend([Event(STEPS, "diverged", "", data), Footer(STEPS, "finished", "")])
    every, median = (made(kind, table | {"over": over}).judge(history) for over in ("all", "median"))
    assert (every.status, median.status) == ("fails", "holds")
    assert "1 diverged" in every.detail
    if not compares_arms(kind, table):
        assert "m = 4, the worst of 3 arms" in every.detail
        elsewhere = made(kind, table | {"over": "all", "arm": "wide"}).judge(history)
        assert elsewhere.status == "holds"
        assert "diverged" not in elsewhere.detail


_ODD = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -1.0, 5.0, 1e300, -1e300, 5e-324])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_readings_make_a_claim_raise(data):
    seeds = data.draw(st.sampled_from([1, 2, 5]))
    shape = data.draw(st.sampled_from([(), (3,), (2, 2), (0,)]))
    count = data.draw(st.integers(0, 30))
    own = data.draw(st.sampled_from([(), (1, 1, 1), (seeds, 1, seeds)]))
    values = data.draw(st.sampled_from([(1.0, 2.0, 3.0), (0.0, -1.0, 2.0), (None, None, 1e300), (2.0, 2.0, 2.0)]))
    arms = [Arm(name, "", value, seeds) for name, value, seeds in zip(ARMS, values, own, strict=False)]
    history = History(header(seeds, arms=arms, shape=shape))
    size = (count, *history.header.series[0].shape)
    columns = {name: Array.of(data.draw(arrays(np.float64, size, elements=_ODD))) for name in _COLUMNS}
    first, stride = data.draw(st.integers(0, 500)), data.draw(st.integers(1, 40))
    history.extend([Frames(first + stride * count, (Part(first, stride, count, columns),), 0.0, 0.0)])
    if data.draw(st.booleans()):
        turn = {"knob": "learning_rate", "value": 0.2, "old": 0.4}
        history.extend([Event(data.draw(st.integers(0, 400)), "turn", "", turn)])
    if data.draw(st.booleans()):
        gone = data.draw(st.sampled_from([{"seed": 0, "arm": "narrow"}, {"seed": 7, "arm": "wide"}, {"arm": "x"}, {}]))
        history.extend([Event(3, "diverged", "", gone)])
    if reason := data.draw(st.sampled_from(["", "finished", "stopped", "diverged"])):
        history.extend([Footer(STEPS, reason, "")])
    for kind, table, wrong in CASES:
        for over in ("median", "all"):
            for component in (0, 2, 99):
                extra = {"over": over} | ({"component": component} if "series" in table else {})
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


@pytest.mark.parametrize(("kind", "table", "wrong"), CASES)
def test_what_a_table_names_by_its_types_is_what_its_claim_asks_for(kind, table, wrong):
    named, needed = Faulty(CLAIMS[kind], table).needs(), made(kind, table).needs()
    assert named.items() <= needed.items()
    # What a claim takes by default no key names.
    assert all(name == f"{table['series']}.theory" for key, name in needed.items() if key not in named)
    strangers = {"arm": "nobody", "arms": ["wide", "none", "narrow"]} if kind == "scaling" else {"arm": "nobody"}
    faults = Faulty(CLAIMS[kind], table | strangers).arm_faults(ARMS)
    assert [key for key, _ in faults] == (["arm", "arms.1"] if kind == "scaling" else ["arm"])

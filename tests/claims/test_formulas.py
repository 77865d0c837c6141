"""Formulas are true: what stands after the last equals sign is what the numbers before it make."""

import re

import numpy as np
import pytest

from dltlab import claims
from dltlab.claims import formulas
from dltlab.claims.since import Act, Since, dated, since
from dltlab.claims.verdict import Interval
from dltlab.records import FORMAT, Array, Event, Frames, Header, Knob, Part, Series
from dltlab.session.history import History

T = np.arange(401.0)
SHARP = np.minimum(3.0 + 0.01 * T, 5.0 + 0.01 * np.sin(T))
SLOPE = np.polyfit(T[:201], np.log(SHARP[:201]), 1)[0]


def session(title: str = "2/η", threshold: float = 5.0, **knobs: float) -> History:
    """A sharpness that climbs to its threshold at step 200 and stays there."""
    knobs = knobs or {"η": 0.4}
    lead = Series("sharpness", "sharpness λ(H)", ("eigenvalue",), (2,))
    series = (lead, Series("sharpness.theory", title), Series("loss", "training loss"))
    turned = tuple(Knob(f"knob-{name}", name, value, 0.0, 10.0) for name, value in knobs.items())
    history = History(
        Header(
            FORMAT, "s", "", "", {}, "", 400, 1, None, (0,), series, turned, 1, "float64", "sgd", {}, {}, 1, "",
        )
    )  # fmt: skip
    columns = {
        "sharpness": np.stack([SHARP, 0.5 * SHARP], axis=1) * threshold / 5.0,
        "sharpness.theory": np.full(401, threshold),
        "loss": np.where(T % 4 == 3, 1.01, 1.0) * np.exp(-0.001 * T),
    }
    part = Part(0, 1, 401, {name: Array.of(values) for name, values in columns.items()})
    history.extend([Frames(400, (part,), 1.0, 1.0)])
    return history


def formula(history: History, **table: object) -> str:
    """What a claim of this table writes."""
    (claim,) = claims.build([{"name": "one", "says": "Says.", **table}])
    return claim.judge(history).formula


EDGE = {"kind": "plateau", "series": "sharpness", "tolerance": 0.03}


@pytest.mark.parametrize(
    ("title", "threshold", "knobs", "written"),
    [
        ("2/η", 5.0, {"η": 0.4}, "λ₁·η/2 = 4.991·0.4/2 = 0.9983"),
        ("(2+2β)/η", 9.5, {"η": 0.4, "β": 0.9}, "λ₁·η/(2+2β) = 9.484·0.4/(2+2·0.9) = 0.9983"),
        (
            "(2+2β)/((1+2β)η)", 3.8 / (2.8 * 0.4), {"η": 0.4, "β": 0.9},
            "λ₁·((1+2β)η)/(2+2β) = 3.387·((1+2·0.9)·0.4)/(2+2·0.9) = 0.9983",
        ),
        ("2/η", 7.0, {"η": 0.4}, "λ₁ / 2/η = 6.988 / 7 = 0.9983"),
        ("2/η", 5.0, {"γ": 0.4}, "λ₁ / 2/η = 4.991 / 5 = 0.9983"),
        ("stability", 5.0, {"η": 0.4}, "λ₁ / stability = 4.991 / 5 = 0.9983"),
        ("1/0", 5.0, {"η": 0.4}, "λ₁ / 1/0 = 4.991 / 5 = 0.9983"),
        ("((((((((((((2/η", 5.0, {"η": 0.4}, "λ₁ / ((((((((((((2/η = 4.991 / 5 = 0.9983"),
    ],
)  # fmt: skip
def test_a_threshold_is_written_out_only_where_that_is_true(title, threshold, knobs, written):
    assert formula(session(title, threshold, **knobs), **EDGE).startswith(written + " at step 400;")


def test_what_is_written_out_can_be_checked_in_ones_head():
    told = formula(session("(2+2β)/η", 9.5, η=0.4, β=0.9), **EDGE)
    numbers, result = re.findall(r"= ([^=]+) = ([\d.]+) at", told)[0]
    parts = re.findall(r"\d+(?:\.\d+)?|\S", numbers)
    assert formulas.evaluated(parts, {}) == pytest.approx(float(result), rel=1e-3)


def test_the_rate_is_that_of_the_step():
    history = session(threshold=2.5)
    history.extend([Event(100, "turn", "", {"knob": "knob-η", "value": 0.8})])
    assert "·0.8/2 = " in formula(history, **EDGE)


@pytest.mark.parametrize(
    ("table", "written"),
    [
        (
            {"kind": "monotone", "series": "loss", "at_least": 0.2},
            "loss rises on 100 of 400 steps: 100/400 = 0.25, ≥ 0.2",
        ),
        (
            {"kind": "level", "series": "loss", "statistic": "first", "above": 2.0},
            "first loss of 401 readings = 1, not > 2",
        ),
        (
            {"kind": "level", "series": "sharpness", "statistic": "first", "above": 2.0, "below": 4.0},
            "first λ₁ of 401 readings = 3, between 2 and 4",
        ),
        (
            {"kind": "monotone", "series": "loss", "at_least": 0.5, "at_most": 0.75},
            "loss rises on 100 of 400 steps: 100/400 = 0.25, not between 0.5 and 0.75",
        ),
        (
            {"kind": "crosses", "series": "sharpness", "crosses": "sharpness.theory"},
            "λ₁ rises above 2/η between steps 201 and 202, from 0 to 400",
        ),
        (
            {
                "kind": "ratio", "at_least": 1.4, "denominator": {"series": "sharpness", "at": "first"},
                "numerator": {"series": "sharpness", "at": {"series": "sharpness", "crosses": 4.0}},
            },
            "λ₁ at step 101 / first λ₁ = 4.01 / 3 = 1.337, not ≥ 1.4",
        ),
        (
            {"kind": "bounded", "series": "sharpness", "bound": 4.0, "at_most": 0.8},
            "λ₁ above 4 at 300 of 401 readings: 0.7481, ≤ 0.8",
        ),
        (
            {"kind": "agrees", "series": "sharpness", "tolerance": 0.5},
            "|3 − 5| / 5 = 0.4 at its largest of 401 readings; max 0.4, ≤ 0.5",
        ),
        (
            {"kind": "slope", "series": "sharpness", "axes": "semilog", "window": [0, 0.5],
             "predicted": 1.0, "tolerance": 0.1},
            f"slope of ln λ₁ on t through 201 readings = {SLOPE:.4g}, not within 10 % of 1",
        ),
    ],
    ids=lambda one: one["kind"] if isinstance(one, dict) else None,
)  # fmt: skip
def test_every_kind_writes_its_number_out(table, written):
    assert formula(session(), **table) == written


def test_what_is_still_to_come_says_when():
    assert "judged from step 200 on" in formula(session().until(50), **EDGE)
    told = formula(session().until(50), kind="crosses", series="sharpness", crosses="sharpness.theory")
    assert told == "λ₁ rises above 2/η: not yet; it must from step 0 to 400"


@pytest.mark.parametrize(
    ("values", "over", "place"),
    [
        ([3.0, 1.0, 2.0], "median", 2),
        ([np.nan, 1.0, 9.0], "all", 2),
        ([np.nan, np.nan], "median", None),
        ([np.inf, np.inf], "median", 0),
    ],
)
def test_the_member_that_stands_for_all_is_the_middle_or_the_worst(values, over, place):
    assert formulas.whose(np.array(values), Interval(0.0, 4.0), over) == place


# Since when.


@pytest.mark.parametrize("after", [0, 150])
def test_since_when_a_claim_holds_is_found_to_a_frame(after):
    (claim,) = claims.build([{"kind": "crosses", "name": "x", "says": "x", "series": "sharpness", "crosses": 4.5}])
    (rises,) = np.flatnonzero(SHARP > 4.5)[:1]
    assert since(claim, session(), "holds", after if after < rises else 0) == rises


def test_what_always_stood_so_stands_so_since_the_beginning():
    (claim,) = claims.build([{"kind": "bounded", "name": "x", "says": "x", "series": "loss", "bound": 2.0, "least": 1}])
    assert since(claim, session(), "holds") == 0
    assert since(claim, session(), "fails") == 400


TURN = {"knob": "knob-η", "value": 0.2, "old": 0.4}
KICK = {"radius": 0.1, "direction": "random"}


@pytest.mark.parametrize(
    ("event", "act"),
    [
        (Event(300, "kick", "", KICK), Act("kick", "the kick", 300)),
        (Event(300, "turn", "", TURN), Act("turn", "the turn of η", 300)),
        (Event(300, "fork", "", {"seed": 3}), Act("fork", "the fork", 300)),
        (Event(300, "fork", "", {}), None),
        (Event(300, "turn", "", TURN | {"knob": "sharpness.budget"}), None),
        (Event(300, "kick", "", KICK | {"replay": True}), None),
        (Event(303, "kick", "", KICK), None),
        (Event(350, "kick", "", KICK), None),
    ],
)
def test_what_was_done_before_a_claim_came_to_fail_is_named_and_nothing_else(event, act):
    """At step 303 the loss rises above what it was: what was done before may be why, what was done after is not."""
    history = session()
    history["loss"].values[303] = 2.0
    history.extend([Event(100, "kick", "", KICK)] if act else [])
    history.extend([event])
    (claim,) = claims.build([{"kind": "bounded", "name": "x", "says": "x", "series": "loss", "bound": 1.5, "least": 1}])
    assert claim.judge(history).status == "fails"
    assert dated(claim, history, "fails") == Since(303, act)


def test_what_holds_is_not_laid_to_what_was_done():
    history = session()
    history.extend([Event(10, "kick", "", KICK)])
    (claim,) = claims.build([{"kind": "crosses", "name": "x", "says": "x", "series": "sharpness", "crosses": 4.5}])
    assert dated(claim, history, "holds").after is None

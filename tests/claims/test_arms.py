"""Claims across arms: the worst is shown, arms are found by name, seeds are matched, slopes are slopes."""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dltlab import claims, records
from dltlab.claims import Verdict
from dltlab.errors import ScenarioError
from dltlab.headless import junit, report, reports
from dltlab.headless.outcome import Outcome
from dltlab.records import Arm, Array, Event, Footer, Frames, Header, Part, Series
from dltlab.scenario import parse, validate
from dltlab.session.history import History

WIDTHS = np.array([64.0, 256.0, 1024.0, 4096.0])


def history_of(columns: dict[str, np.ndarray], widths=WIDTHS, seeds=None) -> History:
    """A finished history; columns have the shape (readings, arms, seeds, …), read at every step."""
    readings, _, most = next(iter(columns.values())).shape[:3]
    own = seeds or [most] * len(widths)
    arms = tuple(
        Arm(f"m{width:.0f}", f"m = {width:.0f}", float(width), n) for width, n in zip(widths, own, strict=True)
    )
    axes = ("arm", "seed", "index")
    series = tuple(Series(name, name, axes[: got.ndim - 1], got.shape[1:]) for name, got in columns.items())
    header = Header(
        format=records.FORMAT, session="made", started="", title="Made", scenario={}, source="", steps=readings - 1,
        every=1, pace=None, seeds=tuple(range(most)), series=series, knobs=(), parameters=1, precision="float64",
        optimizer="", versions={}, device={}, threads=1, fingerprint="", arms=arms,
    )  # fmt: skip
    history = History(header)
    parts = {name: Array.of(np.ascontiguousarray(values)) for name, values in columns.items()}
    history.extend(
        [Frames(readings - 1, (Part(0, 1, readings, parts),), 1.0, 1.0), Footer(readings - 1, "finished", "")]
    )
    return history


def drift(seeds: int = 5, exponent: float = -0.5) -> np.ndarray:
    """Weights that move as m^exponent, each seed with a scatter of its own: shape (21, arms, seeds)."""
    scatter = np.exp(0.05 * np.random.default_rng(1).standard_normal((1, len(WIDTHS), seeds)))
    return np.linspace(0, 1, 21)[:, None, None] * (WIDTHS**exponent)[:, None] * scatter


def one(kind, **table):
    return claims.build([{"kind": kind, "name": "one", "says": "So.", **table}])[0]


LAST = {"series": "drift", "at": "last"}


def judged(history: History, kind: str, **table) -> Verdict:
    return one(kind, **table).judge(history)


def test_a_claim_that_names_no_arm_shows_the_worst():
    history = history_of({"drift": drift()})
    level = {"series": "drift", "statistic": "last", "below": 0.1}
    verdict = judged(history, "level", **level)
    assert verdict.status == "fails"
    assert float(verdict.measured) == pytest.approx(np.median(drift()[-1, 0]), rel=1e-3)
    assert verdict.detail.startswith("m = 64, the worst of 4 arms; ")
    assert "over 5 of 5 seeds" in verdict.detail
    # Where all hold, the worst is the one that is nearest to failing.
    assert judged(history, "level", **level | {"below": 0.2}).detail.startswith("m = 64, the worst")
    above = judged(history, "level", series="drift", statistic="last", above=0.001)
    assert (above.status, above.detail.split(",")[0]) == ("holds", "m = 4096")
    narrow = judged(history, "level", **level, arm="m256")
    assert narrow.status == "holds"
    assert narrow.detail.startswith("m = 256; ")


def test_an_arm_that_fails_outweighs_one_that_waits_and_both_outweigh_one_that_holds():
    columns = {"drift": drift(), "loss": drift()}
    columns["drift"][:, 1] = np.nan
    level = {"series": "drift", "statistic": "last"}
    assert judged(history_of(columns), "level", **level, below=1.0).status == "not yet"
    assert judged(history_of(columns), "level", **level, below=1.0).detail.startswith("m = 256")
    assert judged(history_of(columns), "level", **level, below=0.1).status == "fails"
    assert judged(history_of(columns), "level", **level, below=1.0, arm="m64").status == "holds"


@pytest.mark.parametrize("exponent", [-1.0, -0.5, 0.0, 2.0])
def test_the_slope_of_a_power_law_is_its_exponent_and_no_other(exponent):
    history = history_of({"drift": drift(exponent=exponent)})
    x = np.log(WIDTHS)
    expected = np.median([np.polyfit(x, np.log(values), 1)[0] for values in drift(exponent=exponent)[-1].T])
    verdict = judged(history, "scaling", term=LAST, predicted=exponent, tolerance=0.05)
    assert verdict.status == "holds"
    assert float(verdict.measured) == pytest.approx(expected, abs=1e-3)
    assert (verdict.predicted, verdict.tolerance) == (f"slope {exponent:.4g}", "± 0.05")
    assert "4 arms over 1.8 decades" in verdict.detail
    for wrong in (exponent - 0.2, exponent + 0.2):
        assert judged(history, "scaling", term=LAST, predicted=wrong, tolerance=0.05).status == "fails"
    assert judged(history, "scaling", term=LAST, at_most=exponent - 0.2).status == "fails"
    assert judged(history, "scaling", term=LAST, at_least=exponent - 0.2).status == "holds"


def test_axes_and_arms_of_a_scaling_can_be_chosen():
    rows = {"logarithm": 2 + 3 * np.log(WIDTHS), "decay": np.exp(-0.001 * WIDTHS), "power": WIDTHS**1.5}
    # Only the first three arms follow the law.
    rows["kinked"] = np.where(WIDTHS < 2000, WIDTHS**-0.5, 7.0)
    history = history_of({name: np.tile(row[:, None], (3, 1, 1)) for name, row in rows.items()})
    for table, slope in (
        ({"term": {"series": "logarithm"}, "axes": "semilogx"}, 3.0),
        ({"term": {"series": "decay"}, "axes": "semilogy"}, -0.001),
        ({"term": {"series": "power"}, "against": {"series": "kinked"}, "arms": ["m64", "m1024", "m256"]}, -3.0),
        ({"term": {"series": "kinked"}, "arms": ["m64", "m256", "m1024"]}, -0.5),
    ):
        assert judged(history, "scaling", **table, predicted=slope, tolerance=1e-9).status == "holds"
        assert judged(history, "scaling", **table, predicted=1.2 * slope, tolerance=1e-9).status == "fails"
    assert judged(history, "scaling", term={"series": "kinked"}, predicted=-0.5, tolerance=0.1).status == "fails"


def test_a_seed_that_is_missing_in_one_arm_has_no_slope():
    column = drift()
    column[:, 2, :2] = np.nan
    verdict = judged(history_of({"drift": column}), "scaling", term=LAST, predicted=-0.5, tolerance=0.1)
    assert (verdict.status, "over 3 of 5 seeds" in verdict.detail) == ("holds", True)
    column[:, 2, 2] = 0.0
    verdict = judged(history_of({"drift": column}), "scaling", term=LAST, predicted=-0.5, tolerance=0.1)
    assert verdict.status == "not yet", "zero has no logarithm, and two of five seeds are no median"


def test_a_verdict_says_whether_the_median_was_judged_and_how_many_seeds_alone_would_not_do():
    column = np.ones((3, 4, 5))
    column[-1, :, 4] = 3.7
    table = {"series": "drift", "statistic": "last", "predicted": 1.0, "tolerance": 0.15, "arm": "m64"}
    for over, status in (("median", "holds"), ("all", "fails")):
        verdict = judged(history_of({"drift": column}), "level", **table, over=over)
        assert (verdict.status, verdict.measured) == (status, "1")
        assert verdict.detail == f"m = 64; {over} judged, 1 … 3.7 over 5 of 5 seeds, 1 outside"
    verdict = judged(history_of({"drift": column}), "level", **table | {"tolerance": 3.0})
    assert verdict.detail == "m = 64; median judged, 1 … 3.7 over 5 of 5 seeds"


def test_ratios_are_formed_seed_by_seed_or_else_of_medians():
    column = np.ones((3, 4, 5))
    column[:, 0], column[:, 1] = [1, 2, 3, 4, 5], [10, 2, 3, 4, 0.5]
    table = {"numerator": {"series": "drift", "arm": "m64"}, "denominator": {"series": "drift", "arm": "m256"}}
    verdict = judged(history_of({"drift": column}), "ratio", **table, predicted=1.0, tolerance=0.01, over="all")
    assert (verdict.status, verdict.measured) == ("fails", "1")
    assert "0.1 … 10 over 5 of 5 seeds" in verdict.detail
    column[:, 1, 2:] = np.nan
    uneven = history_of({"drift": column}, seeds=[5, 2, 5, 5])
    verdict = judged(uneven, "ratio", **table, predicted=0.5, tolerance=0.01, over="all")
    assert (verdict.status, verdict.measured) == ("holds", "0.5"), "3 to 6"
    assert "medians of each arm's seeds" in verdict.detail
    # A term without an arm is read in the claim's, or in every one.
    mixed = {"numerator": {"series": "drift"}, "denominator": {"series": "drift", "arm": "m1024"}}
    assert judged(uneven, "ratio", **mixed, predicted=3.0, arm="m64").status == "holds"
    everywhere = judged(uneven, "ratio", **mixed, at_most=2.0)
    assert (everywhere.status, everywhere.measured) == ("fails", "6")
    assert everywhere.detail.startswith("m = 256, the worst of 4 arms")


def test_an_order_is_as_good_as_its_weakest_step():
    column = np.zeros((2, 4, 1))
    column[:] = np.array([8.0, 4.0, 1.0, 0.9])[:, None]
    history = history_of({"drift": column})
    terms = [{"series": "drift", "arm": f"m{width:.0f}"} for width in WIDTHS]
    falls = judged(history, "ordered", terms=terms)
    assert (falls.status, falls.measured, falls.predicted) == ("holds", "0.1", "falls, each time")
    assert "8, 4, 1, 0.9" in falls.detail
    assert judged(history, "ordered", terms=terms, factor=1.1).status == "holds"
    assert judged(history, "ordered", terms=terms, factor=1.2).status == "fails"
    assert judged(history, "ordered", terms=terms[:3], factor=2.0).measured == "2"
    assert judged(history, "ordered", terms=terms, direction="rises").status == "fails"
    assert judged(history, "ordered", terms=[terms[0], terms[0]]).status == "fails", "what is equal does not fall"


@pytest.mark.parametrize("over", ["median", "all"])
@pytest.mark.parametrize("factor", [None, 1.05])
def test_the_numbers_beside_an_order_give_what_was_measured(over, factor):
    column = np.random.default_rng(3).uniform(1.0, 2.0, (2, 4, 3)) * np.array([8.0, 4.0, 2.0, 1.0])[:, None]
    terms = [{"series": "drift", "arm": f"m{width:.0f}", "at": "last"} for width in WIDTHS]
    told = judged(history_of({"drift": column}), "ordered", terms=terms, over=over, factor=factor)
    row, step = re.findall(r"seed \d: (.*): smallest (?:difference|factor) (\S+)$", told.detail)[0]
    numbers = [float(number) for number in row.split(", ")]
    steps = [a - b if factor is None else a / b for a, b in pairwise(numbers)]
    assert step == told.measured
    assert min(steps) == pytest.approx(float(step), abs=2e-3)


@pytest.mark.parametrize("axes", ["loglog", "semilogx", "semilogy"])
def test_the_points_beside_a_slope_give_it(axes):
    told = judged(history_of({"drift": drift(seeds=3)}), "scaling", term=LAST, axes=axes, predicted=-0.5)
    points, slope = re.findall(r"seed \d: (.*): slope of .* (\S+)$", told.detail)[0]
    x, y = np.array(ast.literal_eval(f"[{points}]")).T
    x, y = x if axes == "semilogy" else np.log(x), y if axes == "semilogx" else np.log(y)
    assert slope == told.measured
    assert np.polyfit(x, y, 1)[0] == pytest.approx(float(slope), rel=2e-3)


def test_a_bound_tells_how_loose_it_is_and_a_floor_spares_rounding():
    t = np.arange(200.0)
    loss = np.maximum(np.exp(-t), 1e-31)[:, None, None] * np.ones((4, 2))
    bound = np.exp(-0.5 * t)[:, None, None] * np.ones((4, 2))
    history = history_of({"loss": loss, "loss.bound": bound})
    table = {"series": "loss", "bound": "loss.bound"}
    verdict = judged(history, "bounded", **table, floor=1e-24, window=[8, 199])
    assert (verdict.status, verdict.measured, verdict.predicted) == ("holds", "0 % above", "never above loss.bound")
    assert "median judged, 0 … 0 % over 2 of 2 seeds; nearest" in verdict.detail, "a share is no reading"
    assert (verdict.value, verdict.high) == (0.0, 0.0)
    assert f"nearest {np.exp(-4):.4g} × the bound" in verdict.detail
    assert judged(history, "bounded", **table).status == "fails", "the floor of rounding passes every bound"
    share = np.mean(loss[:, 0, 0] > bound[:, 0, 0])
    assert judged(history, "bounded", **table).measured == f"{100 * share:.3g} % above"
    some = judged(history, "bounded", **table, at_most=0.5)
    assert (some.predicted, some.high) == ("≤ 50 % above loss.bound", 0.5)
    assert judged(history, "bounded", **table, at_most=float(share)).status == "holds"
    loss[50] = np.inf
    beyond = judged(history_of({"loss": loss, "loss.bound": bound}), "bounded", **table, floor=1e-24)
    assert (beyond.status, "nearest ∞ × the bound" in beyond.detail) == ("fails", True)


def test_all_components_are_looked_at_and_those_that_an_arm_has_not_are_passed_over():
    modes = np.tile(np.array([1.0, 2.0, 3.0]), (5, 4, 2, 1))
    theory = modes.copy()
    modes[:, 1, :, 2] = theory[:, 1, :, 2] = np.nan
    modes[3, 2, 0, 1] = 2.5
    history = history_of({"modes": modes, "modes.theory": theory})
    table = {"series": "modes", "component": "all", "over": "all"}
    for arm, status in (("m64", "holds"), ("m256", "holds"), ("m1024", "fails")):
        assert judged(history, "agrees", **table, tolerance=0.2, arm=arm).status == status
        assert judged(history, "bounded", **table, bound="modes.theory", arm=arm).status == status
        assert judged(history, "level", **table, statistic="max", below=3.1, arm=arm).status == "holds"
    assert judged(history, "agrees", **table, tolerance=0.2).measured == "0.125"
    assert judged(history, "agrees", **table, tolerance=0.3).status == "holds"
    assert judged(history, "agrees", **table | {"component": 0}, tolerance=0.2).status == "holds"
    with pytest.raises(ScenarioError, match="no last reading"):
        one("level", **table, statistic="last", below=1.0)


@pytest.mark.parametrize(("units", "size"), [("theory", 0.5), ("first", 0.125), ("absolute", 1.0)])
def test_a_deviation_is_measured_in_what_it_says(units, size):
    loss = np.array([8.0, 4.0, 3.0])[:, None, None] * np.ones((4, 2))
    theory = np.array([8.0, 4.0, 2.0])[:, None, None] * np.ones((4, 2))
    history = history_of({"loss": loss, "loss.theory": theory})
    for factor, status in ((1.01, "holds"), (0.99, "fails")):
        verdict = judged(history, "agrees", series="loss", units=units, tolerance=factor * size)
        assert (verdict.status, verdict.measured) == (status, f"{size:.4g}")


def test_a_window_that_a_crossing_opens_opens_in_each_arm_at_its_own_step():
    t = np.arange(101.0)[:, None, None]
    own = np.array([20.0, 40.0, 60.0, 80.0])[:, None] * np.ones((4, 3))
    history = history_of({"sharpness": t / own, "loss": np.where(t > own, 7.0, 1.0)})
    edge = {"series": "sharpness", "crosses": 1.0}
    assert judged(history, "level", series="loss", since=edge, predicted=7.0).status == "holds"
    assert judged(history, "level", series="loss", until=edge, predicted=1.0).status == "holds"
    late = judged(history, "crosses", **edge, before=0.5)
    assert (late.status, late.measured, late.detail.split(",")[0]) == ("fails", "81", "m = 4096")
    at = {"numerator": {"series": "loss", "at": edge}, "denominator": {"series": "loss", "at": "first"}}
    assert judged(history, "ratio", **at, predicted=7.0, arm="m1024").status == "holds"


def test_a_member_is_dead_in_its_own_arm_only():
    history = history_of({"drift": drift()})
    history.events += [Event(3, "diverged", "", {"arm": "m64", "seed": 4}), Event(5, "diverged", "", {"arm": "m256"})]
    level = {"series": "drift", "statistic": "max", "below": 9.0, "over": "all"}
    for arm, said in (("m64", "1 diverged"), ("m256", "5 diverged"), ("m1024", "")):
        verdict = judged(history, "level", **level, arm=arm)
        assert verdict.status == ("fails" if said else "holds")
        assert said in verdict.detail
    assert "5 diverged" in judged(history, "scaling", term=LAST, predicted=-0.5, over="all").detail


def test_an_arm_that_did_not_run_is_not_shown():
    history = history_of({"drift": drift()[:, :2]}, WIDTHS[:2])
    verdict = judged(history, "level", series="drift", below=1.0, arm="m4096")
    assert (verdict.status, verdict.measured, verdict.detail) == ("not yet", "—", "arm 'm4096' did not run")
    assert judged(history, "scaling", term=LAST, predicted=-0.5).status == "not yet"
    terms = [{"series": "drift", "arm": arm} for arm in ("m64", "m4096")]
    order = judged(history, "ordered", terms=terms)
    assert order.status == "not yet"
    assert order.detail.startswith("arm 'm4096' did not run; ")


SCENARIO = """
title = "Widths"
problem = "any"
optimizer = "any"
run = { steps = 10 }
[[arms]]
name = "narrow"
value = 4
[[arms]]
name = "wide"
value = 64
[[arms]]
name = "odd"
"""


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        (
            'kind = "level"\nseries = "loss"\nbelow = 1\narm = "wyde"',
            "16:1: claims[0].arm: no arm 'wyde'; did you mean",
        ),
        (
            'kind = "ratio"\nat_most = 1\ndenominator = { series = "a" }\nnumerator = { series = "a", arm = "x" }',
            "claims[0].numerator.arm: no arm 'x'; known: narrow, wide, odd.",
        ),
        (
            'kind = "ordered"\nterms = [{ series = "loss", arm = "wide" }, { series = "loss", arm = "od" }]',
            "claims[0].terms[1].arm: no arm 'od'; did you mean 'odd'?",
        ),
        (
            'kind = "scaling"\nterm = { series = "loss" }\npredicted = 1.0',
            "claims[0].kind: it takes 3 arms with a positive 'value'; this scenario has 2.",
        ),
        (
            'kind = "scaling"\nterm = { series = "loss" }\npredicted = 1.0\narms = ["narrow", "wide", "odd"]',
            "claims[0].arms[2]: the arm 'odd' has no positive 'value' to stand at; give it one.",
        ),
    ],
)
def test_an_arm_that_a_scenario_has_not_is_a_fault_at_its_place(claim, fault):
    text = SCENARIO.replace('"any"', '{ kind = "any" }') + f'[[claims]]\nname = "one"\nsays = "So."\n{claim}\n'
    document = parse(text, "widths.toml")
    known = validate(document)
    [told] = claims.check_arms(claims.build(known.claims, document), known.arms, document)
    assert told.startswith("widths.toml:")
    assert fault.split(":1: ")[-1] in told


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ('kind = "level"\nseries = "los"\narm = "wyde"\nbelow = "low"', {"below", "series", "arm"}),
        ('kind = "level"\nseries = "los"\narm = "wyde"', {"", "series", "arm"}),
        (
            'kind = "ratio"\nat_most = 1\nnumerator = { series = "los", arm = "x" }',
            {"", "numerator.series", "numerator.arm"},
        ),
        (
            'kind = "level"\nseries = "loss"\nbelo = 1\nsince = { series = "x", cross = 1 }',
            {"belo", "since.series", "since.cross"},
        ),
        ('kind = "scaling"\nterm = { series = "loss" }\narms = ["narrow", "x"]', {"arms", "arms[1]"}),
        ('kind = "ordered"\nterms = [{ serie = "loss", arm = "x" }]', {"terms[0].serie", "terms[0].arm"}),
        ('kind = "levl"\narm = "wyde"', {"kind", "arm"}),
        ('kind = "level"\nseries = "1 x"\nbelow = 1', {"series"}),
    ],
)
def test_what_is_wrong_with_a_claim_is_told_at_once(claim, told):
    text = SCENARIO.replace('"any"', '{ kind = "any" }') + f'[[claims]]\nname = "one"\nsays = "So."\n{claim}\n'
    document = parse(text, "widths.toml")
    known = validate(document)
    found, faults = claims.tried(known.claims, document)
    faults += [*claims.check_arms(found, known.arms, document), *claims.check_series(found, ["loss"], document)]
    keys = [fault.split(": ")[1].removeprefix("claims[0]").removeprefix(".") for fault in faults]
    assert sorted(keys) == sorted(told)
    with pytest.raises(ScenarioError) as caught:
        claims.build(known.claims, document, known.arms)
    assert {fault for fault in faults if "no series" not in fault} == set(caught.value.faults)


def test_a_name_that_a_faulty_claim_has_is_taken():
    tables = [
        {"kind": "level", "name": "one"},
        {"kind": "level", "name": "one", "says": "So.", "series": "a", "below": 1},
    ]
    _, faults = claims.tried(tables)
    assert any("a second claim 'one'" in fault for fault in faults)


def test_reports_keep_a_row_a_claim_and_name_the_arms(tmp_path: Path):
    history = history_of({"drift": drift()}, seeds=[5, 5, 5, 3])
    tables = [
        {"kind": "level", "name": "small", "series": "drift", "statistic": "last", "below": 0.1},
        {"kind": "scaling", "name": "lazy", "term": LAST, "predicted": -0.5, "tolerance": 0.05},
    ]
    verdicts = claims.judge_all(claims.build([{"says": "So.", **table} for table in tables]), history)
    outcome = Outcome("widths", tmp_path, history, verdicts)
    text = reports.table(outcome)
    assert "4 arms of 3 to 5 seeds, 20 steps" in text
    assert max(map(len, text.splitlines())) <= reports.WIDTH
    assert text.count("✗ FAILS") == text.count("✓ holds") == 1
    assert "m = 64, the worst of 4 arms" in text
    [run] = json.loads(report.json_report([outcome]))["runs"]
    assert [(arm["name"], arm["value"], arm["seeds"]) for arm in run["arms"]][-1] == ("m4096", 4096.0, 3)
    assert [claim["status"] for claim in run["claims"]] == ["fails", "holds"]
    suite = ET.fromstring(junit.junit_report([outcome]))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "m = 64, the worst of 4 arms" in (suite.findtext(".//failure") or "")

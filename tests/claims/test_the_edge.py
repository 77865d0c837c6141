"""Claims follow knobs, seeds and crossings, as the edge of stability needs them to."""

import numpy as np
import pytest

from dltlab import claims, records
from dltlab.claims.windows import Crossing, crossings
from dltlab.records import Array, Event, Footer, Frames, Header, Knob, Part, Series
from dltlab.session.history import History

EDGE = {"series": "sharpness", "crosses": "sharpness.theory"}


def history_of(steps: int, seeds: int = 1, every: int = 1, **columns: np.ndarray) -> History:
    """A live history; columns have the shape (readings,) or (seeds, readings), read ``every`` so many steps."""
    names = {name.replace("_", "."): np.atleast_2d(values) for name, values in columns.items()}
    lead = ((), ()) if seeds == 1 else (("seed",), (seeds,))
    header = Header(
        format=records.FORMAT, session="made", started="", title="", scenario={}, source="", steps=steps, every=1,
        pace=None, seeds=tuple(range(seeds)), series=tuple(Series(name, name, *lead) for name in names),
        knobs=(Knob("learning_rate", "η", 0.4, 0.05, 1.0),), parameters=1, precision="float64", optimizer="",
        versions={}, device={}, threads=1, fingerprint="",
    )  # fmt: skip
    history = History(header)
    parts = []
    for name, values in names.items():
        values = np.broadcast_to(values, (seeds, values.shape[1])).T
        stride = 1 if name == "loss" else every
        parts.append(Part(0, stride, len(values), {name: Array.of(values if seeds > 1 else values[:, 0])}))
    reached = max(part.first + part.stride * (part.count - 1) for part in parts)
    history.extend([Frames(reached, tuple(parts), 0.0, 0.0)])
    return history


def one(kind, **table):
    return claims.build([{"kind": kind, "name": "one", "says": "So.", **table}])[0]


def turned(until: int, at: int = 700, steps: int = 1000) -> History:
    """The sharpness sits at 5; a turn at step ``at`` moves the theory to 10, which it reaches 100 steps later."""
    t = np.arange(until + 1.0)
    sharpness = np.where(t <= at, 5.0, np.minimum(5 + 0.05 * (t - at), 10.0))
    history = history_of(steps, sharpness=sharpness, sharpness_theory=np.where(t <= at, 5.0, 10.0))
    if until >= at:
        history.extend([Event(at, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4})])
    return history


@pytest.mark.parametrize(
    ("gone", "events", "said"),
    [
        (slice(60, None), [], "loss is not finite in 41 of 202 readings, from step 60 on"),
        (slice(60, 100), [], "loss is not finite in 40 of 202 readings, between steps 60 and 99"),
        (slice(0, 7), [], "loss is not finite yet in 7 of 202 readings, up to step 6"),
        (slice(50, 51), [], "loss is not finite in 1 of 202 readings, at step 50"),
        (
            slice(60, None),
            [Event(70, "diverged", "", {"step": 58, "seed": 1})],
            "1 diverged; loss is not finite in 41 of 202 readings, from step 60 on (seed 1 diverged at step 58)",
        ),
        (
            slice(60, None),
            [Event(70, "diverged", "", {"step": 58, "seed": 0})],
            "1 diverged; loss is not finite in 41 of 202 readings, from step 60 on",
        ),
        (slice(100, 100), [], ""),
    ],
)
def test_what_is_passed_over_is_told_with_its_series_its_steps_and_who_diverged(gone, events, said):
    loss = np.ones((2, 101))
    loss[1, gone] = np.nan
    history = history_of(100, seeds=2, loss=loss, loss_theory=np.ones((2, 101)))
    history.extend(events)
    for kind, table in (
        ("level", {"below": 2.0}),
        ("agrees", {"tolerance": 0.1}),
        ("bounded", {"bound": 2.0}),
        ("monotone", {"at_most": 0.5}),
        ("slope", {"predicted": 0.0, "axes": "semilog"}),
        ("plateau", {"window": [0, 1]}),
    ):
        detail = one(kind, series="loss", **table).judge(history).detail
        assert detail.partition("seeds")[2].strip("; ").startswith(said), (kind, detail)
        assert bool(said) == ("not finite" in detail)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (6, "(seeds 0, 1, 2, 3 and 2 more diverged, the first at step 58)"),
        (3, "(seeds 0, 1, 2 diverged, the first at step 58)"),
        (40, "(all seeds diverged, the first at step 58)"),
    ],
)
def test_of_many_that_diverged_a_few_are_named(lost, said):
    loss = np.ones((40, 101))
    loss[:lost, 60:] = np.nan
    history = history_of(100, seeds=40, loss=loss)
    history.extend(Event(70, "diverged", "", {"step": 58, "seed": seed}) for seed in range(lost))
    assert one("level", series="loss", below=2.0).judge(history).detail.endswith(said)


def test_a_session_of_one_that_diverged_says_so():
    loss = np.ones((1, 101))
    loss[0, 90:] = np.inf
    history = history_of(200, loss=loss)
    history.extend([Footer(88, "diverged", "")])
    said = "diverged; loss is not finite in 11 of 101 readings, from step 90 on (it diverged at step 88)"
    assert one("level", series="loss", below=2.0).judge(history).detail == said


def test_a_plateau_follows_the_knob_and_never_fails_falsely():
    plateau = one("plateau", series="sharpness", tolerance=0.03)
    statuses = [plateau.judge(turned(until)).status for until in range(0, 1001, 5)]
    assert "fails" not in statuses
    assert statuses[::-1][0] == "holds"
    first, last = statuses.index("holds"), len(statuses) - statuses[::-1].index("not yet")
    assert 5 * first in range(505, 520)
    assert 5 * last in range(795, 815)
    assert {statuses[place] for place in range(first, 140)} == {"holds"}
    assert "readings from step" in plateau.judge(turned(1000)).detail


def test_a_plateau_that_only_grazes_its_theory_after_a_turn_fails():
    t = np.arange(1001.0)
    for level, status in ((9.6, "fails"), (9.9, "holds"), (8.0, "not yet")):
        history = history_of(
            1000, sharpness=np.where(t <= 400, 5, level), sharpness_theory=np.where(t <= 400, 5.0, 10.0)
        )
        history.extend([Event(400, "turn", "", {"knob": "learning_rate", "value": 0.2})])
        history.extend([Footer(1000, "finished", "")])
        assert one("plateau", series="sharpness", tolerance=0.03).judge(history).status == status


def test_a_turn_too_near_the_end_leaves_the_plateau_unshown():
    history = turned(1000, at=950)
    history.extend([Footer(1000, "finished", "")])
    verdict = one("plateau", series="sharpness", tolerance=0.03).judge(history)
    assert verdict.status == "not yet"
    assert verdict.measured == "—"


def climbing(seeds=3, every=20):
    """Each seed crosses 5 at its own step, and its loss falls to its crossing and alternates after it."""
    t = np.arange(0, 1001)
    edges = np.array([300, 450, 610])[:seeds]
    read = t[::every]
    sharpness = np.array([3 + 2 * read / edge for edge in edges])
    loss = np.array([np.exp(-0.001 * t) * np.where((t > edge) & (t % 2 == 1), 1.1, 1.0) for edge in edges])
    return history_of(1000, seeds, every, loss=loss, sharpness=sharpness, sharpness_theory=np.full(len(read), 5.0))


def test_every_seed_has_its_own_crossing():
    history = climbing()
    before, at = crossings(history, Crossing(series="sharpness", crosses="sharpness.theory"))
    # At its edge itself the sharpness equals the threshold, which is not yet beyond it.
    assert before.tolist() == [300, 440, 600]
    assert at.tolist() == [320, 460, 620]
    calm = one("monotone", series="loss", until=EDGE, at_most=0.0, over="all").judge(history)
    restless = one("monotone", series="loss", since=EDGE, at_least=0.45, over="all").judge(history)
    assert (calm.status, calm.measured) == ("holds", "0")
    assert restless.status == "holds"
    assert one("monotone", series="loss", at_most=0.0).judge(history).status == "fails"
    crosses = one("crosses", **EDGE, after=300, before=620, over="all").judge(history)
    assert (crosses.status, crosses.measured) == ("holds", "460")
    assert one("crosses", **EDGE, after=300, before=610, over="all").judge(history).status == "fails"
    assert one("crosses", **EDGE, after=300, before=610).judge(history).status == "holds"


def test_before_the_crossing_both_windows_wait():
    early = history_of(
        1000,
        loss=np.exp(-0.01 * np.arange(100.0)),
        sharpness=np.linspace(3, 4, 100),
        sharpness_theory=np.full(100, 5.0),
    )
    for window in ("since", "until"):
        assert one("monotone", series="loss", at_most=0.0, **{window: EDGE}).judge(early).status == "not yet"
    assert one("crosses", **EDGE, before=0.5).judge(early).status == "not yet"
    early.extend([Footer(1000, "finished", "")])
    assert one("crosses", **EDGE, before=0.5).judge(early).measured == "never"
    assert one("crosses", **EDGE, before=0.5).judge(early).status == "fails"
    assert one("monotone", series="loss", at_most=0.0, since=EDGE).judge(early).status == "not yet"


def restless(until: int, *, turn: int | None = None) -> History:
    """The edge is met at step 100; from step 400 on the loss rises on every second step.

    A turn doubles the threshold, which is not met any more; from then on the loss only falls.
    """
    t = np.arange(until + 1.0)
    left = t > (np.inf if turn is None else turn)
    loss = np.exp(-0.001 * t) * np.where((t > 400) & (t % 2 == 1) & ~left, 1.1, 1.0)
    theory = np.where(left, 10.0, 5.0)
    history = history_of(1000, loss=loss, sharpness=np.minimum(4 + t / 99, 5.1), sharpness_theory=theory)
    if turn is not None and until >= turn:
        history.extend([Event(turn, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4})])
    return history


def test_a_fraction_that_steps_to_come_can_mend_has_not_failed_yet():
    claim = one("monotone", series="loss", since=EDGE, at_least=0.2)
    statuses = [claim.judge(restless(until)).status for until in range(0, 1001, 20)]
    assert "fails" not in statuses
    assert statuses[-1] == "holds"
    over = restless(390)
    over.extend([Footer(1000, "finished", "")])
    assert claim.judge(over).status == "fails"
    # A single rise where there may be none is never mended.
    assert one("monotone", series="loss", at_most=0.0).judge(restless(500)).status == "fails"


def test_what_follows_the_edge_follows_the_last_edge():
    claim = one("monotone", series="loss", since=EDGE, at_least=0.2)
    for until in range(0, 1001, 20):
        history = restless(until, turn=420)
        if until == 1000:
            history.extend([Footer(1000, "finished", "")])
        assert claim.judge(history).status == "not yet"


def test_a_level_at_the_end_waits_for_the_end():
    t = np.arange(501.0)
    claim = one("level", series="loss", statistic="last", below=0.1)
    live = history_of(1000, loss=np.exp(-0.1 * t))
    assert claim.judge(live).status == "not yet"
    live.extend([Footer(500, "stopped", "")])
    assert claim.judge(live).status == "not yet", "a stopped session may be continued"
    live.extend([Footer(500, "finished", "")])
    assert claim.judge(live).status == "holds"


def test_a_maximum_settles_as_soon_as_nothing_can_change_it():
    peak = history_of(1000, loss=np.array([1.0, 7.0, 2.0]))
    for bounds, status in (({"above": 5.0}, "holds"), ({"below": 5.0}, "fails"), ({"above": 9.0}, "not yet")):
        assert one("level", series="loss", statistic="max", **bounds).judge(peak).status == status
        assert one("level", series="loss", statistic="max", over="all", **bounds).judge(peak).status == status
    assert one("level", series="loss", statistic="max", below=9.0).judge(peak).status == "not yet"


def test_series_read_at_different_steps_are_compared_at_the_same():
    t = np.arange(1001.0)
    history = history_of(1000, 1, 20, loss=2 * t + 1, loss_theory=(2 * t + 1)[::20])
    assert one("agrees", series="loss", tolerance=1e-9).judge(history).status == "holds"


def test_the_median_needs_more_than_half_of_the_seeds():
    values = np.ones((4, 11))
    values[2:, 3:] = np.nan
    history = history_of(10, 4, loss=values)
    history.extend(
        [Event(3, "diverged", "", {"step": 3, "seed": seed}) for seed in (2, 3)] + [Footer(10, "finished", "")]
    )
    verdict = one("level", series="loss", statistic="last", predicted=1.0, tolerance=0.1).judge(history)
    assert verdict.status == "not yet"
    assert "2 diverged" in verdict.detail


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"kind": "level", "series": "loss"}, "nothing is predicted"),
        ({"kind": "level", "series": "loss", "predicted": 1.0, "below": 2.0}, "not both"),
        ({"kind": "agrees", "series": "loss"}, "positive 'tolerance'"),
        ({"kind": "plateu", "series": "loss"}, "did you mean 'plateau'"),
        ({"kind": "slope", "series": "loss"}, "'predicted' is missing"),
        ({"kind": "monotone", "series": "loss", "at_most": 0.0, "until": {"series": "a", "croses": 1.0}}, "croses"),
        ({"kind": "level", "series": "loss", "window": [-1, 2], "below": 1}, "window"),
        ({"kind": "level", "series": "loss", "component": "al", "below": 1}, "did you mean 'all'"),
        ({"kind": "ordered", "terms": [{"series": "loss", "at": "lst"}, {"series": "loss"}]}, "did you mean 'last'"),
        ({"kind": "ordered", "terms": [{"series": "loss"}]}, "length >= 2"),
        ({"kind": "scaling", "term": {"series": "loss"}}, "nothing is predicted"),
        ({"kind": "scaling", "term": {"series": "loss", "arm": "a"}, "predicted": 1.0}, "takes no 'term.arm'"),
        ({"kind": "agrees", "series": "loss", "tolerance": 0.1, "relative": True}, "unknown key 'relative'"),
    ],
)
def test_a_claim_that_says_nothing_sound_is_refused_with_its_cure(table, words):
    with pytest.raises(claims.ScenarioError, match=words):
        claims.build([{"name": "one", "says": "So.", **table}])


def test_two_claims_of_one_name_are_refused():
    table = {"kind": "level", "name": "one", "says": "So.", "series": "loss", "below": 1.0}
    with pytest.raises(claims.ScenarioError, match="second claim 'one'"):
        claims.build([table, table])

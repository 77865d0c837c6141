"""Error bars: what is beyond, what is absent, and the largest of a run, wherever it hides."""

import itertools

import numpy as np
import pytest

from dltlab.headless.reports import in_words
from dltlab.records import FORMAT, Arm, Array, Event, Frames, Header, Knob, Part, Series
from dltlab.session import errorbars
from dltlab.session.history import History

NAN, INF = np.nan, np.inf
LEADS = {"alone": ((), ()), "ensemble": (("seed",), (3,)), "arms": (("arm", "seed"), (2, 3))}
SEEDS = (4, 7, 9)


def history_of(lead: str, values: np.ndarray, bars: np.ndarray, every: int = 5, tolerance: float = 1e-2) -> History:
    axes, shape = LEADS[lead]
    arms = tuple(Arm(name, name, seeds=3) for name in ("wide", "deep")) if lead == "arms" else ()
    knobs = (Knob("learning_rate", "η", 0.1, 0.01, 1.0), Knob("sharpness.budget", "budget", 32.0, 0.01, 32.0))
    series = (
        Series("s", "λ", (*axes, "eigenvalue"), (*shape, 2), bar="s.error", tolerance=tolerance),
        Series("s.error", "error bar", (*axes, "eigenvalue"), (*shape, 2)),
    )
    header = Header(
        FORMAT, "e", "", "e", {}, "e", 1000, 1, None, SEEDS if shape else SEEDS[:1], series, knobs, 1, "float64", "sgd",
        {}, {}, 1, "", arms=arms,
    )  # fmt: skip
    history = History(header)
    columns = {"s": Array.of(values), "s.error": Array.of(bars)}
    history.extend([Frames(every * len(values), (Part(0, every, len(values), columns),), 0.0, 0.0)])
    return history


@pytest.mark.parametrize(
    ("value", "bar", "relative", "beyond", "absent"),
    [
        (5.0, 0.04, 0.008, False, False),
        (-5.0, 0.06, 0.012, True, False),
        (5.0, 0.0, 0.0, False, False),
        (0.0, 0.0, 0.0, False, False),
        (0.0, 0.1, INF, True, False),
        (5.0, INF, INF, True, False),
        # A reading whose error nobody knows is not to be trusted.
        (5.0, NAN, INF, True, False),
        (NAN, NAN, NAN, False, True),
        (NAN, 0.1, NAN, False, False),
        (INF, 0.1, NAN, False, False),
    ],
)
def test_a_bar_is_judged_in_proportion_to_its_reading(value, bar, relative, beyond, absent) -> None:
    one, other = np.array([value]), np.array([bar])
    np.testing.assert_allclose(errorbars.relative(one, other), [relative])
    assert errorbars.beyond(one, other, 0.01).tolist() == [beyond]
    assert errorbars.beyond(one, other, 0.0).tolist() == [False]
    assert errorbars.absent(one, other).tolist() == [absent]


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("length", [7, 1 << 16])
def test_the_largest_bar_is_found_wherever_it_hides(lead: str, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errorbars, "_SLICE", min(length // 2, 1000))
    random = np.random.default_rng(length)
    for at in (0, length // 2, length - 1):
        values = random.normal(5, 0.1, (length, *LEADS[lead][1], 2))
        bars = 0.005 * np.abs(values)
        # The largest bar in its own unit is not the one that is largest in proportion.
        values[length // 3], bars[length // 3] = 1e6, 1e3
        values[..., 1][random.uniform(size=values.shape[:-1]) < 0.2] = np.nan
        bars[np.isnan(values)] = np.nan
        place = (at, *(size - 1 for size in LEADS[lead][1]), 0)
        values[place], bars[place] = -4.0, 2.0
        (found,) = errorbars.largest(history := history_of(lead, values, bars))
        assert (found.relative, found.bar, found.value) == (0.5, 2.0, -4.0)
        assert (found.step, found.component) == (5 * at, 0)
        assert found.seed == (SEEDS[0] if lead == "alone" else SEEDS[-1])
        assert found.arm == ("deep" if lead == "arms" else None)
        assert (found.readings, found.beyond) == (np.isfinite(values).sum(), 1)
        said = in_words(found, history)
        assert said.startswith(f"s: largest error bar 50 % of λ₁ (step {5 * at:,}")
        assert ("arm deep" in said, "seed 9" in said) == (lead == "arms", lead != "alone")
        assert said.endswith(f"1 of {np.isfinite(values).sum():,} readings beyond 1 %")


def test_without_a_tolerance_or_a_reading_nothing_is_beyond() -> None:
    values, nothing = np.full((4, 2), 3.0), np.full((4, 2), np.nan)
    history = history_of("alone", values, 2 * values, tolerance=0.0)
    (found,) = errorbars.largest(history)
    assert (found.relative, found.beyond) == (2.0, 0)
    assert "beyond" not in in_words(found, history)
    assert errorbars.largest(history_of("alone", nothing, nothing)) == []
    unknown = history_of("alone", values, nothing)
    assert "∞" in in_words(errorbars.largest(unknown)[0], unknown)


@pytest.mark.parametrize("shape", [None, (3,), (2, 1)], ids=str)
def test_bars_that_a_recording_lacks_are_no_bars(shape: tuple[int, ...] | None) -> None:
    axes = ("a", "b")[: len(shape or ())]
    series = [Series("s", "λ", ("eigenvalue",), (2,), source="probes.s", bar="s.error", tolerance=0.1)]
    series += [] if shape is None else [Series("s.error", "error", axes, shape, source="probes.s")]
    header = Header(
        FORMAT, "e", "", "e", {}, "e", 10, 1, None, (0,), tuple(series), (), 1, "float64", "sgd", {}, {}, 1, ""
    )  # fmt: skip
    history = History(header)
    assert errorbars.largest(history) == []
    assert errorbars.own(history, "s") == ""
    assert errorbars.of(history, "s") is None


def test_a_budget_that_is_turned_is_no_turn_of_the_dynamics() -> None:
    history = history_of("alone", np.ones((3, 2)), np.ones((3, 2)))
    turns = [("learning_rate", 0.2, 3), ("sharpness.budget", 0.5, 6)]
    for (knob, value, step), times in itertools.product(turns, (1, 2)):
        history.extend([Event(step, "turn", "", {"knob": knob, "value": value * times})])
    assert [event.data["knob"] for event in history.turns()] == ["learning_rate"] * 2
    assert len(history.turns("sharpness.budget")) == 2
    assert history.knob("sharpness.budget") == 1.0
    assert history.knob("learning_rate", step=2) == 0.1

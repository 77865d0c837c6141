"""Axes: what lies on them, and what leaves them."""

import itertools

import numpy as np
import pytest

from dltlab.terminal.drawing import scales
from dltlab.terminal.drawing.numbers import short

VALUES = [
    0.0,
    5e-324,
    1e-300,
    1e-9,
    0.03,
    0.5,
    1.0,
    1.0000000000000002,
    4.98,
    7.0,
    19.9,
    20.1,
    999.0,
    1e6,
    1e300,
    1.797e308,
]


def test_what_lies_off_an_axis_leaves_it_at_its_edge_and_comes_back() -> None:
    up = scales.Scale("linear", 0.0, 10.0)
    values = np.array([1.0, 5.0, 20.0, 30.0, 4.0, -3.0])
    assert up.within(values) == [slice(0, 3), slice(3, 6)]
    assert up.within(values[:2]) == [slice(0, 2)]
    assert up.within(np.array([20.0, 30.0])) == []
    log = scales.Scale("log", -3.0, 0.0)
    assert log.within(np.array([1e-5, 1e-2, np.nan, 1.0])) == [slice(0, 4)]


@pytest.mark.parametrize("rows", [2, 3, 5, 9])
def test_a_logarithmic_axis_says_how_long_a_decade_is(rows: int) -> None:
    for low, high in itertools.product(
        np.arange(-300.0, 300.0, 7.3), (0.3, 0.31, 0.9, 1.0, 2.5, 7.0, 25.0, 30.0, 290.0)
    ):
        for scale in (
            scales.around("log", 10.0**low, 10.0 ** min(low + high, 308)),
            scales.Scale("log", low, low + high),
        ):
            ticks = scale.ticks(max((rows + 2) // 3, 2))
            assert len({at for at, _ in ticks}) >= 2, (scale, ticks)
            assert len(ticks) <= max((rows + 2) // 3, 2)


@pytest.mark.parametrize("kind", ["linear", "log"])
def test_limits_hold_the_data_and_ticks_are_inside(kind: str) -> None:
    signs = (1.0,) if kind == "log" else (1.0, -1.0)
    for a, b in itertools.product([s * v for v in VALUES for s in signs if v or kind != "log"], repeat=2):
        low, high = min(a, b), max(a, b)
        scale = scales.around(kind, low, high)
        assert scale.low < scale.high
        at = scale.fraction(np.array([low, high]))
        assert np.isfinite(at).all()
        if kind == "log":
            assert scale.low <= np.log10(low) + 1e-9
            assert scale.high >= np.log10(high) - 1e-9
        elif high < 1.7e308 and low > -1.7e308:
            slack = 1e-9 * max(abs(low), abs(high)) + 1e-290
            assert scale.low <= low + slack
            assert scale.high >= high - slack
        for most in (2, 4, 12):
            ticks = scale.ticks(most)
            assert 0 < len(ticks) <= max(most, 2), (kind, low, high, ticks)
            assert all(-1e-9 <= fraction <= 1 + 1e-9 for fraction, _ in ticks)


def test_a_growing_curve_rarely_moves_its_axis() -> None:
    limits = {scales.around("linear", 0.0, high) for high in np.linspace(0.5, 20, 1000)}
    assert len(limits) <= 16


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [(0, 6, ["0", "2", "4", "6"]), (0, 5.2, ["0", "2", "4", "6"]), (0, 0.8, ["0", "0.4", "0.8"])],
)
def test_ticks_are_round(low: float, high: float, labels: list[str]) -> None:
    assert [label for _, label in scales.around("linear", low, high).ticks(4)] == labels


def test_log_ticks_are_decades() -> None:
    labels = [label for _, label in scales.around("log", 2e-4, 3.0).ticks(8)]
    assert labels == ["1e-4", "1e-3", "0.01", "0.1", "1", "10"]


def test_numbers_are_short() -> None:
    for value in [
        0.0,
        1.0,
        -1.0,
        1e-300,
        -1e300,
        1e308,
        123456.789,
        5e-324,
        np.nan,
        np.inf,
        -np.inf,
        -1234.5,
        999.96,
        0.00099999,
    ]:
        assert len(short(value)) <= 8, short(value)
    assert [short(v) for v in (2000, 0.5, 1e-3, 1e-4, 12345)] == ["2k", "0.5", "0.001", "1e-4", "12.3k"]

"""Axes: what lies on them, and what leaves them."""

import itertools

import numpy as np
import pytest

from dltlab.terminal.drawing import scales
from dltlab.terminal.drawing.numbers import short


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

"""What stands for the members of an arm: the readings that are its own, and quantiles of what is finite."""

import numpy as np
import pytest

from dltlab.records import FORMAT, Arm, Array, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.session.quantiles import middle, quantiles
from dltlab.session.readings import read


@pytest.mark.parametrize("own", [(), (1,), (4,)])
def test_quantiles_are_those_of_what_is_finite(own: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(200, 7, *own))
    values[random.uniform(size=values.shape) < 0.3] = np.nan
    wanted = (0.0, 0.25, 0.5, 0.75, 1.0)
    known = np.asarray(np.isfinite(values).any(axis=1))
    expected = np.nanquantile(np.where(known[:, None], values, 0.0), wanted, axis=1)
    found = quantiles(values, wanted)
    assert found.shape == (200, 5, *own)
    for place in range(len(wanted)):
        np.testing.assert_allclose(found[:, place][known], expected[place][known])
        assert np.isnan(found[:, place][~known]).all()
    assert np.isnan(quantiles(np.full((2, 3, *own), np.inf), wanted)).all()


def test_huge_readings_have_a_quantile_between_them() -> None:
    assert quantiles(np.array([[1.7e308, 1.7e308], [-1.7e308, 1.7e308]]), (0.5,))[:, 0].tolist() == [1.7e308, 0.0]


def test_a_single_member_is_told_as_it_is_and_one_of_several_that_diverged_is_left_out() -> None:
    assert middle(np.array([[np.inf]])).tolist() == [np.inf]
    assert middle(np.array([[1.0, np.inf, 3.0, np.nan, 2.0]])).tolist() == [2.0]


def test_an_arm_has_its_own_members_alone() -> None:
    series = Series("x", "x", ("arm", "seed", "mode"), (2, 3, 2))
    arms = (Arm("a", "a", seeds=3), Arm("b", "b", seeds=1))
    header = Header(
        FORMAT, "s", "", "", {}, "", 9, 1, None, (0, 1, 2), (series,), (), 1, "float64", "sgd", {}, {}, 1, "", arms=arms
    )
    history = History(header)
    values = np.arange(24.0).reshape(2, 2, 3, 2)
    history.extend([Frames(1, (Part(0, 1, 2, {"x": Array.of(values)}),), 0.0, 0.0)])
    for arm, place, seeds in (("", 0, 3), ("a", 0, 3), ("b", 1, 1), ("nobody", 0, 3)):
        found = read(history, "x", arm)
        assert (found.axes, found.series.shape, found.label(1)) == (("mode",), (seeds, 2), "2")
        np.testing.assert_array_equal(found.values, values[:, place, :seeds])

"""Seeds that are one run are counted as one, in what is told of a run; seeds that differ in anything are not."""

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab import records
from dltlab.headless import report, reports
from dltlab.headless.outcome import Outcome
from dltlab.records import Arm, Array, Frames, Header, Part, Series
from dltlab.session import alike
from dltlab.session.history import Column, History


def history_of(values: np.ndarray, *arms: Arm) -> History:
    """A session of one series; values of the shape (readings, seeds), or (readings, arms, seeds)."""
    seeds = tuple(range(values.shape[-1]))
    axes = ("arm", "seed")[-(values.ndim - 1) :] if len(seeds) > 1 or arms else ()
    values = values if axes else values[:, 0]
    header = Header(
        format=records.FORMAT, session="made", started="", title="Made", scenario={}, source="", steps=9, every=1,
        pace=None, seeds=seeds, series=(Series("loss", "loss", axes, values.shape[1:]),), knobs=(), parameters=1,
        precision="float64", optimizer="", versions={}, device={}, threads=1, fingerprint="", arms=arms,
    )  # fmt: skip
    history = History(header)
    history.extend([Frames(9, (Part(0, 1, len(values), {"loss": Array.of(values)}),), 1.0, 1.0)])
    return history


def same(*lead: int) -> np.ndarray:
    """A loss that every member reads alike, NaN at last."""
    loss = np.append(np.arange(9.0), np.nan)
    return np.ascontiguousarray(np.broadcast_to(loss.reshape(-1, *(1 for _ in lead)), (10, *lead)))


def told(history: History) -> str:
    return reports.table(Outcome("made", history=history)).splitlines()[1]


def test_seeds_that_read_the_same_are_said_to_be_one_run() -> None:
    assert told(history_of(same(3))).startswith("3 seeds (all alike: one run), 9 steps, ")
    assert told(history_of(same(1))).startswith("seed 0, 9 steps, ")
    other = same(3)
    other[4, 2] += 1e-15
    assert told(history_of(other)).startswith("3 seeds, 9 steps, ")
    assert alike.arms(History(history_of(same(3)).header)) == [], "nothing was read yet"


def test_an_estimate_tells_no_seeds_apart_and_is_no_reading_to_go_by() -> None:
    history = history_of(same(3))
    series = replace(history["loss"].series, name="sharpness", source="probes.sharpness", bar="sharpness.error")
    history.columns["sharpness"] = Column.of(series, np.arange(10), np.arange(30.0).reshape(10, 3))
    assert alike.arms(history) == [""]
    del history.columns["loss"]
    assert alike.arms(history) == []


@pytest.mark.parametrize(
    ("seeds", "differ", "said"),
    [
        ((3, 3), (), "2 arms of 3 seeds (all alike: one run an arm)"),
        ((3, 3), ("b",), "2 arms of 3 seeds (in a all alike: one run)"),
        ((3, 3), ("a", "b"), "2 arms of 3 seeds"),
        ((3, 1), (), "2 arms of 1 to 3 seeds (all alike: one run an arm)"),
        ((3, 2), ("a",), "2 arms of 2 to 3 seeds (in b all alike: one run)"),
    ],
)
def test_it_is_told_of_each_arm(seeds: tuple[int, int], differ: tuple[str, ...], said: str) -> None:
    values, arms = same(2, 3), [Arm(name, name, None, own) for name, own in zip("ab", seeds, strict=True)]
    for place, arm in enumerate(arms):
        values[:, place, arm.seeds :] = np.nan
        values[3, place, 1] += arm.name in differ
    history = history_of(values, *arms)
    assert told(history).startswith(f"{said}, 9 steps, ")
    assert report.report([Outcome("made", history=history)]).runs[0].alike == alike.arms(history)

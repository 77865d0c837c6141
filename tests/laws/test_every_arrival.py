"""An arrival at the edge is told once, where it begins, however the sharpness swings; a touch is none."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dltlab import records
from dltlab.chapters import Following, detect
from dltlab.records import Array, Frames, Header, Part, Series
from dltlab.session.history import History

EVERY = 10
SCENARIO = {
    "probes": {"sharpness": {"kind": "sharpness"}},
    "theories": {"sharpness": {"kind": "stability_threshold"}},
}
HEADER = Header(
    format=records.FORMAT, session="made", started="", title="Made", scenario=SCENARIO, source="made", steps=10_000,
    every=EVERY, pace=None, seeds=(0,), series=tuple(Series(name, name) for name in ("sharpness", "sharpness.theory")),
    knobs=(), parameters=1, precision="float64", optimizer="gradient_descent", versions={}, device={}, threads=1,
    fingerprint="f" * 8,
)  # fmt: skip


class Shape(NamedTuple):
    """How a way of the sharpness, in units of its threshold, is told; ``at`` is the reading that reaches it."""

    length: int
    at: int
    noise: float
    seed: int

    def shaken(self, way: np.ndarray) -> np.ndarray:
        return way * (1 + self.noise * np.random.default_rng(self.seed).uniform(-1, 1, len(way)))

    def ramp(self, *knots: tuple[float, float]) -> np.ndarray:
        return np.interp(np.arange(self.length), [place for place, _ in knots], [value for _, value in knots])


def shapes(noise: float) -> st.SearchStrategy[Shape]:
    part = st.tuples(st.integers(150, 900), st.floats(0.3, 0.6), st.floats(0.0, noise), st.integers(0, 99))
    return part.map(lambda one: Shape(one[0], int(one[0] * one[1]), one[2], one[3]))


def part(way: np.ndarray, first: int, level: float | np.ndarray = 1.0) -> Frames:
    levels = np.full(len(way), level)
    columns = {"sharpness": Array.of(np.asarray(way, np.float64)), "sharpness.theory": Array.of(levels)}
    return Frames(EVERY * (first + len(way) - 1), (Part(EVERY * first, EVERY, len(way), columns),), 0.0, 0.0)


def edges(way: np.ndarray) -> list[float]:
    """The readings at which an edge is said to begin."""
    history = History(HEADER)
    history.extend([part(way, 0)])
    return [chapter.step / EVERY for chapter in detect(history) if chapter.kind == "edge"]


def once(at: int) -> object:
    """One edge, within two per cent or a reading."""
    return pytest.approx([at], rel=0.02, abs=1)


def hovering(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Five per cent to either side from its place on, and the readings since then."""
    place = np.arange(shape.length) - shape.at
    return shape.ramp((0, 0.4), (shape.at, 1.0)) * (1 + 0.05 * (place >= 0) * (-1.0) ** place), place


def rebounds(shape: Shape, depth: float, climb: int) -> np.ndarray:
    """With momentum the sharpness overshoots, is thrown far below, climbs back, and again, each time less far."""
    way = list(np.linspace(0.35, 1.0, shape.at, endpoint=False))
    fall, high = 1 - depth, 0.2
    while len(way) < shape.length:
        way += [1.0, 1 + high / 2, 1 + high, *np.linspace(1 - fall, 1.0, climb, endpoint=False)]
        fall, high = 0.7 * fall, 0.7 * high
    return shape.shaken(np.array(way[: shape.length]))


def touching(shape: Shape) -> np.ndarray:
    """It comes to its threshold once, a little past it, and falls off at the speed that it came with."""
    stretch = shape.at // 4
    past = shape.at + max(stretch // 2, 1)
    return shape.ramp((0, 0.4), (shape.at, 1.0), (past, 1.08), (past + stretch, 0.7), (shape.length - 1, 0.6))


def thrown(shape: Shape) -> np.ndarray:
    """A catapult: it comes to its threshold once, a little past it, and is thrown to where all is flatter."""
    at = shape.at
    return shape.ramp((0, 0.4), (at, 1.0), (at + 3, 1.15), (at + 5, 0.7), (shape.length - 1, 0.6))


def passing(shape: Shape) -> np.ndarray:
    """It climbs through its threshold as if there were none, ever more slowly, to 1.3 times as much."""
    return 1.3 - 0.9 * np.exp(-np.log(3) / shape.at * np.arange(shape.length))


@pytest.mark.parametrize("shift", [0.0, 0.5])
@settings(max_examples=50)
@given(shape=shapes(0.004), swing=st.floats(0.0, 0.2), period=st.integers(2, 40))
@example(shape=Shape(150, 55, 0.0, 0), swing=0.19, period=10)
def test_swings_around_the_edge_open_one_chapter_and_no_second(
    shift: float, shape: Shape, swing: float, period: int
) -> None:
    way, place = hovering(shape)
    around = 1 + swing * (place >= 0) * np.sin(2 * np.pi * (place / period + 0.25 - shift / 2))
    assert edges(shape.shaken(way * around)) == once(shape.at)


@settings(max_examples=50)
@given(shape=shapes(0.004), depth=st.floats(0.6, 0.95), climb=st.integers(4, 15))
@example(shape=Shape(300, 90, 0.0, 0), depth=0.7, climb=12)
def test_overshoots_and_undershoots_belong_to_the_edge_that_they_begin(shape: Shape, depth: float, climb: int) -> None:
    assert edges(rebounds(shape._replace(length=shape.length + 150), depth, climb)) == once(shape.at)


@pytest.mark.parametrize("story", [touching, thrown, passing])
@settings(max_examples=50)
@given(shape=shapes(0.01))
def test_who_does_not_stay_at_the_threshold_is_at_no_edge(story: Callable[[Shape], np.ndarray], shape: Shape) -> None:
    assert edges(shape.shaken(story(shape))) == []


@settings(max_examples=25)
@given(shape=shapes(0.004), away=st.integers(100, 300))
def test_who_only_touched_the_threshold_arrives_when_it_stays(shape: Shape, away: int) -> None:
    before = np.concatenate([thrown(shape), np.linspace(0.6, 0.5, away), np.linspace(0.5, 1.0, 60, endpoint=False)])
    stays = 1 + 0.05 * (-1.0) ** np.arange(120)
    assert edges(shape.shaken(np.concatenate([before, stays]))) == once(len(before))


@pytest.mark.parametrize(("crosses", "told"), [("back", True), ("once", False), ("never back", False)])
def test_an_arrival_that_a_moved_threshold_cuts_short_had_come_back_to_it(crosses: str, told: bool) -> None:
    # It overshoots, falls off, and is at the threshold again when that is moved.
    climb, over = np.linspace(0.6, 1.0, 20, endpoint=False), np.linspace(1.0, 1.25, 8)
    fall = {"back": np.linspace(0.7, 1.02, 12), "once": np.linspace(0.8, 0.9, 12), "never back": over[:0]}[crosses]
    way = np.concatenate([climb, over, fall, np.linspace(1.04, 1.3, 20)])
    moved = len(climb) + len(over) + len(fall)
    levels, whole = np.where(np.arange(len(way)) < moved, 1.0, 1.3), History(HEADER)
    whole.extend([part(way, 0, levels)])
    found = [(one.step, one.known) for one in detect(whole) if one.kind == "edge"]
    # That it was moved is known by the first reading thereafter.
    assert found == ([(EVERY * len(climb), EVERY * moved)] if told else [])


def test_one_who_left_the_edge_may_come_back() -> None:
    way = np.interp(np.arange(600), [0, 100, 200, 250, 350, 450], [0.5, 1, 1, 0.5, 0.5, 1.0])
    assert edges(way) == [100, 450]


def through(*knots: tuple[int, float]) -> np.ndarray:
    """A way of 600 readings that climbs to its threshold by the 60th."""
    places, values = np.array([(0, 0.4), (60, 1.0), *knots]).T
    return np.interp(np.arange(600), places, values)


def test_who_was_far_beyond_the_threshold_arrives_where_it_comes_back_to_it() -> None:
    assert edges(through((75, 1.6), (112, 1.6), (134, 1.0))) == once(132)


def test_who_passes_down_through_the_threshold_is_at_no_edge_however_long_it_was_beyond() -> None:
    assert edges(through((62, 1.3), (139, 1.05), (300, 0.5))) == []


@settings(max_examples=25)
@given(shape=shapes(0.004), piece=st.integers(1, 90), story=st.sampled_from(["rebounds", "touching"]))
def test_an_arrival_is_the_same_however_it_is_told(shape: Shape, piece: int, story: str) -> None:
    told_in_pieces(shape.shaken(touching(shape)) if story == "touching" else rebounds(shape, 0.7, 12), piece)


@pytest.mark.parametrize("last", [1.0, 0.5])
def test_what_was_long_over_when_it_was_seen_is_told_no_sooner_than_it_was_seen(last: float) -> None:
    told_in_pieces(through((75, 1.6), (112, 1.6), (134, 1.0), (150, 1.0), (400, last)), 1)


def told_in_pieces(way: np.ndarray, piece: int) -> None:
    """What is said at the end of each piece is what the whole says to have been known by then."""
    history, following = History(HEADER), Following()
    whole = History(HEADER)
    whole.extend([part(way, 0)])
    said = detect(whole)
    for first in range(0, len(way), piece):
        history.extend([part(way[first : first + piece], first)])
        assert following.chapters(history) == [chapter for chapter in said if chapter.known <= history.step]


@pytest.mark.parametrize("beyond", [1, 4, 12, 200])
@pytest.mark.parametrize("sign", [1, -1])
def test_what_leaps_as_far_as_a_number_goes_is_no_nearer_for_it(beyond: int, sign: int) -> None:
    largest, climb = sign * float(np.finfo(np.float64).max), np.linspace(0.4, 1.02, 60)

    def found(far: float, level: float) -> list[float]:
        way = np.concatenate([climb, np.full(beyond, far), np.ones(400)])
        levels = np.concatenate([np.ones(500), np.full(len(way) - 500, level)]) if beyond == 200 else 1.0
        history = History(HEADER)
        history.extend([part(way, 0, levels)])
        return [chapter.step / EVERY for chapter in detect(history) if chapter.kind == "edge"]

    assert found(largest, 1e-300) == found(sign * 1e6, 1e-300)
    assert found(largest, 1e300) == found(sign * 1e6, 1e300)

"""Every detector fires where its event is, once, and nowhere else; what it said of a beginning it says of the whole."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltlab import records
from dltlab.chapters import DETECTORS, Chapter, Following, Member, detect
from dltlab.chapters.chapter import LONGEST_TITLE
from dltlab.records import Arm, Array, Event, Footer, Frames, Header, Knob, Part, Series
from dltlab.session.history import History

SCENARIO = {
    "problem": {"kind": "supervised", "data": {"kind": "made"}},
    "probes": {kind: {"kind": kind} for kind in ("loss", "sharpness", "exits", "ntk")},
    "theories": {"sharpness": {"kind": "stability_threshold"}},
}
SERIES = ("loss", "sharpness", "sharpness.theory", "exits", "ntk.drift")
EVERY = 10


class Story(NamedTuple):
    """A made session of n readings, one each ten steps: what is read, and where the event is (a reading)."""

    columns: dict[str, np.ndarray]
    at: int
    events: Sequence[Event] = ()
    footer: Footer | None = None


class Shape(NamedTuple):
    """How a story is told: its readings, its scale, its noise (relative), where its event is (0 … 1)."""

    length: int
    scale: float
    noise: float
    place: float
    seed: int = 0

    @property
    def at(self) -> int:
        return int(self.place * self.length)

    def shaken(self, values: np.ndarray) -> np.ndarray:
        return values * (1 + self.noise * np.random.default_rng(self.seed).uniform(-1, 1, len(values)))


def ramp(shape: Shape, *knots: tuple[float, float]) -> np.ndarray:
    """Straight lines through (reading, value), level before and after."""
    return np.interp(np.arange(shape.length), [place for place, _ in knots], [value for _, value in knots])


def hovering(shape: Shape, way: np.ndarray, since: int) -> np.ndarray:
    """With swings of period two, five per cent to each side, from a reading on."""
    place = np.arange(shape.length)
    return way * (1 + 0.05 * (place >= since) * (-1.0) ** (place - since))


def sharpening(shape: Shape) -> Story:
    way = ramp(shape, (0, 4.0), (shape.at, 3.0), (shape.length - 1, 6.0))
    level = np.full(shape.length, 9.0)
    return Story({"sharpness": shape.scale * shape.shaken(way), "sharpness.theory": shape.scale * level}, shape.at)


def edge(shape: Shape) -> Story:
    way = hovering(shape, ramp(shape, (0, 2.0), (shape.at, 5.0)), shape.at)
    level = np.full(shape.length, 5.0)
    return Story({"sharpness": shape.scale * shape.shaken(way), "sharpness.theory": shape.scale * level}, shape.at)


def new_edge(shape: Shape) -> Story:
    turned, met = shape.at // 2, shape.at // 4
    way = hovering(shape, ramp(shape, (0, 2.0), (met, 5.1), (turned, 5.1), (shape.at, 10.0)), shape.at)
    level = np.where(np.arange(shape.length) > turned, 10.0, 5.0)
    turn = Event(EVERY * turned, "turn", "η 0.4 → 0.2.", {"knob": "learning_rate", "value": 0.2, "old": 0.4})
    return Story(
        {"sharpness": shape.scale * shape.shaken(way), "sharpness.theory": shape.scale * level}, shape.at, [turn]
    )


def catapult(shape: Shape) -> Story:
    last, at = shape.length - 1, shape.at
    peak = at + max((last - at) // 3, 2)
    loss = np.exp(ramp(shape, (0, 0.0), (at, -0.3), (peak, 3.0), (last, -6.0)))
    way = ramp(shape, (0, 3.0), (at, 3.0), (peak, 1.0))
    columns = {"loss": shape.shaken(loss), "sharpness": way, "sharpness.theory": np.full(shape.length, 2.0)}
    return Story({name: shape.scale * values for name, values in columns.items()}, at)


def saddle(shape: Shape) -> Story:
    exits = np.full((shape.length, 2), np.nan)
    exits[shape.at :, 0] = EVERY * shape.at
    return Story({"exits": exits}, shape.at)


def kernel_drift(shape: Shape) -> Story:
    return Story({"ntk.drift": shape.shaken(ramp(shape, (0, 0.0), (shape.at, 0.1), (shape.length - 1, 0.4)))}, shape.at)


def interpolation(shape: Shape) -> Story:
    loss = np.exp(np.log(1e-4) / shape.at * np.arange(shape.length))
    return Story({"loss": shape.scale * shape.shaken(loss)}, shape.at)


def diverged(shape: Shape) -> Story:
    step = EVERY * shape.at
    loss = np.where(np.arange(shape.length) < shape.at, shape.scale, np.nan)
    # The engine says so before it tells the readings up to there.
    event = Event(max(step - 35, 0), "diverged", "Seed 0: the loss stopped being finite.", {"seed": 0, "step": step})
    return Story({"loss": loss}, shape.at, [event])


def said(what: str, **data: object) -> Callable[[Shape], Story]:
    def story(shape: Shape) -> Story:
        flat = np.full(shape.length, shape.scale)
        return Story({"loss": flat}, shape.at, [Event(EVERY * shape.at, what, f"A {what}\x1b[2J.", dict(data))])

    return story


STORIES: dict[str, Callable[[Shape], Story]] = {
    "fork": said("fork", parent="another", step=3),
    "turned": said("turn", knob="learning_rate", value=0.2, old=0.4),
    "kick": said("kick", radius=0.1, direction="random"),
    "mark": said("mark"),
    "catapult": catapult,
    "sharpening": sharpening,
    "edge": edge,
    "new edge": new_edge,
    "saddle": saddle,
    "kernel drift": kernel_drift,
    "interpolation": interpolation,
    "diverged": diverged,
}
ALSO: dict[str, set[str]] = {"new edge": {"turned", "edge", "sharpening"}, "edge": {"sharpening"}}
"""What the story of one kind tells besides."""
shapes = st.builds(
    Shape,
    length=st.integers(150, 900),
    scale=st.sampled_from([1e-3, 1.0, 40.0, 1e5]),
    noise=st.floats(0.0, 0.004),
    place=st.floats(0.3, 0.6),
    seed=st.integers(0, 99),
)


def header(layout: str = "alone", **changes: Any) -> Header:
    lead = {"alone": ((), ()), "seeds": (("seed",), (2,)), "arms": (("arm", "seed"), (2, 2))}[layout]
    own = {"exits": (("saddle",), (2,)), "sharpness": (("eigenvalue",), (2,))}
    series = []
    for name in SERIES:
        axes, shape = own.get(name, ((), ()))
        series.append(Series(name, name, lead[0] + axes, lead[1] + shape))
    told: dict[str, Any] = {
        "format": records.FORMAT, "session": "made", "started": "2026-01-02T03:04:05Z", "title": "Made",
        "scenario": SCENARIO, "source": "made", "steps": 10_000, "every": EVERY, "pace": None,
        "seeds": (0,) if layout == "alone" else (0, 1), "series": tuple(series),
        "knobs": (Knob("learning_rate", "η", 0.4, 0.01, 1.0),), "parameters": 1, "precision": "float64",
        "optimizer": "gradient_descent", "versions": {}, "device": {}, "threads": 1, "fingerprint": "f" * 8,
        "arms": (Arm("told", "told", seeds=2), Arm("calm", "calm", seeds=2)) if layout == "arms" else (),
    }  # fmt: skip
    return Header(**(told | changes))


def reading(name: str, values: np.ndarray, first: int, cut: int, layout: str) -> Array:
    """A piece of a story's column, with the axes that its layout gives it."""
    part, still = values[first:cut], np.broadcast_to(values[:1], values[first:cut].shape)
    if name == "sharpness":
        part, still = (np.stack([one, one / 2], axis=1) for one in (part, still))
    if layout != "alone":
        part = np.stack([still, part], axis=1)
    if layout == "arms":
        part = np.stack([part, np.stack([still, still], axis=1)], axis=1)
    return Array.of(np.array(part, np.float64))


def told(story: Story, layout: str = "alone", piece: int = 0) -> list[records.Record]:
    """A story as records: readings in chunks, each event between those before it and those after.

    In an ensemble the story is the second seed's, among arms the first arm's; the others stand still.
    """
    count = max((len(values) for values in story.columns.values()), default=0)
    behind = [(event.step // EVERY + 1, event) for event in story.events]
    cuts = {*range(0, count, piece or max(count, 1)), *(cut for cut, _ in behind), count}
    first, told = 0, []
    for cut in sorted(cut for cut in cuts if 0 < cut <= count):
        columns = {name: reading(name, values, first, cut, layout) for name, values in story.columns.items()}
        told.append(Frames(EVERY * (cut - 1), (Part(EVERY * first, EVERY, cut - first, columns),), 0.0, 0.0))
        told += [event for at, event in behind if at == cut]
        first = cut
    return [*told, *([story.footer] if story.footer else [])]


def made(story: Story, layout: str = "alone") -> History:
    history = History(header(layout))
    history.extend(told(story, layout))
    return history


def near(chapter: Chapter, story: Story) -> bool:
    """At the right step: within two per cent, or a reading."""
    return abs(chapter.step - EVERY * story.at) <= max(0.02 * EVERY * story.at, EVERY)


def test_each_detector_has_a_story() -> None:
    assert set(STORIES) == set(DETECTORS)


@pytest.mark.parametrize("kind", DETECTORS)
@settings(max_examples=25)
@given(shape=shapes)
def test_it_fires_where_its_event_is_once_and_nothing_else_does(kind: str, shape: Shape) -> None:
    story = STORIES[kind](shape)
    found = detect(made(story))
    mine = [chapter for chapter in found if chapter.kind == kind]
    assert len(mine) == 1, found
    assert near(mine[0], story), (mine, EVERY * story.at)
    assert {chapter.kind for chapter in found} - {kind} <= ALSO.get(kind, set()), found
    assert [chapter.step for chapter in found] == sorted(chapter.step for chapter in found)


@pytest.mark.parametrize("kind", DETECTORS)
@pytest.mark.parametrize("layout", ["seeds", "arms"])
def test_it_watches_one_member_of_each_arm(kind: str, layout: str) -> None:
    story = STORIES[kind](Shape(300, 1.0, 0.0, 0.5))
    if kind == "diverged":
        story.events[0].data.update({"seed": 1, **({"arm": "told"} if layout == "arms" else {})})
    of_all = {chapter.kind for chapter in detect(made(story, layout), 0)}
    assert of_all <= {"turned", "fork", "kick", "mark"}
    found = [chapter for chapter in detect(made(story, layout), 1) if chapter.kind == kind]
    assert len(found) == 1
    assert near(found[0], story)
    assert found[0].arm == ("told" if layout == "arms" and kind not in of_all else "")


def flat(level: float) -> Callable[[Shape], Story]:
    def story(shape: Shape) -> Story:
        one = np.ones(shape.length)
        columns = {
            "loss": shape.scale * shape.shaken(one),
            "sharpness": shape.scale * level * shape.shaken(one),
            "sharpness.theory": shape.scale * one,
            "exits": np.full((shape.length, 2), np.nan),
            "ntk.drift": 0.1 * level * shape.shaken(one),
        }
        return Story(columns, 0)

    return story


def falling(shape: Shape) -> Story:
    """All fall slowly, the sharpness through its threshold, which is not shaken with it."""
    fall = np.exp(-4.0 * np.arange(shape.length) / shape.length)
    columns = {"loss": fall, "sharpness": 3 * fall, "ntk.drift": 2 * fall}
    level = {"sharpness.theory": np.full(shape.length, shape.scale)}
    return Story({name: shape.scale * shape.shaken(values) for name, values in columns.items()} | level, 0)


def missing(value: float) -> Callable[[Shape], Story]:
    def story(shape: Shape) -> Story:
        return Story(
            {name: np.full((shape.length, 2) if name == "exits" else shape.length, value) for name in SERIES}, 0
        )

    return story


def gaps(shape: Shape) -> Story:
    """Every seventh reading is missing."""
    story = flat(0.2)(shape)
    for values in story.columns.values():
        values[3::7] = np.nan
    return story


def short_story(count: int) -> Callable[[Shape], Story]:
    def story(shape: Shape) -> Story:
        told = flat(2.0)(shape)
        return Story({name: values[:count] for name, values in told.columns.items()}, 0)

    return story


CALM: dict[str, Callable[[Shape], Story]] = {
    "far below": flat(0.2),
    "below": flat(0.8),
    "just below": flat(0.93),
    "at the threshold": flat(1.0),
    "above": flat(2.0),
    "falling": falling,
    "NaN": missing(np.nan),
    "gaps": gaps,
    "zero": missing(0.0),
    "empty": short_story(0),
    "one frame": short_story(1),
    "two frames": short_story(2),
}


@pytest.mark.parametrize("calm", CALM)
@settings(max_examples=20)
@given(shape=shapes, noise=st.sampled_from([0.0, 0.003, 0.03]))
def test_nothing_fires_where_nothing_happens(calm: str, shape: Shape, noise: float) -> None:
    assert detect(made(CALM[calm](shape._replace(noise=noise)))) == []


@pytest.mark.parametrize("kind", [*DETECTORS, "infinite"])
@settings(max_examples=8)
@given(shape=shapes, piece=st.integers(2, 90), layout=st.sampled_from(["alone", "seeds", "arms"]))
def test_what_was_said_of_a_beginning_stands_however_it_is_told(
    kind: str, shape: Shape, piece: int, layout: str
) -> None:
    story = missing(np.inf)(shape) if kind == "infinite" else STORIES[kind](shape)
    member = int(layout != "alone")
    whole = made(story, layout)
    said = detect(whole, member)
    following, growing = Following(member), History(header(layout))
    assert following.chapters(growing) == []
    for record in told(story, layout, piece):
        growing.extend([record])
        so_far = following.chapters(growing)
        # An event is told after the readings of its step.
        by_then = [chapter for chapter in said if chapter.known < growing.step]
        assert [chapter for chapter in so_far if chapter.known < growing.step] == by_then
        assert all(chapter in said for chapter in so_far)
    assert following.chapters(growing) == said == detect(growing, member)
    for step in np.linspace(0, EVERY * shape.length, 7).astype(int):
        assert detect(whole.until(int(step)), member) == [chapter for chapter in said if chapter.known <= step]


@settings(max_examples=25)
@given(shape=shapes, piece=st.integers(2, 90))
def test_a_climb_to_a_threshold_that_a_turn_moved_begins_after_the_turn(shape: Shape, piece: int) -> None:
    story, growing, following = new_edge(shape), History(header()), Following()
    for record in told(story, piece=piece):
        growing.extend([record])
        following.chapters(growing)
    (turn,) = story.events
    climbs = [one for one in following.chapters(growing) if one.kind == "sharpening" and one.known > turn.step]
    assert len(climbs) == 1
    assert climbs[0].step > turn.step


@pytest.mark.parametrize("kind", DETECTORS)
def test_it_is_a_sentence_of_clean_text_under_a_short_title(kind: str) -> None:
    for chapter in detect(made(STORIES[kind](Shape(300, 1.0, 0.0, 0.5)))):
        assert chapter.text.isprintable()
        assert chapter.title.isprintable()
        assert 0 < len(chapter.title) <= LONGEST_TITLE
        assert chapter.text.endswith(".")
        assert chapter.known >= chapter.step


def test_theory_and_simulation_of_a_saddle_are_told_in_the_same_unit() -> None:
    exits = np.full((40, 2), np.nan)
    exits[6:, 0], exits[31:, 1] = 50, 300
    columns = {"exits": exits, "exits.theory": np.tile([48.0, 310.0], (40, 1))}
    history = History(header(series=tuple(Series(name, name, ("saddle",), (2,)) for name in columns)))
    history.extend(told(Story(columns, 0)))
    assert detect(history)[-1].text.endswith("escaped at step 300; theory says step 310. It held for 250 steps.")


def test_following_is_cheap_on_a_long_history() -> None:
    story = edge(Shape(100_000, 1.0, 0.002, 0.3))
    drift = kernel_drift(Shape(100_000, 1.0, 0, 0.5)).columns
    story.columns.update(loss=np.exp(-0.00005 * np.arange(100_000)), **drift)
    growing, following, spent = History(header()), Following(), 0.0
    pieces = told(story, piece=200)
    for record in pieces:
        growing.extend([record])
        begun = time.process_time()
        following.chapters(growing)
        spent += time.process_time() - begun
    assert spent / len(pieces) < 0.005
    assert following.chapters(growing) == detect(growing)
    assert {"edge", "sharpening", "kernel drift"} <= {chapter.kind for chapter in following.chapters(growing)}


def test_a_look_reads_no_more_than_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    thrown = np.arange(5_000) < 20
    columns = {"loss": np.where(thrown, 1.0, 5.0), "sharpness": np.where(thrown, 3.0, 1.5)}
    story = Story(columns | {"sharpness.theory": np.full(5_000, 2.0)}, 0)
    growing, following, leading, read = History(header()), Following(), Member.leading, []

    def counted(*asked: Any) -> tuple[np.ndarray, np.ndarray]:
        read.append(len((found := leading(*asked))[0]))
        return found

    monkeypatch.setattr(Member, "leading", counted)
    for record in told(story, piece=10):
        growing.extend([record])
        read.clear()
        following.chapters(growing)
    assert max(read) < 200

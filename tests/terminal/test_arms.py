"""Sessions with arms: each arm is drawn as if it had run alone, and is told from the others without any colour."""

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab.panels import Bars, Curves, Scaling, Table
from dltlab.records import FORMAT, Arm, Array, Event, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing import scales
from dltlab.terminal.drawing.legend import INKS, MARKERS
from dltlab.terminal.drawing.lines import Picture, plain
from dltlab.terminal.drawing.standing import title_bar
from dltlab.terminal.drawing.thinning import Stretches
from dltlab.terminal.drawing.traces import Trace, Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look

SEEDS = 6
STEPS = 1000


def session(arms: int = 3, length: int = STEPS, batch: int = 100) -> History:
    """Readings that fall as m^(−1/2) over the arms; the first arm has four seeds, two of the second diverge."""
    heads = tuple(Arm(f"m{4**i}", f"m = {4**i}", 4.0**i, 4 if i == 0 else SEEDS) for i in range(arms))
    series = tuple(
        Series(name, title, ("arm", "seed", *axes), (arms, SEEDS, *shape), scale="log")
        for name, title, axes, shape in (
            ("loss", "training loss", (), ()),
            ("loss.theory", "mode sum", (), ()),
            ("test", "test loss", (), ()),
            ("modes", "modes", ("mode",), (3,)),
        )
    )
    header = Header(
        FORMAT, "a", "", "arms", {}, "a", STEPS, 1, None, tuple(range(SEEDS)), series, (), 1, "float64", "sgd", {}, {},
        1, "", arms=heads,
    )  # fmt: skip
    history = History(header)
    widths = np.array([arm.value for arm in heads], np.float64)[:, None]
    spread = np.linspace(0.9, 1.1, SEEDS)
    for start in range(0, length, batch):
        steps = np.arange(start, min(start + batch, length))
        loss = np.exp(-steps / 300)[:, None, None] * spread / np.sqrt(widths)
        loss[:, 0, 4:] = np.nan
        if arms > 1:
            loss[steps >= 500, 1, :2] = np.nan
        columns = {"loss": loss, "loss.theory": 0 * loss + 1, "test": 2 * loss, "modes": loss[..., None] * np.ones(3)}
        part = Part(start, 1, len(steps), {name: Array.of(values) for name, values in columns.items()})
        history.extend([Frames(start + len(steps), (part,), 0.0, 0.0)])
    if arms > 1 and length > 500:
        history.extend(Event(500, "diverged", "", {"arm": heads[1].name, "seed": seed}) for seed in (0, 1))
    return history


def test_an_arm_alone_is_counted_as_one():
    told = ["".join(text for text, _ in title_bar(session(arms), "", 200)) for arms in (1, 3)]
    assert "1 arm  " in told[0]
    assert "3 arms" in told[1]


def inks_of(picture: Picture, letter: str) -> set[str]:
    return {ink for line in picture for text, ink in line if letter in text}


@pytest.mark.parametrize("batch", [1, 37, 1000])
@pytest.mark.parametrize("name", ["loss", "modes"])
def test_an_arm_is_thinned_as_if_it_had_run_alone(name: str, batch: int) -> None:
    length = 60 if batch == 1 else STEPS
    history = History(session(length=1).header)
    traces = Traces(history)
    whole = session(length=length)
    for start in range(0, length, batch):
        steps = np.arange(start, min(start + batch, length))
        columns = {key: Array.of(column.values[steps]) for key, column in whole.columns.items()}
        history.extend([Frames(int(steps[-1]), (Part(start, 1, len(steps), columns),), 0.0, 0.0)])
        for arm in traces.arms:
            traces.trace(name, arm)
    for arm in traces.arms:
        alone, beside = Traces(whole.arm(arm))[name], traces.trace(name, arm)
        assert beside.series == alone.series
        for track in ("low", "high", "positive", "broken"):
            np.testing.assert_array_equal(getattr(beside.stretches, track), getattr(alone.stretches, track))
        np.testing.assert_array_equal(beside.latest, alone.latest)


def test_no_frame_copies_what_was_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    history = session()
    taken: list[np.ndarray] = []
    extend = Trace.extend

    def spy(self: Trace, steps: np.ndarray, values: np.ndarray, *witness: None) -> None:
        taken.append(values)
        extend(self, steps, values, *witness)

    monkeypatch.setattr(Trace, "extend", spy)
    traces = Traces(history)
    for arm in traces.arms:
        traces.trace("loss", arm)
        traces.trace("loss", arm)
    assert len(taken) == len(traces.arms)
    assert all(np.shares_memory(values, history["loss"].values) for values in taken)


def test_members_that_diverged_are_masked_and_counted() -> None:
    traces = Traces(session())
    expected = np.exp(-999 / 300) / 2 * np.median(np.linspace(0.9, 1.1, SEEDS)[2:])
    assert traces.trace("loss", "m4").latest[0] == pytest.approx(expected)
    assert traces.trace("loss", "m1").latest[0] == pytest.approx(np.exp(-999 / 300) * 0.96)
    text = plain(draw(Curves(["loss"]), traces, 100, 20, Look()))
    assert "m = 4 (2 of 6 diverged)" in text
    assert text.count("diverged") == 1
    assert "2 of 6 diverged" in plain(draw(Table(["loss"]), traces, 100, 20, Look()))


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_ten_arms_are_told_apart_without_colour(glyphs: str) -> None:
    traces = Traces(session(10))
    picture = draw(Curves(["loss"], theory=False), traces, 80, 24, Look(glyphs))
    body = "\n".join(plain(picture).splitlines()[4:])
    letters = MARKERS[:10] if glyphs == "braille" else "*o+x#%@&"
    assert len(set(letters)) == len(letters)
    assert all(letter in body for letter in letters)
    legend = "".join(plain(picture).splitlines()[:4])
    assert all(letter in legend for letter in letters)
    if glyphs == "braille":
        assert all(len({ink for ink in inks_of(picture, letter) if ink.startswith("curve")}) == 1 for letter in letters)
        assert len({next(iter(inks_of(picture, letter))) for letter in letters[:INKS]}) == INKS


def test_an_arm_keeps_its_ink_and_marker_in_every_panel() -> None:
    traces = Traces(session())
    panels = [Curves(["loss"]), Curves(["loss", "test"]), Table(["loss"]), Scaling(["loss"], theory=False)]
    for panel in [*panels, Bars(["loss"], theory=False)]:
        picture = draw(panel, traces, 90, 20, Look())
        for place, letter in enumerate(MARKERS[:3]):
            assert f"curve{place}" in inks_of(picture, letter), (panel, letter)
    for kind in (Curves, Bars):
        chosen = draw(kind(["loss"], arms=("m16", "m1")), traces, 90, 20, Look())
        assert "curve2" in inks_of(chosen, MARKERS[2])
        assert not inks_of(chosen, MARKERS[1])


@pytest.mark.parametrize("panel", [Curves(["loss"], theory=False), Bars(["loss"], theory=False)])
def test_arms_that_differ_at_the_end_of_their_names_are_told_apart_where_there_is_little_room(panel) -> None:
    history = session(5)
    titles = ("turned", "10⁻⁶ off", "noisy 10⁻¹", "noisy 10⁻²", "noisy 10⁻³")
    arms = tuple(replace(arm, title=title) for arm, title in zip(history.header.arms, titles, strict=True))
    history.header = replace(history.header, arms=arms)
    text = plain(draw(panel, Traces(history), 38, 9, Look()))
    assert all(end in text for end in ("⁻¹", "⁻²", "⁻³"))


@pytest.mark.parametrize(("width", "height"), [(40, 9), (40, 12), (60, 18), (120, 30)])
def test_a_legend_says_every_arm_before_any_value(width: int, height: int) -> None:
    text = plain(draw(Curves(["loss"], title="Loss", theory=False), Traces(session(5)), width, height, Look()))
    head = " ".join(text.splitlines()[:3])
    shown = [f"{MARKERS[i]}{4**i}" in head or f"{MARKERS[i]} m = {4**i}" in head for i in range(5)]
    assert all(shown), head
    assert ("0.0" in head) == (width >= 60)


def test_two_arms_show_their_bands_and_three_do_not() -> None:
    traces = Traces(session())
    two = draw(Curves(["loss"], arms=("m1", "m16"), scale="linear", theory=False), traces, 90, 30, Look())
    three = draw(Curves(["loss"], scale="linear", theory=False), traces, 90, 30, Look())
    assert {"band0", "band2"} <= {ink for line in two for _, ink in line}
    assert not {ink for line in three for _, ink in line if ink.startswith("band")}


def test_one_chosen_arm_is_named_and_shows_its_components() -> None:
    text = plain(draw(Curves(["modes"], title="Modes", arms=("m16",)), Traces(session()), 90, 12, Look()))
    assert "Modes · m = 16" in text
    assert text.splitlines()[0].count("━") >= 3
    missing = plain(draw(Curves(["loss"], arms=("m7",)), Traces(session()), 90, 12, Look()))
    assert "no arm m7; it has m1, m4, m16." in missing


def test_bars_of_a_number_are_one_an_arm() -> None:
    lines = plain(draw(Bars(["loss"], theory=False), Traces(session()), 60, 6, Look())).splitlines()
    assert [name in line for name, line in zip(("m = 1 ", "m = 4 ", "m = 16 "), lines[1:4], strict=True)] == [True] * 3
    lengths = [line.count("━") for line in lines[1:4]]
    assert lengths[0] > lengths[1] > lengths[2] > 0


def test_a_log_step_axis_gives_equal_room_to_every_decade() -> None:
    stretches = Stretches(10_000, 1, first=1)
    steps = np.arange(10_001)
    stretches.extend(steps, np.log10(np.maximum(steps, 1e-9))[:, None])
    (run,) = stretches.runs(0, 400, log=False)
    # What is read at step 10^(4u) stands at the fraction u of the axis; step 0 has no place on it.
    np.testing.assert_allclose(run.values, 4 * (run.columns + 0.5) / 400, atol=0.012 + 4 / 1024)
    axis = scales.log_steps(1, 10_000)
    np.testing.assert_allclose(axis.fraction(np.array([1, 10, 100, 1000, 10_000])), [0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize("x", ["step", "log"])
def test_the_step_axis_says_so_and_stays(x: str) -> None:
    early, late = (
        plain(draw(Curves(["loss"], x=x, y_min=1e-3, y_max=10.0), Traces(session(length=length)), 80, 14, Look()))  # type: ignore[arg-type]
        for length in (60, STEPS)
    )
    assert "step" in early.splitlines()[-1]
    # But for the sign of what diverged meanwhile.
    assert early.splitlines()[-2:] == late.replace("✗", "─").splitlines()[-2:]

"""Other sessions over the shown one: listed, seen, named, and never mistaken for each other."""

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab.panels import Bars, Curves
from dltlab.records import Array, Event, Frames, Header, Part, encode
from dltlab.session import shelf
from dltlab.session.history import History
from dltlab.terminal.drawing import overlaid
from dltlab.terminal.drawing.lines import Picture, plain
from dltlab.terminal.drawing.marks import SLOTS, sign
from dltlab.terminal.drawing.overlaid import Overlaid
from dltlab.terminal.drawing.roster import Row, listing, matches
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look
from dltlab.terminal.screens.sessions import Sessions


def guest(head: Header, values: np.ndarray, slot: int = 4, planned: int = 1000, **more: object) -> Overlaid:
    """A session whose loss reads these values, a step each."""
    history = History(replace(head, steps=len(values)))
    history.extend([Frames(len(values) - 1, (Part(0, 1, len(values), {"loss": Array.of(values)}),), 1.0, 1.0)])
    return Overlaid(Traces(history, planned), f"guest {slot}", slot, **more)  # type: ignore[arg-type]


def drawn(head: Header, *guests: Overlaid, glyphs: str = "braille", scale: str = "log") -> Picture:
    """The shown session's loss, exp(−t/200), with these over it."""
    history = History(head)
    values = np.exp(-np.arange(1000) / 200)
    history.extend([Frames(999, (Part(0, 1, 1000, {"loss": Array.of(values)}),), 1.0, 1.0)])
    return draw(Curves(["loss"], scale=scale), Traces(history), 100, 20, Look(glyphs, "", guests))  # type: ignore[arg-type]


def inks(picture: Picture) -> set[str]:
    """The inks of what is drawn below the heading."""
    return {ink for line in picture[1:] for text, ink in line if text.strip()}


def test_each_session_has_a_colour_a_mark_and_a_name_of_its_own(head):
    guests = [guest(head, np.full(1000, 0.1 * place), slot) for place, slot in enumerate(SLOTS, 2)]
    assert len({one.slot for one in guests}) == len({one.marker for one in guests}) == len(SLOTS)
    assert len({sign(slot, plain=True) for slot in SLOTS}) == len(SLOTS)
    picture = drawn(head, *guests[:2])
    for one in guests[:2]:
        assert f"━{one.marker} {one.title}" in plain(picture[:2])
        assert one.marker in plain(picture[2:])
        assert f"curve{one.slot}" in inks(picture)
    assert "curve4" not in inks(drawn(head))


def test_without_colours_or_unicode_they_are_told_apart_too(head):
    picture = plain(drawn(head, guest(head, np.full(1000, 0.5)), glyphs="ascii"))
    assert picture.isascii() or "─" not in picture
    body = "\n".join(picture.splitlines()[2:])
    assert sign(4, plain=True) in body
    assert "*" in body


def test_a_parent_stays_in_the_background(head):
    picture = drawn(head, guest(head, np.full(1000, 0.5), faint=True))
    assert "band4" in inks(picture)
    assert "curve4" not in inks(picture)


def test_on_its_parent_a_fork_covers_it(head):
    """The prefix is the parent's own: nothing of the parent is seen there but its marks."""
    values = np.exp(-np.arange(1000) / 200)
    picture = drawn(head, guest(head, values, faint=True))
    seen = [text for line in picture[1:] for text, ink in line if ink == "band4"]
    assert seen
    assert not set("".join(seen)) - set(" ━" + sign(4))


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_a_line_that_is_dashed_stays_above_the_same_line_of_another_session(head, glyphs):
    """A fork and its parent have the same prediction up to where they part: each shows it in its own ink."""
    history = History(replace(head, steps=1000))
    values = {"sharpness.theory": Array.of(np.linspace(1.0, 5.0, 1000))}
    history.extend([Frames(999, (Part(0, 1, 1000, values),), 1.0, 1.0)])
    traces = Traces(history)
    alone, over = (
        draw(Curves(["sharpness.theory"]), traces, 100, 20, Look(glyphs, "", guests))
        for guests in ((), (Overlaid(Traces(history), "guest", 4),))
    )
    dashes, covered = (
        sum(len(text) for line in one[2:] for text, ink in line if ink == "theory") for one in (alone, over)
    )
    assert dashes > 30
    # The other one's marks stand on it too.
    assert covered > 0.8 * dashes


def test_a_session_without_the_series_is_not_named(head):
    history = History(replace(head, series=()))
    assert "guest" not in plain(drawn(head, Overlaid(Traces(history, 1000), "guest", 4)))


def test_a_longer_session_ends_where_the_axis_ends(head):
    longer = guest(head, np.where(np.arange(5000) < 1001, 0.5, 1e6))
    (curve,) = overlaid.curves([longer], ["loss"], [""])
    assert curve.stretches.extent(0, log=False) == (0.5, 0.5)


@pytest.mark.parametrize("huge", [1e30, 1.7e308])
def test_what_explodes_does_not_flatten_the_shown_session(huge):
    for shown in ((0.0, 1.0), (3.0, 5.0), (-2.0, -1.0), (0.0, 0.0)):
        low, high = overlaid.widened(shown, (-huge, huge), log=False) or (0.0, 0.0)
        size = max(shown[1] - shown[0], abs(shown[1]), abs(shown[0]), 1e-300)
        assert low <= shown[0] <= shown[1] <= high
        assert high - low <= 8 * size
    assert overlaid.widened((1e-3, 1.0), (1e-300, huge), log=True) == (pytest.approx(1e-6), pytest.approx(1e3))
    assert overlaid.widened(None, (1.0, 2.0), log=False) == (1.0, 2.0)
    assert overlaid.widened((1.0, 2.0), None, log=True) == (1.0, 2.0)


def test_a_panel_that_draws_no_other_session_says_whose_readings_it_shows(head, stretch):
    history = History(head)
    history.extend([stretch(0, 400)])
    one = guest(head, np.full(1000, 0.5))
    panel = Bars(["movement.layers"])
    assert "of this session" in plain(draw(panel, Traces(history), 80, 12, Look("braille", "1", (one,))))
    assert "of this session" not in plain(draw(panel, Traces(history), 80, 12, Look("braille", "1")))


def test_every_word_that_is_typed_must_stand_in_the_row():
    row = Row("20260101-edge", "The edge of stability", "running", 1, 2, "mother")
    assert all(matches(row, words) for words in ("", "EDGE", "edge run", "moth stab"))
    assert not matches(row, "edge finished")


def test_kinship_is_told_in_full_at_80_cells():
    names = [f"20261123-21{minute}-edge-of-stability" for minute in (10, 11)]
    rows = [Row(name, "The edge of stability", "stopped", 6000, 6000, kin="parent of this one") for name in names]
    assert all("parent of this one" in row for row in plain(listing(rows, 0, 80, 2)).splitlines())


# The list.


def test_sessions_are_pinned_hidden_and_unpinned(watch, told, keep):
    keep("edge-2", Event(300, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4}))
    keep("other", source="octopus", title="The octopus", started="2030-01-01T00:00:00Z")

    async def script(seen):
        await seen.press("o")
        screen = seen.app.screen
        assert isinstance(screen, Sessions)
        screen.take(shelf.kept())
        await seen.press()
        text = seen.text()
        # Those of the same scenario come first, however old they are.
        assert text.index("edge-2") < text.index("other")
        await seen.press("space", "escape")
        assert "━△ η 0.2 at 300" in seen.text() or "η 0.2" in seen.text()
        assert len(seen.bench.branching.overlaid) == 1
        await seen.press("o")
        seen.app.screen.take(shelf.kept())
        await seen.press("tab")
        assert "hidden" in seen.text()
        assert seen.bench.branching.overlaid == ()
        await seen.press("tab", "right")
        assert seen.bench.branching.overlaid[0].slot == SLOTS[1]
        await seen.press("o", "c", "t")
        assert "1 of 2" in seen.text()
        assert "edge-2" not in seen.text()
        await seen.press("backspace", "backspace", "backspace", "enter", "escape")
        assert not seen.bench.branching.overlay.guests

    watch(script, told())


def test_a_running_session_is_followed(watch, told, keep, stretch):
    path = keep("edge-2")

    async def script(seen):
        seen.bench.branching.overlay.pin(path)
        await seen.press()
        before = seen.bench._plots[0].painted
        with path.open("ab") as stream:
            stream.write(encode(stretch(400, 200)))
        await seen.press()
        assert seen.bench.branching.overlay.guests[0].history.step == 599
        assert seen.bench._plots[0].painted > before

    watch(script, told())


def test_there_are_as_many_guests_as_colours(watch, told, keep):
    paths = [keep(f"edge-{n}") for n in range(2, 3 + len(SLOTS))]

    async def script(seen):
        await seen.press("o")
        seen.app.screen.take(shelf.kept())
        for _ in paths:
            await seen.press("space", "down")
        assert len(seen.bench.branching.overlay.guests) == len(SLOTS)
        assert "unpin one" in seen.text()

    watch(script, told())


def test_what_sets_them_apart_is_a_page(watch, told, keep):
    path = keep("edge-2", Event(300, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4}), seeds=(7,))

    async def script(seen):
        await seen.press("D")
        assert "Pin another session" in seen.text()
        await seen.press("escape")
        seen.bench.branching.overlay.pin(path)
        await seen.press("D")
        assert "turn learning_rate" in seen.text()
        assert "0.2 at 300" in seen.text()
        assert "seed 7" in seen.text()

    watch(script, told())

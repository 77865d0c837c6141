"""The wire: what is sent makes the terminal show what is wanted, in few bytes, and never more than it can take."""

import time

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from dltlab.commands import Pause
from dltlab.terminal.wire.cells import Cells
from dltlab.terminal.wire.pacing import Pacing, answers_in
from dltlab.terminal.wire.pens import PLAIN, Pen, change

WIDTH, HEIGHT = 24, 6
COLOURS = ("#ff0000 on #000000", "bold #00ff00 on #000000", "#00ff00 on #102030", "reverse")
INKS = [Style.parse(text) for text in COLOURS]
writes = st.tuples(
    st.integers(0, HEIGHT - 1),
    st.integers(0, WIDTH - 1),
    st.lists(
        st.tuples(st.text("ab ⣿\u2800│λ日本", min_size=1, max_size=9), st.sampled_from(INKS)), min_size=1, max_size=4
    ),
)


def written(cells: Cells, what: list) -> None:
    for row, column, parts in what:
        cells.write(row, column, [Segment(text, style) for text, style in parts])


def look(screen: pyte.Screen) -> list[list[tuple]]:
    """Letters and the colours that one sees: of a blank, the ground alone."""
    rows = []
    for row in range(screen.lines):
        line = []
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            letter = cell.data.replace("\u2800", " ")
            seen = letter != " " or cell.reverse
            line.append((letter, (cell.fg, cell.bold) if seen else (), cell.bg, cell.reverse))
        rows.append(line)
    return rows


@given(st.lists(st.lists(writes, max_size=6), min_size=1, max_size=5), st.sampled_from([1, 60, 100_000]))
def test_what_was_sent_in_pieces_shows_what_was_sent_whole(frames, most):
    pieces, screen = Cells(), pyte.Screen(WIDTH, HEIGHT)
    pieces.resize(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    whole = Cells()
    whole.resize(WIDTH, HEIGHT)
    for frame in frames:
        for cells in (pieces, whole):
            written(cells, frame)
        # Not all of a frame is sent before the next one comes.
        stream.feed(pieces.difference(most))
    while pieces.stale:
        stream.feed(pieces.difference(most))
    fresh = pyte.Screen(WIDTH, HEIGHT)
    whole.forget()
    pyte.Stream(fresh).feed(whole.difference(1 << 20))
    assert look(screen) == look(fresh)
    assert pieces.difference(1 << 20) == ""


@given(st.lists(writes, min_size=1, max_size=8))
def test_the_same_again_sends_nothing(frame):
    cells = Cells()
    cells.resize(WIDTH, HEIGHT)
    written(cells, frame)
    cells.difference(1 << 20)
    before = [list(row) for row in cells._wanted]
    written(cells, frame)
    if before == cells._wanted:
        assert cells.difference(1 << 20) == ""


def test_one_cell_costs_a_move_a_colour_and_a_letter():
    cells = Cells()
    cells.resize(120, 40)
    cells.difference(1 << 20)
    cells.write(11, 50, [Segment("⣿", INKS[0])])
    assert cells.difference(1 << 20) == "\x1b[12;51H\x1b[38;2;255;0;0;48;2;0;0;0m⣿\x1b[m"


def test_rows_that_come_first_are_sent_first_and_none_waits_for_ever():
    cells = Cells()
    cells.resize(40, 10)
    for row in range(10):
        cells.write(row, 0, [Segment(f"row {row}", INKS[0])])
    first = cells.difference(1, [9])
    assert "row 9" in first.replace("\x1b[C", " ")
    rounds = 0
    while cells.stale:
        cells.difference(1, [9])
        cells.write(9, 0, [Segment(f"row {rounds:9}", INKS[0])])
        rounds += 1
        # What comes first may change each time: others go on in turns all the same.
        cells.difference(1, [])
        assert rounds < 30
        if not {row for row in cells._stale if row != 9}:
            return


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT, None])
def test_poorer_terminals_get_poorer_colours(system):
    cells = Cells(system)
    cells.resize(10, 1)
    cells.difference(1 << 20)
    cells.write(0, 0, [Segment("x", INKS[1])])
    said = cells.difference(1 << 20)
    assert "38;2" not in said
    assert ("38;5" in said) == (system is ColorSystem.EIGHT_BIT)
    assert "x" in said


def test_a_pen_changes_only_in_what_differs():
    red, on_blue = Pen("31", "40"), Pen("31", "44")
    assert change(red, on_blue) == ("\x1b[44m", on_blue)
    assert change(red, Pen("", "40")) == ("", red)
    assert change(Pen("31", "40", ("1",)), PLAIN) == ("\x1b[0m", PLAIN)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("rate", "trip"), [(8_000, 0.01), (8_000, 0.3), (1_000, 0.05), (1e7, 0.2)])
def test_a_flight_takes_a_tenth_of_a_second_on_any_link(rate, trip):
    clock = Clock()
    pacing = Pacing(clock)
    pacing.leave(0)
    clock.now += trip
    pacing.arrived()
    flights = []
    for _ in range(60):
        assert pacing.wait == 0
        size = pacing.most
        assert pacing.leave(size)
        assert pacing.wait > 0
        clock.now += trip + size / rate
        pacing.arrived()
        flights.append(size / rate)
    # 512 bytes are the least, whatever the link.
    assert max(flights[5:]) <= max(0.2, 512 / rate)
    assert min(flights[20:]) >= min(0.03, (1 << 17) / rate)


def test_a_terminal_that_never_answers_is_waited_for_no_longer():
    clock = Clock()
    pacing = Pacing(clock)
    asked = 0
    for _ in range(10):
        asked += pacing.leave(100)
        clock.now += pacing.wait
        assert pacing.wait == 0
    assert 1 <= asked <= 4
    assert clock.now < 2


def test_a_terminal_that_answers_late_is_waited_for():
    clock = Clock()
    pacing = Pacing(clock)
    pacing.leave(10)
    clock.now = 5.0
    pacing.arrived()
    pacing.leave(10)
    clock.now = 8.0
    assert pacing.wait > 0


@given(st.lists(st.sampled_from([b"\x1b[0n", b"\x1b[3n", b"a", b"\x1b[A", b"\xce\xbb"]), max_size=8), st.data())
def test_answers_are_taken_out_of_what_is_typed_however_it_is_cut(parts, data):
    whole = b"".join(parts)
    at = data.draw(st.integers(0, len(whole)))
    # A lone escape is a key: it goes on at once.
    if whole[:at].endswith(b"\x1b"):
        at -= 1
    first, count, half = answers_in(whole[:at])
    rest, more, left = answers_in(half + whole[at:])
    typed = [part for part in parts if not part.endswith(b"n")]
    assert first + rest + left == b"".join(typed)
    assert count + more == len(parts) - len(typed)


def test_four_live_plots_take_little_of_a_fast_wire_and_none_when_nothing_happens(told, opened):
    session = told(pace=150.0)
    terminal = opened("attach", "--fps", "10")
    terminal.until(lambda: terminal.dots > 20 and terminal.step)
    terminal.watch(0.5)
    before, reached, begin = terminal.bytes, terminal.step, time.monotonic()
    terminal.watch(1.5)
    seconds = time.monotonic() - begin
    assert terminal.step > reached + 75
    assert 200 < (terminal.bytes - before) / seconds < 30_000
    session.pace = 0
    terminal.press(" ")
    terminal.until(lambda: "paused" in terminal.text)
    # The question about the terminal's health ends with the last flight.
    terminal.watch(1.0)
    before = terminal.bytes
    terminal.watch(0.8)
    assert terminal.bytes == before


@pytest.mark.parametrize("answers", [True, False], ids=["answering", "mute"])
def test_a_slow_link_gets_fewer_frames_and_its_keys_act_at_once(told, opened, answers):
    session = told(pace=1500.0)
    terminal = opened("attach", "--fps", "30", rate=8000.0, answers=answers)
    terminal.until(lambda: terminal.dots > 50 and terminal.step, 40)
    terminal.watch(0.5)
    lags = []
    for _ in range(4 if answers else 2):
        terminal.watch(0.3)
        heard = len(session.heard)
        pressed = time.monotonic()
        word = "running" if "paused" in terminal.text else "paused"
        terminal.press(" ")
        lags.append(terminal.until(lambda word=word: word in terminal.text, 5))
        assert isinstance(session.heard[heard][1], Pause if word == "paused" else object)
        assert session.heard[heard][0] - pressed < 0.3
    if answers:
        # A busy machine may be slow now and then; a link with a backlog always is.
        assert min(lags) < 0.3, lags
        # What the screen shows is not old: nothing waits in the wire. A line that is half written tells no step.
        terminal.until(lambda: terminal.step and session.step - terminal.step < 1500 * 1.5, 5)

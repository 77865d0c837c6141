"""Chapters on the bench: told as they open, gone to, held at, noted by hand; and time played backwards."""

from typing import Literal

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab import folders
from dltlab.chapters import Chapter, detect
from dltlab.chapters.chapter import short
from dltlab.commands import Mark, Pause
from dltlab.records import SUFFIX
from dltlab.session.history import History
from dltlab.session.notes import Notes, read
from dltlab.session.recording import read_all
from dltlab.terminal.app import Lab
from dltlab.terminal.drawing import contents
from dltlab.terminal.drawing.contents import Entry
from dltlab.terminal.drawing.lines import plain, width_of
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.contents import Contents
from dltlab.terminal.screens.forking import Fork
from dltlab.terminal.screens.looking import Looking
from dltlab.terminal.screens.walking import Walk


def test_of_a_recording_the_chapters_to_come_are_known_and_gone_to(play, kept):
    wanted = sorted({chapter.step for chapter in detect(read_all(kept)[0])})
    assert {120, 250} < {*wanted}

    async def script(seen):
        bench, reached = seen.bench, []
        assert any(one.coming for one in bench.chaptering.entries)
        assert "◇" in seen.text()
        for _ in wanted:
            before = bench.looking.step
            await seen.press("right_square_bracket")
            if bench.looking.step > before:
                reached.append(bench.looking.step)
        assert reached == [step for step in wanted if step > 49]
        # Exactly there: nothing beyond it has been shown.
        assert int(bench.history["loss"].steps[-1]) == bench.history.step == wanted[-1]
        assert bench.following.standing.word == "paused"
        await seen.press("right_square_bracket")
        assert "no chapter after step" in seen.text()
        for step in reversed(wanted[:-1]):
            await seen.press("left_square_bracket")
            assert bench.cursor == step
        assert "◇" not in seen.text()

    play(script)


def test_a_recording_holds_exactly_where_a_chapter_opens_and_says_it(play):
    async def script(seen):
        bench = seen.bench
        await seen.press("P")
        assert "pausing at chapters, exactly there" in seen.text()
        await seen.press("space", "plus")
        for step, said in ((120, "is turned from 0.4 to 0.2"), (250, "Kicked by 0.1")):
            await seen.press(seconds=30.0)
            assert bench.history.step == step
            assert said in bench.following.notice
            assert bench.following.standing.word == "paused"
            await seen.press("space")
        await seen.press("P")
        assert "no longer pausing" in seen.text()
        await seen.press(seconds=30.0)
        assert bench.history.step == 399

    play(script)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)])
def test_a_chapters_sentence_covers_neither_timeline_nor_knobs(watch, told, size):
    async def script(seen):
        await seen.resize(*size)
        below = [line for line in seen.text().splitlines() if "├" in line or "●─" in line or "running" in line]
        seen.bench.following.say("The sharpness climbs. " * 12, sentence=True)
        await seen.press()
        lines = seen.text().splitlines()
        assert any("◆ The sharpness climbs." in line for line in lines)
        assert set(below) <= set(lines)
        assert len(below) >= 3

    watch(script, told(), options=Options("braille", "full", 2.0, clock=lambda: 0.0))


def test_a_recording_too_large_to_be_read_ahead_is_looked_at_where_it_should_have_held(play, monkeypatch):
    monkeypatch.setattr("dltlab.terminal.screens.foretold.LARGEST", 0)

    async def script(seen):
        bench = seen.bench
        assert not bench.chaptering.entries
        await seen.press("P", "space")
        for _ in range(9):
            await seen.press(seconds=0.1)
        (chapter,) = [one.chapter for one in bench.chaptering.entries if one.chapter.kind == "sharpening"]
        assert bench.following.held
        assert chapter.known <= bench.history.step < chapter.known + 60
        assert bench.cursor == chapter.step
        assert "after it opened." in bench.following.notice

    play(script)


def test_backwards_at_the_same_pace_and_forwards_again_from_there(play):
    async def script(seen):
        bench = seen.bench
        await seen.press("g", *"300", "enter")
        assert bench.history.step == 300
        await seen.press("minus", "minus", "minus")
        assert bench.following.standing.pace == 50
        await seen.press("backspace")
        await seen.press(seconds=0.4)
        assert bench.cursor == 280
        assert "◀ backwards" in seen.text()
        assert "280" in seen.text()
        await seen.press("plus", seconds=0.2)
        assert bench.cursor == 260
        # Space holds it, and values are read there.
        await seen.press("space")
        await seen.press(seconds=5.0)
        assert bench.cursor == 260
        await seen.press("space")
        await seen.press(seconds=0.3)
        assert bench.cursor == 290
        # At the end of what was told the recording itself goes on.
        await seen.press(seconds=0.2)
        await seen.press()
        assert bench.cursor is None
        assert bench.following.standing.word == "running"
        await seen.press(seconds=0.3)
        assert bench.history.step > 310
        # Backwards to the beginning, where it stops by itself.
        await seen.press("plus", "plus", "backspace")
        for _ in range(3):
            await seen.press(seconds=0.5)
        assert bench.cursor == 0
        assert not bench.walk.direction

    play(script)


def test_a_fork_from_the_replay_begins_at_the_cursor(play, monkeypatch):
    wanted, messages = [], []
    monkeypatch.setattr("dltlab.session.live.fork", lambda path, at, **to: wanted.append((path.name, at, to["turns"])))
    monkeypatch.setattr(Lab, "on_open_bench", lambda _, message: messages.append(message))

    async def script(seen):
        await seen.press("g", *"300", "enter", "left_square_bracket")
        assert seen.bench.cursor == 250
        await seen.press("F")
        assert isinstance(seen.app.screen, Fork)
        await seen.press("h", "enter")
        (message,) = messages
        message.launch()

    play(script)
    # What had been turned before is halved: 0.2 to 0.1.
    assert wanted == [(f"kept{SUFFIX}", 250, (("learning_rate", 0.1),))]


def test_notes_of_a_recording_stand_beside_it(play, kept):
    before = kept.read_bytes()

    async def script(seen):
        await seen.press("g", *"300", "enter")
        await seen.press("left_square_bracket", "m")
        await seen.press(*"why", "enter")
        assert "noted at step 250" in seen.text()
        assert [(note.step, note.text) for note in read(kept).notes] == [(250, "why")]
        # A second viewer's note comes by itself.
        Notes(kept).add(200, "from elsewhere\x1b[31m")
        await seen.press()
        await seen.press("left_square_bracket")
        assert seen.bench.cursor == 200
        assert "from elsewhere\\x1b[31m" in seen.text()
        # In the list: only notes are changed and deleted.
        await seen.press("C", "equals_sign", "end", "ctrl+u", *"my", "enter")
        assert isinstance(seen.app.screen, Contents)
        assert "my" in [note.text for note in read(kept).notes]
        await seen.press("delete")
        assert [note.text for note in read(kept).notes] == ["why"]
        await seen.press("home", "delete", "equals_sign")
        assert isinstance(seen.app.screen, Contents)
        assert "tells this chapter" in seen.bench.following.notice
        await seen.press("plus", *"new", "enter", "escape")
        assert seen.app.screen is seen.bench

    play(script)
    assert kept.read_bytes() == before
    assert "new" in [note.text for note in read(kept).notes]


def test_what_cannot_be_kept_is_said_once_more_on_leaving(play, kept):
    folders.notes_path(kept).mkdir()

    async def script(seen):
        await seen.press("m", *"hi", "enter")
        assert "cannot be written" in seen.bench.following.notice
        assert [one.note.text for one in seen.bench.chaptering.entries if one.note] == ["hi"]
        await seen.press("q")
        assert seen.app.parting == "The notes could not be written, so here they are: step 0: hi"

    play(script)


def test_a_live_session_is_marked_in_its_stream_and_noted_where_one_looks_back(watch, told, tmp_path):
    source = told()
    source.path = tmp_path / f"live{SUFFIX}"

    async def script(seen):
        await seen.press("m", "enter")
        assert seen.source.sent == [Mark("mark 1")]
        await seen.press("home", "m", *"start", "enter")
        assert seen.source.sent == [Mark("mark 1")]
        assert [(note.step, note.text) for note in read(source.path).notes] == [(0, "start")]

    watch(script, source)


def test_a_chapter_that_opens_live_is_said_once_and_the_session_held(watch, told, stretch):
    source = told(stretch(400, 500))
    source._waiting[1:] = source._waiting[2:]
    whole = History(source.header)
    whole.extend([stretch(0, 900)])
    (edge,) = [chapter for chapter in detect(whole) if chapter.kind == "edge"]
    source._waiting = [source._waiting[0], stretch(0, edge.step)]

    async def script(seen):
        await seen.press("P")
        assert "some steps after it opened" in seen.text()
        seen.source.say(stretch(edge.step, 900 - edge.step))
        await seen.press()
        assert seen.bench.following.notice.startswith(edge.text)
        assert seen.source.sent == [Pause()]
        await seen.press()
        assert "after it opened; [ looks there" in seen.bench.following.notice
        # All of it can be read, in more lines than one.
        words = [word for word in seen.text().split() if word != "◆"]
        assert " ".join(edge.text.split()) in " ".join(words)
        seen.bench.following.say("")
        await seen.press()
        assert edge.text[:20] not in seen.text()
        await seen.press("left_square_bracket")
        assert seen.bench.cursor == edge.step

    watch(script, source, size=(80, 24))


def test_without_being_asked_it_is_not_held(watch, told, stretch):
    async def script(seen):
        seen.source.say(stretch(400, 500))
        await seen.press()
        assert not seen.source.sent
        assert [one for one in seen.bench.chaptering.entries if one.chapter.kind == "edge"]

    watch(script, told())


def test_a_detector_that_fails_takes_nothing_with_it(watch, told, stretch, monkeypatch):
    async def script(seen):
        monkeypatch.setattr(seen.bench.chaptering._following, "chapters", lambda _: 1 // 0)
        seen.source.say(stretch(400, 10))
        await seen.press()
        assert "no more chapters are looked for (ZeroDivisionError" in seen.text()
        seen.source.say(stretch(410, 10))
        await seen.press()
        assert seen.bench.history.step == 419

    watch(script, told())


def test_a_walk_halts_at_every_stop_on_its_way_and_at_both_ends(told):
    source = told()
    history = History(source.header)
    history.extend(source.poll())
    looking = Looking(history, Traces(history))
    walk, now = Walk(looking, 1000), 0.0
    random = np.random.default_rng(1)
    stops = [0, 33, 34, 250, 399]
    rounds: tuple[tuple[Literal[-1, 1], int, list[int]], ...] = ((-1, 399, [250, 34, 33, 0]), (1, 0, [33, 34, 250]))
    for direction, from_, wanted in rounds:
        looking.look_at(from_)
        walk.begin(direction, now)
        met = []
        for _ in range(500):
            now += float(random.uniform(0.01, 0.4))
            stop = walk.go_on(now, 100.0, stops)
            if stop is not None:
                met.append(stop)
                assert walk.direction == 0
                assert looking.step == stop
                walk.begin(direction, now)
        assert [*dict.fromkeys(met)][: len(wanted)] == wanted
    assert looking.cursor is None


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
@pytest.mark.parametrize("size", [(40, 12), (46, 24), (48, 40), (36, 6)])
def test_the_list_fits_and_keeps_the_chosen_one_in_sight(size, glyphs, kept):
    found = detect(read_all(kept)[0])
    entries = [Entry(one) for one in found] + [
        Entry(replace(found[0], step=500 + n, title="x" * 32)) for n in range(40)
    ]
    for chosen in range(0, len(entries), 5):
        picture = contents.panel(entries, chosen, "", 250, size, of=len(entries), plain=glyphs == "ascii")
        assert len(picture) == size[1]
        assert all(width_of(line) == size[0] for line in picture)
        lines = plain(picture).split("\n")
        (row,) = [place for place, line in enumerate(lines) if "▸" in line]
        assert f"{entries[chosen].chapter.step} " in lines[row]
        assert contents.place_at(row, len(entries), chosen, size) == chosen
    picture = contents.panel([], 0, "nothing", 250, size, of=3, plain=False)
    assert all(width_of(line) == size[0] for line in picture)


def test_of_an_arm_the_list_says_what_legends_call_it_and_finds_it_so() -> None:
    one = Entry(Chapter(250, "escaped", "saddle escaped", "The saddle is escaped.", arm="r-3"), arm="r₀ = 0.003")
    assert contents.found([one], "r-3") == contents.found([one], "0.003") == [one]
    for width in (60, 40):
        lines = plain(contents.panel([one], 0, "", 300, (width, 18), of=1, plain=False)).splitlines()
        (row,) = [line for line in lines if "▸" in line]
        # That one stands here is said by the sign before the row, too.
        assert "r₀ = 0.003" in row
        assert ("◂ here" in row) == (width == 60)
        assert any(line.startswith("│ r₀ = 0.003: The saddle") for line in lines)


def chosen_in(seen) -> int:
    assert isinstance(seen.app.screen, Contents)
    assert seen.app.screen.chosen is not None
    return seen.app.screen.chosen.chapter.step


def test_letters_find_and_the_plots_look_where_one_chooses(play):
    async def script(seen):
        await seen.press("g", *"300", "enter")
        await seen.press("C", *"kick")
        assert isinstance(seen.app.screen, Contents)
        assert plain(seen.app.screen._sheet.picture).count("▸") == 1
        assert chosen_in(seen) == 250
        await seen.press("ctrl+u", "home")
        first = chosen_in(seen)
        assert seen.bench.cursor == first < 250
        await seen.press("escape")
        assert seen.bench.cursor is None
        await seen.press("C", *"turned", "enter")
        assert seen.bench.cursor == 120
        assert "is turned" in seen.bench.following.notice

    play(script)


def test_a_long_title_is_cut_to_its_cells() -> None:
    assert short("x" * 32) == "x" * 32
    assert short("x" * 33) == "x" * 31 + "…"
    assert short("宽" * 20) == "宽" * 15 + "…"

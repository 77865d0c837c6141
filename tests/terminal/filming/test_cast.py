"""Films for asciinema: what they say, when, and that what is installed plays them."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyte
import pytest
from rich.style import Style

from dltlab import chapters
from dltlab.errors import UsageError
from dltlab.exports.abstract import Wanted
from dltlab.exports.exported import Exported
from dltlab.session.replay import Replay
from dltlab.terminal.app import Lab
from dltlab.terminal.filming import camera
from dltlab.terminal.filming.film import film_of, script_of
from dltlab.terminal.fit import Options
from dltlab.terminal.screens.bench import Bench

Told = Callable[..., Exported]
Written = Callable[..., bytes]
SIZE = (80, 24)
SHORT = Wanted(size=SIZE, seconds=20.0, fps=1.0)
OURS = re.compile(r"\x1b\[[?]?[0-9;]*[A-Za-z]")


@pytest.fixture(scope="module")
def short(written: Written) -> bytes:
    """The whole session in twenty pictures."""
    return written("asciicast", SHORT)


def events(data: bytes) -> list[list[Any]]:
    return [json.loads(line) for line in data.splitlines()[1:]]


def output(data: bytes) -> str:
    return "".join(said for _, kind, said in events(data) if kind == "o")


def shown(said: str) -> pyte.Screen:
    """The screen of a terminal that was sent this."""
    screen = pyte.Screen(*SIZE)
    pyte.Stream(screen).feed(said)
    return screen


def hexed(style: Style | None) -> tuple[str, ...]:
    """Ink and ground of a style."""
    colours = (style.color, style.bgcolor) if style else (None, None)
    return tuple(colour.triplet.hex[1:] if colour and colour.triplet else "default" for colour in colours)


def test_the_header_is_of_version_2(written: Written) -> None:
    data = written("asciicast", Wanted(size=SIZE, seconds=2.0, fps=2.0, theme="light"))
    head = json.loads(data.splitlines()[0])
    assert (head["version"], head["width"], head["height"], head["duration"]) == (2, *SIZE, 2.0)
    assert head["timestamp"] == 1767225600
    assert head["title"] == "The edge of stability"
    assert len(head["theme"]["palette"].split(":")) == 16
    times = [time for time, *_ in events(data)]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == 2.0
    assert {kind for _, kind, _ in events(data)} == {"o", "m"}


def test_the_end_is_what_a_replay_shows_at_its_end(short: bytes, told: Told) -> None:
    session = told()
    screen = shown(output(short))

    async def replayed() -> tuple[list[str], list[list[tuple[str, ...]]]]:
        now = 0.0
        app = Lab(Options("braille", "full", 1e-4, "dark", clock=lambda: now))
        async with app.run_test(size=SIZE) as pilot:
            app.show_bench(Replay(session.path, speed=1e9))
            await pilot.pause()
            bench = app.screen
            assert isinstance(bench, Bench)
            bench.paint_at_once()
            # When all notices have passed.
            now = 20.0
            bench.paint_at_once()
            strips = bench._compositor.render_strips()
            colours = [[hexed(style) for text, style, _ in row for _ in text] for row in strips]
            return [strip.text for strip in strips], colours

    text, colours = asyncio.run(replayed())
    assert any("finished" in line for line in text)
    for row, line in enumerate(text):
        assert screen.display[row].rstrip() == line.replace("\u2800", " ").rstrip()
        for column, letter in enumerate(line):
            cell = screen.buffer[row][column]
            assert cell.bg == colours[row][column][1]
            assert letter in " \u2800" or cell.fg == colours[row][column][0], (row, column, letter)


def test_markers_stand_at_the_first_picture_that_shows_their_step(short: bytes, told: Told) -> None:
    session = told()
    script = script_of(session, SHORT)
    found = [(time, said) for time, kind, said in events(short) if kind == "m"]
    opened = chapters.detect(session.history)
    assert [said for _, said in found] == [one.title for one in opened]
    assert {"half way"} <= {said for _, said in found}
    for (time, _), chapter in zip(found, opened, strict=True):
        assert script.at(round(time))[1] >= chapter.step
        assert time == 0 or script.at(round(time) - 1)[1] < chapter.step


def test_a_part_of_a_session_has_the_chapters_of_that_part(written: Written) -> None:
    data = written("asciicast", Wanted(size=SIZE, seconds=5.0, fps=1.0, from_=200, to=300))
    labels = [said for _, kind, said in events(data) if kind == "m"]
    assert labels
    assert "half way" not in labels
    assert "300 / 400" in "\n".join(shown(output(data)).display)


def test_a_film_at_a_speed_is_as_long_as_the_session_was(told: Told) -> None:
    # The clock of the recording goes 4 seconds, and the last picture stands for two.
    script = script_of(told(), Wanted(speed=2.0))
    assert script.seconds == pytest.approx(4.0 / 2 + 2, rel=0.02)
    assert script.at(script.pictures - 1) == (script.seconds, 399)
    steps = [script.at(picture)[1] for picture in range(script.pictures)]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert script.at(round(10 * 200 / 100 / 2))[1] == pytest.approx(199, abs=4)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted(from_=300, to=200), "no step lies between"),
        (Wanted(speed=1e-6), "higher --speed"),
        (Wanted(speed=2.0, seconds=3.0), "choose one of them"),
        (Wanted(size=(10, 5)), "40x12"),
    ],
)
def test_what_cannot_be_filmed_is_refused(written: Written, wanted: Wanted, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        written("asciicast", wanted)


def test_the_same_session_makes_the_same_bytes_wherever(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Wanted(size=SIZE, seconds=2.0, fps=3.0)
    before = written("asciicast", wanted)
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "DLTLAB_THEME": "light", "COLUMNS": "44"}.items():
        monkeypatch.setenv(name, value)
    assert written("asciicast", wanted) == before


def test_only_our_own_sequences_are_sent(written: Written, told: Told) -> None:
    bad = "\x1b]0;owned\x07[@click=app.quit]\x9b2J\u202e[/]x\r\n"
    data = written("asciicast", Wanted(size=SIZE, seconds=2.0, fps=2.0), told(bad, bad, bad))
    texts = [json.loads(data.splitlines()[0])["title"], *(said for _, kind, said in events(data) if kind == "m")]
    texts.append(OURS.sub("", output(data)))
    assert "owned" in texts[0]
    assert any("owned" in text for text in texts[1:-1])
    assert "owned" in texts[-1]
    for text in texts:
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_colours_are_those_that_were_asked_for(written: Written) -> None:
    for colours, pattern in {"16": r"[34]8;", "256": r"[34]8;2;", "none": r"\x1b\[[^m]*\b[349][0-7][;m]"}.items():
        data = written("asciicast", Wanted(size=SIZE, seconds=1.0, fps=1.0, colours=colours))
        assert "\x1b[0;1" in output(data) or "\x1b[1" in output(data)
        assert not re.search(pattern, output(data)), colours


def test_a_film_that_is_told_to_end_closes_the_bench_first(told: Told) -> None:
    session, heard, taken = told(), list[int](), list[int]()

    def take(shot: camera.Shot) -> None:
        taken.append(shot.step)
        if len(taken) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        mine = signal.getsignal(signal.SIGTERM)
        camera.film(session, film_of(SHORT), script_of(session, SHORT), take)
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert 2 <= len(taken) < 5


def test_asciinema_plays_it(short: bytes, tmp_path: Path) -> None:
    pytest.importorskip("asciinema")
    (path := tmp_path / "film.cast").write_bytes(short)
    environ = os.environ | {"ASCIINEMA_CONFIG_HOME": str(tmp_path), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    command = [sys.executable, "-m", "asciinema", "play", "-s", "1000", str(path)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as player:
        os.close(theirs)
        said = b""
        # Linux says so when the other end is closed.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 1 << 16):
                said += piece
        os.close(ours)
    assert player.returncode == 0
    assert shown(said.decode()).display == shown(output(short)).display

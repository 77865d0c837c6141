"""The ground is known from the environment or from the terminal, and nobody waits for one that is silent."""

import os
import pty
import termios
import threading
import time

import pytest

from dltlab.errors import UsageError
from dltlab.terminal import ground
from dltlab.terminal.fit import Options, asked, settled
from dltlab.terminal.ground import Question, theme_of, told, worth_asking


@pytest.mark.parametrize(
    ("value", "theme"),
    [("15;0", "dark"), ("0;15", "light"), ("0;default;7", "light"), ("12;8", "dark"), ("", None), ("0;99", None),
     ("x", None), ("1;\x1b", None)],
)  # fmt: skip
def test_colorfgbg_names_the_ground(value: str, theme: str | None) -> None:
    assert told({"COLORFGBG": value}) == theme


@pytest.mark.parametrize(
    ("answer", "theme"),
    [
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c", "light"),
        (b"\x1b]11;rgb:0f0f/1313/1818\x07", "dark"),
        (b"\x1b]11;rgb:f/f/e\x07", "light"),
        (b"\x1b]11;rgba:fdfd/f6f6/e3e3/ffff\x1b\\", "light"),
        (b"\x1b]11;rgb:0000/2b2b/3636\x07", "dark"),
        (b"\x1b[?62;22c", None),
        (b"\x1b]11;rgb:zz/0/0\x07", None),
        (b"", None),
    ],
)
def test_an_answer_names_the_ground(answer: bytes, theme: str | None) -> None:
    assert theme_of(answer) == theme


def ask(answer: bytes | None, after: float = 0.0) -> tuple[str | None, bytes, float]:
    """Ask a terminal that answers so; what was found, what it was asked, and how long that took."""
    master, slave = pty.openpty()
    try:
        before = termios.tcgetattr(slave)
        began = time.monotonic()
        question = Question(slave)
        heard = os.read(master, 100)
        assert not termios.tcgetattr(slave)[3] & termios.ECHO
        timer = threading.Timer(after, os.write, (master, answer or b""))
        timer.start()
        found = question.answer()
        took = time.monotonic() - began
        assert termios.tcgetattr(slave) == before
        timer.join()
        return found, heard, took
    finally:
        os.close(master)
        os.close(slave)


def test_a_terminal_is_asked_and_heard() -> None:
    found, heard, took = ask(b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62c")
    assert found == "light"
    assert heard.startswith(b"\x1b]11;?")
    assert took < 10 * ground.LONGEST


def test_an_answer_may_come_in_pieces_and_late() -> None:
    assert ask(b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62c", after=ground.LONGEST / 5)[0] == "dark"


@pytest.mark.parametrize("answer", [None, b"\x1b[?1;2c", b"j" * 9000])
def test_a_terminal_that_does_not_know_the_question_keeps_nobody_waiting(answer: bytes | None) -> None:
    found, _, took = ask(answer)
    assert found is None
    assert took < 10 * ground.LONGEST


def test_what_is_no_terminal_is_not_asked() -> None:
    reading, writing = os.pipe()
    try:
        assert Question(reading).answer() is None
        assert Question(999_999).answer() is None
    finally:
        os.close(reading)
        os.close(writing)


def test_only_a_terminal_that_is_near_and_may_know_is_asked() -> None:
    assert worth_asking({"TERM": "xterm-256color"})
    assert not worth_asking({"TERM": "xterm-256color", "SSH_CONNECTION": "1 2 3 4"})
    for term in ("", "dumb", "linux", "screen-256color"):
        assert not worth_asking({"TERM": term})


@pytest.mark.parametrize(
    ("option", "environ", "theme"),
    [
        ("auto", {}, "dark"),
        ("auto", {"COLORFGBG": "0;15"}, "light"),
        ("dark", {"COLORFGBG": "0;15"}, "dark"),
        ("auto", {"COLORFGBG": "0;15", "DLTLAB_THEME": "dark"}, "dark"),
        ("light", {"DLTLAB_THEME": "dark"}, "light"),
        ("auto", {"DLTLAB_THEME": "auto"}, "dark"),
    ],
)
def test_the_option_comes_before_the_environment_and_that_before_the_terminal(
    option: str, environ: dict[str, str], theme: str
) -> None:
    options = asked(Options(theme=option), environ)  # type: ignore[arg-type]
    assert settled(options, environ, "utf-8").theme == theme


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(UsageError, match="auto, dark, light"):
        asked(Options(), {"DLTLAB_THEME": "sepia"})

"""How far something is, is told on stderr: a bar on a terminal, lines elsewhere, and nothing of a name is obeyed."""

import io
import sys
from types import SimpleNamespace

import pytest

from dltlab.progress import Progress, told


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("steps", "done", "line", "shown"),
    [
        (None, 0.5, "50%", "50 %"),
        (6000, 1500, "step 1,500 of 6,000, 750 steps/s, 0:06 left", "750 steps/s, 0:06 left"),
    ],
)
def test_a_bar_on_a_terminal_lines_elsewhere_and_nothing_when_quiet(
    steps: int | None,
    done: float,
    line: str,
    shown: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("dltlab.progress.time", SimpleNamespace(monotonic=lambda: now[0]))
    with Progress("out.csv", steps, mode="none") as quiet:
        now[0] += 60.0
        quiet.show(done)
    assert capsys.readouterr().err == ""
    with Progress("out\x1b[2J.csv", steps, mode="lines") as lines:
        lines.show(0)
        now[0] += 2.0
        lines.show(done)
        assert capsys.readouterr().err == "", "what is quickly done says nothing"
        lines._next = now[0]
        lines.show(done)
    assert capsys.readouterr().err == f"out\\x1b[2J.csv: {line}\n"
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("out\x1b]0;title\x07.csv", steps) as bar:
        bar.show(0)
        now[0] += 2.0
        bar.show(done)
    assert shown in terminal.getvalue()
    assert "\x1b]" not in terminal.getvalue()


def test_steps_that_were_there_before_make_no_speed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("dltlab.progress.time", SimpleNamespace(monotonic=lambda: now[0]))
    with Progress("fork", 6000, mode="lines") as lines:
        now[0] += 1.0
        lines.show(5000)
        now[0] += 10.0
        lines.show(5200)
    assert capsys.readouterr().err == "fork: step 5,200 of 6,000, 20 steps/s, 0:40 left\n"


def test_steps_are_told_in_words() -> None:
    assert told(0, 100, 1.0) == "starting"
    assert told(500, 5500, 2.0) == "250 steps/s, 0:22 left"
    assert told(1, 7200, 1.0) == "1 steps/s, 2:00:00 left"

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
        now[0] += 2.0
        lines.show(done)
        assert capsys.readouterr().err == "", "what is quickly done says nothing"
        lines._next = now[0]
        lines.show(done)
    assert capsys.readouterr().err == f"out\\x1b[2J.csv: {line}\n"
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("out\x1b]0;title\x07.csv", steps) as bar:
        now[0] += 2.0
        bar.show(done)
    assert shown in terminal.getvalue()
    assert "\x1b]" not in terminal.getvalue()


def test_steps_are_told_in_words() -> None:
    assert told(0, 100, 1.0) == "starting"
    assert told(500, 6000, 2.0) == "250 steps/s, 0:22 left"
    assert told(1, 7201, 1.0) == "1 steps/s, 2:00:00 left"

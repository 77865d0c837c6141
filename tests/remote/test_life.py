"""However a terminal ends, it is given back as it was, no process is left to spin, and the session goes on."""

import os
import signal
import time

import pytest

from dltlab.errors import INTERRUPTED


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_gives_the_terminal_back_and_leaves_the_session_alone(stage, told, opened, number):
    session = told()
    terminal = opened("attach")
    terminal.until(lambda: terminal.dots)
    assert {1049, 1000} <= terminal.modes
    assert 25 not in terminal.modes
    assert not terminal.restored
    terminal.process.send_signal(number)
    assert terminal.ended() == INTERRUPTED
    assert terminal.restored, terminal.modes
    assert "Traceback" not in terminal.text
    assert not session.stopped


def test_put_aside_and_brought_back_and_ended_by_ctrl_c(stage, told, opened):
    session = told()
    terminal = opened("attach")
    terminal.until(lambda: terminal.dots)
    for _ in range(2):
        terminal.press("\x1a")
        terminal.until(lambda: stage.stopped(terminal.process.pid))
        terminal.until(lambda: terminal.restored, 1)
        # The shell draws over what was there.
        terminal.scribble("$ fg\r\n")
        terminal.process.send_signal(signal.SIGCONT)
        terminal.until(lambda: 1049 in terminal.modes and "$ fg" not in terminal.text and terminal.dots)
    terminal.press("?")
    terminal.until(lambda: "Keys of the bench" in terminal.text)
    terminal.press("\x1b")
    terminal.until(lambda: terminal.dots and "Keys of the bench" not in terminal.text)
    terminal.press("\x03")
    assert terminal.ended() == 0
    assert terminal.restored, terminal.modes
    assert session.stopped


def test_a_closed_laptop_is_opened_again(stage, told, opened):
    session = told()
    terminal = opened("attach")
    terminal.until(lambda: terminal.dots)
    terminal.process.send_signal(signal.SIGSTOP)
    terminal.until(lambda: stage.stopped(terminal.process.pid))
    reached = session.step
    time.sleep(0.6)
    terminal.cook()
    terminal.scribble("somebody else\r\n")
    terminal.process.send_signal(signal.SIGCONT)
    terminal.until(lambda: "somebody else" not in terminal.text and terminal.dots)
    terminal.until(lambda: terminal.step > reached + 20)
    terminal.press(" ")
    terminal.until(lambda: session.heard, 2)
    assert len(os.listdir(f"/proc/{terminal.process.pid}/task")) < 12
    terminal.press("d")
    assert terminal.ended() == 0
    assert terminal.restored, terminal.modes
    assert not session.stopped


@pytest.mark.parametrize("controlling", [True, False], ids=["hung-up", "gone"])
def test_a_terminal_that_goes_away_ends_the_viewer_alone(stage, told, opened, controlling):
    session = told(pace=2000.0)
    terminal = opened("attach", "--fps", "30", controlling=controlling)
    terminal.until(lambda: terminal.dots)
    before = stage.seconds_of(terminal.process.pid)
    terminal.hang_up()
    begin, spent = time.monotonic(), 0.0
    while terminal.process.poll() is None:
        assert time.monotonic() - begin < 4, "the viewer outlives its terminal"
        spent = stage.seconds_of(terminal.process.pid) - before
        time.sleep(0.02)
    assert spent < 1.5
    assert terminal.process.returncode in (INTERRUPTED, -signal.SIGHUP)
    reached = session.step
    time.sleep(0.15)
    assert session.step > reached
    assert not session.stopped


def test_a_terminal_that_takes_nothing_can_be_left(stage, told, opened):
    told()
    terminal = opened("attach")
    terminal.until(lambda: terminal.dots)
    terminal.deaf = True
    terminal.watch(0.5)
    before = stage.seconds_of(terminal.process.pid)
    time.sleep(0.5)
    assert stage.seconds_of(terminal.process.pid) - before < 0.4
    terminal.process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    while terminal.process.poll() is None:
        assert time.monotonic() - begin < 6, "a terminal that takes nothing holds the viewer"
        time.sleep(0.02)

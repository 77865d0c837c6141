"""Whatever is printed, a terminal is given nothing to obey."""

import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dltlab import guard
from dltlab.text import UNFIT, clean

HOSTILE = "a\x1b[2Jb\x1b]52;c;eA==\x07\x9b6n\x1b[6n\u202eevil\u2066\u200d\r\x00\udc9b\x85\u2028\ue000z"


@pytest.fixture
def below():
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace")
    yield stream
    stream.close()


@given(some.lists(some.text() | some.just(HOSTILE)))
def test_nothing_unfit_passes_and_all_else_does(texts):
    stream = io.StringIO()
    guarded = guard.Guarded(stream)
    assert [guarded.write(text) for text in texts] == [len(text) for text in texts]
    assert not UNFIT.search(stream.getvalue())
    assert stream.getvalue() == "".join(map(clean, texts))


@given(some.text(some.sampled_from("\x1b[]0123456789;mAKHhl?\r\x07n6ab")))
def test_a_bar_is_drawn_and_can_do_no_more(text):
    stream = io.StringIO()
    guard.drawn(stream).write(text)
    rest = guard._DRAWING.sub("", stream.getvalue())
    assert not UNFIT.search(rest)


def test_a_bar_is_drawn():
    stream = io.StringIO()
    lines = "\r\x1b[2K\x1b[38;5;2m━━\x1b[0m 3 %\x1b[1A\x1b[?25l\x1b[?25h"
    guard.drawn(guard.Guarded(stream)).write(lines)
    assert stream.getvalue() == lines


def test_bytes_do_not_slip_past_to_a_terminal(below, monkeypatch):
    assert guard.Guarded(below).buffer is below.buffer
    monkeypatch.setattr(below, "isatty", lambda: True, raising=False)
    assert guard.Guarded(below).isatty()
    assert not guard.plain(below).isatty()
    with pytest.raises(AttributeError):
        guard.Guarded(below).buffer  # noqa: B018


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize(
    "way", ["click.echo(text)", "print(text, file=sys.stderr)", "warnings.warn(text)", "raise E(text)"]
)
def test_every_way_to_a_stream_is_guarded(way, encoding):
    code = f"""
import sys, warnings, click, threading
from dltlab import guard
guard.install(); guard.install()
class E(Exception): pass
text = {HOSTILE!r}
{way}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env={"PYTHONIOENCODING": encoding, "PATH": ""}, check=False
    )
    whole = (done.stdout + done.stderr).decode(encoding)
    assert "evil" in whole
    assert not UNFIT.search(whole)
    assert "\x9b" not in whole
    assert "\x1b" not in whole

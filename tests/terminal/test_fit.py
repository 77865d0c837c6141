"""Whether a terminal can show a screen, and how."""

import io
import subprocess
import sys

import pytest

from dltlab.errors import UsageError
from dltlab.terminal.fit import Options, require_terminal, settled


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_terminal_is_refused_with_the_cure() -> None:
    with pytest.raises(UsageError, match="dltlab run"):
        require_terminal(io.StringIO(), {"TERM": "xterm"})
    for term in ("dumb", "unknown", ""):
        with pytest.raises(UsageError, match="dltlab run"):
            require_terminal(Terminal(), {"TERM": term})
    require_terminal(Terminal(), {"TERM": "xterm-256color"})


@pytest.mark.parametrize(
    ("environ", "encoding", "glyphs"),
    [
        ({}, "utf-8", "braille"),
        ({}, "ascii", "ascii"),
        ({}, "latin-1", "ascii"),
        ({}, "no-such-encoding", "ascii"),
        ({"TERM": "linux"}, "utf-8", "block"),
        ({"DLTLAB_GLYPHS": "block"}, "ascii", "block"),
        # tmux shows what is not ASCII as underscores, unless the locale names UTF-8.
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, "utf-8", "ascii"),
        ({"TMUX": "/tmp/tmux-0/default,1,0", "LANG": "C"}, "utf-8", "ascii"),
        ({"TMUX": "/tmp/tmux-0/default,1,0", "LC_ALL": "C", "LANG": "en_GB.UTF-8"}, "utf-8", "ascii"),
        ({"TMUX": "/tmp/tmux-0/default,1,0", "LC_ALL": "", "LANG": "C.utf8"}, "utf-8", "braille"),
        ({"TMUX": "/tmp/tmux-0/default,1,0", "LC_CTYPE": "en_GB.UTF-8", "LANG": "C"}, "utf-8", "braille"),
        ({"TMUX": "/tmp/tmux-0/default,1,0", "DLTLAB_GLYPHS": "braille"}, "utf-8", "braille"),
        ({"LANG": "C"}, "utf-8", "braille"),
    ],
)
def test_glyphs_follow_the_terminal(environ: dict[str, str], encoding: str, glyphs: str) -> None:
    assert settled(Options(), environ, encoding).glyphs == glyphs
    assert settled(Options("ascii"), environ, encoding).glyphs == "ascii"


def test_unknown_glyphs_are_refused() -> None:
    with pytest.raises(UsageError, match="braille, block, ascii"):
        settled(Options(), {"DLTLAB_GLYPHS": "runes"}, "utf-8")


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "none"),
        ({"TERM": "xterm-256color"}, "full"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "full"),
        ({"TERM": "xterm-16color"}, "16"),
    ],
)
def test_colours_follow_the_environment(environ: dict[str, str], colours: str) -> None:
    assert settled(Options(), environ, "utf-8").colours == colours


def test_a_slow_link_sees_fewer_frames() -> None:
    assert settled(Options(), {}, "utf-8").fps == 10
    assert settled(Options(), {"SSH_CONNECTION": "1.2.3.4"}, "utf-8").fps == 4
    assert settled(Options(fps=2), {"SSH_CONNECTION": "1.2.3.4"}, "utf-8").fps == 2


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("dltlab.terminal.fit", ["textual", "plotext", "numpy", "jax", "rich"]),
        ("dltlab.terminal.panels", ["textual", "jax"]),
        ("dltlab.terminal.screens.gallery", ["jax", "numpy", "plotext"]),
        ("dltlab.terminal.screens.bench", ["jax"]),
    ],
)
def test_imports_stay_light(module: str, absent: list[str]) -> None:
    code = f"import sys, {module}; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

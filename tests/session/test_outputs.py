"""An output that is full, or closed: a sentence at most, and the code that it deserves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dltlab.errors import HOLDS, USAGE
from dltlab.session import live

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is full")
SAID = "standard output: cannot be written (No space left on device); make room, or send it elsewhere."
ROOT = Path(__file__).parents[2]


@pytest.fixture
def called(engine, tmp_path):
    """Call the command line in a shell that redirects; its exit code and what it said where that can be seen."""
    engine("finished")
    # The fake engine answers in the process of the command line, too.
    code = f"from dltlab.session import live; live.ENGINE = {live.ENGINE!r}; from dltlab.cli import main; main()"
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))

    def call(words: str, redirected: str) -> tuple[int, str]:
        order = f'"$0" -c "$1" {words} {redirected}'
        done = subprocess.run(
            ["/bin/sh", "-c", order, sys.executable, code],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        return done.returncode, done.stderr

    return call


@FULL
@pytest.mark.parametrize(
    "words",
    [
        "list",
        "--help",
        "run fall.toml --quiet",
        "run fall.toml --follow",
        "run fall.toml fall.toml --jobs 2 --quiet",
        "run fall.toml --quiet --json -",
        "export kept.dltlab.jsonl - --format csv",
        "check fall.toml",
    ],
)
def test_what_a_full_output_refuses_is_told_in_one_sentence(called, scenario, keep, words):
    scenario()
    keep()
    code, said = called(words, ">/dev/full")
    assert code == USAGE
    assert said.splitlines()[-1] == SAID
    assert said.count("cannot be written") == 1


@pytest.mark.parametrize(
    "redirected", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", pytest.param("2>/dev/full", marks=FULL)]
)
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("list", HOLDS),
        ("run fall.toml", HOLDS),
        ("run nothing.toml", USAGE),
        ("export kept.dltlab.jsonl - --format csv", HOLDS),
    ],
)
def test_who_closes_an_output_does_not_want_to_know(called, scenario, keep, words, code, redirected):
    scenario()
    keep()
    assert called(words, redirected)[0] == code


def test_no_file_gets_the_descriptor_of_an_output_that_was_closed(called, scenario, tmp_path):
    scenario()
    assert called("run fall.toml --out mine", ">&- 2>&-")[0] == HOLDS
    assert (tmp_path / "mine").read_bytes().startswith(b"{")
    assert not (tmp_path / "mine.log").exists()


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    code = "import os, sys; os.close(0); sys.exit(0)"
    with (
        subprocess.Popen(
            [sys.executable, "-m", "dltlab", "show", "edge-of-stability"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as writer,
        subprocess.Popen([sys.executable, "-c", code], stdin=writer.stdout) as reader,
    ):
        assert writer.stdout is not None
        writer.stdout.close()
        reader.wait(60)
        assert writer.stderr is not None
        assert writer.stderr.read() == b""
        assert writer.wait(60) == 141

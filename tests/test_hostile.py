"""Hostile text in every field of a scenario and a recording: no command and no screen lets a terminal obey it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.segment import Segment
from rich.style import Style

from dltlab import records
from dltlab.records import Array, Event, Footer, Frames, Header, Knob, Part, Series
from dltlab.terminal.wire.allowed import allowed, lettered
from dltlab.terminal.wire.cells import Cells
from dltlab.text import UNFIT

OSC, CSI, C1, BIDI = "\x1b]52;c;ZXZpbA==\x07", "\x1b[6n", "\x9b6n\x9d0;evil\x9c", "\u202eevil\u2066"
HOSTILE = f"x{OSC}{CSI}{C1}{BIDI}\u200d\r\x08\x7f\u2028y"
TEXTS = some.text(
    some.sampled_from([*HOSTILE, "a", "λ", "é", "\u0301", "漢", "\ud83d", "\x1b", "[", "\n", "\t"]), max_size=60
)


def whole(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def unfit(data: bytes) -> list[str]:
    """What a terminal would obey; an 8-bit one takes a lone byte for a C1 as well."""
    return UNFIT.findall(whole(data))


def recording(folder: Path, name: str) -> Path:
    """A session in which every text is hostile, but what must be a name to be read at all."""
    series = (Series("loss", HOSTILE, unit=HOSTILE, source=HOSTILE), Series(f"s{HOSTILE}", HOSTILE, scale=HOSTILE))
    scenario: dict[str, Any] = {
        "title": HOSTILE, HOSTILE: HOSTILE,
        "claims": [{"kind": "level", "name": HOSTILE, "says": HOSTILE, "series": HOSTILE}],
        "questions": [{"name": "q", "at": 1, "ask": HOSTILE, "choices": [HOSTILE, "b"], "answer": 0, "why": HOSTILE}],
    }  # fmt: skip
    head = Header(
        records.FORMAT, f"{name}{HOSTILE}", HOSTILE, HOSTILE, scenario, HOSTILE, 2, 1, None, (0,), series,
        (Knob(f"k{HOSTILE}", HOSTILE, 0.1, 0.0, 1.0, HOSTILE),), 1, HOSTILE, HOSTILE, {HOSTILE: HOSTILE},
        {HOSTILE: HOSTILE}, 1, f"{name}{HOSTILE}", 0, HOSTILE, HOSTILE,
    )  # fmt: skip
    column = Array.of(np.array([1.0, float(len(name))]))
    data = {"value": 1.0, "radius": 1.0, "direction": "random", "step": 1, "knob": HOSTILE, "parent": HOSTILE}
    data |= {"arm": HOSTILE, HOSTILE: HOSTILE}
    said = [
        head, Frames(2, (Part(0, 1, 2, {"loss": column}),), 0.1, 0.1),
        *(Event(1, what, HOSTILE, data, 0.1)
          for what in ("turn", "kick", "mark", "fork", "diverged", "warning", HOSTILE)),
        Footer(2, HOSTILE, HOSTILE, 0.2),
    ]  # fmt: skip
    path = folder / f"{name}{records.SUFFIX}"
    path.write_bytes(b"".join(map(records.encode, said)))
    return path


SCENARIO = """
title = {0}
abstract = {0}
sources = [{0}]
look_for = [{0}]
problem = {{ kind = "quadratic", eigenvalues = [1.0] }}
optimizer = {{ kind = "gradient_descent", learning_rate = 0.1 }}
run = {{ steps = 3 }}
probes = {{ loss = "loss" }}
knobs = [{{ name = "learning_rate", title = "x\\u001b[2J\\u202e", low = 0.01, high = 1.0 }}]
panels = [{{ kind = "curves", title = {0}, series = ["loss"] }}]
claims = [{{ kind = "level", name = "c", says = {0}, source = {0}, series = "loss", below = 9.0 }}]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    sessions = folder / "data" / "sessions"
    sessions.mkdir(parents=True)
    for name in ("a", "bb"):
        recording(sessions, name)
    quoted = '"' + "".join(f"\\u{ord(letter):04x}" if UNFIT.match(letter) else letter for letter in HOSTILE) + '"'
    (folder / ("sc\x1b[6n\u202e" + os.fsdecode(b"\x9b") + ".toml")).write_text(SCENARIO.format(quoted))
    (folder / "bad.toml").write_text(f"title = {quoted}\n{quoted} = 1\n[optimizer]\nkind = {quoted}\n")
    return folder


CALLS = """
check SCENARIO bad.toml
show SCENARIO
show SCENARIO --set title=HOSTILE
show HOSTILE
run SCENARIO --github --json out.json --junit out.xml --markdown out.md
run SCENARIO --json -
run SCENARIO --dry-run --set HOSTILE=1
list
sessions
diff a bb
diff a bb --json
verify a
export a a.csv
export a a.md
export a a.jsonl
export a -
export a HOSTILE
resume a
fork a --at 1 --detached
fork a --at 1 --turn HOSTILE=1
replay HOSTILE
watch a
doctor
HOSTILE
run --HOSTILE
"""


def test_no_command_says_what_a_terminal_would_obey(place):
    """All in one process, whose streams are files: what comes out is read byte by byte."""
    names = {"SCENARIO": next(path.name for path in place.iterdir() if path.name.startswith("sc")), "HOSTILE": HOSTILE}
    calls = [
        [re.sub("SCENARIO|HOSTILE", lambda match: names[match[0]], word) for word in line.split()]
        for line in CALLS.strip().splitlines()
    ]
    code = f"""
import os, sys, traceback
from dltlab.cli import main
for call in {calls!r}:
    print("CALL", len(call), flush=True)
    try:
        main(call)
    except SystemExit as end:
        print("CODE", end.code, flush=True)
"""
    environment = os.environ | {
        "DLTLAB_DATA_DIR": str(place / "data"), "PYTHONIOENCODING": "utf-8", "DLTLAB_FUZZED": HOSTILE.replace("\0", ""),
        "COLUMNS": "70", "TERM": "xterm", "USER": "x\x1b[2J",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=place, env=environment, timeout=300, check=False
    )
    told = done.stdout + done.stderr
    codes = re.findall(r"^CODE (\d+)$", whole(done.stdout), re.MULTILINE)
    assert len(codes) == len(calls), whole(told)[-2000:]
    # The first of them did their work: it was not all refused at the door.
    assert codes[:3] == ["2", "0", "0"], codes
    assert codes[4] == "0", whole(told)
    assert b"fault of dltlab itself" not in told
    assert unfit(told) == []
    assert b"evil" in told
    written = [place / name for name in ("out.json", "out.xml", "out.md", "a.csv", "a.md", "a.jsonl")]
    assert all(path.exists() for path in written), written
    for path in written:
        assert unfit(path.read_bytes().replace(b"\r\n", b"\n")) == [], path


@given(some.lists(TEXTS, max_size=6), some.integers(0, 9))
def test_no_cell_holds_what_a_terminal_would_obey(texts, column):
    cells = Cells()
    cells.resize(12, 3)
    for row, text in enumerate(texts):
        cells.write(row % 3, column, [Segment(text, Style(bold=True))])
        assert all(len(letter) <= 4 for line in cells._wanted for letter, _ in line)
    told = cells.difference(1 << 20)
    assert not UNFIT.search(re.sub(r"\x1b\[[0-9;]*[A-Hm]", "", told))
    assert "\n" not in told


@given(TEXTS)
def test_beside_cells_a_screen_says_nothing_but_what_it_needs(text):
    needed = r"\x1b\[[?<>=]?[0-9;]*(?:[A-HJKhlmu]|\$p)|\x1b\]52;c;[A-Za-z0-9+/=]*\x07|\x07"
    assert not UNFIT.search(re.sub(needed, "", allowed(text)))
    assert not UNFIT.search(lettered(text))
    assert allowed(f"{CSI}\x1b]0;t\x07\x1b]2;t\x07\x1bP+q\x1b\\\x9b6n").count("\x1b") == 0


def test_what_textual_and_the_driver_say_is_let_through():
    for said in (
        "\x1b[?1049h", "\x1b[?25l", "\x1b[?2026$p", "\x1b[?1016h", "\x1b[>1u", "\x1b[<u",
        "\x1b[3;4H\x1b[0;1;38;2;1;2;3m",
        "\x1b]22;pointer\x07", "\x1b]52;c;eA==\x07", "\x1b[?2048h", "\x1b[?2026h", "\x1b[?2004l",
    ):  # fmt: skip
        assert allowed(said) == said


def test_every_text_of_a_record_is_made_harmless_as_it_is_read(tmp_path):
    from dltlab.session.recording import read_all

    history, note = read_all(recording(tmp_path, "a"))
    assert (note, len(history.events)) == ("", 7)
    waiting: list[Any] = [msgspec.to_builtins([history.header, *history.events, history.footer])]
    texts: list[str] = []
    while waiting:
        match waiting.pop():
            case str() as text:
                texts.append(text)
            case dict() as table:
                waiting += [*table, *table.values()]
            case list() | tuple() as items:
                waiting += items
    assert sum("evil" in text for text in texts) > 40
    assert [text for text in texts if UNFIT.search(text)] == []

"""Scenario files: what is wrong is told with its place; nothing that they hold reaches the terminal raw."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltlab import scenario
from dltlab.check import check
from dltlab.errors import ScenarioError
from dltlab.scenario import Document, find, gallery, parse, read, validate
from dltlab.tables import Run
from dltlab.text import clean, one_line

GOOD = """\
title = "A bowl"
[problem]
kind = "quadratic"
widths = [1, 2]
[optimizer]
kind = "gradient_descent"
learning_rate = 0.4
[run]
steps = 10
[probes.loss]
kind = "loss"
[[knobs]]
name = "learning_rate"
low = 0.1
high = 1.0
[[claims]]
name = "edge"
predicted = 1
"""


def faults(text: str, *overrides: str) -> list[str]:
    """The faults of a text, with overrides; none of them can move a cursor."""
    told: tuple[str, ...] = ()
    try:
        document = parse(text, "x.toml")
        for assignment in overrides:
            document.set(assignment)
        validate(document)
    except ScenarioError as found:
        told = found.faults or ("an error without a fault",)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for fault in told for char in fault)
    return list(told)


def refused(text: str, *overrides: str) -> list[str]:
    """The faults of a text, with overrides."""
    told = faults(text, *overrides)
    assert told
    return told


def test_an_engine_that_refuses_tells_the_common_part_and_its_own_at_once() -> None:
    from dltlab.engine import experiment

    bowl = GOOD.replace("widths = [1, 2]", "eigenvalues = [1.0, 2.0]").partition("[[claims]]")[0]
    text = bowl.replace('"quadratic"', '"quadratc"').replace("steps = 10", "stepz = 10").replace("low =", "lo =")
    told = []
    for build in (experiment.build, check):
        with pytest.raises(ScenarioError) as found:
            build(parse(text, "x.toml"))
        told.append(found.value.faults)
    assert told[0] == told[1]
    keys = [fault.split(": ")[1] for fault in told[0]]
    assert keys == ["problem.kind", "run.stepz", "knobs[0].lo"]


def test_a_good_one() -> None:
    found = validate(parse(GOOD, "x.toml"))
    assert found.run == Run(steps=10)
    assert found.knobs[0].high == 1.0
    assert found.probes == {"loss": {"kind": "loss"}}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("steps = 10", "stepz = 10", "x.toml:9:1: run.stepz: unknown key 'stepz'; did you mean 'steps'?"),
        ("steps = 10", "steps = 0", "x.toml:9:1: run.steps: expected a whole number >= 1, not 0."),
        ("steps = 10", 'steps = "10"', "x.toml:9:1: run.steps: expected a whole number, not '10'."),
        ("steps = 10", "steps = 1.5", "x.toml:9:1: run.steps: expected a whole number, not 1.5."),
        ("steps = 10", "every = 10", "x.toml:8:2: run: the key 'steps' is missing; add it."),
        ("low = 0.1", "low = -inf", "x.toml:14:1: knobs[0].low: -inf is not a finite number; write one."),
        ("low = 0.1", "low = 0", "x.toml:14:1: knobs[0].low: must be positive on a log scale."),
        ("low = 0.1", "low = 2", "x.toml:14:1: knobs[0].low: 2 must lie below high = 1."),
        ("high = 1.0", "", "x.toml:12:3: knobs[0]: the key 'high' is missing; add it."),
        (
            "learning_rate = 0.4",
            "learning_rate = nan",
            "x.toml:7:1: optimizer.learning_rate: nan is not a finite number;",
        ),
        (
            "learning_rate = 0.4",
            "d = 2020-01-01",
            "x.toml:7:1: optimizer.d: a date or time has no place in a scenario;",
        ),
        (
            "widths = [1, 2]",
            "widths = [1, inf]",
            "x.toml:4:14: problem.widths[1]: inf is not a finite number; write one.",
        ),
        ("[[claims]]", "[[clams]]", "x.toml:16:3: clams: unknown key 'clams'; did you mean 'claims'?"),
        ("[problem]", "[problems]", "x.toml:2:2: problems: unknown key 'problems'; did you mean 'problem'?"),
        ("[[claims]]", "[claims]", "x.toml:16:2: claims: expected a list, not a table."),
        ("[probes.loss]", '[probes."1 x"]', "x.toml:10:9: probes.1 x: expected a name: a letter, then letters,"),
        ('title = "A bowl"', "title = 3", "x.toml:1:1: title: expected a string, not 3."),
        ('title = "A bowl"', 'title = ""', "x.toml:1:1: title: expected a text of 1 to 400 characters, not ''."),
        ('title = "A bowl"', "", "x.toml:1:1: the key 'title' is missing; add it."),
        ("steps = 10", "steps = 10\nsteps = 10", "x.toml:10:11: not TOML: Cannot overwrite a value."),
        ("steps = 10", "steps = ", "x.toml:9:9: not TOML: Invalid value."),
        ("steps = 10", "steps = " + "9" * 5000, "x.toml:1:1: not TOML: Exceeds the limit"),
        ("steps = 10", f"steps = {2**70}", "x.toml:9:1: run.steps: expected a whole number <= 1000000000, not 118"),
        (
            "steps = 10",
            "precision = 'float23'\nsteps = 1",
            "x.toml:9:1: run.precision: unknown value 'float23'; did you",
        ),
        ("widths = [1, 2]", "w = " + "[" * 1000 + "]" * 1000, "x.toml:1:1: nested deeper than 16 levels;"),
        ("widths = [1, 2]", "w = " + "[" * 100 + "]" * 100, "x.toml:1:1: nested deeper than 16 levels;"),
        ("widths = [1, 2]", ".".join(["a"] * 1000) + " = 1", "x.toml:1:1: nested deeper than 16 levels;"),
        ("widths = [1, 2]", ".".join(["a"] * 5000) + " = 1", "x.toml:1:1: nested deeper than 16 levels;"),
        (
            'kind = "quadratic"',
            '"\\u001b[2J" = inf',
            "x.toml:3:1: problem.\\x1b[2J: inf is not a finite number; write one.",
        ),
    ],
)
def test_a_fault_names_place_key_and_cure(old: str, new: str, fault: str) -> None:
    assert GOOD.count(old) == 1
    told = refused(GOOD.replace(old, new))
    assert any(line.startswith(fault) for line in told), told


def test_every_fault_is_told() -> None:
    bad = GOOD.replace("steps = 10", "steps = 0\nseed = -1\nsede = 1").replace("low = 0.1", "low = 'a'")
    assert [line.split(": ")[1] for line in refused(bad)] == ["run.steps", "run.seed", "run.sede", "knobs[0].low"]


def test_a_number_that_is_none_is_told_once_and_nothing_is_built_of_it() -> None:
    bad = GOOD.replace("learning_rate = 0.4", "learning_rate = nan").replace("steps = 10", "stepz = 10")
    with pytest.raises(ScenarioError) as caught:
        check(parse(bad, "x.toml"))
    keys = [line.split(": ")[1] for line in caught.value.faults if "claims" not in line]
    assert keys == ["optimizer.learning_rate", "run.stepz"]


def test_an_empty_file_says_what_it_needs() -> None:
    told = refused("")
    assert [line for line in told if "missing" in line] == told
    assert len(told) == 4


@pytest.mark.parametrize(
    ("assignment", "fault"),
    [
        ("run.steps=0", "--set run.steps=0: run.steps: expected a whole number >= 1, not 0."),
        ("run.steps=soon", "--set run.steps=soon: run.steps: expected a whole number, not 'soon'."),
        ("run.steps=inf", "--set run.steps=inf: run.steps: inf is not a finite number; write one."),
        ("run.stepz=3", "--set run.stepz=3: run.stepz: unknown key 'stepz'; did you mean 'steps'?"),
        ("rum.steps=3", "--set rum.steps=3: rum: unknown key 'rum'; did you mean 'run'?"),
        ("run=3", "--set run=3: run: expected a table, not 3."),
        ("run={steps=0}", "--set run={steps=0}: run.steps: expected a whole number >= 1, not 0."),
        ("knobs.1.low=3", "--set knobs.1.low=3: knobs has no item '1'; it has 1: name one, or count from 0."),
        ("knobs.x.low=3", "--set knobs.x.low=3: knobs has no item 'x'; it has 1: name one, or count from 0."),
        ("knobs.²=3", "--set knobs.²=3: knobs has no item '²'; it has 1: name one, or count from 0."),
        ("knobs.learning_rate.low=-1", "--set knobs.learning_rate.low=-1: knobs[0].low: must be positive on a log"),
        ("run.steps.x=3", "--set run.steps.x=3: run.steps is 10, not a table, so nothing can stand below it."),
        ("run.steps", "--set run.steps: write KEY=VALUE, for example optimizer.learning_rate=0.3."),
        ("run..steps=3", "--set run..steps=3: write KEY=VALUE, for example optimizer.learning_rate=0.3."),
        ("=3", "--set =3: write KEY=VALUE, for example optimizer.learning_rate=0.3."),
        ("title=\x1b[2J" + "x" * 400, "--set title=\\x1b[2Jxxx"),
        ("problem.a=" + "[" * 30 + "]" * 30, "--set problem.a=[[["),
        ("problem.a=" + "9" * 5000 + "\nb=[", "--set problem.a=999"),
    ],
)
def test_a_bad_override_names_itself(assignment: str, fault: str) -> None:
    if "9999" in assignment:  # too long a number is text, which an open table may hold
        document = parse(GOOD, "x.toml")
        document.set(assignment)
        assert isinstance(document.table["problem"]["a"], str)
        return
    told = refused(GOOD, assignment)
    assert any(line.startswith(fault) for line in told), told


def test_overrides_reach_every_kind_of_place() -> None:
    document = parse(GOOD, "x.toml")
    for assignment in ("run.seed = 3", "claims.edge.predicted=1.5", "knobs.0.title=η", "probes.x.kind=loss"):
        document.set(assignment)
    document.set("problem.data={kind='digits', n=[1, 2]}")
    found = validate(document)
    assert found.run.seed == 3
    assert found.claims[0]["predicted"] == 1.5
    assert found.knobs[0].title == "η"
    assert found.probes["x"] == {"kind": "loss"}
    assert found.problem["data"] == {"kind": "digits", "n": [1, 2]}


@given(st.text(), st.text())
def test_no_text_and_no_override_breaks_the_reading(text: str, assignment: str) -> None:
    for content, override in ((text, assignment), (GOOD + text, assignment), (GOOD, f"run.{assignment}={text}")):
        assert "an error without a fault" not in faults(content, override)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "x"\nabstract = "\xe9"\n')
    (tmp_path / "large.toml").write_bytes(b"# " + b"x" * (10 << 20))
    (tmp_path / "folder.toml").mkdir()
    expected = {
        "latin.toml": ":2:13: not UTF-8; save the file as UTF-8.",
        "large.toml": ": larger than 1 MiB; a scenario is a page of text.",
        "folder.toml": ": cannot be read (Is a directory); check the path.",
        "pipe.toml": ": not a file; save the scenario as one.",
        "none.toml": ": cannot be read (No such file or directory); check the path.",
        "none\x1b[2J.toml": ": cannot be read (No such file or directory); check the path.",
    }
    for name, fault in expected.items():
        with pytest.raises(ScenarioError) as found:
            read(str(tmp_path / name))
        assert str(found.value) == one_line(str(tmp_path / name)) + fault


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.toml"
    path.write_text(GOOD)
    path.chmod(0)
    with pytest.raises(ScenarioError, match="Permission denied"):
        read(str(path))


def test_a_name_is_found_in_the_gallery_or_cured() -> None:
    assert find("edge-of-stability") == gallery()["edge-of-stability"]
    with pytest.raises(ScenarioError, match="did you mean 'edge-of-stability'"):
        find("edge-of-stabilty")
    with pytest.raises(ScenarioError, match="neither a file nor in the gallery"):
        find("x" * 5000)


def test_the_gallery_is_found_inside_a_wheel_and_beside_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "dltlab" / "scenario.py"
    (tmp_path / "scenarios").mkdir()
    monkeypatch.setattr(scenario, "__file__", str(module))
    assert scenario.folder() == tmp_path / "scenarios"
    (tmp_path / "dltlab" / "scenarios").mkdir(parents=True)
    assert scenario.folder() == tmp_path / "dltlab" / "scenarios"


def test_a_document_from_no_file_still_words_its_faults() -> None:
    document = Document("a recording", {"run": {"steps": 0}})
    with pytest.raises(ScenarioError, match=r"a recording:1:1: run\.steps: expected"):
        validate(document)


@given(st.text())
def test_cleaned_text_moves_no_cursor(text: str) -> None:
    assert all(char.isprintable() or char in "\t\n" or not char.isascii() for char in clean(text))
    assert not set(clean(text)) & {"\x1b", "\x9b", "\x07", "\x7f", "\r", "\u202e", "\u200b", "\u2066"}
    assert clean(clean(text)) == clean(text)
    assert "\n" not in one_line(text)


def test_markup_stays_what_it_is() -> None:
    document = parse(GOOD.replace("A bowl", "[b]x[/b] [@click=app.quit]\\u001b[2J\\u202e[/]"), "x.toml")
    assert validate(document).title == "[b]x[/b] [@click=app.quit]\\x1b[2J\\u202e[/]"


def test_the_programme_names_every_scenario_once_and_companions_after_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(name: str, *companions: str) -> None:
        (tmp_path / f"{name}.toml").write_text(f"companions = {list(companions)}\n", encoding="utf-8")

    monkeypatch.setattr(scenario, "folder", lambda: tmp_path)
    put("b", "a", "d")
    put("a")
    put("c")
    put("d", "b-missing")
    (tmp_path / "broken.toml").write_text("= =", encoding="utf-8")
    assert scenario.programme() == [("b", False), ("a", True), ("d", True), ("broken", False), ("c", False)]
    put("a", "b")
    assert sorted(name for name, _ in scenario.programme()) == ["a", "b", "broken", "c", "d"]

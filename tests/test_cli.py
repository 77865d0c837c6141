"""The command line from outside: what it prints where, and its exit codes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import tomli
from click.testing import CliRunner

from dltlab import show
from dltlab.check import check, resolved
from dltlab.cli import cli
from dltlab.scenario import folder, gallery, parse, programme, read
from dltlab.text import clean

EDGE: Final = (folder() / "edge-of-stability.toml").read_text(encoding="utf-8")
SCHEMA: Final = json.loads((folder() / "scenario.schema.json").read_text(encoding="utf-8"))


def dltlab(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, without a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "dltlab", *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        stdin=subprocess.DEVNULL,
        timeout=300,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("command", ["", *cli.commands])
def test_every_command_says_what_it_is_for(command: str) -> None:
    done = dltlab(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage: dltlab" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu"], "rnu"),
        (["run"], "SCENARIO"),
        (["run", "edge-of-stability", "--steps", "0"], "--steps"),
        (["run", "edge-of-stabilty"], "did you mean 'edge-of-stability'?"),
        (["run", "\x1b[2J"], "\\x1b[2J"),
        (["show", "none.toml"], "none.toml: cannot be read (No such file or directory); check the path."),
        (
            ["show", "edge-of-stability", "--set", "run.steps=0"],
            "--set run.steps=0: run.steps: expected a whole number",
        ),
        (["open", "edge-of-stability"], "the screen needs a terminal"),
        (["open", "edge-of-stabilty"], "did you mean 'edge-of-stability'?"),
        (["open", "none.toml"], "none.toml: cannot be read (No such file or directory); check the path."),
        (["replay", "nothing"], "nothing: no session is kept yet"),
        (["replay", "./nothing"], "nothing: cannot be opened (No such file or directory)"),
        (["attach"], "no session is running"),
        (["attach", "nothing"], "nothing: no session is kept yet"),
        (["watch", "nothing"], "nothing: no session is kept yet"),
        (["watch", "nothing", "--notes"], "nothing: no session is kept yet"),
        (["resume", "nothing"], "nothing: no session is kept yet"),
        (["resume", "nothing", "--headless"], "nothing: no session is kept yet"),
        (["fork", "nothing", "--at", "3"], "nothing: no session is kept yet"),
        (["fork", "nothing", "--at", "3", "--headless"], "nothing: no session is kept yet"),
        (["fork", "nothing"], "--at"),
        (["fork", "nothing", "--at", "3", "--turn", "x"], "x: write KNOB=VALUE, for example learning_rate=0.3."),
        (["run", "a", "b", "--out", "x"], "--out names one file"),
        (
            ["run", "edge-of-stability", "--seed", "2147483648"],
            "'--seed': 2147483648 is not in the range 0<=x<=2147483647",
        ),
        (
            ["fork", "x", "--at", "3", "--seed", "4294967296"],
            "'--seed': 4294967296 is not in the range 0<=x<=4294967295",
        ),
    ],
)
def test_bad_usage_ends_with_2_and_a_sentence(arguments: list[str], words: str) -> None:
    done = dltlab(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("command", "without"),
    [
        ("replay", "replay SESSION --text"),
        ("attach", "replay SESSION --text"),
        ("watch", "replay SESSION --text"),
        ("watch --notes", "replay SESSION --text"),
        ("resume", "resume SESSION --headless"),
        ("fork --at 3", "fork SESSION --at STEP --headless"),
    ],
)
def test_a_recording_that_is_there_is_shown_in_a_terminal_only(command: str, without: str) -> None:
    kept = Path(__file__).parent / "session" / "recordings"
    name, *options = command.split()
    done = dltlab(name, str(next(kept.glob("*.jsonl"))), *options)
    assert done.returncode == 2
    assert "the screen needs a terminal" in done.stderr
    assert f"without a screen: dltlab {without}." in done.stderr


def test_the_gallery_as_text_and_as_json() -> None:
    text, data = dltlab("list"), dltlab("list", "--json")
    assert text.returncode == data.returncode == 0
    rows = json.loads(data.stdout)
    assert [row["name"] for row in rows] == [name for name, _ in programme()]
    assert sorted(row["name"] for row in rows) == sorted(gallery())
    assert all(Path(row["file"]).is_file() and row["title"] for row in rows)
    assert all(row["name"] in text.stdout and row["title"] in text.stdout for row in rows)


def test_check_passes_the_gallery(lacking: dict[str, str]) -> None:
    paths = [str(path) for name, path in gallery().items() if name not in lacking]
    done = dltlab("check", *paths)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(": ok\n") == len(paths) > 1


def test_a_run_tells_the_same_faults_as_check_but_for_what_is_drawn(tmp_path: Path) -> None:
    bad, report = tmp_path / "bad.toml", tmp_path / "report.xml"
    text = (folder() / "strict-saddle.toml").read_text(encoding="utf-8")
    wrong = "".join(
        f'[[claims]]\nname = "{name}"\nkind = "level"\nsays = "Low."\nseries = "{series}"\n{key} = 1.0\n'
        for name, series, key in (("low", "loss", "belw"), ("lower", "lost", "below"))
    )
    bad.write_text(f'{text}\n[probes.more]\nkind = "los"\n\n{wrong}\n[[panels]]\nkind = "curvs"\n', encoding="utf-8")
    for override in ((), ("--set", "run.seeds=true")):
        *told, panel = dltlab("check", str(bad), *override).stdout.splitlines()
        assert "did you mean 'curves'?" in panel
        assert len(told) == 4 + bool(override)
        assert dltlab("run", str(bad), "--alone", "--quiet", *override).stderr.splitlines() == told
        assert dltlab("run", str(bad), "--alone", "--dry-run", *override).stderr.splitlines() == told
        assert dltlab("run", str(bad), "--alone", "--quiet", "--junit", str(report), *override).returncode == 2
        [error] = ET.parse(report).iter("error")
        assert error.text == " ".join(told)


def test_check_tells_every_fault_of_every_room_with_its_place(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    changes = {
        'kind = "gradient_descent"': 'kind = "gradient_decent"',
        'kind = "mlp"': 'kind = "mpl"',
        "[probes.loss]\n": "[probes.loss]\nlos = 1\n",
    }
    text = EDGE
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    text += '\n[[panels]]\nkind = "curvs"\nseries = ["loss"]\n\n[[claims]]\nname = "x"\nkind = "\\u001b[2J"\n'
    bad.write_text(text, encoding="utf-8")
    done = dltlab("check", str(bad), "edge-of-stability")
    assert done.returncode == 2
    assert "edge-of-stability: ok" in done.stdout
    lines = text.splitlines()
    told = [line for line in done.stdout.splitlines() if line.startswith(str(bad))]
    places = [line.removeprefix(f"{bad}:").split(":") for line in told]
    assert {lines[int(line) - 1][int(column) - 1 :].split(" ")[0] for line, column, *_ in places} == {"kind", "los"}
    for words in (
        "did you mean 'gradient_descent'?",
        "did you mean 'mlp'?",
        "los: unknown key",
        "did you mean 'curves'?",
    ):
        assert any(words in line for line in told), told
    assert any("unknown claim" in line for line in told), told


def test_check_tells_the_faults_of_every_stage_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    changes = {
        "title =": "titel =",
        'loss = "square"': 'loss = "sqare"',
        "learning_rate = 0.4": "learning_rat = 0.4",
        "steps = 6000": "stepz = 6000",
        "[probes.sharpness]\n": '[probes.sharpness]\nmethod = 3\nkind = "sharpnes"\n[probes.other]\n',
        'name = "learning_rate"': "name = 3",
    }
    text = EDGE
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    text += '\n[[arms]]\nname = "a"\nvale = 3\nproblem.loss = "cube"\n[[arms]]\nname = "b"\noptimizer.lr = 1\n'
    claim = '\n[[claims]]\nkind = "level"\nname = "{0}"\nsays = "So."\nseries = "{1}"\nbelow = 1\n'
    text += claim.format("strange", "los") + claim.format("unread", "sharpness.theory") + "[[claims]]\n"
    bad = tmp_path / "bad.toml"
    bad.write_text(text, encoding="utf-8")
    told = [line.removeprefix(f"{bad}:").split(": ") for line in dltlab("check", str(bad)).stdout.splitlines()]
    keys = [key for _, key, *_ in told]
    for key in (
        "titel", "problem.loss", "optimizer.learning_rat", "run.stepz", "probes.sharpness.kind",
        "knobs[0].name", "arms[0].vale", "arms[0].problem.loss", "arms[1].optimizer.lr",
    ):  # fmt: skip
        assert key in keys, (key, told)
    assert not {"run", "optimizer"} & set(keys), "what is misspelt is not missing besides"
    said = [": ".join(rest) for _, *rest in told]
    assert any("no series 'los'" in line for line in said), told
    assert not any("no series 'sharpness.theory'" in line for line in said), "it is not known whether it is there"
    places = [[int(part) for part in place.split(":")] for place, *_ in told]
    assert places == sorted(places)
    assert [len(text.splitlines()), 3] == places[-1], "the last claim has no kind"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "title = ",
        'title = "\\u001b]0;x\\u0007[red]"',
        "a = " + "[" * 1000,
        "panels = 3",
        EDGE + '\n[[panels]]\nkind = "curves"\nseries = 3\n',
        EDGE + '\n[[panels]]\nkind = "curves"\nseries = ["los"]\n',
        EDGE + "\n[[claims]]\nname = 3\n",
    ],
    ids=range(9),
)
def test_no_file_breaks_the_check(text: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(text, encoding="utf-8")
    done = dltlab("check", str(bad))
    assert done.returncode == 2
    assert all(line.startswith(f"{bad}:") for line in done.stdout.splitlines())
    assert done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("name", gallery())
def test_show_tells_all_and_its_tables_read_back(name: str, lacking: dict[str, str]) -> None:
    if name in lacking:
        pytest.skip(lacking[name])
    scenario = check(read(name))
    tables = resolved(scenario)
    assert tomli.loads("\n".join(show.toml(tables))) == tables
    again = parse("\n".join(show.toml(tables)), "again")
    assert resolved(check(again)) == tables
    # A process of its own for each would cost half a minute.
    done = CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["show", name])
    flat = " ".join(done.output.split())
    assert done.exit_code == 0
    for words in (scenario.title, *scenario.sources, *scenario.look_for, *(claim["name"] for claim in scenario.claims)):
        assert " ".join(clean(words).split()) in flat


def test_show_applies_overrides() -> None:
    assert "learning_rate = 0.3\n" in dltlab("show", "edge-of-stability", "--set", "optimizer.learning_rate=0.3").stdout


def test_the_schema_can_be_read_by_people_too() -> None:
    assert "\n  sharpness " in dltlab("schema", "--list").stdout
    assert dltlab("schema", "--list", "sharpness").stdout.startswith("sharpness, of [probes.NAME]\n")
    assert dltlab("schema", "--list", "sharpnes").returncode == 2


def test_the_schema_is_one_and_the_gallery_points_to_the_current_one() -> None:
    printed = json.loads(dltlab("schema").stdout)
    jsonschema.Draft7Validator.check_schema(printed)
    assert printed == SCHEMA, "write it again: dltlab schema > scenarios/scenario.schema.json"
    for path in gallery().values():
        assert path.read_text(encoding="utf-8").startswith("#:schema ./scenario.schema.json\n"), path


@pytest.mark.parametrize("name", gallery())
def test_the_schema_accepts_the_gallery_and_refuses_what_is_misspelt(name: str) -> None:
    judge = jsonschema.Draft7Validator(SCHEMA)
    table = read(name).table
    assert [fault.message for fault in judge.iter_errors(table)] == []
    for change in (
        {"titel": "x"},
        {"run": {**table["run"], "step": 1}},
        {"run": {**table["run"], "steps": 0}},
        {"problem": {**table["problem"], "kind": "supervized"}},
        {"optimizer": {**table["optimizer"], "learning_rat": 1.0}},
        {"probes": {"loss": {"kind": "los"}}},
        {"theories": {"x": {"kind": "stability_treshold"}}},
        {"panels": [{"kind": "curvs"}]},
        {"claims": [{**table["claims"][0], "kind": "plato"}]},
        {"claims": [{**table["claims"][0], "predictd": 1.0}]},
        {"knobs": [{"name": "learning_rate", "low": 0.1}]},
    ):
        assert not judge.is_valid(table | change), change


def test_doctor_tells_versions_device_and_folders(tmp_path: Path) -> None:
    done = dltlab("doctor")
    assert done.returncode == 0, done.stdout
    told = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert {"dltlab", "python", "jax", "textual", "devices", "terminal", "sessions", "cache", "runtime"} <= set(told)
    assert os.environ["DLTLAB_DATA_DIR"] in told["sessions"]
    (tmp_path / "file").write_text("")
    broken = dltlab("doctor", DLTLAB_DATA_DIR=str(tmp_path / "file" / "below"))
    assert broken.returncode == 2
    assert "DLTLAB_DATA_DIR" in broken.stdout


def test_a_fork_is_started_with_what_was_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, object] = {}

    class Started:
        def fork(self, path: Path, **changes: object) -> "Started":
            asked.update(changes, path=path)
            self.header = self
            return self

        def close(self) -> None:
            asked["closed"] = True

        session = "child"

    monkeypatch.setattr("dltlab.session.live.fork", Started().fork)
    parent = tmp_path / "parent"
    given = f"fork {parent} --at 30 --turn learning_rate=0.2 --kick 0.5 --along lowest --seed 3 --steps 90 --detached"
    done = CliRunner().invoke(cli, given.split())
    assert done.output == "child\n"
    assert asked == {
        "path": parent, "at": 30, "turns": (("learning_rate", 0.2),), "kick": 0.5, "direction": "lowest", "seed": 3,
        "steps": 90, "closed": True,
    }  # fmt: skip


def test_letters_that_an_encoding_lacks_become_escapes() -> None:
    done = dltlab("show", "edge-of-stability", PYTHONIOENCODING="iso-8859-1", COLUMNS="80")
    assert done.returncode == 0
    assert "\\u03b7" in done.stdout


@pytest.mark.slow
def test_without_a_terminal_the_first_scenario_runs_and_is_judged() -> None:
    done = dltlab()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "There is no terminal" in done.stderr
    assert "edge-of-stability" in done.stderr
    assert "holds" in done.stdout


@pytest.mark.parametrize(("command", "seconds"), [("--help", 0.25), ("list", 0.4)])
def test_light_commands_are_there_at_once(command: str, seconds: float) -> None:
    """The budget of the issue, with room for a machine that has other work."""
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "dltlab", command], stdout=subprocess.DEVNULL, check=True)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 2 * seconds

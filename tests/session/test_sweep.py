"""Sweeps: what a grid is, and what becomes of its points."""

import json
import signal
import threading
import time
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from dltlab.cli import cli
from dltlab.errors import BROKEN, FAILS, HOLDS, INTERRUPTED, TIMED_OUT, ScenarioError, UsageError
from dltlab.headless.sweep import report, sweep
from dltlab.headless.sweep.grid import Grid, axis
from dltlab.session import live

LEVEL = """
[[claims]]
name = "level"
kind = "level"
says = "The loss ends at exp(-0.49)."
series = "loss"
statistic = "last"
predicted = 0.6126
tolerance = 0.001
"""
SEEDS = "run.seed=1,2,3"


@pytest.mark.parametrize(
    ("told", "values"),
    [
        ("a.b=1,2.5,3", ("1", "2.5", "3")),
        ("a=gd, adam", ("gd", "adam")),
        ("a=[1,2],[3]", ("[1,2]", "[3]")),
        ('a={ kind = "x, y", n = [1, 2] },"q,r"', ('{ kind = "x, y", n = [1, 2] }', '"q,r"')),
        ("a=1..3:3", ("1", "2", "3")),
        ("a=0.1..0.3:3,7", ("0.1", "0.2", "0.3", "7")),
        ("a=8..64:log4", ("8", "16", "32", "64")),
        ("a=0.01..1:log3", ("0.01", "0.1", "1")),
        ("a=1..2:5", ("1", "2")),
        ("a=-1..1.0:3", ("-1", "0", "1")),
        ("a=x..y:3", ("x..y:3",)),
        ("a=1,1", ("1",)),
    ],
)
def test_an_axis_says_its_values(told, values):
    assert axis(told).values == values


@pytest.mark.parametrize(
    "told",
    ["a", "=1", "a=", "a=1,,2", "a=0..1:log3", "a=1..2:1", "a=1..1e999:3", "a=1..2:99999", "a=-1..2:log2"],
)
def test_what_is_no_axis_is_refused_in_a_sentence(told):
    with pytest.raises(UsageError, match="--grid") as refused:
        axis(told)
    assert "\n" not in str(refused.value)


def test_points_are_all_combinations_the_last_axis_fastest():
    grid = Grid.of(["a.b.x=1,2", "a.c.x=3,4,5"])
    assert [*grid.points()] == [(one, other) for one in "12" for other in "345"]
    assert grid.overrides(("1", "3")) == ["a.b.x=1", "a.c.x=3"]
    assert grid.names == ["b.x", "c.x"]


def test_a_range_says_of_how_many_values():
    with pytest.raises(UsageError, match=r"Write 0\.2\.\.0\.8:5"):
        axis("a=0.2..0.8")


@pytest.mark.parametrize(
    ("key", "option", "told"),
    [
        ("run.steps", "--steps", {"steps": 10}),
        ("run.seeds", "--seeds", {"seeds": 2}),
        ("run.seed", "--seed", {"seed": 3}),
        ("run.pace", "--set", {"overrides": ["run.pace = 3"]}),
    ],
)
def test_a_key_that_an_option_gives_too_is_refused(scenario, key, option, told):
    with pytest.raises(UsageError, match=f"--grid {key}: {option} gives it too"):
        sweep(scenario(LEVEL), [f"{key}=1,2"], **told)


def test_a_key_that_arms_set_themselves_is_refused_unless_those_are_left_out(engine, scenario):
    engine("finished")
    arms = """
[[arms]]
name = "own"
optimizer = { learning_rate = 0.2 }
[[arms]]
name = "plain"
"""
    name, axes = scenario(LEVEL, arms), ["optimizer.learning_rate=0.1,0.3"]
    with pytest.raises(UsageError, match=r"own set it themselves; sweep arms\.own\.optimizer\.learning_rate"):
        sweep(name, axes)
    with pytest.raises(UsageError, match="own set it themselves"):
        sweep(name, ["optimizer.learning_rate.at=1"])
    assert sweep(name, ["arms.own.optimizer.learning_rate=0.1,0.3"], quiet=True) == HOLDS


@pytest.mark.parametrize("told", [["a=1..9999:200", "b=1..9999:200"], ["a=1", "a=2"]])
def test_grids_that_nobody_can_want_are_refused(told):
    with pytest.raises(UsageError, match="--grid"):
        Grid.of(told)


def test_a_point_is_a_line_of_the_table_and_of_every_report(engine, scenario, capsys):
    engine("finished")
    name, csv, whole_of = scenario(LEVEL), Path("s.csv"), Path("s.json")
    axes = ["run.pace=10,20", "claims.level.predicted=0.6126,0.7"]
    assert sweep(name, axes, show=["level", "loss:greatest"], jobs=2, csv=csv, json=whole_of) == FAILS
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == "A fall"
    assert lines[2].split() == ["pace", "predicted", "verdict", "level", "loss:greatest", "claims"]
    assert [line.split()[:4] for line in lines[3:9] if line[0] != " "] == [
        [pace, predicted, sign, word]
        for pace in ("10", "20")
        for predicted, sign, word in (("0.6126", "✓", "holds"), ("0.7", "✗", "FAILS"))
    ]
    assert (lines[4].split()[-3:], lines[5]) == (["0", "of", "1"], "    fails: level")
    assert "4 points: 2 holds, 2 FAILS." in out
    place = lines.index("level")
    assert [line.split() for line in lines[place + 2 : place + 4]] == [
        [pace, "0.6126", "✓", "0.6126", "✗"] for pace in ("10", "20")
    ]
    assert err.count(" of ") == 0
    assert len(err.splitlines()) == 4
    rows = [line.split(",") for line in csv.read_text().splitlines()]
    assert rows[0][:2] == ["run.pace", "claims.level.predicted"]
    assert [(row[0], row[1], row[2], row[-1]) for row in rows[1:]] == [
        (pace, predicted, status, status)
        for pace in ("10", "20")
        for predicted, status in (("0.6126", "holds"), ("0.7", "fails"))
    ]
    whole = json.loads(whole_of.read_text())
    jsonschema.validate(whole, report.schema())
    assert whole["exit_code"] == FAILS
    assert [point["run"]["claims"][0]["status"] for point in whole["points"]] == ["holds", "fails"] * 2
    assert whole["points"][0]["shown"]["loss:greatest"] == 1.0


def test_recordings_are_thrown_away_and_leave_nothing_behind(engine, scenario, tmp_path, monkeypatch):
    engine("finished")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "here"))
    (tmp_path / "here").mkdir()
    assert sweep(scenario(LEVEL), [SEEDS], quiet=True) == HOLDS
    assert not [*(tmp_path / "here").iterdir()]
    assert not [*(tmp_path / "data").rglob("*.jsonl")]


def test_a_typing_error_in_a_key_ends_all_at_once(engine, scenario, capsys, monkeypatch):
    engine("refused")
    started = []
    launch = live.launch

    def counted(*given, **named):
        started.append(given)
        return launch(*given, **named)

    monkeypatch.setattr(live, "launch", counted)
    with pytest.raises(ScenarioError, match=r"run\.steps: too few"):
        sweep(scenario(LEVEL), ["run.seed=1..50:50"], jobs=1)
    assert len(started) == 1
    assert not capsys.readouterr().out


def test_what_is_wrong_for_every_room_is_told_before_anything_starts(engine, scenario):
    engine("late")
    with pytest.raises(ScenarioError, match=r"run\.steps"):
        sweep(scenario(LEVEL), ["run.steps=10,-1"])


@pytest.mark.parametrize(
    ("show", "said"),
    [("lvel", "'level'"), ("loss@big", "no arm"), ("loss:first", "least"), ("level:last", "leave out what follows")],
)
def test_what_is_not_there_to_be_shown_is_refused(engine, scenario, show, said):
    engine("finished")
    with pytest.raises(UsageError, match="--show") as refused:
        sweep(scenario(LEVEL), [SEEDS], show=[show], quiet=True)
    assert said in str(refused.value)


def test_a_point_that_breaks_hides_no_other(engine, scenario, capsys):
    engine("killed")
    assert sweep(scenario(LEVEL), [SEEDS], quiet=True) == BROKEN
    assert "3 points: 3 broken." in capsys.readouterr().out


def test_when_the_time_is_up_what_is_there_is_told(engine, scenario, capsys):
    engine("listening")
    assert sweep(scenario(LEVEL), [SEEDS], jobs=1, timeout=1.0, quiet=True) == TIMED_OUT
    assert "3 points: 1 timed out, 2 not run." in capsys.readouterr().out


def test_ctrl_c_ends_all_and_tells_what_is_there(engine, scenario, capsys):
    engine("listening")
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(1.5, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    begun = time.monotonic()
    assert sweep(scenario(LEVEL), [SEEDS], jobs=2, quiet=True) == INTERRUPTED
    assert time.monotonic() - begun < 30
    assert "2 interrupted, 1 not run." in capsys.readouterr().out


def test_sigterm_ends_all_and_tells_what_is_there(engine, scenario, capsys):
    engine("listening")
    before = signal.getsignal(signal.SIGTERM)
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(1.5, lambda: signal.pthread_kill(main, signal.SIGTERM)).start()
    assert sweep(scenario(LEVEL), [SEEDS], jobs=2, quiet=True) == INTERRUPTED
    assert "2 interrupted, 1 not run." in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) is before


def test_of_a_recording_that_is_thrown_away_nothing_is_said(engine, scenario):
    engine("finished")
    for keep in (None, Path("points")):
        assert sweep(scenario(LEVEL), [SEEDS], json=Path("s.json"), keep=keep, quiet=True) == HOLDS
        points = json.loads(Path("s.json").read_text())["points"]
        assert [point["run"]["session"] is None for point in points] == [keep is None] * 3


def test_a_report_on_standard_output_is_alone_there(engine, scenario, capsys):
    engine("finished")
    assert sweep(scenario(LEVEL), [SEEDS], json=Path("-")) == HOLDS
    out, err = capsys.readouterr()
    assert len(json.loads(out)["points"]) == 3
    assert "3 points: 3 holds." in err


def test_a_dry_run_tells_what_all_points_would_take(engine, scenario, capsys):
    engine("finished")
    assert sweep(scenario(LEVEL), ["run.seed=1..5:5"], jobs=2, dry_run=True) == HOLDS
    assert (
        "That is seed=1: of the grid's ends, which were looked at, the dearest.\n5 points, 2 at a time: about 45 s."
        in capsys.readouterr().out
    )


def test_a_hostile_value_reaches_no_terminal(engine, scenario, capsys):
    engine("finished")
    assert sweep(scenario(LEVEL), ["problem.kind=\x1b[2Jbad,any"], csv=Path("s.csv")) == HOLDS
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err + Path("s.csv").read_text()


def test_the_command_says_how(scenario):
    told = CliRunner().invoke(cli, ["sweep", "--help"]).output
    assert "--grid" in told
    refused = CliRunner().invoke(cli, ["sweep", scenario(LEVEL)])
    assert refused.exit_code == 2

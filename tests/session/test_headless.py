"""A headless run ends with the exit code that its claims and its engine earned."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import tomli

from dltlab import headless, records
from dltlab.cli import cli
from dltlab.errors import ScenarioError, UsageError
from dltlab.headless import judging, runner
from dltlab.records import Event, Footer
from dltlab.session import live, recording, shelf

FALLS = """
[[claims]]
name = "falls"
kind = "monotone"
says = "The loss falls at every step, by 100 % of them."
series = "loss"
at_most = 0.0
"""
LOW = """
[[claims]]
name = "low"
kind = "level"
says = "The loss ends below a thousandth."
series = "loss"
statistic = "last"
below = 0.001
"""
FAR = """
[[claims]]
name = "far"
kind = "level"
says = "Far out the loss is nothing."
series = "loss"
window = [1000, 2000]
below = 0.001
"""


@pytest.mark.parametrize(
    ("ending", "claims", "code"),
    [
        ("finished", (), 0),
        ("finished", (FALLS,), 0),
        ("finished", (FALLS, LOW), 1),
        ("finished", (FAR,), 1),
        ("stopped", (FALLS,), 0),
        ("diverged", (FALLS,), 0),
        ("diverged", (), 3),
        ("diverged", (LOW,), 3),
        ("failed", (FALLS,), 3),
        ("killed", (FALLS,), 3),
        ("broken", (FALLS,), 3),
    ],
)
def test_the_exit_code_is_what_was_earned(engine, scenario, ending, claims, code, tmp_path):
    engine(ending)
    assert headless.run([scenario(*claims)], quiet=True, json=tmp_path / "run.json") == code
    assert json.loads((tmp_path / "run.json").read_text())["runs"][0]["exit_code"] == code


def test_the_table_fits_eighty_columns_and_the_session_is_told_on_stderr(engine, scenario, capsys):
    engine("finished")
    headless.run([scenario(FALLS, LOW, FAR)], quiet=True)
    out, err = capsys.readouterr()
    assert max(map(len, out.splitlines())) <= 80
    for words in (
        "✓ holds",
        "✗ FAILS",
        "… not shown",
        "predicted",
        "measured",
        "3 claims: 1 holds, 1 FAILS, 1 not shown.",
    ):
        assert words in out
    assert ".dltlab.jsonl" in err
    assert ".dltlab.jsonl" not in out


def test_json_and_junit_say_the_same(engine, scenario, tmp_path, capsys):
    engine("finished")
    headless.run([scenario(FALLS, LOW)], quiet=True, json=tmp_path / "run.json", junit=tmp_path / "run.xml")
    told = json.loads((tmp_path / "run.json").read_text())
    (run,) = told["runs"]
    suite = ET.parse(tmp_path / "run.xml").getroot()[0]
    assert told["format"] == "dltlab-report/1"
    assert run["footer"]["reason"] == "finished"
    assert Path(run["session"]).is_file()
    assert [claim["status"] for claim in run["claims"]] == ["holds", "fails"]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    headless.run([scenario(FALLS)], quiet=True, json=Path("-"))
    assert json.loads(capsys.readouterr().out.split("claims: 1 holds, 1 FAILS.\n")[1])["runs"]


def test_the_largest_error_bar_stands_beside_the_claims(engine, scenario, tmp_path, capsys):
    engine("barred")
    headless.run([scenario(FALLS)], quiet=True, json=tmp_path / "run.json", junit=tmp_path / "run.xml")
    said = "sharpness: largest error bar 1 % of λ₁ (step 17); 1 of 50 readings beyond 0.1 %"
    table = capsys.readouterr().out
    assert said in " ".join(table.replace("\u00a0", " ").split())
    assert max(map(len, table.splitlines())) <= 80
    (run,) = json.loads((tmp_path / "run.json").read_text())["runs"]
    (bar,) = run["error_bars"]
    assert bar == {
        "series": "sharpness", "relative": pytest.approx(0.01), "bar": pytest.approx(0.08), "value": 8.0,
        "component": 0, "step": 17, "seed": 0, "arm": None, "readings": 50, "beyond": 1, "tolerance": 1e-3,
    }  # fmt: skip
    suite = ET.parse(tmp_path / "run.xml").getroot()[0]
    assert ("error bar of sharpness", said) in [(one.get("name"), one.get("value")) for one in suite.iter("property")]
    assert suite.get("tests") == "1"


def test_without_error_bars_nothing_is_said_of_them(engine, scenario, tmp_path, capsys):
    engine("finished")
    headless.run([scenario(FALLS)], quiet=True, json=tmp_path / "run.json", junit=tmp_path / "run.xml")
    assert "error bar" not in capsys.readouterr().out
    assert json.loads((tmp_path / "run.json").read_text())["runs"][0]["error_bars"] == []
    names = [one.get("name", "") for one in ET.parse(tmp_path / "run.xml").getroot().iter("property")]
    assert names
    assert not any("error bar" in name for name in names)


def test_the_worst_of_several_scenarios_counts_and_all_are_run(engine, scenario, tmp_path, capsys):
    engine("finished")
    good = Path(scenario(FALLS)).rename(tmp_path / "good.toml")
    assert headless.run([str(good), scenario(LOW), str(good)], quiet=True) == 1
    assert headless.run([str(tmp_path / "missing.toml"), str(good)], quiet=True) == 2
    assert capsys.readouterr().out.count("predicted") == 4


def test_a_refused_scenario_starts_nothing(engine, scenario, own_folders):
    engine("refused")
    with pytest.raises(ScenarioError, match=r"no series|unknown key"):
        headless.run([scenario(FALLS.replace("at_most", "at_mist"))], quiet=True)
    assert not (own_folders / "data").exists()


def test_no_file_of_the_current_folder_is_run_when_a_scenario_is_refused(tmp_path):
    (tmp_path / "click.py").write_text("open('run', 'w')\n", encoding="utf-8")
    (tmp_path / "bad.toml").write_text("title = 3\n", encoding="utf-8")
    order = [sys.executable, "-P", "-m", "dltlab", "run", "bad.toml", "--quiet"]
    done = subprocess.run(order, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    assert "bad.toml:1:1: title: expected a string" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_claim_about_a_series_that_is_not_there_is_refused(engine, scenario):
    engine("finished")
    with pytest.raises(ScenarioError, match=r"fall.toml:\d+:\d+: .*no series 'lass'; did you mean 'loss'"):
        headless.run([scenario(FALLS.replace('"loss"', '"lass"'))], quiet=True)


def test_a_claim_about_an_arm_that_is_not_there_is_refused_before_anything_runs(engine, scenario, own_folders):
    engine("finished")
    with pytest.raises(ScenarioError, match=r"fall.toml:\d+:\d+: claims\[0\].arm: no arm 'wide'; known: none"):
        headless.run([scenario(f'{FALLS}arm = "wide"\n')], quiet=True)
    assert not (own_folders / "data").exists()


@pytest.mark.parametrize("place", ["", "missing/report"])
@pytest.mark.parametrize("kind", ["json", "junit"])
def test_a_report_without_a_place_is_refused_before_anything_runs(engine, scenario, tmp_path, own_folders, kind, place):
    engine("finished")
    with pytest.raises(UsageError, match="cannot be written; choose another place"):
        headless.run([scenario(FALLS)], quiet=True, **{kind: tmp_path / place})
    assert not (own_folders / "data").exists()


def test_out_overwrites_nothing_and_takes_one_scenario(engine, scenario, tmp_path):
    engine("finished")
    out = tmp_path / "mine.dltlab.jsonl"
    assert headless.run([scenario(FALLS)], quiet=True, out=out) == 0
    with pytest.raises(UsageError, match="there is a file already"):
        headless.run([scenario(FALLS)], quiet=True, out=out)
    with pytest.raises(UsageError, match="one"):
        headless.run([scenario(FALLS)] * 2, quiet=True, out=out)
    with pytest.raises(UsageError, match="cannot be written"):
        headless.run([scenario(FALLS)], quiet=True, json=tmp_path / "nowhere" / "run.json")


def test_companions_run_and_are_judged_wherever_a_scenario_is_recorded(engine, scenario, tmp_path, monkeypatch):
    engine("finished")
    companion = scenario(LOW, name="companion")
    monkeypatch.setattr(runner, "accompanied", lambda names: [*names, companion])
    out = tmp_path / "mine.dltlab.jsonl"
    assert headless.run([scenario(FALLS)], quiet=True, out=out, json=tmp_path / "run.json") == 1
    first, second = json.loads((tmp_path / "run.json").read_text())["runs"]
    assert (first["session"], first["exit_code"], second["exit_code"]) == (str(out), 0, 1)
    assert [str(one.path) for one in shelf.kept()] == [second["session"]]
    for place, fault in ((out, "there is a file already"), (tmp_path / "nowhere" / "mine", "cannot be written")):
        with pytest.raises(UsageError, match=fault):
            headless.run([scenario(FALLS)], quiet=True, out=place)
    assert len(shelf.kept()) == 1, "neither starts a companion"


def test_ctrl_c_stops_the_engine_and_what_was_judged_is_printed(engine, scenario, capsys, monkeypatch):
    engine("listening")
    sent = threading.Event()
    original = live.Live.poll

    def interrupted(self):
        found = original(self)
        if not sent.is_set() and not found:
            sent.set()
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
        return found

    monkeypatch.setattr(live.Live, "poll", interrupted)
    assert headless.run([scenario(FALLS)], quiet=True) == 130
    out, err = capsys.readouterr()
    assert "falls" in out
    path = Path(err.split("Session: ")[1].strip())
    history, note = recording.read_all(path)
    assert history.footer is not None
    assert history.footer.reason == "stopped"
    assert note == ""


@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [(KeyboardInterrupt, 130, "died"), (KeyboardInterrupt, 130, "stopped"), (ZeroDivisionError, 3, "died")],
    ids=["Ctrl-C before it is followed", "Ctrl-C between two looks", "a fault of ours"],
)
def test_no_engine_is_left_that_nobody_follows(engine, scenario, monkeypatch, fault, code, state):
    engine("listening")
    struck = threading.Event()

    def strike(found):
        if not struck.is_set():
            struck.set()
            raise fault
        return found

    if state == "died":
        check = judging.shelf.check_series
        monkeypatch.setattr(judging.shelf, "check_series", lambda *asked: strike(check(*asked)))
    else:
        monkeypatch.setattr(live.Live, "ended", property(lambda source: strike(source._ended)))
    assert headless.run([scenario(FALLS)], quiet=True, json=Path("r.json")) == code
    (one,) = shelf.kept()
    until = time.monotonic() + 5
    try:
        while shelf.look(one.path).state == "running" and time.monotonic() < until:
            time.sleep(0.02)
        assert shelf.look(one.path).state == state
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.header.pid, signal.SIGKILL)


def test_an_engine_whose_recording_nobody_can_read_on_is_ended(engine, scenario, capsys):
    engine("garbled")
    assert headless.run([scenario(FALLS)], quiet=True) == 3
    assert "cannot be followed any further: line 3 is damaged" in capsys.readouterr().err
    (one,) = shelf.kept()
    try:
        assert not recording.engine_alive(one.path)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.header.pid, signal.SIGKILL)


def test_no_session_stays_open_whatever_becomes_of_it(engine, scenario, keep, monkeypatch):
    followed: list[live.Live] = []
    begin = live.Live.__init__
    monkeypatch.setattr(live.Live, "__init__", lambda it, *words: (followed.append(it), begin(it, *words))[1])
    engine("finished")
    for claims in (FALLS, FALLS.replace('"loss"', '"lass"')):
        headless.run([scenario(claims, name=str(len(followed))), "none.toml"], quiet=True)
    table = tomli.loads(Path(scenario(FALLS.replace('"loss"', '"lass"'))).read_text())
    with pytest.raises(ScenarioError, match="no series 'lass'"):
        headless.follow(live.attach(keep(steps=50, header={"scenario": table})))
    assert len(followed) == 3
    assert [one._follower._file for one in followed] == [-1] * 3


def test_a_session_that_goes_on_is_followed_to_its_end_and_judged(keep, scenario, capsys):
    table = tomli.loads(Path(scenario(FALLS, LOW)).read_text())
    path = keep(steps=50, header={"scenario": table, "parent": "mother", "forked": 10})
    fork = Event(10, "fork", "Forked from mother\x1b[2J at step 10.", {"parent": "mother", "step": 10})
    path.write_bytes(path.read_bytes() + records.encode(fork) + records.encode(Footer(49, "finished", "", 1.0)))
    assert headless.follow(live.attach(path)) == 1
    told = capsys.readouterr()
    assert "Forked from mother\\x1b[2J at step 10.\n" in told.out
    assert "2 claims: 1 holds, 1 FAILS." in told.out
    assert str(path) in told.err


@pytest.mark.parametrize(("claims", "code"), [((FALLS,), 0), ((FALLS, LOW), 1)])
def test_a_session_that_was_stopped_is_resumed_without_a_screen_and_judged(
    claims, code, engine, keep, scenario, capsys
):
    engine("finished")
    path = keep("stopped", header={"scenario": tomli.loads(Path(scenario(*claims)).read_text())})
    before = path.read_bytes()
    assert cli.main(["resume", str(path), "--headless"], standalone_mode=False) == code
    told = capsys.readouterr()
    assert "falls" in told.out
    assert ("FAILS" in told.out) == (code == 1)
    assert f"The session finished at step 59. Session: {path}" in told.err
    assert path.read_bytes().startswith(before)


def test_a_headless_viewer_imports_neither_jax_nor_a_screen():
    code = "import sys, dltlab.headless; print([m for m in ('jax', 'textual', 'plotext', 'rich') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

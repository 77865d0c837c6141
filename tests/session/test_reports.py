"""Reports: what each says, that its own readers take it, and that nothing in a scenario can speak through one."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from click.testing import CliRunner

from dltlab import folders, headless
from dltlab.cli import cli
from dltlab.errors import TIMED_OUT, UsageError
from dltlab.headless import github, judging, report, runner
from dltlab.headless.halt import Halt
from dltlab.headless.markdown import plain
from dltlab.session import live, shelf

FALLS = """
[[claims]]
name = "falls"
kind = "monotone"
says = "The loss falls at every step."
series = "loss"
at_most = 0.0
"""
LEVEL = """
[[claims]]
name = "level"
kind = "level"
says = 'The loss ends at exp(-0.49). | <script> ::warning::x ##[error]y %0A::error::z'
series = "loss"
statistic = "last"
predicted = 0.6126
tolerance = 0.001
"""


HIGH = """
[[claims]]
name = "high"
kind = "bounded"
says = "The loss stays high."
series = "loss"
side = "above"
bound = BOUND
"""


def told(path: str) -> dict:
    return json.loads(Path(path).read_text())


@pytest.mark.parametrize(("predicted", "code"), [("0.6126", 0), ("0.7", 1)])
def test_a_claim_that_fails_fails_the_suite_its_case_and_the_exit_code(engine, scenario, predicted, code):
    engine("finished")
    sets = [f"claims.level.predicted={predicted}"]
    assert headless.run([scenario(LEVEL)], overrides=sets, quiet=True, junit=Path("r.xml")) == code
    root = ET.parse("r.xml").getroot()
    (suite,) = root
    (case,) = suite.findall("testcase")
    assert (case.get("classname"), case.get("name")) == ("fall.toml", "level")
    assert root.get("failures") == suite.get("failures") == str(code)
    failures = [failure.get("message") for failure in case.findall("failure")]
    passed = case.findtext("system-out") or ""
    said = failures[0] if code else passed
    assert said is not None
    assert len(failures) == code
    assert f"predicted {predicted}, measured 0.6126, tolerance ± 0.001" in re.sub("± ?", "± ", said)


@pytest.mark.parametrize(("bound", "named"), [("0.8", True), ("0.85", False)])
def test_every_report_of_a_claim_that_failed_after_a_kick_names_it(engine, scenario, capsys, bound, *, named):
    engine("kicked")
    json, junit, markdown = Path("r.json"), Path("r.xml"), Path("r.md")
    name = scenario(HIGH.replace("BOUND", bound))
    assert headless.run([name], quiet=True, json=json, junit=junit, markdown=markdown) == 1
    words = "after the kick at step 20; the claim is about the run without it"
    assert (words in " ".join(capsys.readouterr().out.split())) == named
    found = told("r.json")
    jsonschema.validate(found, report.schema())
    ((claim,),) = (run["claims"] for run in found["runs"])
    assert claim["status"] == "fails"
    assert claim["after"] == ({"what": "kick", "name": "the kick", "step": 20} if named else None)
    ((failure,),) = (case.findall("failure") for case in ET.parse(junit).getroot().iter("testcase"))
    assert (words in (failure.text or "")) == named
    assert (words in markdown.read_text(encoding="utf-8")) == named
    assert headless.run([name], follow=True, github=True) == 1
    said = capsys.readouterr().out.splitlines()
    (line,) = (line for line in said if "claim high FAILS" in line)
    (annotation,) = (line for line in said if line.startswith("::error") and "title=high" in line)
    assert (words in line, words in annotation) == (named, named)


def test_the_json_report_keeps_to_its_schema_whatever_became_of_the_runs(engine, scenario):
    engine("named")
    names = [scenario(LEVEL, name=name) for name in ("finished", "diverged", "killed", "barred", "refused", "broken")]
    assert headless.run([*names, "missing.toml"], quiet=True, json=Path("r.json"), junit=Path("r.xml"), jobs=3) == 3
    schema, found = report.schema(), told("r.json")
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(found, schema)
    assert found["format"] == "dltlab-report/1"
    assert [run["scenario"] for run in found["runs"]] == [*names, "missing.toml"]
    status = [run["status"] for run in found["runs"]]
    assert status == ["holds", "holds", "broken", "holds", "refused", "broken", "refused"]
    assert found["exit_code"] == max(run["exit_code"] for run in found["runs"])
    assert found["runs"][0]["device"] == {"kind": "cpu"}, "a report is handed out: it does not name the machine"
    (claim,) = found["runs"][0]["claims"]
    assert claim["line"] == Path(names[0]).read_text().splitlines().index('name = "level"') + 1
    assert claim["value"] == pytest.approx(0.6126, abs=1e-4)
    assert (claim["low"], claim["high"]) == (pytest.approx(0.6116), pytest.approx(0.6136))
    (mark,) = found["runs"][0]["chapters"]
    assert (mark["step"], mark["kind"], mark["title"], mark["text"]) == (10, "mark", "half way", "half way")
    assert [chapter["kind"] for chapter in found["runs"][1]["chapters"]] == ["mark", "diverged"]
    assert [run["chapters"] for run in found["runs"][4:]] == [[], [], []]
    loss, _, sharpness, _ = found["runs"][3]["series"]
    assert (loss["readings"], loss["last_step"], loss["greatest"], loss["not_finite"]) == (50, 49, 1.0, 0)
    assert (sharpness["last"], sharpness["not_finite"]) == ([8.0, None], 50)
    # JUnit counts what stands in it.
    root = ET.parse("r.xml").getroot()
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(count, "")) == len(suite.findall(f"testcase/{tag}"))
    assert sum(int(suite.get("tests", "")) for suite in root) == int(root.get("tests", ""))


def test_the_schema_of_reports_is_printed():
    said = CliRunner().invoke(cli, ["schema", "--report"], standalone_mode=False)
    assert json.loads(said.output) == json.loads(json.dumps(report.schema()))


def test_markdown_takes_nothing_for_more_than_text(engine, scenario):
    engine("finished")
    headless.run([scenario(LEVEL)], quiet=True, markdown=Path("r.md"))
    text = Path("r.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| ✅"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert "| 10 | half way | half way |" in text
    assert not re.search(r"(?<!\\)<", text)
    assert plain("[a](b) `c` @d #1 www.e.f https://g") == r"\[a\]\(b\) \`c\` \@d \#1 www\.e.f https\://g"
    assert plain("1. a") == "&#49;. a"
    assert plain("0.5 of it") == "0.5 of it"


def obeyed(said: str) -> list[str]:
    """The lines that a runner of GitHub Actions would obey."""
    found, until = [], ""
    for line in said.splitlines():
        if until:
            until = "" if line.strip() == f"::{until}::" else until
        elif line.startswith("::stop-commands::"):
            until = line.removeprefix("::stop-commands::")
        elif line.lstrip().startswith("::") or "##[" in line:
            found.append(line)
    assert not until
    return found


def test_github_obeys_our_annotations_and_nothing_that_a_scenario_says(engine, scenario, capfd, monkeypatch):
    engine("finished")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(Path("page.md").absolute()))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd()))
    Path("page.md").write_text("before\n")
    hostile = scenario(LEVEL).replace("fall", "a,b%c")
    Path(hostile).write_text(Path("fall.toml").read_text().replace("A fall", "::error::title\\n::error::second"))
    code = headless.run([hostile, "::error::x.toml"], overrides=["claims.level.predicted=0.7"], github=True)
    said = capfd.readouterr()
    assert code == 2
    lines = obeyed(said.out)
    assert obeyed(said.err) == []
    assert len(lines) == 2
    line = Path(hostile).read_text().splitlines().index('name = "level"') + 1
    assert lines[0].startswith(f"::error title=level,file=a%2Cb%25c.toml,line={line}::FAILS: predicted 0.7, measured")
    assert "%250A::error::z" in lines[0]
    assert lines[1].startswith("::error title=%3A%3Aerror%3A%3Ax.toml::")
    page = Path("page.md").read_text()
    assert page.startswith("before\n# dltlab\n")
    assert "0 of 2 scenarios hold." in page


def test_annotations_escape_what_would_end_them():
    said = github.annotation("error", "a\n::error::b % c", file="x:y,z\n", line=3, title="")
    assert said == "::error file=x%3Ay%2Cz,line=3::a ::error::b %25 c"
    assert len(github.fitting("line\n" * 1000, 400).encode()) < 600


@pytest.mark.parametrize(
    "reports",
    [
        {"json": Path("x"), "junit": Path("x")},
        {"json": Path("-"), "github": True},
        {"markdown": Path("nowhere/x")},
        {"dry_run": True, "json": Path("x")},
    ],
)
def test_reports_that_cannot_be_delivered_are_refused_before_anything_runs(engine, scenario, own_folders, reports):
    engine("finished")
    with pytest.raises(UsageError):
        headless.run([scenario()], quiet=True, **reports)
    assert not (own_folders / "data").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_that_fails_hides_no_other_unless_it_should(engine, scenario, jobs):
    engine("named")
    names = [scenario(LEVEL, name="broken"), scenario(LEVEL, name="finished"), scenario(FALLS, name="stopped")]
    assert headless.run(names, quiet=True, jobs=jobs, json=Path("all.json")) == 3
    assert [run["status"] for run in told("all.json")["runs"]] == ["broken", "holds", "holds"]
    several = [scenario(LEVEL, name="broken"), *[scenario(FALLS, name="listening")] * jobs]
    begun = time.monotonic()
    assert headless.run(several, quiet=True, jobs=jobs, fail_fast=True, json=Path("r.json"), junit=Path("r.xml")) == 3
    assert time.monotonic() - begun < 30
    rest = {run["status"] for run in told("r.json")["runs"][1:]}
    assert "not run" in rest
    assert rest <= {"not run", "cut short"}
    assert int(ET.parse("r.xml").getroot().get("skipped", "")) >= 1


@pytest.mark.parametrize("ending", ["listening", "deaf", "late"])
def test_a_timeout_ends_all_with_what_was_judged(engine, scenario, ending, monkeypatch, capsys):
    engine("named")
    monkeypatch.setattr(judging, "LAST_WORDS", 0.3)
    halt = Halt(0.2 if ending == "late" else 60)
    asked: list[float | None] = []
    monkeypatch.setattr(runner, "Halt", lambda timeout: asked.append(timeout) or halt)
    launch = live.launch

    def launched(*given, **wanted):
        source = launch(*given, **wanted)
        halt.until = time.monotonic()
        return source

    monkeypatch.setattr(live, "launch", launched)
    names = [scenario(FALLS, name=ending), scenario(FALLS, name="finished")]
    begun = time.monotonic()
    code = headless.run(names, quiet=True, timeout=60, json=Path("r.json"), junit=Path("r.xml"))
    assert code == TIMED_OUT == 124
    assert asked == [60]
    assert time.monotonic() - begun < 30
    first, second = told("r.json")["runs"]
    assert second["status"] == "not run"
    root = ET.parse("r.xml").getroot()
    if ending == "late":
        assert first["status"] == "not run"
        assert int(root.get("skipped", "")) == 2
        return
    assert first["status"] == "timed out"
    assert "The time was up." in first["ended"]
    assert first["steps"] == 9
    assert [claim["name"] for claim in first["claims"]] == ["falls"]
    assert [error.get("type") for error in root.iter("error")] == ["timed out"]
    # Nobody is left behind; an engine that has told its end may take a moment to go.
    while shelf.kept()[0].state == "running":
        assert time.monotonic() - begun < 30
        time.sleep(0.02)
    assert "falls" in capsys.readouterr().out


def test_ctrl_c_ends_those_that_run_side_by_side(engine, scenario):
    engine("listening")

    def interrupt() -> None:
        until = time.monotonic() + 30
        while sum(b"frames" in one.read_bytes() for one in folders.sessions().iterdir()) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    code = headless.run([scenario(FALLS, name="a"), scenario(FALLS, name="b")], quiet=True, jobs=2, json=Path("r.json"))
    assert code == 130
    assert {run["status"] for run in told("r.json")["runs"]} == {"interrupted"}
    assert {run["footer"]["reason"] for run in told("r.json")["runs"]} == {"stopped"}


def test_a_dry_run_tells_what_it_would_take_and_records_nothing(engine, scenario, own_folders, capsys):
    engine("finished")
    assert headless.run([scenario(LEVEL), scenario(LEVEL, name="again")], dry_run=True, steps=400) == 0
    said = capsys.readouterr().out
    for words in (
        "A fall\\x1b[2J",
        "400, 3 members",
        "about 2 min, of which 2.5 s",
        "250 ms",
        "1.5 GiB of 16 GiB",
        "12.5 kFLOP",
        "4 GFLOP with",
    ):
        assert words in said
    assert "2 scenarios, one after the other: about 3 min." in said
    assert not (own_folders / "data").exists()
    engine("refused")
    assert headless.run([scenario(LEVEL)], dry_run=True) == 2
    assert "fall.toml:3:1: run.steps: too few." in capsys.readouterr().err


def test_the_exit_code_reaches_the_shell(engine, scenario, tmp_path):
    code = "import sys; from dltlab.session import live; live.ENGINE[:] = sys.argv[1:4]; from dltlab.cli import main;"
    run = ["run", scenario(LEVEL), "--quiet", "--junit", "r.xml", "--set", "claims.level.predicted=0.7"]
    fake = [sys.executable, str(Path(__file__).with_name("fake_engine.py")), "finished"]
    done = subprocess.run([sys.executable, "-c", f"{code} main(sys.argv[4:])", *fake, *run], capture_output=True)
    assert done.returncode == 1
    assert ET.parse("r.xml").getroot().get("failures") == "1"

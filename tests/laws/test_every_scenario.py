"""Every scenario of the gallery is a test: its claims hold headless, and each of them can fail."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli

from dltlab import claims, errors, scenario
from dltlab.session import recording

GALLERY = scenario.gallery()
BREAKS = {
    "predicted": lambda value, _: 1.5 * value,
    "at_least": lambda value, measured: 2 * measured + value,
    "at_most": lambda value, measured: min(value, measured) / 2 - 1e-9,
}
"""For each way to promise something, a wrong constant: 3/η for 2/η, or a bound that the run does not meet."""


def ran(name: str, folder: Path, *words: str) -> tuple[int, dict[str, Any], Path]:
    """The exit code of ``dltlab run``, what it reported, and the recording."""
    report, session = folder / f"{name}.json", folder / f"{name}.dltlab.jsonl"
    order = [sys.executable, "-m", "dltlab", "run", name, "--quiet", f"--json={report}", f"--out={session}", *words]
    done = subprocess.run(order, capture_output=True, text=True, timeout=300, check=False)
    assert report.exists(), done.stderr
    return done.returncode, json.loads(report.read_text(encoding="utf-8")), session


def tables(name: str) -> list[dict[str, Any]]:
    return tomli.loads(GALLERY[name].read_text(encoding="utf-8"))["claims"]


@pytest.fixture(scope="module", params=sorted(GALLERY))
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, int, Path]:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLTLAB_DATA_DIR", str(folder))
        code, report, session = ran(request.param, folder)
    assert report
    return request.param, code, session


def test_its_claims_hold(run: tuple[str, int, Path]) -> None:
    name, code, session = run
    history, note = recording.read_all(session)
    verdicts = claims.judge_all(claims.build(tables(name)), history)
    assert [v for v in verdicts if v.status != "holds"] == []
    assert len(verdicts) >= 3
    assert (code, note) == (errors.HOLDS, "")


def test_each_of_its_claims_can_fail(run: tuple[str, int, Path]) -> None:
    name, _, session = run
    history, _ = recording.read_all(session)
    for table in tables(name):
        key = next(key for key in BREAKS if key in table)
        [claim] = claims.build([table])
        found = claim.measure(history).values
        wrong = max(BREAKS[key](table[key], float(found.max() if key == "at_least" else found.min())), 0.0)
        if key == "at_most" and found.min() <= 0:
            # Nothing lies below no rise at all: judge it after the edge instead, where theory has rises.
            broken = {k: v for k, v in table.items() if k != "until"} | {"since": table["until"]}
        else:
            broken = {**table, key: wrong}
        [verdict] = claims.judge_all(claims.build([broken]), history)
        assert verdict.status == "fails", (verdict, broken)


def test_a_wrong_constant_ends_with_exit_code_1_and_names_the_claim(tmp_path: Path) -> None:
    code, report, _ = ran("edge-of-stability", tmp_path, "--seeds=1", "--set=claims.edge.predicted=1.5")
    assert code == errors.FAILS
    told = {verdict["name"]: verdict["status"] for verdict in report["runs"][0]["claims"]}
    assert told.pop("edge") == "fails"
    assert set(told.values()) == {"holds"}


def test_the_edge_holds_at_another_learning_rate(tmp_path: Path) -> None:
    code, _, _ = ran("edge-of-stability", tmp_path, "--set=optimizer.learning_rate=0.3")
    assert code == errors.HOLDS

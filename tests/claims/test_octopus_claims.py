"""A wrong theory of the octopus is refuted, by name, and nothing else is."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np

from dltlab import claims, errors, scenario
from dltlab.session import recording

L = math.e
RATE = 1 / (4 * L)


def base(escape: float) -> float:
    """1 + ρ, by which each saddle holds gradient descent longer than the one before (Du et al. 2017)."""
    return 1 + abs(math.log(1 - 2 * RATE * L)) / math.log(1 + 2 * RATE * escape)


def test_kicks_that_saved_two_hundredfold_and_twice_the_escape_rate_fail(tmp_path: Path) -> None:
    report, session = tmp_path / "report.json", tmp_path / "run.dltlab.jsonl"
    order = [sys.executable, "-m", "dltlab", "run", "saddle-octopus", "--seeds=1", "--quiet"]
    order += ["--set=claims.price.at_least=200", f"--json={report}", f"--out={session}"]
    done = subprocess.run(order, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == errors.FAILS, done.stderr
    [run] = json.loads(report.read_text(encoding="utf-8"))["runs"]
    told = {verdict["name"]: verdict["status"] for verdict in run["claims"]}
    assert told.pop("price") == "fails"
    assert set(told.values()) == {"holds"}

    history, _ = recording.read_all(session)
    [table] = [one for one in scenario.read("saddle-octopus").table["claims"] if one["name"] == "growth"]
    [growth] = claims.build([table])
    for escape, status in ((1.0, "holds"), (2.0, "fails")):
        predicted = history["exits.base"].values
        predicted[:] = np.where(np.isnan(predicted), np.nan, base(escape))
        assert growth.judge(history).status == status

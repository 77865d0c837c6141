"""Wrong theories of the edge of stability are refuted: exit code 1, and the right line says so."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from dltlab import errors


def judged(folder: Path, name: str, *words: str) -> tuple[int, dict[str, str]]:
    """The exit code of ``dltlab run``, and the verdicts."""
    report = folder / "report.json"
    order = [sys.executable, "-m", "dltlab", "run", name, "--quiet", "--seeds=1", f"--json={report}", *words]
    done = subprocess.run(order, capture_output=True, text=True, timeout=300, check=False)
    assert report.exists(), done.stderr
    [run] = json.loads(report.read_text(encoding="utf-8"))["runs"]
    return done.returncode, {verdict["name"]: verdict["status"] for verdict in run["claims"]}


def test_polyak_is_not_held_at_the_edge_of_gradient_descent(tmp_path: Path) -> None:
    # 2/η in units of (2 + 2β)/η at β = ½.
    code, told = judged(tmp_path, "edge-of-stability-momentum", "--arms=polyak-3", "--set=claims.edge.predicted=0.6667")
    assert code == errors.FAILS
    assert (told.pop("edge"), told.pop("before")) == ("fails", "not yet"), "the latter is Nesterov's"
    assert set(told.values()) == {"holds"}


def test_the_valley_does_not_hold_with_half_its_mean_square(tmp_path: Path) -> None:
    slope, start = 0.0025, 0.01 * np.random.default_rng([0, 0]).standard_normal()

    def overshoot(square: float) -> float:
        return np.sqrt(slope * (start**2 / square - 1 - np.log(start**2 / square)))

    # δ² = g where it is 2g.
    wrong = (
        f"--set=claims.overshoot.predicted={overshoot(slope) / overshoot(2 * slope)}",
        "--set=claims.mean-square.predicted=0.5",
    )
    code, told = judged(tmp_path, "self-stabilization", "--arms=steep", *wrong)
    assert code == errors.FAILS
    assert (told.pop("overshoot"), told.pop("mean-square")) == ("fails", "fails")
    assert set(told.values()) == {"holds"}


def test_the_averaged_loss_is_not_that_of_the_flow_alone(tmp_path: Path) -> None:
    code, told = judged(tmp_path, "central-flow", "--set=claims.averaged-loss.numerator.series=central.bare")
    assert code == errors.FAILS
    assert told.pop("averaged-loss") == "fails"
    assert set(told.values()) == {"holds"}

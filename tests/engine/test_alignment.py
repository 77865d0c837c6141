"""Label alignment once more, in SciPy alone; and claims that a wrong constant refutes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from dltlab import errors, scenario
from dltlab.engine import ensemble, experiment

pytestmark = pytest.mark.usefixtures("wide")
RATE = 0.6


def sphere() -> np.ndarray:
    x = np.random.default_rng([0, 1]).standard_normal((40, 20))
    return x / np.linalg.norm(x, axis=1)[:, None]


def limit(x: np.ndarray) -> np.ndarray:
    cosines = np.minimum(x @ x.T, 1.0)
    return cosines * (np.pi - np.arccos(cosines)) / (2 * np.pi)


def steps(matrix: np.ndarray, y: np.ndarray) -> int:
    """Steps of u ← u − ηH(u − y) from u = 0 until ½‖u − y‖² is 1 % of its start."""
    u, count = np.zeros_like(y), 0
    while np.sum((u - y) ** 2) > 0.01 * np.sum(y**2):
        u, count = u - RATE * matrix @ (u - y), count + 1
    return count


def told(arm: str, seed: int) -> tuple[dict[str, float], np.ndarray]:
    """The last readings of a member of an arm, and its labels as H^½ times the weights that it starts from."""
    document = scenario.read("label-alignment")
    [table] = [one for one in document.table["arms"] if one["name"] == arm]
    for key, value in table.get("problem", {}).items():
        document.table["problem"].setdefault(key, {})
        if isinstance(value, dict):
            document.table["problem"][key] |= value
        else:
            document.table["problem"][key] = value
    document.table["arms"], document.table["panels"] = [], []
    made = experiment.build(document, seeds=1, seed=seed)
    [program] = made.programs
    state, memories = ensemble.begin(program, (seed,))
    rows = ensemble.compiled(program, 1)(state, memories, 60).rows
    last = {
        f"{name}.{key}": float(np.asarray(v)[59]) for name, r in rows.items() for key, v in r.items() if v.ndim == 1
    }
    values, vectors = scipy.linalg.eigh(limit(sphere()))
    return last, -(vectors * np.sqrt(values)) @ vectors.T @ np.asarray(state.params["weights"])


def drawn(arm: str, seed: int) -> np.ndarray:
    """The labels of an arm, by the recipe of its data."""
    x, random = sphere(), np.random.default_rng([seed, 0])
    match arm:
        case "noise":
            return random.standard_normal(40)
        case "linear":
            y = x @ random.standard_normal(20)
            return y * np.sqrt(40) / np.linalg.norm(y)
    vectors = scipy.linalg.eigh(limit(x))[1]
    return np.sqrt(40) * vectors[:, -1 if arm == "top" else 0]


@pytest.mark.parametrize(("arm", "seed"), [("top", 0), ("linear", 1), ("noise", 2), ("bottom", 0)])
def test_steps_and_complexities_agree_with_scipy(arm: str, seed: int) -> None:
    found, labels = told(arm, seed)
    y, matrix = drawn(arm, seed), limit(sphere())
    y = y * np.sign(y @ labels)
    np.testing.assert_allclose(labels, y, atol=1e-5)
    assert found["probes.time."] == found["theories.time."] == steps(matrix, y)
    complexity = np.sqrt(y @ scipy.linalg.solve(matrix, y))
    assert found["theories.travel."] == pytest.approx(complexity, rel=1e-6)
    assert found["probes.travel."] == pytest.approx(complexity, rel=0.01)


def test_noise_takes_more_than_twice_the_steps_of_linear_labels() -> None:
    """The claim itself, over a hundred draws that the scenario never saw."""
    matrix = limit(sphere())
    middle = {
        arm: np.median([steps(matrix, drawn(arm, seed)) for seed in range(100, 200)]) for arm in ("linear", "noise")
    }
    assert middle["linear"] <= 0.5 * middle["noise"]
    assert steps(matrix, drawn("top", 0)) == 1 < middle["linear"] < middle["noise"] < steps(matrix, drawn("bottom", 0))


def ran(name: str, folder: Path, *words: str) -> tuple[int, dict[str, str]]:
    """The exit code of ``dltlab run``, and its verdicts."""
    report = folder / "report.json"
    order = [sys.executable, "-m", "dltlab", "run", name, "--quiet", "--alone", f"--json={report}", *words]
    code = subprocess.run(order, capture_output=True, timeout=300, check=False).returncode
    told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return code, {verdict["name"]: verdict["status"] for verdict in told["runs"][0]["claims"]}


@pytest.mark.parametrize(
    ("name", "claim", "wrong"),
    [
        ("label-alignment", "one-step", "claims.one-step.predicted=2"),
        ("label-alignment", "head-start", "claims.head-start.at_most=0.2"),
    ],
)
def test_a_wrong_theory_ends_with_exit_code_1_and_names_the_claim(
    name: str, claim: str, wrong: str, tmp_path: Path
) -> None:
    code, verdicts = ran(name, tmp_path, f"--set={wrong}")
    assert code == errors.FAILS
    assert verdicts.pop(claim) == "fails"
    assert set(verdicts.values()) == {"holds"}


def test_movement_that_fell_with_the_width_itself_is_refuted(tmp_path: Path) -> None:
    """A slope of −1 for that of −½: the widths that fit in a moment, the claims that they carry."""
    words = ("--arms=m64,m256,m1024", "--seeds=2", "--steps=60", "--set=claims.neuron.predicted=-1.0")
    code, verdicts = ran("overparam-fit", tmp_path, *words)
    assert code == errors.FAILS
    assert verdicts["neuron"] == "fails"
    assert {verdicts[name] for name in ("path", "bound", "cap", "relative")} == {"holds"}

"""Every scenario of the gallery is a test: its claims hold headless, and each of them can fail."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli

from dltlab import claims, errors, scenario
from dltlab.session import recording

GALLERY = scenario.gallery()


def broken(table: dict[str, Any], low: float, high: float) -> dict[str, Any]:
    """What to change in a claim whose numbers lie between these, so that it promises what the run refutes."""
    far = 2 * (abs(low) + abs(high)) + 3 * table.get("tolerance", 0.0) + 1e-9
    match table:
        case {"kind": "ordered", "direction": "rises"}:
            return {"direction": "falls"}
        case {"kind": "ordered"}:
            return {"direction": "rises"}
        case {"kind": "bounded"}:
            return {"side": "below" if table.get("side") == "above" else "above", "at_most": 0.0, "tolerance": 0.0}
        case {"kind": "monotone", "at_most": _} if low <= 0:
            # Nothing lies below no rise at all: let it fall where it rises.
            return {"direction": "falls" if table.get("direction") == "rises" else "rises"}
        case {"kind": "monotone", "at_most": _}:
            return {"at_most": low / 2}
        case {"kind": "monotone"}:
            return {"at_least": (1 + high) / 2}
        case {"kind": "agrees"}:
            return {"tolerance": low / 2}
        case {"kind": "crosses"}:
            return {"after": high + 1, "before": high + 2}
        case {"predicted": _}:
            return {"predicted": low + far, "relative": False} if "relative" in table else {"predicted": low + far}
        case {"at_least": _}:
            return {"at_least": low + far}
        case {"at_most": _}:
            return {"at_most": high - far}
        case {"above": _}:
            return {"above": low + far}
    return {"below": high - far}


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
def run(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lacking: dict[str, str]
) -> tuple[str, int, Path]:
    if request.param in lacking:
        pytest.skip(lacking[request.param])
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
        [claim] = claims.build([table])
        found = np.concatenate([one.known for one in claim.found(history)])
        low, high = float(found.min()), float(found.max())
        wrong = [{**table, **broken(table, low, high)}]
        if table["kind"] == "agrees" and low <= 0:
            # No tolerance is too small for what agrees to the last bit, but another series is the wrong theory.
            wrong = [{**table, "theory": name} for name in history.columns if name != table["series"]]
        verdicts = claims.judge_all(
            claims.build([{**one, "name": f"wrong{n}"} for n, one in enumerate(wrong)]), history
        )
        assert "fails" in {verdict.status for verdict in verdicts}, (table, verdicts)


def test_a_wrong_constant_ends_with_exit_code_1_and_names_the_claim(tmp_path: Path) -> None:
    code, report, _ = ran("edge-of-stability", tmp_path, "--seeds=1", "--set=claims.edge.predicted=1.5")
    assert code == errors.FAILS
    told = {verdict["name"]: verdict["status"] for verdict in report["runs"][0]["claims"]}
    assert told.pop("edge") == "fails"
    assert set(told.values()) == {"holds"}


def test_the_edge_holds_at_another_learning_rate(tmp_path: Path) -> None:
    code, _, _ = ran("edge-of-stability", tmp_path, "--set=optimizer.learning_rate=0.3")
    assert code == errors.HOLDS

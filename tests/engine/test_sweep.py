"""A sweep's points are the runs that they would be alone, and those that were kept are not run again."""

import json
from pathlib import Path

import pytest

from dltlab import headless, records
from dltlab.errors import BROKEN, HOLDS, UsageError
from dltlab.headless.sweep import sweep
from dltlab.session import live
from dltlab.session.recording import read_all

BOWL = """
title = "A bowl"
[problem]
kind = "quadratic"
eigenvalues = [1.0]
[optimizer]
kind = "gradient_descent"
learning_rate = 0.1
[run]
steps = 60
precision = "float64"
[probes.loss]
kind = "loss"
"""
AXES = ["optimizer.learning_rate=0.5,1.5,1e6", "problem.eigenvalues=[1.0],[0.5]"]


@pytest.fixture
def bowl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A scenario's file, in a folder of its own, with folders of its own."""
    monkeypatch.setenv("DLTLAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DLTLAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("bowl.toml").write_text(BOWL)
    return "bowl.toml"


def test_points_are_the_runs_that_they_would_be_alone(bowl, tmp_path, capsys, monkeypatch):
    keep = tmp_path / "points"
    assert sweep(bowl, AXES, show=["loss"], keep=keep, csv=Path("s.csv"), quiet=True) == BROKEN
    first = capsys.readouterr().out
    rows = [line.split(",") for line in Path("s.csv").read_text().splitlines()[1:]]
    held = {(rate, bow): float(loss) for rate, bow, *_, loss in rows if loss}
    assert sorted(held) == [(rate, bow) for rate in ("0.5", "1.5") for bow in ("[0.5]", "[1.0]")]
    # Both bowls begin at the same w, so that their losses differ as theory says: L = λ w₀² (1 − ηλ)^120 / 2.
    for rate in (0.5, 1.5):
        ratio = held[str(rate), "[1.0]"] / held[str(rate), "[0.5]"]
        assert ratio == pytest.approx(2 * ((1 - rate) / (1 - rate / 2)) ** 120, rel=1e-9)
    assert "✶" in first
    alone = tmp_path / f"alone{records.SUFFIX}"
    headless.run([bowl], overrides=["optimizer.learning_rate=1.5"], quiet=True, out=alone)
    assert read_all(alone)[0]["loss"].values[-1] == held["1.5", "[1.0]"]
    capsys.readouterr()

    started = []
    launch = live.launch
    monkeypatch.setattr(live, "launch", lambda *given, **named: (started.append(named), launch(*given, **named))[1])
    assert sweep(bowl, AXES, show=["loss"], keep=keep, quiet=True) == BROKEN
    assert not started
    assert capsys.readouterr().out == first
    assert sweep(bowl, ["optimizer.learning_rate=0.5,0.7"], show=["loss"], keep=tmp_path / "others") == HOLDS
    assert len(started) == 2
    for one in (tmp_path / "others").glob(f"*0.7{records.SUFFIX}"):
        one.write_bytes(one.read_bytes().rpartition(b'{"crc"')[0])
    assert sweep(bowl, ["optimizer.learning_rate=0.5,0.7,0.9"], show=["loss"], keep=tmp_path / "others") == HOLDS
    assert len(started) == 4


def test_a_folder_of_another_scenario_is_left_alone(bowl, tmp_path):
    axes = ["optimizer.learning_rate=0.5"]
    assert sweep(bowl, axes, keep=tmp_path / "points", quiet=True) == HOLDS
    (kept,) = (tmp_path / "points").glob(f"*{records.SUFFIX}")
    before = kept.read_bytes()
    with pytest.raises(UsageError, match="recorded otherwise"):
        sweep(bowl, axes, overrides=["problem.scale=2.0"], keep=tmp_path / "points", quiet=True)
    with pytest.raises(UsageError, match="recorded otherwise"):
        sweep(bowl, axes, steps=10, keep=tmp_path / "points", quiet=True)
    assert kept.read_bytes() == before


def test_a_point_whose_engine_outlived_an_earlier_call_is_followed(bowl, tmp_path, monkeypatch):
    axes, told = ["optimizer.learning_rate=0.5"], {"steps": 20_000, "overrides": ["problem.scale=1.0"]}
    path = tmp_path / "points" / f"learning_rate=0.5{records.SUFFIX}"
    path.parent.mkdir()
    overrides = [*told["overrides"], *axes]
    live.launch(bowl, overrides=overrides, steps=told["steps"], headless=True, session=path).close()
    monkeypatch.setattr(live, "launch", None)
    assert sweep(bowl, axes, keep=path.parent, quiet=True, json=tmp_path / "s.json", **told) == HOLDS
    (point,) = json.loads((tmp_path / "s.json").read_text())["points"]
    assert point["run"]["steps"] == told["steps"]


def test_what_was_kept_is_told_as_it_was_when_it_ran(bowl, tmp_path):
    arms = """
[[arms]]
name = "slow"
seeds = 5
optimizer = { learning_rate = 0.01 }
[[arms]]
name = "fast"
seeds = 3
optimizer = { learning_rate = 0.5 }
[[claims]]
name = "falls"
kind = "monotone"
says = "The loss falls."
series = "loss"
at_most = 0.0
"""
    Path(bowl).write_text(f"{BOWL}{arms}".replace("steps = 60", "steps = 60\nseeds = 5"))
    told = {"arms": ["fast"], "seeds": 2, "keep": tmp_path / "points", "json": tmp_path / "s.json", "quiet": True}

    def swept() -> list[dict]:
        assert sweep(bowl, ["problem.scale=1.0,2.0"], **told) == HOLDS
        points = [point["run"] for point in json.loads((tmp_path / "s.json").read_text())["points"]]
        return [{key: value for key, value in run.items() if key != "timings"} for run in points]

    first = swept()
    assert [(run["seeds"], [arm["name"] for arm in run["arms"]]) for run in first] == [([0, 1], ["fast"])] * 2
    before = [path.read_bytes() for path in sorted((tmp_path / "points").glob(f"*{records.SUFFIX}"))]
    assert swept() == first
    assert [path.read_bytes() for path in sorted((tmp_path / "points").glob(f"*{records.SUFFIX}"))] == before

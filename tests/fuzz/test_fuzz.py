"""The readers of files fear nothing: some hundred mutations of each kind of input, and by hand as many as one likes."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

HERE = Path(__file__).parent
BUDGETS = {
    "scenario": 40,
    "experiment": 8,
    "recording": 25,
    "forks": 25,
    "commands": 100,
    "formulas": 100,
    "sidecar": 50,
    "exports": 5,
}
"""Trials of each target in the suite."""
HEALTH = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)


@pytest.fixture(autouse=True)
def engine_as_it_was(monkeypatch):
    """The target of forks puts its own experiment in place of those that are built."""
    from dltlab.engine import experiment

    monkeypatch.setattr(experiment, "build", experiment.build)


@pytest.mark.parametrize("name", BUDGETS)
def test_whatever_stands_in_it_is_read_or_refused(name, target, wide):
    tried = target(name)
    assert tried.SEEDS
    tried.trial(tried.SEEDS[0])

    @settings(max_examples=BUDGETS[name], database=None, suppress_health_check=HEALTH)
    @given(some.integers(0, 2**32), some.integers(0, 99), some.integers(1, 4))
    def law(drawn, which, times):
        draw = random.Random(drawn)
        data = tried.SEEDS[which % min(len(tried.SEEDS), 4)]
        for _ in range(times):
            try:
                data = tried.mutated(data, draw)
            except Exception:
                break
        tried.trial(data)

    law()


@pytest.mark.parametrize("name", ["scenario", "recording", "commands", "formulas", "sidecar"])
@settings(max_examples=40, suppress_health_check=HEALTH)
@given(data=some.binary(max_size=300) | some.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_bytes_of_any_kind_are_refused(name, target, data):
    target(name).trial(data)


def test_a_trial_that_writes_elsewhere_is_found_out(target, tmp_path):
    harness = target("harness")
    with pytest.raises(AssertionError, match="reached out"), harness.bounds(9.0):
        (tmp_path / "x").write_text("x")
    with pytest.raises(AssertionError, match="reached out"), harness.bounds(9.0):
        subprocess.run(["true"], check=True)
    with harness.bounds(9.0):
        (harness.FOLDER / "x").write_text("x")
    with pytest.raises(AssertionError, match="took"), harness.bounds(0.0):
        pass


def test_the_seeds_are_what_they_should_be(target):
    """Mutations of what is refused at once would try nothing."""
    from dltlab.check import check
    from dltlab.scenario import parse

    for seed in target("experiment").SEEDS[:3]:
        check(parse(seed.decode(), "seed"))
    recording, path = target("recording"), target("harness").FOLDER / "seed.dltlab.jsonl"
    for seed in recording.SEEDS:
        path.write_bytes(recording.mended(seed))
        history, note = recording.recording.read_all(path)
        assert (note, history.step, history.footer is not None) == ("", 12, True)
        assert recording.divergence.lost(history)
        judged = recording.claims.judge_all(recording.claims.build(history.header.scenario["claims"]), history)
        assert {"holds", "fails", "not yet"} == {verdict.status for verdict in judged}


@pytest.mark.long
@pytest.mark.parametrize("name", BUDGETS)
def test_a_fuzzer_finds_nothing(name, tmp_path):
    pytest.importorskip("atheris", reason="the fuzzers need atheris: pip install 'dltlab[fuzz]'")
    order = [sys.executable, str(HERE / f"{name}.py"), "-max_total_time=120", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(order, capture_output=True, text=True, errors="replace", cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done" in done.stderr

"""The paper's own recipe: it says what it lacks, and runs when it is there."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dltlab import errors

NAME = "edge-of-stability-cifar"


def dltlab(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    order = [sys.executable, "-m", "dltlab", *words]
    return subprocess.run(order, capture_output=True, text=True, timeout=200, check=False, cwd=folder)


@pytest.mark.parametrize("command", ["run", "check"])
def test_without_the_images_one_sentence_says_where_to_put_them(command: str, tmp_path: Path) -> None:
    done = dltlab(tmp_path, command, NAME)
    assert done.returncode == errors.USAGE
    [said] = (done.stdout + done.stderr).strip().splitlines()
    assert "cifar-10-batches-bin: no data_batch_1.bin" in said
    assert "put it there, or name its folder in problem.data.path" in said


def test_without_the_images_it_is_shown_with_a_note_on_what_is_missing(tmp_path: Path) -> None:
    done = dltlab(tmp_path, "show", NAME)
    assert done.returncode == errors.HOLDS
    assert "cifar-10-batches-bin: no data_batch_1.bin" in done.stderr
    for words in ("download CIFAR-10's binary form", "Sources", "Claims", "[theories.sharpness]"):
        assert words in done.stdout
    # What is wrong with the scenario itself is refused, data or none.
    wrong = dltlab(tmp_path, "show", NAME, "--set", "probes.loss.evry=3")
    assert (wrong.returncode, wrong.stdout) == (errors.USAGE, "")
    assert "evry" in wrong.stderr


def test_with_images_it_runs_from_the_folder_that_holds_them(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    random = np.random.default_rng(0)
    records = np.hstack([random.integers(0, 10, (60, 1), np.uint8), random.integers(0, 256, (60, 3072), np.uint8)])
    (folder / "data_batch_1.bin").write_bytes(records.tobytes())
    small = ["--set=problem.data.points=50", "--set=problem.model.widths=[2]", "--steps=20", "--quiet"]
    done = dltlab(tmp_path, "run", NAME, *small)
    assert done.returncode == errors.FAILS, done.stderr
    assert "20 steps" in done.stdout
    assert "FAILS" in done.stdout

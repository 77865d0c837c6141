"""What installs an extra: a command that can be typed as it stands, wherever dltlab comes from."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import tomli

from dltlab import extras

ROOT = Path(__file__).parents[1]
OPTIONAL = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


@pytest.mark.parametrize("extra", OPTIONAL)
def test_in_a_checkout_it_is_the_readmes_command_and_elsewhere_it_names_the_checkout(extra, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert extras.install(extra).endswith(f"-m pip install -e '.[{extra}]'")
    monkeypatch.chdir(tmp_path)
    assert shlex.split(extras.install(extra))[1:] == ["-m", "pip", "install", "-e", f"{ROOT}[{extra}]"]


@pytest.mark.parametrize("extra", ["html", "parquet", "video"])
def test_without_a_checkout_no_distribution_of_ours_is_asked_for(extra, monkeypatch, tmp_path):
    monkeypatch.setattr(extras, "_ROOT", tmp_path)
    told = [f"{one}; extra == '{extra}'" for one in OPTIONAL[extra]]
    monkeypatch.setattr(extras.metadata, "requires", lambda _: ["numpy>=2", "x>=3; extra == 'other'", *told])
    assert shlex.split(extras.install(extra))[4:] == OPTIONAL[extra]
    assert shlex.split(extras.install(extra, force=True))[4:] == ["--force-reinstall", *OPTIONAL[extra]]


def test_it_is_the_pip_of_the_interpreter_that_runs(monkeypatch, tmp_path):
    own = tmp_path / ".venv" / "bin" / "python3"
    own.parent.mkdir(parents=True)
    own.with_name("python").touch()
    monkeypatch.setattr(sys, "executable", str(own))
    monkeypatch.chdir(tmp_path)
    assert extras.install("html").startswith(".venv/bin/python3 -m pip install ")
    monkeypatch.setenv("PATH", str(own.parent))
    assert extras.install("html").startswith("python -m pip install ")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(ROOT)
    assert extras.install("html").startswith(f"{own} -m pip install ")


def test_nothing_tells_of_a_distribution_that_no_index_has():
    for path in (ROOT / "dltlab").rglob("*.py"):
        assert not re.search(r"pip install [^\n]*dltlab\[", path.read_text(encoding="utf-8")), path

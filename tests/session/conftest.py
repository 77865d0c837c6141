"""A fake engine in place of the true one, and a data folder of its own for every test."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dltlab.session import live

FAKE = Path(__file__).with_name("fake_engine.py")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's files go."""
    monkeypatch.setenv("DLTLAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DLTLAB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Choose how the fake engine's session will end."""

    def choose(ending: str) -> None:
        monkeypatch.setattr(live, "ENGINE", [sys.executable, str(FAKE), ending])

    return choose

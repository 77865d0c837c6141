"""A fake engine in place of the true one, and a data folder of its own for every test."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from dltlab import records
from dltlab.session import live

FAKE = Path(__file__).with_name("fake_engine.py")
FALL = """
title = "A fall"
[problem]
kind = "any"
[optimizer]
kind = "any"
[run]
steps = 50
"""


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


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """The fake engine as a module, for the records that it tells."""
    spec = importlib.util.spec_from_file_location("fake_engine", FAKE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def keep(fake: ModuleType, tmp_path: Path) -> Callable[..., Path]:
    """Write a whole session to a file."""

    def write(
        ending: str = "finished", *, name: str = "kept", steps: int = 50, seeds: int = 1, header: dict | None = None
    ) -> Path:
        path = tmp_path / f"{name}{records.SUFFIX}"
        told = fake.told(fake.header(name, steps, seeds), ending)
        told[0] = msgspec.structs.replace(told[0], **(header or {}))
        path.write_bytes(b"".join(map(records.encode, told)))
        return path

    return write


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Write the scenario of a fall with these claims, or other tables, to the folder where one stands."""
    monkeypatch.chdir(tmp_path)

    def write(*tables: str, name: str = "fall") -> str:
        Path(f"{name}.toml").write_text("\n".join([FALL, *tables]), encoding="utf-8")
        return f"{name}.toml"

    return write

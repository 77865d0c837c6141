"""The stage, and what is left of it taken away."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _stage() -> ModuleType:
    if "remote_stage" not in sys.modules:
        spec = importlib.util.spec_from_file_location("remote_stage", Path(__file__).with_name("stage.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules["remote_stage"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["remote_stage"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.remote)


@pytest.fixture(scope="session")
def stage() -> ModuleType:
    return _stage()


@pytest.fixture
def told(stage: ModuleType, folders: Path) -> Iterator[Callable[..., Any]]:
    """Makes live sessions, told by this process."""
    made: list[Any] = []

    def make(**how: Any) -> Any:
        made.append(stage.Session(f"told{len(made) + 1}", **how))
        return made[-1]

    yield make
    for session in made:
        session.end()


@pytest.fixture
def opened(stage: ModuleType, folders: Path) -> Iterator[Callable[..., Any]]:
    """Opens terminals with dltlab in them."""
    made: list[Any] = []

    def make(*words: str, **how: Any) -> Any:
        made.append(stage.Terminal((*stage.DLTLAB, *words), **how))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()

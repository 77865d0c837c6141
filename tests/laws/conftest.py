"""The bank of operators, for the laws that are tried on all of them."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("operators", Path(__file__).with_name("operators.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BANK = _loaded()


@pytest.fixture(scope="session")
def bank(wide: None) -> ModuleType:
    """The bank itself; ``bank.named(name, dtype)`` is one of its operators, ``bank.NAMES`` their names."""
    return BANK


@pytest.fixture(params=BANK.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of each operator of the bank in turn."""
    return request.param


@pytest.fixture(params=["float32", "float64"])
def operator(request: pytest.FixtureRequest, name: str, bank: ModuleType) -> Any:
    """Each operator of the bank in either precision."""
    return bank.named(name, request.param)

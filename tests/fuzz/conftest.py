"""The fuzzers' targets as modules; a name such as theirs may be somebody else's too, so each has one of its own."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
TARGETS = ("scenario", "experiment", "recording", "forks", "commands", "formulas", "sidecar", "exports")


def loaded(name: str) -> ModuleType:
    """A file beside this one, once."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name.removeprefix('fuzz_')}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def target() -> object:
    """A target by its name."""
    before = {name: sys.modules.get(name) for name in ("harness", "recording")}
    # As programs they find each other in their folder.
    for name in before:
        sys.modules[name] = loaded(f"fuzz_{name}")
    yield lambda name: loaded(f"fuzz_{name}")
    for name, module in before.items():
        del sys.modules[name]
        if module is not None:
            sys.modules[name] = module

"""The examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import dltlab

_ROOT = Path(dltlab.__file__).parent
_TOLD = sorted(path for path in _ROOT.rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", _TOLD, ids=lambda path: path.relative_to(_ROOT).as_posix())
def test_an_example_in_a_docstring_is_true(path: Path) -> None:
    name = ".".join(("dltlab", *path.relative_to(_ROOT).with_suffix("").parts))
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0

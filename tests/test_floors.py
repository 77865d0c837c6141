"""The walls between the rooms, proved in fresh interpreters."""

import pkgutil
import subprocess
import sys

import pytest

import dltlab

ENGINE = ("jax", "jaxlib", "optax", "equinox")
SCREEN = ("textual", "plotext")
MODULES = [module.name for module in pkgutil.walk_packages(dltlab.__path__, "dltlab.")]
ROOMS = ("dltlab.engine", "dltlab.terminal")
DOWNSTAIRS = [name for name in MODULES if not name.startswith(ROOMS) and not name.endswith("__main__")]
TERMINAL = [name for name in MODULES if name.startswith("dltlab.terminal")]


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after running some code."""
    told = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=120, check=True)
    return set(done.stderr.split())


def test_there_are_modules_to_look_at() -> None:
    assert {"dltlab.cli", "dltlab.records", "dltlab.scenario", "dltlab.session.history"} <= set(DOWNSTAIRS)
    assert TERMINAL


@pytest.mark.parametrize("module", DOWNSTAIRS)
def test_outside_the_rooms_there_is_neither_jax_nor_textual(module: str) -> None:
    found = loaded(f"import {module}")
    assert "dltlab" in found
    assert not found & {*ENGINE, *SCREEN}


def test_the_terminal_knows_no_jax() -> None:
    found = loaded("\n".join(f"import {module}" for module in TERMINAL))
    assert "textual" in found
    assert not found & set(ENGINE)


def test_the_engine_knows_no_screen() -> None:
    modules = [name for name in MODULES if name.startswith("dltlab.engine") and not name.endswith("__main__")]
    found = loaded("\n".join(f"import {module}" for module in modules))
    assert "jax" in found
    assert not found & set(SCREEN)


def _called(arguments: str) -> set[str]:
    """The same of a call of the program."""
    code = f"""
from dltlab.cli import main
try:
    main({arguments.split()})
except SystemExit as end:
    assert not end.code
"""
    return loaded(code)


@pytest.mark.parametrize("arguments", ["--help", "run --help", "list", "--version"])
def test_light_commands_import_neither(arguments: str) -> None:
    assert not _called(arguments) & {*ENGINE, *SCREEN, "numpy", "scipy", "sklearn"}


@pytest.mark.parametrize("arguments", ["check label-alignment", "schema", "show label-alignment"])
def test_whether_a_scenario_is_sound_is_told_without_a_screen(arguments: str) -> None:
    assert not _called(arguments) & set(SCREEN)


def test_the_contracts_hold() -> None:
    lint = "import sys; from importlinter.cli import lint_imports_command as lint; sys.exit(lint())"
    done = subprocess.run([sys.executable, "-c", lint], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "4 kept, 0 broken" in done.stdout

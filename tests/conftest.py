"""What every test stands on: folders of its own, and JAX as the engine sets it."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Compiling is most of what the engine's tests would do; the results may outlive a run, and
# the processes that tests start find them here too.
_COMPILED = Path(tempfile.gettempdir()) / f"dltlab-tests-{os.getuid()}" / "compiled"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_COMPILED))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_NUMPY_DTYPE_PROMOTION", "strict")
os.environ.setdefault("JAX_NUMPY_RANK_PROMOTION", "raise")

# A shell that starts us in the background has Ctrl-C ignored, in whatever we start too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about what else the machine does than about us.
settings.register_profile("dltlab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dltlab")


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option of our own."""
    parser.addoption("--update-snapshots", action="store_true", help="Write the snapshots of the screens anew.")


@pytest.fixture(autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Send every file that a test causes to a folder of its own; nobody's real sessions are touched."""
    home = tmp_path_factory.mktemp("home")
    for variable, name in {
        "DLTLAB_DATA_DIR": "data",
        "DLTLAB_CACHE_DIR": "cache",
        "XDG_DATA_HOME": "share",
        "XDG_CACHE_HOME": "xdg-cache",
        "XDG_CONFIG_HOME": "config",
        "XDG_STATE_HOME": "state",
    }.items():
        monkeypatch.setenv(variable, str(home / name))
    # A Unix socket's path must be short, which a test's own folder is not.
    with tempfile.TemporaryDirectory(prefix="dltlab-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        yield home


@pytest.fixture(scope="session")
def lacking() -> dict[str, str]:
    """The scenarios that read files which are not on this machine, and what is missing; nothing is downloaded."""
    from dltlab import scenario

    data = {name: scenario.read(name).table["problem"].get("data", {}) for name in scenario.gallery()}
    paths = {name: table["path"] for name, table in data.items() if isinstance(table, dict) and "path" in table}
    return {name: f"{path} is not here" for name, path in paths.items() if not Path(path).expanduser().exists()}


@pytest.fixture(scope="session")
def wide() -> None:
    """JAX with its 64-bit types at hand, as the engine's process has it; imported for those tests alone."""
    import jax

    jax.config.update("jax_enable_x64", True)

"""JAX set up for this process, and what of the machine decides its bits."""

import gc
import hashlib
import importlib.metadata
import json
import os
import platform
import warnings
from pathlib import Path

import jax

from dltlab import __version__, folders


def prepare() -> None:
    """Set JAX up: 64-bit types at hand, compiled programs kept between processes.

    The types of a run are chosen array by array; 64-bit ones must be possible in every run,
    since a dense Hessian is always decomposed in float64. The cache is keyed by version,
    machine and processor: an entry from elsewhere can crash a process that loads it.
    """
    jax.config.update("jax_enable_x64", True)
    # Tracing makes objects by the hundred thousand, nearly all of which stay: to look for garbage among them every 700
    # takes a tenth of a start.
    gc.set_threshold(100_000, 20, 20)
    # A compiled program that cannot be kept, or was torn, is compiled again: nobody has to be told.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    if os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return
    key = hashlib.sha256(json.dumps([_versions(), platform.node(), _processor()]).encode()).hexdigest()[:16]
    jax.config.update("jax_compilation_cache_dir", str(folders.cache() / "jax" / key))


def describe() -> tuple[dict[str, str], dict[str, str], int, str]:
    """Versions, device, threads, and the fingerprint that promises equal bits."""
    first = jax.devices()[0]
    device = {"platform": first.platform, "kind": first.device_kind, "processor": _processor(), "node": platform.node()}
    threads = threads_of_xla()
    flags = {name: os.environ.get(name, "") for name in ("XLA_FLAGS", "JAX_PLATFORMS", "JAX_DEFAULT_MATMUL_PRECISION")}
    told = [_versions(), device["platform"], device["kind"], device["processor"], threads, flags]
    fingerprint = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    return _versions(), device, threads, fingerprint


def threads_of_xla() -> int:
    """The threads of XLA's CPU client, on whose number its bits depend: NPROC, or the cores we may use."""
    given = os.environ.get("NPROC", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _versions() -> dict[str, str]:
    names = ("jax", "jaxlib", "optax", "equinox", "numpy")
    found = {name: importlib.metadata.version(name) for name in names}
    return {"dltlab": __version__, "python": platform.python_version(), **found}


def _processor() -> str:
    """The processor's model and the instructions it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    known = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    facts = {name.strip(): value.strip() for name, value in known.items()}
    flags = hashlib.sha256(facts.get("flags", "").encode()).hexdigest()[:8]
    return f"{facts.get('model name', platform.machine())} ({flags})"


def devices() -> list[str]:
    """The devices that JAX sees."""
    return [f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()]

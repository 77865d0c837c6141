"""What dltlab stands on here: versions, devices, terminal, folders. For people, and for reports of bugs."""

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from dltlab import __version__, folders
from dltlab.errors import UsageError
from dltlab.scenario import folder, gallery
from dltlab.session import live
from dltlab.terminal import fit

_PACKAGES: Final = ("jax", "jaxlib", "optax", "equinox", "numpy", "textual", "plotext", "msgspec", "click", "tomli")
_LONGEST: Final = 60


def report() -> Iterator[tuple[str, str]]:
    """What there is to know, as a name and a value; a value that opens with "!" is a fault."""
    yield "dltlab", f"{__version__} ({Path(__file__).parent})"
    yield "python", f"{platform.python_version()} ({sys.executable})"
    yield "system", f"{platform.platform()}, {os.cpu_count()} processors"
    for package in _PACKAGES:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            yield package, "! not installed; install dltlab again."
    yield from _devices()
    yield from _terminal()
    yield "gallery", f"{len(gallery())} scenarios ({folder()})"
    for name, where in (("sessions", folders.sessions), ("cache", folders.cache), ("runtime", folders.runtime)):
        yield name, _writable(where)


def _devices() -> Iterator[tuple[str, str]]:
    """What JAX finds, asked in a process of its own: JAX never enters this one."""
    order, where = [*live.ENGINE, "doctor"], live.environment()
    try:
        done = subprocess.run(
            order, capture_output=True, text=True, timeout=_LONGEST, stdin=subprocess.DEVNULL, env=where
        )
    except subprocess.TimeoutExpired:
        yield "devices", f"! the engine said nothing for {_LONGEST} seconds."
        return
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        yield "devices", f"! the engine ended with exit code {done.returncode}: {last[0]}"
        return
    told = json.loads(done.stdout)
    yield "devices", ", ".join(told["devices"])
    yield "processor", f"{told['device']['processor']}, {told['threads']} threads of XLA"
    yield "bits", f"fingerprint {told['fingerprint']}: equal ones promise equal bits"


def _terminal() -> Iterator[tuple[str, str]]:
    size = shutil.get_terminal_size()
    encoding = getattr(sys.__stderr__, "encoding", None)
    yield "terminal", f"{size.columns}x{size.lines}, TERM={os.environ.get('TERM', '')}, {encoding}"
    try:
        fit.require_terminal()
        options = fit.settled(fit.Options())
        yield "screen", f"{options.glyphs} glyphs, {options.colours} colours, {options.fps:g} frames a second"
    except UsageError as fault:
        yield "screen", f"! {fault}"


def _writable(where: Callable[[], Path]) -> str:
    try:
        return str(where())
    except UsageError as fault:
        return f"! {fault}"

"""Where files go: sessions, caches, sockets.

``DLTLAB_DATA_DIR`` and ``DLTLAB_CACHE_DIR`` come first, then the XDG variables, then what
is usual on the platform.
"""

import hashlib
import os
import re
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

import platformdirs

from dltlab import records
from dltlab.errors import UsageError
from dltlab.text import one_line

LONGEST_SOCKET: Final = 100
"""Bytes that a Unix socket's path may take everywhere (Linux allows 107, macOS 103)."""


def data() -> Path:
    """The folder that holds what should be kept. Nothing is made."""
    return _chosen("DLTLAB_DATA_DIR", "XDG_DATA_HOME") or platformdirs.user_data_path("dltlab", appauthor=False)


def cache() -> Path:
    """The folder for what can be made again; made if need be."""
    usual = _chosen("DLTLAB_CACHE_DIR", "XDG_CACHE_HOME") or platformdirs.user_cache_path("dltlab", appauthor=False)
    return _made(usual, "cache", "DLTLAB_CACHE_DIR")


def sessions() -> Path:
    """The folder of recordings, open to its owner alone; made if need be."""
    # Path.mkdir makes parents as open as the umask lets it, and who can swap the folder above can swap this one.
    return _made(_made(data(), "data", "DLTLAB_DATA_DIR") / "sessions", "sessions", "DLTLAB_DATA_DIR")


def runtime() -> Path:
    """The folder of sockets, owned by us and closed to all others; made if need be.

    Raises:
        UsageError: Somebody else owns it, or may look into it.
    """
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(given) and os.path.isdir(given) and len(os.fsencode(given)) + 40 < LONGEST_SOCKET:
        return _private(Path(given) / "dltlab", "XDG_RUNTIME_DIR")
    mine = Path(tempfile.gettempdir()) / f"dltlab-{os.getuid()}"
    short = len(os.fsencode(mine)) + 40 < LONGEST_SOCKET
    return _private(mine if short else Path("/tmp") / mine.name, "XDG_RUNTIME_DIR")


def socket_path(session: Path) -> Path:
    """Where the engine of a session listens: short enough for every kernel, and of this session alone."""
    digest = hashlib.sha256(os.fsencode(os.path.realpath(session))).hexdigest()
    return runtime() / f"{digest[:20]}.sock"


def new_session_path(scenario: str) -> Path:
    """A path for a new recording: when it started, of which scenario, and a count if both are taken."""
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{_slug(Path(scenario).stem, 40)}"
    folder, count = sessions(), 1
    while True:
        path = folder / f"{stem}{f'-{count}' if count > 1 else ''}{records.SUFFIX}"
        if not os.path.lexists(path) and not os.path.lexists(log_path(path)):
            return path
        count += 1


def unused(session: Path) -> None:
    """Raise UsageError where a new recording cannot have this path, since there is something already."""
    if os.path.lexists(session):
        raise UsageError(f"{one_line(str(session))}: there is a file already; choose another name or remove it.")


def log_path(session: Path) -> Path:
    """Beside a recording, where its engine's last words go."""
    return session.with_name(session.name.removesuffix(records.SUFFIX) + ".log")


def notes_path(session: Path) -> Path:
    """Beside a recording, where notes by hand and the answers of a class go."""
    return session.with_name(session.name.removesuffix(records.SUFFIX) + ".notes.jsonl")


def viewers_path(session: Path) -> Path:
    """Beside a recording, the file that those who watch it lock together while its engine lives."""
    return session.with_name(session.name.removesuffix(records.SUFFIX) + ".viewers")


def _slug(text: str, longest: int) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:longest] or "session"


def _chosen(own: str, xdg: str) -> Path | None:
    """What the environment asks for; a relative XDG path is to be ignored, says its standard."""
    if given := os.environ.get(own):
        return Path(given).expanduser().absolute()
    given = os.environ.get(xdg, "")
    return Path(given) / "dltlab" if os.path.isabs(given) else None


def _made(folder: Path, noun: str, variable: str) -> Path:
    name, cure = one_line(str(folder)), f"set {variable} to a folder that you may write to."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"{name}: the {noun} folder cannot be made ({fault.strerror}); {cure}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{name}: the {noun} folder cannot be written to; {cure}")
    return folder


def _private(folder: Path, variable: str) -> Path:
    """Make a folder that nobody else can enter or swap; another's folder is refused, not mended."""
    _made(folder, "runtime", variable)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        fault = "is not a folder that you alone can enter"
        raise UsageError(f"{one_line(str(folder))}: {fault}; remove it, or set {variable} to a folder of mode 0700.")
    return folder

"""How an export gets to its place: whole under its name, or not at all.

The file grows under a name of its own beside the place, is brought to the disk, and takes the place
in one move. Whatever ends it before (Ctrl-C, a full disk, a fault) leaves what stood there before.
"""

import contextlib
import errno
import fnmatch
import importlib.util
import io
import os
import secrets
import signal
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn, cast

from msgspec import structs

from dltlab import folders, guard, records
from dltlab.errors import UsageError
from dltlab.exports.abstract import AbstractExport, Wanted
from dltlab.exports.exported import Exported
from dltlab.extras import install
from dltlab.progress import Progress
from dltlab.text import one_line

STDOUT: Final = Path("-")
_BUFFER: Final = 1 << 20
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


def find(formats: Mapping[str, AbstractExport], out: Path, name: str = "") -> AbstractExport:
    """The format of that name; without one, the one that OUT's name asks for.

    Raises:
        UsageError: There is none, with a list of those that there are.
    """
    if name:
        if name in formats:
            return formats[name]
        raise UsageError(f"{one_line(name)}: no such format; choose {_listed(formats)}.")
    if out == STDOUT:
        raise UsageError(f"- does not say which format; add --format with {_listed(formats)}.")
    if out.name.lower().endswith(records.SUFFIX):
        raise UsageError(f"{one_line(str(out))}: so recordings are named; call an export something else, say …jsonl.")
    for export in formats.values():
        if any(fnmatch.fnmatchcase(out.name.lower(), pattern) for pattern in export.patterns):
            return export
    known = ", ".join(export.patterns[0] for export in formats.values())
    raise UsageError(f"{one_line(str(out))}: its name does not say which format; name it {known}, or add --format.")


def check(export: AbstractExport, wanted: Wanted) -> None:
    """Find out whether a format can do what is asked of it. Raises UsageError if it cannot."""
    for option, value in structs.asdict(wanted).items():
        if value is not None and option not in export.takes:
            raise UsageError(f"--{option.rstrip('_')} says nothing about {export.name}; leave it out.")
    missing = [module for module in export.modules if importlib.util.find_spec(module) is None]
    if missing:
        needed = " and ".join(missing)
        raise UsageError(f"{export.name} needs {needed}, which is not installed: {install(export.extra)}")


def deliver(export: AbstractExport, path: Path, out: Path, wanted: Wanted, *, mode: str = "") -> Exported:
    """Export a recording.

    Args:
        export: The format.
        path: The recording, which is only read.
        out: Where to; ``-`` for standard output.
        wanted: What is asked of the export.
        mode: How it is told how far it is: see :class:`~dltlab.progress.Progress`.

    Raises:
        RecordingError: The file is no recording.
        UsageError: It cannot be exported so, or there.
    """
    check(export, wanted)
    session = Exported(path)
    _spare(path, out)
    with _ended_by_signals(), Progress(out.name if out != STDOUT else export.name, mode=mode) as progress:
        if out == STDOUT:
            stream = _stdout(export)
            try:
                export.write(session, stream, wanted, progress.show)
                stream.flush()
            except BrokenPipeError:
                raise
            except OSError as fault:
                raise guard.refused(fault) from None
        else:
            try:
                with placed(out) as stream:
                    export.write(session, stream, wanted, progress.show)
            except OSError as fault:
                raise _unwritable(out, fault) from None
    return session


@contextlib.contextmanager
def placed(out: Path) -> Iterator[BinaryIO]:
    """A stream that becomes the file ``out`` when its block ends well, and nothing when it does not.

    A link stays a link, and a device or a pipe is written to as it is. Raises OSError.
    """
    target = Path(os.path.realpath(out))
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if mode is not None and not stat.S_ISREG(mode):
        with target.open("wb", buffering=_BUFFER) as stream:
            yield stream
        return
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    growing = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(growing, flags, 0o666 if mode is None else stat.S_IMODE(mode))
    try:
        with open(file, "wb", buffering=_BUFFER) as stream:
            yield stream
            stream.flush()
            os.fsync(file)
        os.replace(growing, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(growing)
        raise
    _settle(target.parent)


def _settle(folder: Path) -> None:
    """Have the new name itself reach the disk, where the file system can promise that."""
    with contextlib.suppress(OSError):
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _spare(path: Path, out: Path) -> None:
    """Refuse to write over a recording, this one or another, and over what was noted about it."""
    for kept, noun in ((path, "the recording itself"), (folders.notes_path(path), "where its notes are kept")):
        with contextlib.suppress(OSError):
            if out != STDOUT and os.path.samefile(kept, out):
                raise UsageError(f"{one_line(str(out))}: this is {noun}; choose another name.")
    # A link is followed when it is written to.
    if any(name.lower().endswith(records.SUFFIX) for name in (out.name, os.path.realpath(out))):
        raise UsageError(f"{one_line(str(out))}: so recordings are named; call an export something else.")


def _unwritable(out: Path, fault: OSError) -> UsageError:
    cures = {
        errno.ENOSPC: "make room, or choose another place.",
        errno.EDQUOT: "make room, or choose another place.",
        errno.EISDIR: "name a file in it.",
        errno.ENOENT: "make its folder first, or choose another place.",
    }
    why, cure = fault.strerror or type(fault).__name__, cures.get(fault.errno or 0, "choose another place.")
    return UsageError(f"{one_line(str(out))}: cannot be written ({one_line(why)}); {cure}")


def _stdout(export: AbstractExport) -> BinaryIO:
    """Standard output for bytes; a terminal is shown text alone, and through what guards it."""
    if not sys.stdout.isatty():
        return sys.stdout.buffer
    if not export.text:
        raise UsageError(f"{export.name} is no text that a terminal could show; give it a file, or a pipe.")
    return cast("BinaryIO", _Shown())


class _Shown(io.RawIOBase):
    """Bytes of UTF-8 in, text on the terminal out."""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any, /) -> int:
        """Show whole characters; exports write whole lines."""
        sys.stdout.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def flush(self) -> None:
        """Have it shown."""
        sys.stdout.flush()


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let those who are asked to end clear up first, as Ctrl-C does by itself."""

    def end(number: int, frame: object) -> NoReturn:  # noqa: ARG001
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listed(formats: Mapping[str, AbstractExport]) -> str:
    return ", ".join(formats) or "none"

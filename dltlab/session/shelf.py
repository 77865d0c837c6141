"""The sessions that were kept, newest first, known by their first line and their last."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from dltlab import catalog, folders, records
from dltlab.errors import RecordingError, UsageError
from dltlab.records import Event, Footer, Frames, Header, Record
from dltlab.session.holding import held
from dltlab.session.recording import Follower, engine_alive
from dltlab.text import one_line
from dltlab.values import shortened

State = Literal["running", "finished", "stopped", "diverged", "failed", "died"]
_ENDS: Final[dict[str, State]] = {
    "finished": "finished",
    "stopped": "stopped",
    "diverged": "diverged",
    "failed": "failed",
}
_NAMED: Final = 8
"""Sessions that a refusal names at most, the newest."""
_TAIL: Final = 1 << 16
_LONGEST_TAIL: Final = 1 << 22


@dataclass(frozen=True)
class Kept:
    """One session of the shelf."""

    path: Path
    header: Header
    state: State
    step: int
    """The last step that the end of the file tells of; 0 where it tells of none."""
    size: int
    paused: bool = False
    """Whether its engine runs and holds."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.path.name.removesuffix(records.SUFFIX)


def kept(folder: Path | None = None) -> list[Kept]:
    """The recordings of a folder (the sessions folder, if none is given), newest first.

    Files that are no recordings, or cannot be read, are passed over: something else may lie there. What is newest
    is so by the clock that the machine had then.

    Raises:
        UsageError: The folder itself cannot be read.
    """
    found = []
    for path in _files(folder or _folder()):
        try:
            found.append(look(path))
        except RecordingError:
            continue
    return sorted(found, key=lambda one: (one.header.started, one.name), reverse=True)


def _folder() -> Path:
    """Of sessions; it need not be there."""
    return folders.data() / "sessions"


def _files(folder: Path) -> list[Path]:
    """What may be recordings there. What is only read need not be ours to write to, nor be there."""
    try:
        with os.scandir(folder) as there:
            return [Path(one.path) for one in there if one.name.endswith(records.SUFFIX)]
    except FileNotFoundError:
        return []
    except OSError as fault:
        name, cure = one_line(str(folder)), "set DLTLAB_DATA_DIR to a folder that you may read."
        raise UsageError(f"{name}: the sessions folder cannot be read ({fault.strerror}); {cure}") from None


def look(path: Path) -> Kept:
    """One recording, without reading its middle. Raises RecordingError where there is none."""
    follower = Follower(path)
    try:
        follower.read(_TAIL >> 2)
        if follower.header is None:
            raise RecordingError(f"{one_line(str(path))}: the file holds no whole record yet.")
        alive = engine_alive(path, follower.header.pid)
        step, footer, size, paused = _end(path, alive=alive)
        state = "running" if alive else _ENDS.get(footer.reason, "failed") if footer else "died"
        return Kept(path, follower.header, state, step, size, paused)
    except OSError as fault:
        raise RecordingError(f"{one_line(str(path))}: cannot be read ({fault.strerror}).") from None
    finally:
        follower.close()


def find(name: str) -> Path:
    """The recording of that path, that name, that beginning of a name; ``last`` or nothing for the newest.

    Raises:
        UsageError: There is none, or several begin so.
    """
    if "/" in name or (name and os.path.lexists(name)):
        return Path(name)
    wanted = name.removesuffix(records.SUFFIX)
    if name not in ("", "last"):
        # One that has just this name costs no look at the others.
        with contextlib.suppress(RecordingError):
            return look(_folder() / f"{wanted}{records.SUFFIX}").path
    there = kept()
    names = {one.name: one.path for one in there}
    if name in ("", "last") and there:
        return there[0].path
    begin = [] if not wanted else [one for one in names if one.startswith(wanted)]
    if len(begin) == 1:
        return names[begin[0]]
    if not names:
        raise UsageError(f"{one_line(name) or 'last'}: no session is kept yet; `dltlab run SCENARIO` records one.")
    raise UsageError(f"{shortened(one_line(name))}: {one_line(_not_one(wanted, list(names)))}")


def _not_one(wanted: str, names: Sequence[str]) -> str:
    """Why a name means no session, or several; and what to type. The names are newest first."""
    begin = [one for one in names if one.startswith(wanted)]
    inside = [one for one in names if wanted in one]
    found = begin or inside
    if not found:
        cure = catalog.near_miss(wanted, names[:_NAMED])
        return f"no session's name begins so; {cure} `dltlab sessions` lists them."
    told = " or ".join(found[:_NAMED])
    more = len(found) - _NAMED
    rest = f", or one of {more} more that `dltlab sessions` lists" if more > 0 else ""
    if begin:
        return f"{len(begin)} sessions' names begin so; type more of it: {told}{rest}."
    have = "one has it inside" if len(inside) == 1 else f"{len(inside)} have it inside"
    return f"no session's name begins so, though {have}; type {told}{rest}."


def _end(path: Path, *, alive: bool) -> tuple[int, Footer | None, int, bool]:
    """The last step told of, the footer if it stands last, the size of the file, and whether a living engine holds."""
    size, wanted = path.stat().st_size, _TAIL
    while True:
        with path.open("rb") as stream:
            stream.seek(max(0, size - wanted))
            tail = stream.read(wanted)
        # The first line of the tail is cut, unless the tail is the file.
        newest = tail.split(b"\n")[0 if wanted >= size else 1 : -1][::-1]
        footer = next((record for record in _read(newest[:1]) if isinstance(record, Footer)), None)
        last = next((record for record in _read(newest) if isinstance(record, Frames | Footer)), None)
        step = last.step if last is not None else 0
        events = _read(line for line in newest if records.begins(line, Event))
        paused = held((record for record in events if isinstance(record, Event)), step) if alive else False
        if (last is not None and paused is not None) or wanted >= min(size, _LONGEST_TAIL):
            return step, footer, size, bool(paused)
        wanted *= 4


def _read(lines: Iterable[bytes]) -> Iterator[Record]:
    """The records of those lines that can be read."""
    for line in lines:
        with contextlib.suppress(RecordingError):
            if (record := records.decode(line)) is not None:
                yield record

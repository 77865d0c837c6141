"""What became of the sessions that were kept: judged once, and remembered in the cache folder.

Read by threads behind the gallery; what is heavy is imported where it is used, so that the first
screen is painted without NumPy.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from dltlab import __version__
from dltlab.errors import DltlabError

if TYPE_CHECKING:
    from dltlab.records import Header
    from dltlab.session.history import History
    from dltlab.session.shelf import Kept

LARGEST: Final = 1 << 26
"""Bytes of a recording beyond which the gallery does not read it; the bench does."""
_MET: Final = "met"


def stands(one: Kept) -> str:
    """How a session stands, in a word: of those whose engines run, which are held."""
    return "paused" if one.paused else one.state


class Outcome(Struct, frozen=True):
    """How many claims of a session stand how, and of which state of its file that was said."""

    holds: int
    fails: int
    pending: int
    turns: int
    """Knobs turned and kicks given: with some it is not the scenario alone that was judged."""
    size: int
    changed: int
    """The file's time of change, in nanoseconds."""
    version: str


def newest(kept: Sequence[Kept], names: Sequence[str], folder: Path) -> dict[str, Kept]:
    """The newest recording of each scenario of the gallery; ``kept`` comes newest first."""
    found: dict[str, Kept] = {}
    for one in kept:
        source = one.header.source
        path = Path(source)
        name = path.stem if path.suffix == ".toml" and path.parent == folder else source
        if name in names:
            found.setdefault(name, one)
    return found


def history_of(path: Path, stop: Callable[[], bool]) -> History | None:
    """A recording, folded; None if it is too large, is none, or somebody says stop meanwhile."""
    from dltlab.session.history import History
    from dltlab.session.recording import header_of, opened

    try:
        if path.stat().st_size > LARGEST:
            return None
        follower, found = opened(path)
    except (DltlabError, OSError):
        return None
    try:
        history = History(header_of(follower))
        while found and not stop():
            history.extend(found)
            found = follower.read()
    except DltlabError:
        return None
    else:
        return None if found else history
    finally:
        follower.close()


def remembered(one: Kept) -> Outcome | None:
    """What was found before, if the recording has not changed since."""
    try:
        told = msgspec.json.decode(_note(one).read_bytes(), type=Outcome)
        state = one.path.stat()
    except (OSError, DltlabError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    same = (told.size, told.changed, told.version) == (state.st_size, state.st_mtime_ns, __version__)
    return told if same else None


def judged(one: Kept, history: History) -> Outcome:
    """Judge a recording, and remember what was found."""
    from dltlab.claims import judge_all, recorded

    counted = Counter(verdict.status for verdict in judge_all(recorded.of(history.header), history))
    holds, fails, pending = counted["holds"], counted["fails"], counted["not yet"]
    turns = sum(event.what in ("turn", "kick") for event in history.events)
    with contextlib.suppress(OSError, DltlabError):
        state = one.path.stat()
        outcome = Outcome(holds, fails, pending, turns, state.st_size, state.st_mtime_ns, __version__)
        note = _note(one)
        note.parent.mkdir(mode=0o700, exist_ok=True)
        # Another viewer may be reading it.
        fresh = note.with_name(f"{note.name}.{os.getpid()}")
        fresh.write_bytes(msgspec.json.encode(outcome))
        fresh.replace(note)
        return outcome
    return Outcome(holds, fails, pending, turns, 0, 0, __version__)


def _note(one: Kept) -> Path:
    from dltlab import folders

    return folders.cache() / "outcomes" / f"{one.name[:200]}.json"


def met() -> bool:
    """Whether anybody has been here before."""
    from dltlab import folders

    return os.path.exists(folders.data() / _MET)


def meet() -> None:
    """Remember that somebody was; where nothing can be written it is forgotten again."""
    from dltlab import folders

    with contextlib.suppress(OSError):
        folders.data().mkdir(mode=0o700, parents=True, exist_ok=True)
        (folders.data() / _MET).touch(mode=0o600)


def when(header: Header, now: datetime) -> str:
    """When a session began, as one says it: "12 min ago", "today 14:02", "yesterday 9:30", "3 Nov 2026"."""
    began = header.began(now.tzinfo)
    if began is None:
        return ""
    past = now - began
    if timedelta(0) <= past < timedelta(hours=1):
        minutes = int(past.total_seconds() // 60)
        return f"{minutes} min ago" if minutes else "just now"
    clock = f"{began.hour}:{began.minute:02d}"
    if began.date() == now.date():
        return f"today {clock}"
    if began.date() == now.date() - timedelta(days=1):
        return f"yesterday {clock}"
    return f"{began.day} {began:%b} {began.year}"

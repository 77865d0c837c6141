"""What forks changed where they began: their headers say only of whom they are and from which step on."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from dltlab import records
from dltlab.errors import RecordingError
from dltlab.records import Event, Header
from dltlab.session import compare
from dltlab.session.compare import Value, value_of
from dltlab.session.shelf import Kept
from dltlab.soundness import fault_of
from dltlab.text import one_line
from dltlab.values import shortened

_LONGEST: Final = 1 << 16
"""Bytes of an event's line."""


def apart(kept: Sequence[Kept]) -> list[str]:
    """For each session what it changed, where others were forked of the same one at the same step and did not."""
    alike: dict[tuple[str, int], list[int]] = {}
    for place, one in enumerate(kept):
        if one.header.forked >= 0:
            alike.setdefault((one.header.parent, one.header.forked), []).append(place)
    told = [""] * len(kept)
    for places in alike.values():
        # They lie in the middle of their files, and are looked for where there is something to tell apart.
        found = [changes(kept[place].path, kept[place].header) if len(places) > 1 else None for place in places]
        if any(one != found[0] for one in found):
            shown = compare.shown([one or {} for one in found], compare.BRIEF)
            for place, one, changed in zip(places, shown, found, strict=True):
                told[place] = _told(one, changed) if changed is not None else ""
    return told


def _told(shown: Mapping[str, str], changed: Collection[str]) -> str:
    return compare.listed([f"{shortened(key, compare.BRIEF)}={shown[key]}" for key in changed]) or "unchanged"


def changes(path: Path, header: Header) -> dict[str, Value] | None:
    """What a fork began with: its draws anew, knobs by their names, a kick; None where its recording does not say."""
    for line in _forks(path, header.forked):
        with contextlib.suppress(RecordingError):
            event = records.decode(line)
            # A fork's parent may be one too, and of the same step.
            if isinstance(event, Event) and not fault_of(event, header) and event.data.get("parent") == header.parent:
                return _changed(event.data)
    return None


def _changed(data: Mapping[str, object]) -> dict[str, Value]:
    told = {"seed": value_of(data["seed"])} if data.get("seed") is not None else {}
    turns = data.get("turns")
    for knob, value in turns.items() if isinstance(turns, dict) else ():
        told[one_line(str(knob))] = value_of(value)
    if isinstance(kick := data.get("kick"), int | float):
        way = " along the lowest curvature" if data.get("direction") == "lowest" else ""
        told["kick"] = value_of(kick, way, 4)
    return told


def _forks(path: Path, step: int) -> Iterator[bytes]:
    """The lines of a recording that tell of a fork at this step; of one that is too long for an event a piece."""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        for line in iter(partial(stream.readline, _LONGEST), b""):
            if records.begins(line, Event, step=step, what="fork"):
                yield line.rstrip(b"\n")

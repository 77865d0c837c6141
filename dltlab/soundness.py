"""Whether a record that reads well also makes sense: what a crafted file could do harm with.

A checksum keeps accidents out, not intent. Sizes are bounded before anybody allocates by
them, and every column must have the shape that the header promised.
"""

import math
from typing import Final

import numpy as np

from dltlab import seeds
from dltlab.errors import RecordingError
from dltlab.records import DTYPES, Event, Footer, Frames, Header, Keyframe, Part, Record, Series

LARGEST_STEP: Final = 1 << 53
LARGEST_READING: Final = 1 << 24
"""Numbers in one reading of all series together."""
MOST_READINGS: Final = 1 << 24
"""Readings of one series in one record."""


def fault_of(record: Record, header: Header | None) -> str:
    """What is wrong with a record of this session; empty if nothing is."""
    match record:
        case Header():
            return _header_fault(record)
        case Frames() if header is not None:
            return _frames_fault(record, {series.name: series for series in header.series})
        case Event() if record.what == "turn":
            return _step_fault(record.step) or _turn_fault(record)
        case Event() if record.what == "kick":
            return _step_fault(record.step) or _kick_fault(record)
        case Event() if record.what == "fork":
            return _step_fault(record.step) or _fork_fault(record)
        case Event() | Footer() | Keyframe():
            return _step_fault(record.step)
        case _:
            return ""


def _step_fault(step: int) -> str:
    return "" if 0 <= step <= LARGEST_STEP else "a step beyond all bounds"


def _turn_fault(event: Event) -> str:
    value = event.data.get("value")
    named = isinstance(event.data.get("knob"), str)
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return "" if named and number else "a turn without its knob and value"


def _kick_fault(event: Event) -> str:
    radius, direction = event.data.get("radius"), event.data.get("direction")
    number = isinstance(radius, int | float) and not isinstance(radius, bool) and 0 < radius < 1e300
    return "" if number and direction in ("random", "lowest") else "a kick without its radius and direction"


def _fork_fault(event: Event) -> str:
    seed = event.data.get("seed")
    return (
        "" if seed is None or (type(seed) is int and 0 <= seed <= seeds.LARGEST) else "a fork with an impossible seed"
    )


def _header_fault(header: Header) -> str:
    if not 0 <= header.steps <= LARGEST_STEP or not 1 <= header.every <= LARGEST_STEP:
        return "steps beyond all bounds"
    if not -1 <= header.forked <= LARGEST_STEP:
        return "a fork beyond all bounds"
    if not header.seeds or len(header.seeds) > 1 << 16 or max(len(header.series), len(header.knobs)) > 1 << 12:
        return "no seeds, or too many seeds, series or knobs"
    if len({series.name for series in header.series}) < len(header.series):
        return "two series of one name"
    if fault := _arms_fault(header):
        return fault
    total = 0
    for series in header.series:
        # A reading of nothing would take no bytes, so that a line could claim any number of them.
        possible = len(series.shape) <= 8 and all(1 <= length <= LARGEST_READING for length in series.shape)
        if series.dtype not in DTYPES or not possible:
            return "a series of impossible dtype or shape"
        if len(series.axes) != len(series.shape) or not 1 <= series.every <= LARGEST_STEP:
            return "a series whose axes do not fit its shape"
        total += math.prod(series.shape)
    return "readings larger than this dltlab takes" if total > LARGEST_READING else ""


def _arms_fault(header: Header) -> str:
    """Every series of a session with arms leads with them, and with as many seeds as there are."""
    arms = header.arms
    if not arms:
        return ""
    if len(arms) > 1 << 12 or len({arm.name for arm in arms}) < len(arms):
        return "too many arms, or two of one name"
    if any(not 1 <= arm.seeds <= len(header.seeds) for arm in arms):
        return "an arm with seeds that the session does not have"
    lead = (len(arms), len(header.seeds))
    if any(one.axes[:2] != ("arm", "seed") or one.shape[:2] != lead for one in header.series):
        return "a series without its arms"
    return ""


def _frames_fault(frames: Frames, known: dict[str, Series]) -> str:
    if fault := _step_fault(frames.step):
        return fault
    return next((fault for part in frames.parts if (fault := _part_fault(part, known))), "")


def _part_fault(part: Part, known: dict[str, Series]) -> str:
    if not 0 <= part.count <= MOST_READINGS or part.stride < 1 or part.first < 0:
        return "readings at impossible steps"
    if part.first + part.stride * part.count > LARGEST_STEP:
        return "a step beyond all bounds"
    if part.count > max((len(column.data) for column in part.columns.values()), default=0):
        return "more readings than it has bytes"
    for name, column in part.columns.items():
        series = known.get(name)
        if series is None:
            continue
        if column.shape != (part.count, *series.shape):
            return "a column of another shape than its series"
        if column.dtype not in DTYPES or not np.can_cast(column.dtype, series.dtype, "same_kind"):
            return "a column of another dtype than its series"
        try:
            column.numpy()
        except RecordingError:
            return "a column whose bytes do not fill its shape"
    return ""

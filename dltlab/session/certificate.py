"""What a comparison of two recordings says: in sentences for people, in JSON for programs."""

import math
import textwrap
from typing import Final

import msgspec
from msgspec.structs import replace

from dltlab.records import Header
from dltlab.session import compare
from dltlab.session.diff import END, STATE, Comparison, Place, Told
from dltlab.text import component, one_line

FORMAT: Final = "dltlab-diff/1"
WIDTH: Final = 80
_MOST: Final = 6
"""What sets two recordings apart, and series that only one has, are told up to so many."""


def lines(found: Comparison, one: Told, other: Told, names: tuple[str, str], *, again: bool = False) -> list[str]:
    """The certificate: what was found, what was compared, and what stands in the way of more.

    Args:
        found: The comparison.
        one: The first recording.
        other: The second.
        names: What the two are called.
        again: Whether the second one is the first, computed again.
    """
    headers, names = (one.history.header, other.history.header), (one_line(names[0]), one_line(names[1]))
    told = [_verdict(found, headers), *_places(found, headers[0], names), _compared(found, one if again else None)]
    if again and len(one.states) > found.states:
        rest = _many(len(one.states) - found.states, "state")
        told.append(f"Not compared: {rest} kept after a member had diverged, which strays from chunk to chunk.")
    told += [f"In {name}: {one_line(each.note)}" for name, each in zip(names, (one, other), strict=True) if each.note]
    if one.reached != other.reached:
        told.append(f"Step {one.reached:,} is the last in {names[0]}, step {other.reached:,} in {names[1]}.")
    told += _lacking(found, names)
    told += [_left(each, name) for each, name in zip((one, other), names, strict=True) if each.seeds]
    told = [line for paragraph in told for line in textwrap.wrap(paragraph, WIDTH, subsequent_indent="  ")]
    return [*told, *(_apart(one, other) if found.verdict == "differs" and not again else [])]


def _verdict(found: Comparison, headers: tuple[Header, Header]) -> str:
    """The finding, in a line."""
    prints = [one_line(header.fingerprint) or "none" for header in headers]
    same = prints[0] == prints[1] != "none"
    machines = f"fingerprint {prints[0]}" if same else f"fingerprints {prints[0]} and {prints[1]}"
    match found.verdict:
        case "identical":
            return f"Identical, bit for bit{'' if same else ', though on another fingerprint'} ({machines})."
        case "within tolerance":
            return f"Within tolerance, on another fingerprint ({machines})."
        case _:
            return f"Differs ({machines})."


def _places(found: Comparison, header: Header, names: tuple[str, str]) -> list[str]:
    """The first difference that is too large, and the largest one."""
    first, largest = found.first, found.largest
    told = [f"First {_place(first, header, names)}."] if first else []
    if largest and not (first and largest.at == first.at):
        told.append(f"Largest relative difference {_place(largest, header, names)}.")
    return told + (
        [f"Allowed is a relative difference of {found.tolerance:.2g}."] if found.tolerance and largest else []
    )


def _place(place: Place, header: Header, names: tuple[str, str]) -> str:
    """Where two recordings differ, and what stands there in each."""
    at = f"at step {place.step:,} in {one_line(place.series)}"
    if place.series == STATE:
        return f"{at}: it is another one, or not that of its digest"
    if place.series == END:
        return f"at step {place.step:,}: {names[1]} ends there, {names[0]} goes on"
    if place.values is None:
        return f"{at}: only one of them has this reading, or it has another shape"
    whose = _component(place, header)
    one, other = (f"{value:.17g}" for value in place.values)
    share = "∞" if place.relative == math.inf else f"{place.relative:.2g}"
    return f"{at}{f' ({whose})' if whose else ''}: {one} in {names[0]}, {other} in {names[1]} (relative: {share})"


def _component(place: Place, header: Header) -> str:
    """Which number of a reading: its arm, seed and component."""
    series = next(one for one in header.series if one.name == place.series)
    told = []
    for axis, length, index in zip(series.axes, series.shape, place.index, strict=False):
        if axis == "arm" and index < len(header.arms):
            told.append(f"arm {one_line(header.arms[index].name)}")
        elif axis == "seed" and index < len(header.seeds):
            told.append(f"seed {header.seeds[index]}" if length > 1 else "")
        else:
            told.append(component((axis,), index))
    return ", ".join(filter(None, told))


def _compared(found: Comparison, again: Told | None) -> str:
    """How much was compared."""
    what = f"{_many(found.readings, 'reading')} of {found.series} series"
    acts, forks = _acts(again) if again else (0, 0)
    done = [_many(acts, "intervention")] * (acts > 0) + [_many(forks, "fork")] * (forks > 0)
    more = f"; {' and '.join(done)} done again" if done else ""
    return f"Compared: {what} and {_many(found.states, 'kept state')}, up to step {found.upto:,}{more}."


def _acts(told: Told) -> tuple[int, int]:
    """What was done to a session: turns and kicks, and forks."""
    kinds = [event.what for event in told.history.events]
    return kinds.count("turn") + kinds.count("kick"), kinds.count("fork")


def _lacking(found: Comparison, names: tuple[str, str]) -> list[str]:
    told = [
        f"{_many(count, 'reading')} before that step only in {name}."
        for count, name in zip(found.missing, names, strict=True)
        if count
    ]
    for series, name in zip(found.alone, names, strict=True):
        if series:
            more = f" and {len(series) - _MOST} more" if len(series) > _MOST else ""
            told.append(f"Only in {name}: {', '.join(map(one_line, series[:_MOST]))}{more}.")
    return told


def _left(told: Told, name: str) -> str:
    """Whose readings were not compared."""
    both, left = compare.seeds_of(told.history.header.seeds), compare.seeds_of(told.seeds)
    return f"Of {name} only {both}, which both have, not {left}; states are kept of all seeds and were left out."


def _apart(one: Told, other: Told) -> list[str]:
    """What sets two recordings apart that are not the same."""
    rows = compare.differences([one.history, other.history])
    told = [f"  {row.kind} {row.key}: {row.values[0]} | {row.values[1]}" for row in rows[:_MOST]]
    more = [f"  … and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return ["What sets them apart:", *told, *more] if told else []


def _cleaned(place: Place | None) -> Place | None:
    return None if place is None else replace(place, series=one_line(place.series))


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def json(found: Comparison, one: Told, other: Told, names: tuple[str, str], *, again: bool = False) -> str:
    """The same as JSON; what is not finite is null.

    ``verdict``, ``first`` and ``largest`` difference (step, series, index within the reading, the two values,
    relative), how much was ``compared``, and of both recordings session, fingerprint, step reached, note.
    """
    prints = [each.history.header.fingerprint for each in (one, other)]
    report = {
        "format": FORMAT,
        "verdict": found.verdict,
        "again": again,
        "same_fingerprint": prints[0] == prints[1] != "",
        "tolerance": found.tolerance,
        "compared": {
            "upto": found.upto,
            "series": found.series,
            "readings": found.readings,
            "states": found.states,
            "interventions": _acts(one)[0],
        },
        "first": _cleaned(found.first),
        "largest": _cleaned(found.largest),
        "recordings": [
            {
                "name": one_line(name),
                "session": one_line(each.history.header.session),
                "fingerprint": one_line(each.history.header.fingerprint),
                "reached": each.reached,
                "note": one_line(each.note),
                "seeds_alone": each.seeds,
                "readings_alone": missing,
                "series_alone": [one_line(series) for series in alone],
            }
            for name, each, missing, alone in zip(names, (one, other), found.missing, found.alone, strict=True)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=1).decode()

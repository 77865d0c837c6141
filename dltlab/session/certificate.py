"""What a comparison of two recordings says: in sentences for people, in JSON for programs."""

from typing import Final

import msgspec

from dltlab.records import Header
from dltlab.session import compare
from dltlab.session.diff import STATE, Comparison, Place, Told
from dltlab.text import component, one_line

FORMAT: Final = "dltlab-diff/1"
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
    told = [_verdict(found, headers, names), _compared(found, one if again else None)]
    told += [f"{name}: {one_line(each.note)}" for name, each in zip(names, (one, other), strict=True) if each.note]
    told += _lacking(found, names)
    if one.reached != other.reached:
        told.append(f"{names[0]} reaches step {one.reached:,}, {names[1]} step {other.reached:,}.")
    if found.verdict == "differs" and not again:
        told += _apart(one, other)
    return told


def _verdict(found: Comparison, headers: tuple[Header, Header], names: tuple[str, str]) -> str:
    """The finding, in a sentence."""
    prints = [one_line(header.fingerprint) or "none" for header in headers]
    same = prints[0] == prints[1] != "none"
    machines = f"fingerprint {prints[0]}" if same else f"fingerprints {prints[0]} and {prints[1]}"
    largest, first = found.largest, found.first
    if found.verdict == "identical":
        return f"Identical, bit for bit ({machines})."
    if found.verdict == "within tolerance" and largest is not None:
        return (
            f"Within tolerance, on another fingerprint ({machines}): the largest relative difference is "
            f"{largest.relative:.2g}, {_place(largest, headers[0], names)}; allowed is {found.tolerance:.2g}."
        )
    if first is None:
        return f"Within tolerance, on another fingerprint ({machines}): every reading is the same, kept states are not."
    beyond = "" if same else f", beyond the {found.tolerance:.2g} that another fingerprint is allowed"
    worst = ""
    if largest is not None and largest.values is not None and largest != first:
        worst = f" The largest relative difference is {largest.relative:.2g}, {_place(largest, headers[0], names)}."
    return f"Differs, first {_place(first, headers[0], names)}{beyond} ({machines}).{worst}"


def _place(place: Place, header: Header, names: tuple[str, str]) -> str:
    """Where two recordings differ, and what stands there."""
    at = f"at step {place.step:,} in {one_line(place.series)}"
    if place.series == STATE:
        return f"{at}: its digests are not the same"
    if place.values is None:
        return f"{at}: only one of them has this reading, or has it in this shape"
    whose = _component(place, header)
    one, other = (f"{value:.17g}" for value in place.values)
    share = f" (relative difference {place.relative:.2g})"
    return f"{at}{f' ({whose})' if whose else ''}: {one} in {names[0]}, {other} in {names[1]}{share}"


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
    acts = _acts(again) if again else 0
    done = f"; {_many(acts, 'intervention')} done again" if acts else ""
    what = f"{_many(found.readings, 'reading')} of {found.series} series"
    return f"Compared: {what} and {_many(found.states, 'kept state')} up to step {found.upto:,}{done}."


def _acts(told: Told) -> int:
    """What was done to a session by hand."""
    return sum(event.what in ("turn", "kick", "fork") for event in told.history.events)


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


def _apart(one: Told, other: Told) -> list[str]:
    """What sets two recordings apart that are not the same."""
    rows = compare.differences([one.history, other.history])
    told = [f"  {row.kind} {row.key}: {row.values[0]} | {row.values[1]}" for row in rows[:_MOST]]
    more = [f"  … and {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return ["What sets them apart:", *told, *more] if told else []


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
            "interventions": _acts(one),
        },
        "first": found.first,
        "largest": found.largest,
        "recordings": [
            {
                "name": one_line(name),
                "session": one_line(each.history.header.session),
                "fingerprint": one_line(each.history.header.fingerprint),
                "reached": each.reached,
                "note": one_line(each.note),
                "readings_alone": missing,
                "series_alone": [one_line(series) for series in alone],
            }
            for name, each, missing, alone in zip(names, (one, other), found.missing, found.alone, strict=True)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(report), indent=1).decode()

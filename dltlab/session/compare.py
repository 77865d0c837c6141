"""What sets sessions apart: their scenarios key by key, what was done to them, their seeds and their machines.

Everything is told as one short line, cleaned, so that a table can show it as it stands.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from dltlab.records import Event, Header
from dltlab.session.history import History
from dltlab.text import one_line
from dltlab.values import shortened

NONE: Final = "—"
"""What stands where a session has no such key, or nothing of the kind happened."""
Kind = Literal["scenario", "act", "run", "machine"]
_PROSE: Final = frozenset({"abstract", "look_for", "sources", "tags", "companions"})
_UNSET: Final = frozenset({"title", "panels", "knobs", "questions"})
"""What changes nothing of what is computed and judged."""
_LONGEST: Final = 120
_BRIEF: Final = 40
"""Letters of a setting in a list of sessions."""
_MOST: Final = 4
"""Acts of one kind that are told one by one."""
_DEEPEST: Final = 16


class Difference(NamedTuple):
    """A line of the table: what differs, and how it stands in each session."""

    kind: Kind
    key: str
    values: tuple[str, ...]
    """One a session, in their order."""


def differences(histories: Sequence[History]) -> list[Difference]:
    """What is not the same in all of these sessions: first settings, then acts, then the run, then the machine."""
    headers = [history.header for history in histories]
    found = [
        *_rows("scenario", [_settings(header.scenario) for header in headers]),
        *_rows("act", [_acts(history) for history in histories]),
        *_rows("run", [_run(header) for header in headers]),
        *_rows("machine", [_machine(header) for header in headers]),
    ]
    return [row for row in found if len(set(row.values)) > 1]


def brief(shown: History, other: History) -> str:
    """The one thing that sets another session apart from the shown one, for a legend: ``η = 0.2``, ``seed 3``."""
    if (parent := shown.header.parent) and parent == other.header.session:
        return "parent"
    acts, own = _acts(other), _acts(shown)
    titles = {f"turn {knob.name}": one_line(knob.title or knob.name) for knob in other.header.knobs}
    for key, told in acts.items():
        if told != own.get(key, NONE) and key != "fork":
            return f"{titles.get(key, one_line(key))} {told}"
    settings, mine = _settings(other.header.scenario), _settings(shown.header.scenario)
    symbols = {f"optimizer.{knob.name}": one_line(knob.title or knob.name) for knob in other.header.knobs}
    for key, told in settings.items():
        if told != mine.get(key, NONE) and key.split(".")[0] in ("optimizer", "problem", "arms"):
            return f"{symbols.get(key, key.rsplit('.', 1)[-1])} {told}"
    if other.header.seeds != shown.header.seeds:
        return _seeds(other.header)
    if other.header.parent == shown.header.session and other.header.forked >= 0:
        return f"fork at {other.header.forked:,}"
    return one_line(other.header.session)


def apart(headers: Sequence[Header]) -> list[str]:
    """For each session how it was set where not all of its scenario are set alike: ``optimizer.learning_rate=0.2``.

    Sessions are of one scenario where its source and its title are the same; what only draws or asks is no setting.
    """
    kin: dict[tuple[str, str], list[int]] = {}
    for place, header in enumerate(headers):
        kin.setdefault((header.source, header.title), []).append(place)
    told = [""] * len(headers)
    for places in kin.values():
        shared = set.intersection(*({arm.name for arm in headers[place].arms} for place in places))
        tables = [_set_as(headers[place], shared) for place in places]
        rows = [row for row in _rows("scenario", tables) if len(set(row.values)) > 1]
        for column, place in enumerate(places):
            own = [(row.key, row.values[column]) for row in rows if row.values[column] != NONE]
            told[place] = _listed([f"{key}={shortened(value, _BRIEF)}" for key, value in own])
    return told


def _set_as(header: Header, shared: Collection[str]) -> dict[str, str]:
    """A session's settings; of arms that some of its kin lack nothing but their names."""
    told = {}
    for key, value in _settings(header.scenario).items():
        section, _, rest = key.partition(".")
        if section not in _UNSET and (section != "arms" or rest.split(".")[0] in shared):
            told[key] = value
    return told | ({"arms": " ".join(one_line(arm.name) for arm in header.arms)} if header.arms else {})


def _rows(kind: Kind, tables: Sequence[Mapping[str, str]]) -> Iterator[Difference]:
    for key in dict.fromkeys(key for table in tables for key in table):
        yield Difference(kind, key, tuple(table.get(key, NONE) for table in tables))


def _settings(scenario: Mapping[str, object]) -> dict[str, str]:
    """A scenario's keys, dotted as ``--set`` takes them, and their values."""
    return {one_line(key): _told(value) for key, value in _flat(scenario, "", 0) if key.split(".")[0] not in _PROSE}


def _flat(value: object, at: str, depth: int) -> Iterator[tuple[str, object]]:
    """The leaves of nested tables under dotted keys; tables in a list go by their name, or their place."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for key, item in value.items():
            yield from _flat(item, f"{at}.{key}" if at else str(key), depth + 1)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value) and depth < _DEEPEST:
        for place, item in enumerate(value):
            yield from _flat(item, f"{at}.{item.get('name', place)}", depth + 1)
    else:
        yield at, value


def _told(value: object) -> str:
    """A value as TOML would have it, without the quotes."""
    match value:
        case str():
            text = one_line(value)
        case float():
            text = f"{value:g}"
        case _:
            text = one_line(msgspec.json.encode(value).decode())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _acts(history: History) -> dict[str, str]:
    """Turns by knob, kicks, and where it was forked."""
    told: dict[str, list[str]] = {}
    for event in history.events:
        if event.what == "turn":
            told.setdefault(f"turn {event.data.get('knob')}", []).append(_at(event.data.get("value"), event))
        elif event.what == "kick":
            way = "" if event.data.get("direction", "random") == "random" else " along the lowest curvature"
            told.setdefault("kick", []).append(_at(event.data.get("radius"), event) + way)
        elif event.what == "fork":
            told.setdefault("fork", []).append(f"of {one_line(str(event.data.get('parent', '')))} at {event.step:,}")
    return {one_line(key): _listed(each) for key, each in told.items()}


def _at(value: object, event: Event) -> str:
    number = f"{value:.4g}" if isinstance(value, int | float) else one_line(str(value))
    return f"{number} at {event.step:,}"


def _listed(each: Sequence[str]) -> str:
    more = len(each) - _MOST
    return ", ".join([*each[:_MOST], *([f"… and {more} more"] if more > 0 else [])])


def _run(header: Header) -> dict[str, str]:
    told = {"seeds": _seeds(header), "steps planned": f"{header.steps:,}", "parameters": f"{header.parameters:,}"}
    return told | ({"arms": one_line(", ".join(arm.name for arm in header.arms))[:_LONGEST]} if header.arms else {})


def _seeds(header: Header) -> str:
    seeds = header.seeds
    if len(seeds) > _MOST and seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' * (len(seeds) > 1)} {_listed([str(seed) for seed in seeds])}"


def _machine(header: Header) -> dict[str, str]:
    """What equal bits depend on; equal fingerprints need no further word."""
    told = {"fingerprint": header.fingerprint or NONE, "threads": str(header.threads)}
    told |= {f"device {key}": value for key, value in header.device.items()}
    told |= {f"version of {key}": value for key, value in header.versions.items()}
    return {one_line(key): one_line(value)[:_LONGEST] for key, value in told.items()}

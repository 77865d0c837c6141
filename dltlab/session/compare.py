"""What sets sessions apart: their scenarios key by key, what was done to them, their seeds and their machines.

Everything is told as one short line, cleaned, so that a table can show it as it stands. What is compared is all of
it: numbers to the last digit, lists and texts to their ends.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from dltlab.records import Header
from dltlab.session.history import History
from dltlab.text import one_line
from dltlab.values import shortened

NONE: Final = "—"
"""What stands where a session has no such key, or nothing of the kind happened."""
Kind = Literal["scenario", "act", "run", "machine"]
_PROSE: Final = frozenset({"abstract", "look_for", "sources", "tags", "companions"})
_UNSET: Final = frozenset({"title", "panels", "knobs", "questions"})
"""What changes nothing of what is computed and judged."""
_WORDS: Final = frozenset({"title", "says", "source"})
"""Nor do these of a claim, an arm or a theory."""
_LONGEST: Final = 120
BRIEF: Final = 40
"""Letters of a setting in a list of sessions."""
_MOST: Final = 4
"""Acts of one kind that are told one by one."""
_DEEPEST: Final = 16


class Value(NamedTuple):
    """How a key stands in a session."""

    exact: str
    """What is compared: two that are not the same have not the same."""
    brief: str
    """What is shown, where it tells this one from the others."""


_ABSENT: Final = Value(NONE, NONE)


class Difference(NamedTuple):
    """A line of the table: what differs, and how it stands in each session."""

    kind: Kind
    key: str
    values: tuple[str, ...]
    """One a session, in their order."""


def differences(histories: Sequence[History]) -> list[Difference]:
    """What is not the same in all of these sessions: first settings, then acts, then the run, then the machine."""
    headers = [history.header for history in histories]
    return [
        *_rows("scenario", [_settings(header.scenario) for header in headers]),
        *_rows("act", [_acts(history) for history in histories], 2 * _LONGEST),
        *_rows("run", [_run(header) for header in headers]),
        *_rows("machine", [_machine(header) for header in headers]),
    ]


def brief(shown: History, other: History) -> str:
    """The one thing that sets another session apart from the shown one, for a legend: ``η = 0.2``, ``seed 3``."""
    if (parent := shown.header.parent) and parent == other.header.session:
        return "parent"
    pair = (other, shown)
    titles = {f"turn {knob.name}": one_line(knob.title or knob.name) for knob in other.header.knobs}
    for row in _rows("act", [_acts(one) for one in pair], 2 * _LONGEST):
        if row.values[0] != NONE and row.key != "fork":
            return f"{titles.get(row.key, row.key)} {row.values[0]}"
    symbols = {f"optimizer.{knob.name}": one_line(knob.title or knob.name) for knob in other.header.knobs}
    for row in _rows("scenario", [_settings(one.header.scenario) for one in pair]):
        if row.values[0] != NONE and row.key.split(".")[0] in ("optimizer", "problem", "arms"):
            return f"{symbols.get(row.key, row.key.rsplit('.', 1)[-1])} {row.values[0]}"
    for row in _rows("run", [_run(one.header) for one in pair]):
        if row.key == "seeds":
            return row.values[0]
    if other.header.parent == shown.header.session and other.header.forked >= 0:
        return f"fork at {other.header.forked:,}"
    return one_line(other.header.session)


def apart(headers: Sequence[Header], written: Mapping[str, Mapping[str, object]] | None = None) -> list[str]:
    """For each session how it was set where not all of its scenario are set alike: ``optimizer.learning_rate=0.2``.

    Sessions are of one scenario where its source and its title are the same; what only draws or asks is no setting.
    Nor is what stands in the scenario as it is ``written``, where that is known by the source.
    """
    kin: dict[tuple[str, str], list[int]] = {}
    for place, header in enumerate(headers):
        kin.setdefault((header.source, header.title), []).append(place)
    told = [""] * len(headers)
    for places in kin.values():
        shared = set.intersection(*({arm.name for arm in headers[place].arms} for place in places))
        tables = [_set_as(headers[place], shared) for place in places]
        usual = _settings((written or {}).get(headers[places[0]].source, {}))
        rows = list(_rows("scenario", tables, BRIEF))
        for column, (place, table) in enumerate(zip(places, tables, strict=True)):
            own = [row for row in rows if table.get(row.key, _ABSENT) not in (_ABSENT, usual.get(row.key))]
            told[place] = listed([f"{row.key}={row.values[column]}" for row in own])
    return told


def shown(tables: Sequence[Mapping[str, Value]], longest: int) -> list[dict[str, str]]:
    """Tables as they are shown together: in brief; exactly where two that are not the same would look it."""
    told: list[dict[str, str]] = [{} for _ in tables]
    for key in dict.fromkeys(key for table in tables for key in table):
        values = [table.get(key, _ABSENT) for table in tables]
        alike: dict[str, set[str]] = {}
        for value in values:
            alike.setdefault(shortened(value.brief, longest), set()).add(value.exact)
        for table, value in zip(told, values, strict=True):
            others = alike[brief := shortened(value.brief, longest)]
            table[key] = brief if len(others) == 1 else _parted(value.exact, others, longest)
    return told


def _parted(exact: str, alike: Collection[str], longest: int) -> str:
    """As much as there is room for, around where those that look alike part."""
    places = enumerate(zip(*alike, strict=False))
    shared = next((place for place, letters in places if len({*letters}) > 1), min(map(len, alike)))
    begin = max(shared - longest // 2, 0) if len(exact) > longest else 0
    return shortened(f"{'…' * (begin > 0)}{exact[begin:]}", longest)


def _set_as(header: Header, shared: Collection[str]) -> dict[str, Value]:
    """A session's settings; of arms that some of its kin lack nothing but their names."""
    told = {}
    for key, value in _settings(header.scenario).items():
        section, _, rest = key.partition(".")
        spoken = section in _UNSET or rest.rpartition(".")[2] in _WORDS
        if not spoken and (section != "arms" or rest.split(".")[0] in shared):
            told[key] = value
    return told | ({"arms": value_of(" ".join(arm.name for arm in header.arms))} if header.arms else {})


def _rows(kind: Kind, tables: Sequence[Mapping[str, Value]], longest: int = _LONGEST) -> Iterator[Difference]:
    """What is not the same in all tables."""
    told = shown(tables, longest)
    for key in told[0] if told else ():
        if len({table.get(key, _ABSENT).exact for table in tables}) > 1:
            yield Difference(kind, key, tuple(table[key] for table in told))


def _settings(scenario: Mapping[str, object]) -> dict[str, Value]:
    """A scenario's keys, dotted as ``--set`` takes them, and their values."""
    return {one_line(key): value_of(value) for key, value in _flat(scenario, "", 0) if key.split(".")[0] not in _PROSE}


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


def value_of(value: object, after: str = "", digits: int = 6) -> Value:
    """A value as TOML would have it, without the quotes; and what is said after it."""
    exact = repr(value)
    match value:
        case str():
            brief = one_line(value)
        case float():
            # A whole number is the same however it is written.
            exact, brief = exact.removesuffix(".0"), f"{value:.{digits}g}"
        case _:
            brief = one_line(msgspec.json.encode(value).decode())
    return Value(exact + after, brief + after)


def _acts(history: History) -> dict[str, Value]:
    """Turns by knob, kicks, and where it was forked."""
    told: dict[str, list[Value]] = {}
    for event in history.events:
        at, data = f" at {event.step:,}", event.data
        if event.what == "turn":
            told.setdefault(f"turn {data.get('knob')}", []).append(value_of(data.get("value"), at, 4))
        elif event.what == "kick":
            way = "" if data.get("direction", "random") == "random" else " along the lowest curvature"
            told.setdefault("kick", []).append(value_of(data.get("radius"), at + way, 4))
        elif event.what == "fork":
            parent = value_of(str(data.get("parent", "")), at)
            told.setdefault("fork", []).append(Value(f"of {parent.exact}", f"of {parent.brief}"))
    return {
        one_line(key): Value(", ".join(one.exact for one in each), listed([one.brief for one in each]))
        for key, each in told.items()
    }


def listed(each: Sequence[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = len(each) - _MOST
    return ", ".join([*each[:_MOST], *([f"… and {more} more"] if more > 0 else [])])


def _run(header: Header) -> dict[str, Value]:
    told = {"seeds": Value(repr(header.seeds), seeds_of(header.seeds))}
    told |= {"steps planned": _counted(header.steps), "parameters": _counted(header.parameters)}
    return told | ({"arms": value_of(", ".join(arm.name for arm in header.arms))} if header.arms else {})


def _counted(number: int) -> Value:
    return Value(f"{number:,}", f"{number:,}")


def seeds_of(seeds: tuple[int, ...]) -> str:
    """Seeds in a word or two."""
    if len(seeds) > _MOST and seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seed{'s' * (len(seeds) > 1)} {listed([str(seed) for seed in seeds])}"


def _machine(header: Header) -> dict[str, Value]:
    """What equal bits depend on; equal fingerprints need no further word."""
    told = {"fingerprint": header.fingerprint or NONE, "threads": str(header.threads)}
    told |= {f"device {key}": value for key, value in header.device.items()}
    told |= {f"version of {key}": value for key, value in header.versions.items()}
    return {one_line(key): value_of(value) for key, value in told.items()}

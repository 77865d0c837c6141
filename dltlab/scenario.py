"""What a scenario file may say, and where in the file it said it.

Reading takes two steps: :func:`read` parses the TOML into a :class:`Document` (a plain table that knows
the place of every key, with the overrides applied), and :func:`validate` checks what every scenario has in
common. The open tables (``[problem]``, ``[optimizer]``, ``[probes.NAME]``, ``[[panels]]``, …) stay plain:
the room that owns the shelf checks them, through :mod:`dltlab.catalog`.
"""

import functools
import math
import os
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

import tomli
from msgspec.structs import fields

from dltlab import places, questions, values
from dltlab.errors import ScenarioError
from dltlab.tables import KnobTable, Run, Scenario
from dltlab.text import clean, cleaned, one_line

LARGEST_FILE: Final = 1 << 20
DEEPEST: Final = 16


class Document:
    """A parsed scenario file: its table, and the place of every key."""

    def __init__(self, name: str, table: dict[str, Any], text: str = "") -> None:
        self.name = name
        """What messages call it: the path as it was given, or the gallery's name."""
        self.table = table
        self.text = text
        """What it was parsed from; empty if it came from no file."""
        self._overridden: dict[values.Path, str] = {}
        self._kept: dict[str, list[int]] = {}

    @functools.cached_property
    def _where(self) -> places.Map:
        return places.locate(self.text)

    def fault(self, at: values.Path, message: str) -> str:
        """``FILE:LINE:COLUMN: key: message``, or the override that set the key."""
        if len(at) > 1 and (kept := self._kept.get(str(at[0]))):
            at = (at[0], kept[int(at[1])], *at[2:])
        key = f"{values.dotted(at)}: " if at else ""
        for length in range(len(at), 0, -1):
            if at[:length] in self._overridden:
                return f"--set {self._overridden[at[:length]]}: {key}{message}"
        line, column = self.place(at)
        return f"{one_line(self.name)}:{line}:{column}: {key}{message}"

    def place(self, at: values.Path) -> tuple[int, int]:
        """The line and column, from 1, of a key or a list item, or of the nearest table above it that the text has."""
        found = (self._where.find(at[:length]) for length in range(len(at), -1, -1))
        return next(place for place in found if place)

    @property
    def narrowed(self) -> bool:
        """Whether arms were left out."""
        return "arms" in self._kept

    def keep(self, section: str, places: list[int]) -> None:
        """Leave only these items of a list; what is wrong with them is told where they stand in the file."""
        self.table[section] = [self.table[section][place] for place in places]
        self._kept[section] = places

    def set(self, assignment: str) -> None:
        """Apply ``KEY=VALUE``: a dotted key of the scenario and a TOML value.

        Items of a list of tables are named by position or by their ``name``:
        ``claims.edge.predicted=1.5``. A value that is no TOML is taken as a string.

        Raises:
            ScenarioError: The key has no place to go.
        """
        key, equals, value = assignment.partition("=")
        said = values.shortened(one_line(assignment))
        parts = [part.strip() for part in key.split(".")]
        if not equals or not all(parts):
            raise ScenarioError(f"--set {said}: write KEY=VALUE, for example optimizer.learning_rate=0.3.")
        at, node = self._holder(parts[:-1], said)
        last = _step(node, parts[-1])
        if last is None:
            raise ScenarioError(_astray(said, at, parts[-1], node))
        node[last] = _value(value.strip(), said)
        self._overridden[(*at, last)] = said

    def _holder(self, parts: list[str], said: str) -> tuple[values.Path, Any]:
        """The table or list that a key goes into, and its path; tables that are not there are made."""
        at: values.Path = ()
        node: Any = self.table
        for part in parts:
            step = _step(node, part)
            if step is None:
                raise ScenarioError(_astray(said, at, part, node))
            at = (*at, step)
            if isinstance(node, dict) and step not in node:
                node[step] = {}
                self._overridden[at] = said
            node = node[step]
        return at, node


def _step(node: Any, part: str) -> str | int | None:
    """What a part of a dotted key means in a table or a list; None if it means nothing there."""
    if isinstance(node, dict):
        return clean(part)
    items = node if isinstance(node, list) else []
    for index, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == part:
            return index
    return int(part) if re.fullmatch("[0-9]{1,6}", part) and int(part) < len(items) else None


def _astray(said: str, at: values.Path, part: str, node: Any) -> str:
    if isinstance(node, list):
        cure = f"it has {len(node)}: name one, or count from 0"
        return f"--set {said}: {values.dotted(at)} has no item {values.named(part)}; {cure}."
    return f"--set {said}: {values.dotted(at)} is {values.named(node)}, not a table, so nothing can stand below it."


def _value(text: str, said: str) -> Any:
    """The TOML value of an override; what is no TOML is a string."""
    try:
        value = tomli.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text
    if _depths(value) > DEEPEST:
        raise ScenarioError(f"--set {said}: nested deeper than {DEEPEST} levels; a scenario needs about four.")
    return cleaned(value)


def folder() -> Path:
    """The folder of the gallery: inside the package in a wheel, beside it in a checkout or an editable install."""
    package = Path(__file__).resolve().parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def gallery() -> dict[str, Path]:
    """The gallery's scenarios by name."""
    return {path.stem: path for path in sorted(folder().glob("*.toml"), key=lambda path: path.stem)}


def programme() -> list[tuple[str, bool]]:
    """The gallery's names in the order in which one reads them, and whether each accompanies the one above.

    A scenario is followed by its companions; one that has companions comes before those that have none.
    """
    known = gallery()
    told: dict[str, list[str]] = {}
    for name, path in known.items():
        try:
            named = read(str(path)).table.get("companions", [])
        except ScenarioError:
            named = []
        told[name] = [one for one in named if one in known and one != name] if isinstance(named, list) else []
    lead = [name for name in known if not any(name in others for others in told.values())]
    order: dict[str, bool] = {}
    for name in sorted(lead, key=lambda name: not told[name]):
        order.setdefault(name, False)
        for companion in told[name]:
            order.setdefault(companion, True)
    # Scenarios that accompany each other in a ring have no head.
    return [*order.items(), *((name, False) for name in known if name not in order)]


def find(name: str) -> Path:
    """The file of a scenario: a path, or a name of the gallery.

    Raises:
        ScenarioError: There is no such file and no such name.
    """
    if name.endswith(".toml") or "/" in name or os.path.isfile(name):
        return Path(name)
    known = gallery()
    if name in known:
        return known[name]
    raise ScenarioError(f"{one_line(name)}: neither a file nor in the gallery; {values.near_miss(name, known)}")


def read(name: str, overrides: Iterable[str] = ()) -> Document:
    """Parse a scenario, given by a path or a name of the gallery, and apply overrides.

    Raises:
        ScenarioError: It cannot be read, is too large, or is no TOML; or an override has no place to go.
    """
    path = find(name)
    shown = one_line(str(path))
    try:
        # The engine reads it again, and a FIFO would keep both waiting.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ScenarioError(f"{shown}: not a file; save the scenario as one.")
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except OSError as fault:
        raise ScenarioError(f"{shown}: cannot be read ({fault.strerror}); check the path.") from None
    if len(raw) > LARGEST_FILE:
        raise ScenarioError(f"{shown}: larger than {LARGEST_FILE >> 20} MiB; a scenario is a page of text.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        line, column = raw.count(b"\n", 0, fault.start) + 1, fault.start - raw.rfind(b"\n", 0, fault.start)
        raise ScenarioError(f"{shown}:{line}:{column}: not UTF-8; save the file as UTF-8.") from None
    document = parse(text, str(path))
    for assignment in overrides:
        document.set(assignment)
    return document


def parse(text: str, name: str) -> Document:
    """Parse the text of a scenario. Raises ScenarioError where it is no TOML."""
    shown = one_line(name)
    try:
        table = tomli.loads(text)
    except tomli.TOMLDecodeError as fault:
        raise ScenarioError(f"{shown}:{fault.lineno}:{fault.colno}: not TOML: {one_line(fault.msg)}.") from None
    except RecursionError:
        raise ScenarioError(f"{shown}:1:1: nested deeper than {DEEPEST} levels; a scenario needs about four.") from None
    except ValueError as fault:
        raise ScenarioError(f"{shown}:1:1: not TOML: {one_line(str(fault))}.") from None
    if _depths(table) > DEEPEST:
        raise ScenarioError(f"{shown}:1:1: nested deeper than {DEEPEST} levels; a scenario needs about four.")
    return Document(name, typing.cast("dict[str, Any]", cleaned(table)), text)


def _depths(value: object) -> int:
    """How many levels of tables and lists there are; counted without recursion, and not much past the limit."""
    level, depth = [value], 0
    while depth <= DEEPEST and (held := [item for item in level if isinstance(item, dict | list)]):
        level = [item for one in held for item in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth


def _unfit(value: Any, at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Values that no scenario may hold: infinities, NaN, dates."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _unfit(item, (*at, key))
        case list():
            for index, item in enumerate(value):
                yield from _unfit(item, (*at, index))
        case float() if not math.isfinite(value):
            yield at, f"{value} is not a finite number; write one."
        case str() | int() | float():
            return
        case _:
            yield at, f"{values.named(value)} has no place in a scenario; write a number or a string."


class Sound(NamedTuple):
    """What is sound of a scenario's common part, and what is wrong with the rest."""

    scenario: Scenario
    """Its sections; without a faulty one it stands as if it had not been given."""
    lacking: frozenset[str] = frozenset()
    """The sections that are faulty, and those that it must have and has not."""
    faults: tuple[str, ...] = ()


def validate(document: Document) -> Scenario:
    """Check what all scenarios have in common.

    Raises:
        ScenarioError: With every fault that was found, one a line.
    """
    found = sound(document)
    if found.faults:
        raise ScenarioError(*found.faults)
    return found.scenario


def sound(document: Document) -> Sound:
    """Check what all scenarios have in common, a section at a time."""
    unfit = list(_unfit(document.table, ()))
    faults = [document.fault(at, message) for at, message in unfit]
    sections = {section.encode_name: section for section in fields(Scenario)}
    required = [name for name, section in sections.items() if section.required]
    lacking = {name for name in required if name not in document.table}
    if unfit:
        # An arm may lay such a value over any table, and nothing is to be built of it.
        lacking.update(("problem", "optimizer", "probes", "theories"), (str(at[0]) for at, _ in unfit))
    given: dict[str, Any] = {}
    for name, section in sections.items():
        if name in document.table:
            try:
                given[name] = values.convert(document.table[name], section.type, at=(name,), places=document)
            except ScenarioError as found:
                faults += found.faults
                lacking.add(name)
    # What stands under a misspelt name is not told to be missing where it is asked for.
    strange = [name for name in document.table if name not in sections]
    lacking.update(meant for name in strange for meant in get_close_matches(name, sections, n=1))
    faults += values.key_faults(document.table, sections, required, at=(), places=document)
    whole = {name: section for name, section in given.items() if name not in lacking}
    scenario = Scenario(**{"title": "", "problem": {}, "optimizer": {}, "run": Run(steps=1), **whole})
    faults += _knob_faults(document, scenario.knobs)
    if not lacking & {"run", "arms"}:
        faults += _arm_faults(document, scenario)
        arms = [arm.name for arm in scenario.arms]
        faults += questions.faults(scenario.questions, scenario.run.steps, arms, document)
    return Sound(scenario, frozenset(lacking), tuple(faults))


def _arm_faults(document: Document, scenario: Scenario) -> Iterator[str]:
    seen: set[str] = set()
    for index, arm in enumerate(scenario.arms):
        if arm.name in seen:
            yield document.fault(("arms", index, "name"), f"a second arm {arm.name!r}; choose another name.")
        seen.add(arm.name)
        if arm.seeds is not None and arm.seeds > scenario.run.seeds:
            message = f"{arm.seeds} is more than run.seeds = {scenario.run.seeds}; raise that, or have fewer."
            yield document.fault(("arms", index, "seeds"), message)


def _knob_faults(document: Document, knobs: Iterable[KnobTable]) -> Iterator[str]:
    for index, knob in enumerate(knobs):
        if not knob.low < knob.high:
            yield document.fault(("knobs", index, "low"), f"{knob.low:g} must lie below high = {knob.high:g}.")
        if knob.scale == "log" and knob.low <= 0:
            yield document.fault(("knobs", index, "low"), "must be positive on a log scale.")


def narrow(
    document: Document,
    *,
    seed: int | None = None,
    seeds: int | None = None,
    steps: int | None = None,
    arms: Sequence[str] = (),
) -> None:
    """Have a scenario run otherwise than it is written.

    Args:
        document: It, with its overrides.
        seed: In place of ``run.seed``.
        seeds: In place of ``run.seeds``, and the most that an arm has.
        steps: In place of ``run.steps``.
        arms: The arms to run; all where none is named.

    Raises:
        ScenarioError: It has no such arm.
    """
    if arms:
        _chosen(document, arms)
    if seeds is not None:
        _capped(document, seeds)
    for key, value in (("seed", seed), ("seeds", seeds), ("steps", steps)):
        if value is not None:
            document.set(f"run.{key}={value}")


def arm_tables(document: Document) -> list[dict[str, Any]]:
    """The tables of its arms, as far as they are tables."""
    tables = document.table.get("arms")
    return [arm for arm in tables if isinstance(arm, dict)] if isinstance(tables, list) else []


def _chosen(document: Document, names: Sequence[str]) -> None:
    """Leave only these arms in a scenario.

    Raises:
        ScenarioError: The scenario has no such arm.
    """
    arms = arm_tables(document)
    known = [str(arm.get("name")) for arm in arms]
    faults = [
        f"--arms {one_line(name)}: {one_line(document.name)} has no such arm; {values.near_miss(name, known)}"
        for name in names
        if name not in known
    ]
    if faults:
        raise ScenarioError(*faults)
    listed = enumerate(document.table["arms"])
    document.keep("arms", [place for place, arm in listed if isinstance(arm, dict) and arm.get("name") in names])
    # What is asked about the others has no answer here.
    asked = document.table.get("questions")
    if isinstance(asked, list):
        gone = set(known) - set(names)
        kept = [place for place, one in enumerate(asked) if not (isinstance(one, dict) and one.get("arm") in gone)]
        document.keep("questions", kept)


def _capped(document: Document, seeds: int) -> None:
    """Leave no arm more members than this."""
    for arm in arm_tables(document):
        if isinstance(own := arm.get("seeds"), int):
            arm["seeds"] = min(own, seeds)

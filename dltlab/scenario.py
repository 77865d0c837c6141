"""What a scenario file may say, and where in the file it said it.

Reading takes three steps: :func:`read` parses the TOML into a :class:`Document` (a plain
table that knows the place of every key), :meth:`Document.set` applies overrides, and
:func:`validate` checks what every scenario has in common. The open tables (``[problem]``,
``[optimizer]``, ``[probes.NAME]``, ``[[panels]]``, …) stay plain: the room that owns the
shelf checks them, through :mod:`dltlab.catalog`.
"""

import importlib.resources
import math
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import tomli
from msgspec import Meta, Struct, field

from dltlab import catalog, places
from dltlab.errors import ScenarioError
from dltlab.text import cleaned, one_line

LARGEST_FILE: Final = 1 << 20
_Name = Annotated[str, Meta(pattern="^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
_Line = Annotated[str, Meta(min_length=1, max_length=400)]


class Run(Struct, frozen=True, forbid_unknown_fields=True):
    """``[run]``: how long, how often, how fast, from which seed."""

    steps: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    """Steps of the optimizer."""
    every: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    """Steps between frames."""
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    """The first seed: of the initial parameters and of all noise."""
    seeds: Annotated[int, Meta(ge=1, le=4096)] = 1
    """Members of the ensemble that claims are judged on: seed, seed + 1, …"""
    pace: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    """Steps a second at which it is worth watching; flat out without it. Headless runs ignore it."""
    precision: Literal["float32", "float64"] = "float32"
    """The floating-point type of parameters and data."""


class KnobTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[[knobs]]``: a hyperparameter of the optimizer that may be turned while it runs."""

    name: _Name
    low: float
    high: float
    title: str = ""
    scale: Literal["linear", "log"] = "log"


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario whose common part is valid; the open tables are checked by their rooms."""

    title: _Line
    problem: dict[str, Any]
    optimizer: dict[str, Any]
    run: Run
    abstract: Annotated[str, Meta(max_length=4000)] = ""
    sources: list[_Line] = field(default_factory=list)
    look_for: list[_Line] = field(default_factory=list)
    tags: list[_Name] = field(default_factory=list)
    probes: dict[_Name, dict[str, Any] | str] = field(default_factory=dict)
    theories: dict[_Name, dict[str, Any] | str] = field(default_factory=dict)
    panels: list[dict[str, Any]] = field(default_factory=list)
    knobs: list[KnobTable] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)


class Document:
    """A parsed scenario file: its table, and the place of every key."""

    def __init__(self, name: str, table: dict[str, Any], where: places.Map, text: str = "") -> None:
        self.name = name
        """What messages call it: the path as it was given, or the gallery's name."""
        self.table = table
        self.text = text
        self._where = where
        self._overridden: dict[tuple[str | int, ...], str] = {}

    def fault(self, at: catalog.Path, message: str) -> str:
        """``FILE:LINE:COLUMN: key: message``, or the override that set the key."""
        for length in range(len(at), 0, -1):
            if at[:length] in self._overridden:
                return f"--set {self._overridden[at[:length]]}: {catalog.dotted(at)}: {message}"
        line, column = 1, 1
        for length in range(len(at), -1, -1):
            if at[:length] in self._where:
                line, column = self._where[at[:length]]
                break
        key = f"{catalog.dotted(at)}: " if at else ""
        return f"{one_line(self.name)}:{line}:{column}: {key}{message}"

    def set(self, assignment: str) -> None:
        """Apply ``KEY=VALUE``: a dotted key of the scenario and a TOML value.

        Items of a list of tables are named by position or by their ``name``:
        ``claims.edge.predicted=1.5``. A value that is no TOML is taken as a string.

        Raises:
            ScenarioError: The key has no place to go.
        """
        key, equals, value = assignment.partition("=")
        parts = [part.strip() for part in key.strip().split(".")]
        if not equals or not all(parts):
            raise ScenarioError(f"--set {one_line(assignment)}: write KEY=VALUE, for example optimizer.learning_rate=0.3.")
        try:
            new = cleaned(tomli.loads(f"value = {value.strip()}")["value"])
        except (tomli.TOMLDecodeError, RecursionError, KeyError):
            new = cleaned(value.strip())
        node: Any = self.table
        at: tuple[str | int, ...] = ()
        for depth, part in enumerate(parts):
            last = depth == len(parts) - 1
            if isinstance(node, list):
                index = _index(node, part)
                if index is None:
                    raise ScenarioError(f"--set {one_line(key)}: {catalog.dotted(at)} has no item {one_line(part)!r}; name it or count from 0.")
                at, step = (*at, index), index
            elif isinstance(node, dict):
                at, step = (*at, part), part
                if not last:
                    node.setdefault(part, {})
            else:
                raise ScenarioError(f"--set {one_line(key)}: {catalog.dotted(at)} is a value, so nothing stands below it.")
            if last:
                node[step] = new
            else:
                node = node[step]
        self._overridden[at] = one_line(assignment)


def _index(items: list[Any], part: str) -> int | None:
    for index, item in enumerate(items):
        if isinstance(item, dict) and item.get("name") == part:
            return index
    return int(part) if part.isdigit() and int(part) < len(items) else None


def folder() -> Path:
    """The folder of the gallery: beside the package in a checkout, inside it in a wheel."""
    installed = Path(str(importlib.resources.files("dltlab"))) / "scenarios"
    checkout = Path(__file__).resolve().parent.parent / "scenarios"
    return installed if installed.is_dir() else checkout


def gallery() -> dict[str, Path]:
    """The gallery's scenarios by name, in the order in which a course meets them."""
    return {path.stem: path for path in sorted(folder().glob("*.toml"))}


def find(name: str) -> Path:
    """The file of a scenario: a path, or a name of the gallery.

    Raises:
        ScenarioError: There is no such file and no such name.
    """
    path = Path(name)
    if name.endswith(".toml") or path.is_file() or "/" in name:
        return path
    known = gallery()
    if name in known:
        return known[name]
    raise ScenarioError(f"{one_line(name)}: no scenario of that name and no such file; {catalog.near_miss(name, known)}")


def read(name: str) -> Document:
    """Parse a scenario, given by a path or a name of the gallery.

    Raises:
        ScenarioError: It cannot be read, is too large, or is no TOML.
    """
    path = find(name)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except OSError as fault:
        raise ScenarioError(f"{one_line(str(path))}: cannot be read ({fault.strerror}); check the path.") from None
    if len(raw) > LARGEST_FILE:
        raise ScenarioError(f"{one_line(str(path))}: larger than {LARGEST_FILE >> 20} MiB; a scenario is a page of text.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise ScenarioError(f"{one_line(str(path))}:{line}:1: not UTF-8; save the file as UTF-8.") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Document:
    """Parse the text of a scenario. Raises ScenarioError where it is no TOML."""
    try:
        table = tomli.loads(text)
        where = places.locate(text)
    except tomli.TOMLDecodeError as fault:
        message = f"not TOML ({one_line(fault.msg)})."
        raise ScenarioError(f"{one_line(name)}:{fault.lineno}:{fault.colno}: {message}") from None
    except RecursionError:
        raise ScenarioError(f"{one_line(name)}:1:1: nested too deeply; a scenario needs about four levels.") from None
    return Document(name, cleaned(table), where, text)  # type: ignore[arg-type]


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
            yield at, f"a {type(value).__name__} has no place in a scenario."


def validate(document: Document) -> Scenario:
    """Check what all scenarios have in common.

    Raises:
        ScenarioError: With every fault that was found, one a line.
    """
    faults = [document.fault(at, message) for at, message in _unfit(document.table, ())]
    hints = typing.get_type_hints(Scenario, include_extras=True)
    for key in document.table.keys() - hints.keys():
        cure = catalog.near_miss(str(key), hints)
        faults.append(document.fault((key,), f"unknown key {one_line(str(key))!r}; {cure}"))
    parts: dict[str, Any] = {}
    for key, hint in hints.items():
        if key in document.table:
            try:
                parts[key] = catalog.convert(document.table[key], hint, at=(key,), places=document)
            except ScenarioError as found:
                faults += found.faults
        elif key in ("title", "problem", "optimizer", "run"):
            faults.append(document.fault((), f"the key {key!r} is missing; add it."))
    faults += _knob_faults(document, parts.get("knobs", ()))
    if faults:
        raise ScenarioError(*faults)
    return Scenario(**parts)


def _knob_faults(document: Document, knobs: Iterable[KnobTable]) -> Iterator[str]:
    for index, knob in enumerate(knobs):
        if not knob.low < knob.high:
            yield document.fault(("knobs", index, "low"), f"{knob.low:g} must lie below high = {knob.high:g}.")
        if knob.scale == "log" and knob.low <= 0:
            yield document.fault(("knobs", index, "low"), "must be positive on a log scale.")

"""A TOML table becomes the thing that it names; the constructor's signature is the schema.

A shelf is a plain dict from kind to constructor. :func:`make` looks the kind up, reads the
constructor's typed, bounded, defaulted parameters, converts the table against them and
calls it. A parameter annotated with :class:`Kind` is itself a table of another shelf::

    class Supervised(AbstractProblem):
        data: Annotated[AbstractData, Kind("data", DATA)]
        loss: Literal["square", "cross_entropy"] = "square"

The same reading of the signature gives :func:`schema`, for editors.
"""

import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Final, Protocol, TypeVar

import msgspec

from dltlab.errors import ScenarioError
from dltlab.text import one_line

Path = tuple[str | int, ...]
Shelf = Mapping[str, Callable[..., Any]]
T = TypeVar("T")


class Places(Protocol):
    """Says where in its file a key stands, and words a fault there."""

    def fault(self, at: Path, message: str) -> str:
        """One line: the place, the key, the fault."""
        ...


class Nowhere:
    """Places for tables that come from no file."""

    def fault(self, at: Path, message: str) -> str:
        """The key and the fault."""
        return f"{dotted(at)}: {message}"


@dataclass(frozen=True)
class Kind:
    """Marks a parameter whose table is made from another shelf."""

    noun: str
    shelf: Shelf


@dataclass(frozen=True)
class Parameter:
    """One parameter of a constructor, as a TOML table may give it."""

    name: str
    annotation: Any
    default: Any
    kind: Kind | None

    @property
    def required(self) -> bool:
        """Whether the table must give it."""
        return self.default is inspect.Parameter.empty


def dotted(at: Path) -> str:
    """The key as people write it: ``problem.model.widths[1]``."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{one_line(part)}" if text else one_line(part)
    return text


def near_miss(word: str, known: Iterable[str]) -> str:
    """A cure: the likeliest of the known words, or all of them."""
    known = list(known)
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}."


@functools.cache
def parameters(factory: Callable[..., Any]) -> tuple[Parameter, ...]:
    """What a constructor can be given, read off its signature."""
    own_init = inspect.isclass(factory) and isinstance(vars(factory).get("__init__"), types.FunctionType)
    hinted = factory.__init__ if own_init and not hasattr(factory, "__dataclass_fields__") else factory
    hints = typing.get_type_hints(hinted, include_extras=True)
    found = []
    for parameter in inspect.signature(factory).parameters.values():
        annotation = hints.get(parameter.name, Any)
        kinds = [mark for mark in getattr(annotation, "__metadata__", ()) if isinstance(mark, Kind)]
        found.append(Parameter(parameter.name, annotation, parameter.default, kinds[0] if kinds else None))
    return tuple(found)


@functools.cache
def _struct(factory: Callable[..., Any]) -> type[msgspec.Struct]:
    """The plain parameters as a struct that msgspec can convert a table into."""
    fields: list[Any] = []
    for parameter in parameters(factory):
        if parameter.kind is None:
            optional = Annotated[parameter.annotation | msgspec.UnsetType, None]
            fields.append(
                (parameter.name, parameter.annotation)
                if parameter.required
                else (parameter.name, optional, msgspec.UNSET)
            )
    name = getattr(factory, "__name__", "Table")
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True)


def make(shelf: Shelf, table: object, *, noun: str, at: Path, places: Places | None = None) -> Any:
    """Build what a table names.

    Args:
        shelf: The kinds that may be named.
        table: The TOML table with its ``kind``, or the kind alone as a string.
        noun: What the shelf holds, for messages ("problem", "probe", …).
        at: The table's path in its scenario.
        places: Words faults with their place in the file.

    Raises:
        ScenarioError: The kind is unknown, a key is unknown or missing, a value is out of
            bounds, or the constructor refused.
    """
    places = places or Nowhere()
    kind, rest = _kind_of(shelf, table, noun, at, places)
    factory = shelf[kind]
    given: dict[str, Any] = {}
    for parameter in parameters(factory):
        if parameter.kind is not None and parameter.name in rest:
            inner = rest.pop(parameter.name)
            nested = parameter.kind
            given[parameter.name] = make(nested.shelf, inner, noun=nested.noun, at=(*at, parameter.name), places=places)
        elif parameter.kind is not None and parameter.required:
            raise ScenarioError(places.fault(at, f"{noun} {kind!r} needs the table {parameter.name!r}."))
    converted = convert(rest, _struct(factory), at=at, places=places, known=[p.name for p in parameters(factory)])
    for name in converted.__struct_fields__:
        value = getattr(converted, name)
        if value is not msgspec.UNSET:
            given[name] = value
    try:
        return factory(**given)
    except ValueError as fault:
        raise ScenarioError(places.fault(at, one_line(str(fault)))) from None


def _kind_of(shelf: Shelf, table: object, noun: str, at: Path, places: Places) -> tuple[str, dict[str, Any]]:
    if isinstance(table, str):
        table = {"kind": table}
    if not isinstance(table, dict):
        raise ScenarioError(places.fault(at, f"a {noun} is a table with a 'kind', not {_named(table)}."))
    kind = table.get("kind")
    if not isinstance(kind, str):
        fault = "has no 'kind'" if kind is None else f"has a 'kind' that is {_named(kind)}, not a string"
        raise ScenarioError(places.fault(at, f"this {noun} {fault}; known: {', '.join(shelf)}."))
    if kind not in shelf:
        cure = near_miss(kind, shelf)
        raise ScenarioError(places.fault((*at, "kind"), f"unknown {noun} {one_line(kind)!r}; {cure}"))
    return kind, {key: value for key, value in table.items() if key != "kind"}


_AT: Final = re.compile(r"(.*) - at `\$(.*)`$", re.S)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.S)
_TYPES: Final = {
    "`float`": "a number",
    "`int`": "a whole number",
    "`str`": "a string",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
    "`null`": "nothing",
}


def convert(table: object, into: type[T], *, at: Path, places: Places, known: Iterable[str] = ()) -> T:
    """Convert a table strictly, wording what msgspec finds for people.

    Raises:
        ScenarioError: The table does not fit; the message names the key and the cure.
    """
    try:
        return msgspec.convert(table, into)
    except msgspec.ValidationError as fault:
        text, inner = str(fault), ()
        if found := _AT.fullmatch(text):
            text = found[1]
            inner = tuple(int(i) if i.isdigit() else i or name for name, i in _STEP.findall(found[2]))
        if unknown := _UNKNOWN.fullmatch(text):
            key = unknown[1]
            cure = near_miss(key, known or _fields_at(into, inner))
            raise ScenarioError(places.fault((*at, *inner, key), f"unknown key {one_line(key)!r}; {cure}")) from None
        if text.startswith("Object missing required field"):
            text = f"the key {text.split('`')[1]!r} is missing; add it."
        for name, words in _TYPES.items():
            text = text.replace(name, words)
        text = text.replace("Expected ", "expected ").replace("Invalid enum value", "unknown value")
        raise ScenarioError(places.fault((*at, *inner), one_line(text).rstrip(".") + ".")) from None


def _fields_at(into: Any, inner: Path) -> list[str]:
    """The keys that a struct knows at a path inside it."""
    for part in inner:
        hints = typing.get_type_hints(into) if hasattr(into, "__struct_fields__") else {}
        into = hints.get(str(part), into)
        while typing.get_args(into) and not hasattr(into, "__struct_fields__"):
            into = typing.get_args(into)[-1] if typing.get_origin(into) is not Annotated else typing.get_args(into)[0]
    return list(getattr(into, "__struct_fields__", ()))


def _named(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return type(value).__name__


def schema(shelf: Shelf, *, required: bool = True) -> dict[str, Any]:
    """JSON Schema of a table of this shelf: one alternative a kind."""
    alternatives = []
    for kind, factory in shelf.items():
        plain = msgspec.json.schema(_struct(factory), ref_template="#/unused/{name}")
        body = next(iter(plain["$defs"].values())) if "$ref" in plain else plain
        properties: dict[str, Any] = {"kind": {"const": kind}}
        needs = ["kind"] if required else []
        for parameter in parameters(factory):
            if parameter.kind is None:
                properties[parameter.name] = body["properties"][parameter.name]
                if not parameter.required and isinstance(parameter.default, str | int | float | bool):
                    properties[parameter.name] = {**properties[parameter.name], "default": parameter.default}
            else:
                bare = list(parameter.kind.shelf)
                properties[parameter.name] = {"anyOf": [{"enum": bare}, schema(parameter.kind.shelf)]}
            if parameter.required:
                needs.append(parameter.name)
        doc = inspect.getdoc(factory) or ""
        alternatives.append(
            {
                "title": kind,
                "description": doc.split("\n\n")[0].replace("\n", " "),
                "type": "object",
                "properties": properties,
                "required": needs,
                "additionalProperties": False,
            }
        )
    return {"anyOf": alternatives}

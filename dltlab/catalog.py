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
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import msgspec.inspect

from dltlab import meanings
from dltlab.errors import AbsentDataError, ScenarioError
from dltlab.text import one_line
from dltlab.values import Nowhere, Path, Places, convert, dotted, key_faults, named, near_miss

__all__ = [
    "Kind", "Nowhere", "Parameter", "Path", "Places", "Shelf", "convert", "dotted", "make", "near_miss",
    "parameters", "resolved", "schema", "schema_of",
]  # fmt: skip

Shelf = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, eq=False)
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


@functools.cache
def parameters(factory: Callable[..., Any]) -> tuple[Parameter, ...]:
    """What a constructor can be given, read off its signature."""
    hints = typing.get_type_hints(factory, include_extras=True)
    if inspect.isclass(factory):
        hints |= typing.get_type_hints(factory.__init__, include_extras=True)
    found = []
    for parameter in inspect.signature(factory).parameters.values():
        annotation = hints.get(parameter.name, Any)
        found.append(Parameter(parameter.name, annotation, parameter.default, _kind(annotation)))
    return tuple(found)


def _kind(annotation: Any) -> Kind | None:
    """The mark on an annotation, or on one alternative of a union such as ``Annotated[…] | None``."""
    for one in (annotation, *typing.get_args(annotation)):
        for mark in getattr(one, "__metadata__", ()):
            if isinstance(mark, Kind):
                return mark
    return None


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
            bounds, or the constructor refused. Every fault of the table is told.
        AbsentDataError: The constructor found no file where the table names one.
    """
    places = places or Nowhere()
    kind, rest = _kind_of(shelf, table, noun, at, places)
    known = {parameter.name: parameter for parameter in parameters(shelf[kind])}
    required = [parameter.name for parameter in known.values() if parameter.required]
    faults = list(key_faults(rest, known, required, at=at, places=places))
    given: dict[str, Any] = {}
    for name in (name for name in rest if name in known):
        parameter, inner = known[name], (*at, name)
        try:
            if parameter.kind is None:
                given[name] = convert(rest[name], parameter.annotation, at=inner, places=places)
            else:
                nested = parameter.kind
                given[name] = make(nested.shelf, rest[name], noun=nested.noun, at=inner, places=places)
        except ScenarioError as found:
            faults += found.faults
    if faults:
        raise ScenarioError(*faults)
    try:
        return shelf[kind](**given)
    except FileNotFoundError as fault:
        raise AbsentDataError(places.fault(at, one_line(str(fault)))) from None
    except ValueError as fault:
        raise ScenarioError(places.fault(at, one_line(str(fault)))) from None
    except ArithmeticError as fault:
        cannot = f"its numbers cannot be computed with ({one_line(str(fault))}); take less extreme ones."
        raise ScenarioError(places.fault(at, cannot)) from None


def _kind_of(shelf: Shelf, table: object, noun: str, at: Path, places: Places) -> tuple[str, dict[str, Any]]:
    if isinstance(table, str):
        kind, rest, here = table, {}, at
    elif isinstance(table, dict) and "kind" in table:
        kind, rest, here = table["kind"], {key: value for key, value in table.items() if key != "kind"}, (*at, "kind")
    elif isinstance(table, dict):
        raise ScenarioError(places.fault(at, f"this {noun} has no 'kind'; known: {', '.join(shelf)}."))
    else:
        raise ScenarioError(places.fault(at, f"expected a table with a 'kind', not {named(table)}."))
    if not isinstance(kind, str):
        raise ScenarioError(places.fault(here, f"expected a string, not {named(kind)}."))
    if kind not in shelf:
        raise ScenarioError(places.fault(here, f"unknown {noun} {named(kind)}; {near_miss(kind, shelf)}"))
    return kind, rest


def resolved(shelf: Shelf, table: Any) -> dict[str, Any]:
    """A table that :func:`make` accepts, with the defaults of every key that it leaves out."""
    given = {"kind": table} if isinstance(table, str) else table
    full = {"kind": given["kind"]}
    for parameter in parameters(shelf[given["kind"]]):
        value = given.get(parameter.name, parameter.default)
        if parameter.kind is not None and parameter.name in given:
            value = resolved(parameter.kind.shelf, value)
        if (value is not None and not parameter.required) or parameter.name in given:
            full[parameter.name] = list(value) if isinstance(value, tuple) else value
    return full


def schema(shelf: Shelf, *, partly: bool = False) -> dict[str, Any]:
    """JSON Schema of what may name a thing of this shelf: its kind alone, or a table, one alternative a kind.

    With ``partly`` no key is required but the kind: the others may stand in an arm.
    """
    needed = {kind: any(one.required for one in parameters(factory)) for kind, factory in shelf.items()}
    bare = [kind for kind, needs in needed.items() if partly or not needs]
    alternatives = [_alternative(kind, factory, partly=partly) for kind, factory in shelf.items()]
    return {"anyOf": [*([{"enum": bare}] if bare else []), *alternatives]}


def schema_of(annotation: Any) -> dict[str, Any]:
    """JSON Schema of a type, whole: structs that it refers to stand where they are used."""
    (body,), parts = msgspec.json.schema_components([annotation], ref_template="{name}")
    structs = {one.__name__: one for one in _structs(msgspec.inspect.type_info(annotation))}

    def whole(part: Any) -> Any:
        match part:
            case {"$ref": name}:
                return _keys_explained(whole(parts[name]), structs.get(name))
            case {"prefixItems": items, **rest}:
                # What draft 7, which editors read, calls the same thing.
                return {**rest, "items": whole(items), "additionalItems": False}
            case dict():
                return {key: whole(one) for key, one in part.items()}
            case list() | tuple():
                return [whole(one) for one in part]
        return part

    return whole(body)


def _structs(told: object) -> Iterator[type]:
    """The structs that a type is made of."""
    if isinstance(told, msgspec.inspect.StructType):
        yield told.cls
    if isinstance(told, msgspec.inspect.Type | msgspec.inspect.Field):
        told = [getattr(told, name) for name in told.__struct_fields__]
    for one in told if isinstance(told, list | tuple) else ():
        yield from _structs(one)


def _keys_explained(part: dict[str, Any], struct: type | None) -> dict[str, Any]:
    """A struct's schema with what is said of its fields."""
    if struct is None or "properties" not in part:
        return part
    said = meanings.of(struct)
    keys = {key: _explained(one, said.get(key, "")) for key, one in part["properties"].items()}
    return {**part, "properties": keys}


def _explained(part: dict[str, Any], meaning: str) -> dict[str, Any]:
    """A key's schema with what the key means, which says more than what its type is."""
    return {**part, "description": meaning} if meaning else part


def _alternative(kind: str, factory: Callable[..., Any], *, partly: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {"kind": {"const": kind}}
    said = meanings.of(factory)
    for parameter in parameters(factory):
        nested = parameter.kind
        found = schema_of(parameter.annotation) if nested is None else schema(nested.shelf, partly=partly)
        if nested is None and isinstance(parameter.default, str | int | float):
            found["default"] = parameter.default
        properties[parameter.name] = _explained(found, said.get(parameter.name, ""))
    return {
        "title": kind,
        "description": one_line(next(iter(meanings.prose(factory)), "")),
        "type": "object",
        "properties": properties,
        "required": ["kind", *(one.name for one in parameters(factory) if one.required and not partly)],
        "additionalProperties": False,
    }

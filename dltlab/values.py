"""A TOML value becomes what a signature asks for, or one sentence a fault that says why not.

msgspec judges; this finds every fault instead of the first, and words each for people:
place, fault, cure.
"""

import datetime as dt
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec

from dltlab.errors import ScenarioError
from dltlab.text import one_line

Path = tuple[str | int, ...]
_A_NAME: Final = "a name: a letter, then letters, digits, - and _, 40 at most"
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$(?!\n)", description=_A_NAME)]


@dataclass(frozen=True)
class Names:
    """Marks a type of strings that name what a scenario has elsewhere: its series, its arms."""

    noun: str


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


def dotted(at: Path) -> str:
    """The key as people write it: ``problem.model.widths[1]``."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{one_line(part)}" if text else one_line(part)
    return text


def near_miss(word: str, known: Iterable[str]) -> str:
    """A cure: the likeliest of the known words, or all of them."""
    known = list(dict.fromkeys(known))
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."


def named(value: object) -> str:
    """A value as a message mentions it: itself if it is short, else what it is."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return shortened(str(value))
        case str():
            return repr(shortened(one_line(value)))
        case list():
            return "a list"
        case dict():
            return "a table"
        case dt.date() | dt.time():
            return "a date or time"
        case _:
            return f"a {type(value).__name__}"


def shortened(text: str, longest: int = 60) -> str:
    """Text that fits a message."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def convert(value: object, into: Any, *, at: Path, places: Places) -> Any:
    """Convert a value strictly into a type.

    Raises:
        ScenarioError: It does not fit; with every fault, each naming the key and the cure.
    """
    faults = list(_faults(value, into, at, places))
    if faults:
        raise ScenarioError(*faults)
    return msgspec.convert(value, into)


def key_faults(
    table: Mapping[str, object], known: Iterable[str], required: Iterable[str], *, at: Path, places: Places
) -> Iterator[str]:
    """The keys of a table that are unknown, then those that are missing; one that is misspelt is unknown only."""
    known = list(known)
    strange = [key for key in table if key not in known]
    meant = {close for key in strange for close in get_close_matches(key, known, n=1)}
    for key in strange:
        message = f"unknown key {shortened(one_line(key))!r}; {near_miss(key, known)}"
        yield places.fault((*at, key), message)
    for key in required:
        if key not in table and key not in meant:
            yield places.fault(at, f"the key {key!r} is missing; add it.")


def mentioned(value: object, into: Any, mark: Names, at: Path = ()) -> Iterator[tuple[Path, str]]:
    """The strings in a value whose type has a mark, with their paths; the value need not fit, they must."""
    if isinstance(value, str):
        if _bears(into, mark) and not list(_faults(value, into, at, Nowhere())):
            yield at, value
        return
    for part, item, kind in _items(value, into):
        yield from mentioned(item, kind, mark, (*at, part))


def _bears(into: Any, mark: Names) -> bool:
    """Whether a type has a mark, or one of the types that it may be instead."""
    return mark in getattr(into, "__metadata__", ()) or any(_bears(one, mark) for one in typing.get_args(into))


def _faults(value: object, into: Any, at: Path, places: Places) -> Iterator[str]:
    """Every fault of a value, the innermost ones first; those of a container only if what it holds is sound."""
    inner = [fault for part, item, kind in _items(value, into) for fault in _faults(item, kind, (*at, part), places)]
    plain = _plain(into, value)
    if isinstance(value, dict) and _is_struct(plain):
        fields = msgspec.structs.fields(plain)
        required = [field.name for field in fields if field.required]
        inner += key_faults(value, [field.name for field in fields], required, at=at, places=places)
    if inner:
        yield from inner
        return
    try:
        msgspec.convert(value, into)
    except msgspec.ValidationError as fault:
        where, message = _worded(str(fault), value, into)
        yield places.fault((*at, *where), message)


def _items(value: object, into: Any) -> Iterator[tuple[str | int, object, Any]]:
    """What a container holds, each with the type that it is to become."""
    plain = _plain(into, value)
    origin, args = typing.get_origin(plain), typing.get_args(plain)
    if isinstance(value, dict) and origin is dict:
        for key, item in value.items():
            yield key, key, args[0]
            yield key, item, args[1]
    elif isinstance(value, dict) and _is_struct(plain):
        for field in msgspec.structs.fields(plain):
            if field.name in value:
                yield field.name, value[field.name], field.type
    elif isinstance(value, list) and (origin is list or (origin is tuple and args[-1] is ...)):
        for index, item in enumerate(value):
            yield index, item, args[0]


def _plain(into: Any, value: object = None) -> Any:
    """The type without its bounds, and without a None that it may also be: TOML has no null; for a table the table."""
    if typing.get_origin(into) is Annotated:
        return _plain(typing.get_args(into)[0], value)
    if typing.get_origin(into) in (typing.Union, types.UnionType):
        others = [one for one in typing.get_args(into) if one is not type(None)]
        tables = [one for one in others if isinstance(value, dict) and _is_struct(one)]
        (found, *more) = tables or others
        return into if more else _plain(found, value)
    return into


def _is_struct(plain: Any) -> bool:
    """Whether a type is read from a table."""
    return isinstance(plain, type) and issubclass(plain, msgspec.Struct)


_AT: Final = re.compile(r"(.*) - at `\$(.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_EXPECTED: Final = re.compile(r"Expected `([^`]*)`(.*?)(?:, got (?:`([^`]*)`|\d+))?", re.DOTALL)
TYPES: Final = {
    "float": "a number",
    "number": "a number",
    "int": "a whole number",
    "integer": "a whole number",
    "str": "a string",
    "string": "a string",
    "bool": "true or false",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}
"""How people call a type, by its name in msgspec's messages and in a JSON schema."""


def _worded(text: str, value: object, into: Any) -> tuple[Path, str]:
    """What msgspec says, in words for people; and where inside the value it says it."""
    where: Path = ()
    if found := _AT.fullmatch(text):
        text = found[1]
        where = tuple(name or int(index) for name, index in _STEP.findall(found[2]))
    plain = _plain(into)
    choices = [str(choice) for choice in _choices(plain)]
    if text.startswith("Invalid enum value") and choices:
        return where, f"unknown value {named(value)}; {near_miss(str(value), choices)}"
    if expected := _EXPECTED.fullmatch(text):
        description = "" if where or expected[3] else _description(into)
        types_, bound = _kinds(expected[1]), re.sub(r"(\d)\.0\b", r"\1", expected[2])
        long = isinstance(value, list | dict) and not expected[3]
        met = _kinds(expected[3] or "") if where else "" if long else named(value)
        return where, f"expected {description or types_ + bound}{met and ', not '}{met}."
    return where, one_line(text).rstrip(".") + "."


def _choices(plain: Any) -> tuple[object, ...]:
    """The words that a type is one of, or may be instead of something else."""
    parts = (plain, *typing.get_args(plain))
    return tuple(choice for part in parts if typing.get_origin(part) is Literal for choice in typing.get_args(part))


def _kinds(names: str) -> str:
    return " or ".join(TYPES.get(name, name) for name in names.split(" | ") if name != "null")


def _description(into: Any) -> str:
    """The words of a type's own bounds, where they have some: a pattern tells people little."""
    metas = [mark for mark in getattr(into, "__metadata__", ()) if isinstance(mark, msgspec.Meta)]
    return next((meta.description for meta in metas if meta.description), "")

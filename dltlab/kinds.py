"""What a scenario may say, as text for people: its tables and the kinds in them, or the keys of one of these."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from dltlab import catalog, chapters, meanings, tables
from dltlab.catalog import Parameter, Shelf
from dltlab.check import shelves
from dltlab.errors import UsageError
from dltlab.show import in_toml, wrapped
from dltlab.text import one_line
from dltlab.values import TYPES

_SECTIONS: Final = {
    "problem": "[problem]",
    "optimizer": "[optimizer]",
    "probe": "[probes.NAME]",
    "theory": "[theories.NAME]",
    "panel": "[[panels]]",
    "claim": "[[claims]]",
}
_TABLES: Final[Shelf] = {
    "run": tables.Run,
    "arms": tables.ArmTable,
    "knobs": tables.KnobTable,
    "questions": tables.Question,
}
_BOUNDS: Final = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


class Section(NamedTuple):
    """A shelf, and where in a scenario its things are named."""

    noun: str
    place: str
    shelf: Shelf


def sections() -> list[Section]:
    """The tables of fixed keys; then every shelf: those of a scenario's tables, and those of the keys in them."""
    found = [Section("table", "a scenario's common tables", _TABLES)]
    found += [Section(noun, _SECTIONS[noun], shelf) for noun, shelf in shelves().items()]
    found.append(Section("chapter", "[[questions]], for at", chapters.DETECTORS))
    for section in found:
        for kind, factory in section.shelf.items():
            for parameter in catalog.parameters(factory):
                if (nested := parameter.kind) is None:
                    continue
                known = next((place for place, one in enumerate(found) if one.shelf is nested.shelf), None)
                if known is None:
                    # It grows while it is gone through: what is nested may nest again.
                    found.append(Section(nested.noun, f"{parameter.name} of {section.noun} {kind}", nested.shelf))
                else:
                    owners = f"{found[known].place}, {section.noun} {kind}"
                    found[known] = found[known]._replace(place=owners)
    return found


def listed() -> Iterator[str]:
    """Every kind with what it is, by section, a line at a time."""
    for place, section in enumerate(sections()):
        yield from ["", section.place] if place else [section.place]
        wide = max(map(len, section.shelf)) + 4
        for kind, factory in section.shelf.items():
            yield from wrapped(meanings.prose(factory)[0], bullet=f"{f'  {kind}':<{wide}}")


def told(kind: str) -> Iterator[str]:
    """What a kind is, and its keys: default, type, meaning. Raises UsageError where there is none of that name."""
    known = sections()
    found = [section for section in known if kind.strip("[]") in section.shelf]
    if not found:
        names = [name for section in known for name in section.shelf]
        close = get_close_matches(kind, names, n=1)
        cure = f"did you mean {close[0]!r}?" if close else "`dltlab schema --list` lists all of them."
        raise UsageError(f"no table or kind {one_line(kind)!r}; {cure}")
    kind = kind.strip("[]")
    for place, section in enumerate(found):
        factory = section.shelf[kind]
        yield from [""] * (place > 0)
        yield f"{kind}, of {section.place}"
        for paragraph in meanings.prose(factory):
            yield from wrapped(paragraph, bullet="  ")
        known_meanings = meanings.of(factory)
        for parameter in catalog.parameters(factory):
            yield f"\n  {parameter.name}{_default(parameter)}"
            yield from wrapped(_typed(parameter), bullet="      ")
            yield from wrapped(known_meanings.get(parameter.name, ""), bullet="      ")


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return ", which must be given"
    # Of a table, an empty one of its own each time.
    default = getattr(parameter.default, "factory", lambda: parameter.default)()
    return "" if default is None else f" = {in_toml(default)}"


def _typed(parameter: Parameter) -> str:
    if parameter.kind is not None:
        return f"a {parameter.kind.noun}: {', '.join(parameter.kind.shelf)}"
    return _worded(catalog.schema_of(parameter.annotation))


def _worded(schema: Mapping[str, Any]) -> str:
    """A type as one says it: a whole number ≥ 2 and ≤ 1000."""
    match schema:
        case {"properties": keys}:
            return ": ".join(filter(None, (f"a table of {', '.join(keys)}", schema.get("description", ""))))
        case {"description": said}:
            return said
        case {"anyOf": ways}:
            return ", or ".join(dict.fromkeys(_worded(way) for way in ways if way.get("type") != "null"))
        case {"enum": names}:
            return ", ".join(in_toml(name) for name in names if name is not None)
        case {"type": "array", "items": list(items)}:
            return f"a list of {len(items)}: {'; '.join(map(_worded, items))}"
        case {"type": "array", **rest}:
            return f"a list, each: {_worded(rest.get('items') or {})}"
    bounds = [f"{sign} {schema[bound]:,.15g}" for bound, sign in _BOUNDS.items() if bound in schema]
    return " ".join(filter(None, (TYPES.get(schema.get("type", ""), "any value"), " and ".join(bounds))))

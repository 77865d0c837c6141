"""Scenarios as text for people: the gallery; what one is about, what to look for, and its tables as TOML."""

import contextlib
import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from dltlab import scenario
from dltlab.errors import ScenarioError
from dltlab.tables import Scenario
from dltlab.text import clean, one_line

TOLD: Final = ("title", "abstract", "sources", "look_for", "questions")
"""What :func:`prose` tells, and the tables need not repeat."""


def prose(told: Scenario) -> Iterator[str]:
    """Title, abstract, what to look for, sources and claims, a line at a time."""
    yield one_line(told.title)
    yield "=" * len(one_line(told.title))
    for paragraph in clean(told.abstract).split("\n\n"):
        yield from wrapped(paragraph)
        yield ""
    for heading, items in (("What to look for", told.look_for), ("Sources", told.sources)):
        if items:
            yield heading
            for item in items:
                yield from wrapped(item, bullet="  · ")
            yield ""
    if told.claims:
        yield "Claims"
        for claim in told.claims:
            yield from wrapped(f"{claim.get('name', claim['kind'])}: {claim.get('says', '')}", bullet="  · ")
        yield ""
    if told.questions:
        yield "Questions for a class"
        for question in told.questions:
            place = f"at step {question.at}" if isinstance(question.at, int) else f"at the chapter {question.at!r}"
            yield from wrapped(f"{question.name}, {place}: {question.ask}", bullet="  · ")
            for index, choice in enumerate(question.choices):
                yield from wrapped(choice, bullet=f"    {'→' if index == question.answer else ' '} {index + 1} ")
            yield from wrapped(question.why, bullet="      ")
        yield ""


def gallery(*, as_json: bool) -> str:
    """The gallery: names and titles in the order in which one reads them, companions below what they accompany."""
    rows: list[dict[str, Any]] = []
    known = scenario.gallery()
    for name, companion in scenario.programme():
        with contextlib.suppress(ScenarioError):
            table = scenario.read(str(known[name])).table
            title, tags = one_line(str(table.get("title", ""))), table.get("tags", [])
            row = {"name": name, "title": title, "tags": tags, "companion": companion, "file": str(known[name])}
            rows.append(row)
    if as_json:
        return json.dumps(rows, ensure_ascii=False, indent=2)
    width = max((len(row["name"]) for row in rows), default=0) + 2
    labels = ["  " * row["companion"] + row["name"] for row in rows]
    return "\n".join(f"{label:<{width}}  {row['title']}" for label, row in zip(labels, rows, strict=True))


def toml(tables: dict[str, Any]) -> Iterator[str]:
    """Tables as TOML, a line at a time; reading it back gives the same tables."""
    for key, value in tables.items():
        if not _headed(value):
            yield f"{_key(key)} = {in_toml(value)}"
    for key, value in tables.items():
        if _headed(value):
            yield from _section(_key(key), value)


def _headed(value: object) -> bool:
    """Whether a top-level value is written under headers of its own."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def _section(header: str, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield f"\n[[{header}]]"
            yield from (f"{_key(key)} = {in_toml(inner)}" for key, inner in item.items())
    elif value and all(isinstance(item, dict) for item in value.values()):
        for key, item in value.items():
            yield from _section(f"{header}.{_key(key)}", item)
    else:
        yield f"\n[{header}]"
        yield from (f"{_key(key)} = {in_toml(inner)}" for key, inner in value.items())


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else in_toml(key)


def in_toml(given: Any) -> str:
    """A value as TOML has it."""
    match given:
        case str():
            return json.dumps(clean(given), ensure_ascii=False)
        case bool():
            return str(given).lower()
        case dict():
            return "{ " + ", ".join(f"{_key(key)} = {in_toml(item)}" for key, item in given.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(in_toml(item) for item in given) + "]"
        case _:
            return repr(given)


def wrapped(text: str, bullet: str = "") -> list[str]:
    """Prose in lines of at most a hundred cells, or of the terminal's."""
    width = min(100, shutil.get_terminal_size().columns)
    # A word such as "over-parameterized" stays one, or it could not be found again.
    return textwrap.wrap(
        one_line(text),
        max(20, width),
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_on_hyphens=False,
    )

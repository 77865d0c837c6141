"""Every key that a scenario may write says what it means: in an editor, and in ``dltlab schema --list``."""

from collections.abc import Iterator
from typing import Any

import pytest

from dltlab.check import schema

Keys = dict[str, Any]


def tables(part: Any, at: str = "") -> Iterator[tuple[str, Keys]]:
    """Every table of a JSON Schema: what it is called, and its keys."""
    if isinstance(part, dict):
        keys = part.get("properties")
        if isinstance(keys, dict) and "type" in part:
            yield part.get("title", at), {key: one for key, one in keys.items() if key != "kind"}
        for key, one in part.items():
            yield from tables(one, key)
    for one in part if isinstance(part, list) else ():
        yield from tables(one, at)


ALL = [(title, key, told) for title, keys in tables(schema()) for key, told in keys.items()]


@pytest.mark.parametrize(("title", "key", "told"), ALL, ids=[f"{title}.{key}" for title, key, _ in ALL])
def test_it_says_what_it_means(title, key, told):
    said = told.get("description", "")
    assert said.endswith("."), f"{title}.{key} says {said!r}; write a docstring below it, or in Args."
    assert not any(mark in said for mark in ("``", "\n", "  "))


def test_there_are_many():
    assert {"supervised", "adam", "sharpness", "curves", "level"} <= {title for title, _, _ in ALL}

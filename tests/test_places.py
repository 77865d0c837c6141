"""Every key of a TOML text is found where it stands."""

from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from dltlab.places import Map, locate
from dltlab.text import clean, cleaned

EXAMPLE = '''\
title = "x"  # a comment with [brackets] and a = sign
"quoted \\u00e9" . 'lit.eral' = 1

[problem]
data = { kind = "chebyshev", points = 20, "a b".c = [1, {d = 2}] }
text = """
[not.a.table]
key = "no \\""" key" """""
    after = [ [ 1, 2 ], # not ] the end
  [ 3 ,
] ]
[[claims]]
name = \'\'\'
name = 1\'\'\'
[claims.inner]
x = 1
[[claims]]
name = "b"
[[claims.deep]]
when = 1979-05-27 07:32:00
'''


def paths(tree: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path of a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path for key, item in items for path in ((*at, key), *paths(item, (*at, key)))]


def test_the_example_by_hand() -> None:
    where = locate(EXAMPLE)
    expected = {
        ("title",): (1, 1),
        ("quoted é",): (2, 1),
        ("quoted é", "lit.eral"): (2, 19),
        ("problem",): (4, 2),
        ("problem", "data", "kind"): (5, 10),
        ("problem", "data", "points"): (5, 30),
        ("problem", "data", "a b"): (5, 43),
        ("problem", "data", "a b", "c"): (5, 49),
        ("problem", "data", "a b", "c", 1): (5, 57),
        ("problem", "data", "a b", "c", 1, "d"): (5, 58),
        ("problem", "text"): (6, 1),
        ("problem", "after"): (9, 5),
        ("problem", "after", 0, 1): (9, 20),
        ("problem", "after", 1, 0): (10, 5),
        ("claims",): (12, 3),
        ("claims", 0): (12, 3),
        ("claims", 0, "name"): (13, 1),
        ("claims", 0, "inner"): (15, 9),
        ("claims", 1): (17, 3),
        ("claims", 1, "name"): (18, 1),
        ("claims", 1, "deep", 0, "when"): (20, 1),
    }
    assert {path: where.find(path) for path in expected} == expected
    assert [path for path in paths(tomli.loads(EXAMPLE)) if where.find(path) is None] == []
    assert where.find(("claims", 2)) is None
    assert where.find(("problem", "key")) is None


def test_carriage_returns_move_nothing() -> None:
    plain, dos = locate(EXAMPLE), locate(EXAMPLE.replace("\n", "\r\n"))
    for path in paths(tomli.loads(EXAMPLE)):
        assert plain.find(path) == dos.find(path)


NAMES = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True), st.text(max_size=6))
SCALARS = st.one_of(
    st.integers(-(2**60), 2**60), st.floats(), st.booleans(), st.text(max_size=12), st.dates(), st.datetimes()
)
TREES = st.dictionaries(
    NAMES,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=4,
)


class Writer:
    """Writes a tree as TOML in a style drawn at every turn, noting where each key starts."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""

    def one_of(self, *styles: Any) -> Any:
        return self.draw(st.sampled_from(styles))

    def blank(self, *, lines: bool = False) -> None:
        self.text += self.one_of("", " ", "\t ", *(("\n", " # ] } \" ' =\n", "\n\n  ") if lines else ()))

    def string(self, text: str, *, many: bool) -> str:
        escaped = "".join(
            f"\\U{ord(c):08x}" if ord(c) < 32 or ord(c) == 127 else f"\\{c}" if c in '"\\' else c for c in text
        )
        styles = [f'"{escaped}"']
        printable = all(ord(c) >= 32 and ord(c) != 127 for c in text)
        if printable and "'" not in text:
            styles.append(f"'{text}'")
        if many:
            styles += [f'"""{escaped}"""', f'"""\n{escaped}\\"\\\n  \n """', f'"""{escaped}"a""b"""""']
            if printable and "''" not in text and not text.endswith("'"):
                styles += [f"'''{text}'''", f"'''\n{text}\n[x]\ny = 'z''''"]
        return self.one_of(*styles)

    def key(self, name: str) -> None:
        bare = name and all(c.isascii() and (c.isalnum() or c in "_-") for c in name)
        self.text += self.one_of(*([name] if bare else []), self.string(name, many=False))

    def pair(self, prefix: list[str], name: str, value: Any) -> None:
        """``key = value``; a table may become a dotted key."""
        if isinstance(value, dict) and value and self.one_of(True, False):
            for inner, item in value.items():
                self.pair([*prefix, name], inner, item)
                if self.text and self.inline:
                    self.text += ","
                    self.blank()
            if self.inline:
                self.text = self.text.rstrip(" \t").removesuffix(",")
            return
        for part in prefix:
            self.key(part)
            self.blank()
            self.text += "."
            self.blank()
        self.key(name)
        self.blank()
        self.text += "="
        self.blank()
        self.value(value)
        if not self.inline:
            self.blank()
            self.text += self.one_of("\n", "# [comment]\n", "\n\n")

    inline = False

    def value(self, value: Any) -> None:
        match value:
            case dict() | list():
                outer, self.inline = self.inline, True
                self.text += "{" if isinstance(value, dict) else "["
                items = value.items() if isinstance(value, dict) else enumerate(value)
                lines = isinstance(value, list)
                self.blank(lines=lines)
                for index, (name, item) in enumerate(items):
                    if index:
                        self.text += ","
                        self.blank(lines=lines)
                    self.pair([], str(name), item) if isinstance(value, dict) else self.value(item)
                    self.blank(lines=lines)
                if lines and value and self.one_of(True, False):
                    self.text += ","
                    self.blank(lines=True)
                self.text += "}" if isinstance(value, dict) else "]"
                self.inline = outer
            case str():
                self.text += self.string(value, many=True)
            case bool():
                self.text += str(value).lower()
            case _:
                self.text += value.isoformat() if hasattr(value, "isoformat") else repr(value)

    def table(self, at: list[str], tree: dict[str, Any]) -> None:
        """The plain keys first, then what is written with headers."""
        headed = {}
        for name, item in tree.items():
            tables = isinstance(item, dict) or (
                isinstance(item, list) and item and all(isinstance(one, dict) for one in item)
            )
            if tables and self.one_of(True, False):
                headed[name] = item
            else:
                self.blank()
                self.pair([], name, item)
        for name, item in headed.items():
            for one in item if isinstance(item, list) else [item]:
                self.blank()
                self.text += "[[" if isinstance(item, list) else "["
                for index, part in enumerate([*at, name]):
                    self.text += "." if index else ""
                    self.blank()
                    self.key(part)
                    self.blank()
                self.text += "]]\n" if isinstance(item, list) else "]\n"
                self.table([*at, name], one)


@st.composite
def documents(draw: Any) -> str:
    """A random tree, written at random."""
    writer = Writer(draw)
    writer.table([], draw(TREES))
    return writer.text


def starts_with(text: str, place: tuple[int, int], path: tuple[str | int, ...]) -> bool:
    """Whether the key, in any of its spellings, stands at the place."""
    rest = text.split("\n")[place[0] - 1][place[1] - 1 :]
    name = path[-1]
    if isinstance(name, int):
        return bool(rest) and rest[0] not in " \t,#]}="
    if rest[0] in "\"'":
        quoted = rest[: 1 + rest.index(rest[0], 1)] if rest[0] == "'" else basic(rest)
        return clean(next(iter(tomli.loads(f"{quoted} = 1")))) == name
    return rest.startswith(name)


def basic(rest: str) -> str:
    """The basic string that opens a text."""
    end = 1
    while rest[end] != '"':
        end += 2 if rest[end] == "\\" else 1
    return rest[: end + 1]


@settings(max_examples=300)
@given(documents())
def test_every_path_is_found_where_its_key_stands(text: str) -> None:
    tree = cleaned(tomli.loads(text))
    where = locate(text)
    for path in paths(tree):
        place = where.find(path)
        assert place is not None, path
        assert starts_with(text, place, path), (path, place)


@settings(max_examples=100)
@given(documents())
def test_nothing_is_found_that_is_not_there(text: str) -> None:
    tree = cleaned(tomli.loads(text))
    assert set(paths(tree_of(locate(text)))) == set(paths(tree))


def tree_of(where: Map) -> dict[str | int, Any]:
    """What the map holds, as a tree."""

    def below(node: Any) -> Any:
        if 0 in node.below:
            return [below(node.below[index]) for index in range(len(node.below))]
        return {name: below(child) for name, child in node.below.items()}

    return below(where._root)


@pytest.mark.parametrize(
    "text",
    [
        "k = [" + "1," * 500_000 + "]",
        "".join(f"k{i} = {{ a = [1, '#'] }} # x\n" for i in range(40_000)),
        'k = """' + 'a"' * 500_000 + 'x"""',
        "# " + "x" * 1_000_000,
        "\n" * 1_000_000,
        "k = " + "[" * 380 + "]" * 380,
        ".".join("k" * 900) + " = 1",
        "[" + ".".join("k" * 900) + "]\n" + "".join(f"{'.'.join('a' * 100)}{i} = 1\n" for i in range(100)),
    ],
    ids=["list", "tables", "quotes", "comment", "blank lines", "nesting", "dotted key", "deep header"],
)
def test_a_megabyte_is_read_in_linear_time(text: str) -> None:
    """No clock is asked: what is quadratic here would not come back."""
    assert tomli.loads(text) is not None
    where = locate(text)
    assert where.find(()) == (1, 1)

"""Where each key of a TOML text stands.

tomli gives no positions for what it accepts. This is a second, much simpler reading of a
text that tomli accepted: it need not judge, only follow. One pass with an explicit stack,
so that its time is linear and its depth free.
"""

import re
from collections.abc import Sequence
from typing import Final

import tomli

from dltlab.text import clean, one_line

# Without possessive quantifiers: before Python 3.11.5 they stop too early (python/cpython#106052). Nothing here runs
# long without them, since all of it stands in a text that tomli accepted.
_BLANK: Final = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_PART: Final = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|'[^']*'|"(?:[^"\\]+|\\.)*")[ \t]*(\.?)""")
_SCALAR: Final = re.compile(
    r'"""(?:[^"\\]+|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']+|'(?!''))*'{3,5}"
    r'|"(?:[^"\\]+|\\.)*"'
    r"|'[^']*'"
    r"|[^,\]}\n#]+",
    re.DOTALL,
)


class _Node:
    """A key or list item: its offset in the text, and what stands below it."""

    __slots__ = ("below", "offset")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.below: dict[str | int, _Node] = {}

    def child(self, name: str | int, offset: int) -> "_Node":
        """The child of that name, which stands here if it is new."""
        return self.below.setdefault(name, _Node(offset))

    def last(self) -> "_Node":
        """Itself, or the last item of a list of tables: what a further header goes into."""
        return self.below[len(self.below) - 1] if 0 in self.below else self


class Map:
    """From the path of a key or list item to its line and column."""

    def __init__(self, text: str, root: _Node) -> None:
        self._text = text
        self._root = root

    def find(self, path: Sequence[str | int]) -> tuple[int, int] | None:
        """The line and column, from 1, where the key or the list item starts; None if the text has none such."""
        node: _Node | None = self._root
        for part in path:
            node = node.below.get(part)
            if node is None:
                return None
        start = self._text.rfind("\n", 0, node.offset) + 1
        return self._text.count("\n", 0, start) + 1, node.offset - start + 1


def locate(text: str) -> Map:
    """Find every key and list item of a text that tomli accepts; keys are cleaned as a scenario's are."""
    return _Reading(text.replace("\r\n", "\n")).map()


def in_order(faults: Sequence[str], name: str) -> list[str]:
    """Each fault of a file once: those that name no place in it, then the others as they stand there."""
    place = re.compile(re.escape(one_line(name)) + r":(\d+):(\d+): ")

    def key(fault: str) -> tuple[int, ...]:
        found = place.match(fault)
        return tuple(int(part) for part in found.groups()) if found else ()

    return sorted(dict.fromkeys(faults), key=key)


class _Reading:
    """One pass over a text: each method takes the offset where a thing starts and returns where it ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root = _Node(0)

    def map(self) -> Map:
        """The map of all of it."""
        text, table, at = self._text, self._root, 0
        while (at := self._blank(at)) < len(text):
            if text[at] == "[":
                many = text.startswith("[[", at)
                start = self._blank(at + 1 + many)
                at, table = self._key(start, self._root)
                if many:
                    at, table = at + 1, table.child(len(table.below), start)
                at += 1
            else:
                at, node = self._key(at, table)
                at = self._value(at, node)
        return Map(text, self._root)

    def _blank(self, at: int) -> int:
        return _matched(_BLANK, self._text, at).end()

    def _key(self, at: int, table: _Node) -> tuple[int, _Node]:
        """A dotted key below a table, with the equals sign and the blanks that follow it, if any do."""
        node, more = table, "."
        while more:
            found = _matched(_PART, self._text, at)
            node = node.last().child(_name(found[1]), found.start(1))
            at, more = found.end(), found[2]
        return self._blank(at + 1) if self._text[at] == "=" else at, node

    def _value(self, at: int, node: _Node) -> int:
        """All of a value: the key's own, and those that its lists and inline tables hold."""
        text = self._text
        inside: list[tuple[_Node, bool]] = []
        while True:
            if text[at] in "[{":
                inside.append((node, text[at] == "["))
                at += 1
            else:
                at = _matched(_SCALAR, text, at).end()
            while inside:
                at = self._blank(at)
                if text[at] == ",":
                    at = self._blank(at + 1)
                if text[at] not in "]}":
                    break
                inside.pop()
                at += 1
            else:
                return at
            container, is_list = inside[-1]
            at, node = (at, container.child(len(container.below), at)) if is_list else self._key(at, container)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    if found is None:
        raise ValueError(f"the text is no TOML at offset {at}")
    return found


def _name(written: str) -> str:
    """A part of a key as it is meant, cleaned."""
    if written[0] == '"':
        return clean(tomli.loads(f"name = {written}")["name"] if "\\" in written else written[1:-1])
    return clean(written[1:-1]) if written[0] == "'" else written

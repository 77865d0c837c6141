"""What a scenario calls its probes and theories, as a recording holds their tables."""

from typing import Any, Final

from dltlab.records import Header

THRESHOLD: Final = "stability_threshold"
"""The kind of the theory that tells what sharpness the optimizer can bear."""


def tables(header: Header, key: str) -> dict[str, Any]:
    """The tables of a scenario under a key, by the names that it gives them; none where it has none."""
    found = header.scenario.get(key)
    return found if isinstance(found, dict) else {}


def kind(table: object) -> object:
    """The kind that a table names, or that stands in its place."""
    return table.get("kind") if isinstance(table, dict) else table


def of_kind(header: Header, key: str, wanted: str) -> list[str]:
    """The names under which a scenario's ``probes`` or ``theories`` have one of this kind, and so its series."""
    return [str(name) for name, table in tables(header, key).items() if kind(table) == wanted]

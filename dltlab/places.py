"""Where each key of a TOML text stands."""

Map = dict[tuple[str | int, ...], tuple[int, int]]


def locate(text: str) -> Map:
    """The line and column, from 1, of every key and list item of a text that is TOML."""
    return {}

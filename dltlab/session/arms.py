"""What arms are called, and what became of their members."""

from dltlab.records import Header
from dltlab.session import divergence
from dltlab.session.history import History
from dltlab.text import one_line


def title(header: Header, arm: str) -> str:
    """What legends call an arm; nothing where there is none of that name."""
    return next((one_line(one.title or one.name) for one in header.arms if one.name == arm), "")


def lost(history: History, arm: str) -> str:
    """How many members of an arm have diverged, in words."""
    seeds = next((one.seeds for one in history.header.arms if one.name == arm), 0)
    dead = len(divergence.members(history, arm)) if seeds else 0
    return f"{dead} of {seeds} diverged" if dead else ""


def told(history: History, arm: str) -> str:
    """An arm's title with what became of its members."""
    said, gone = title(history.header, arm), lost(history, arm)
    return f"{said} ({gone})" if gone else said

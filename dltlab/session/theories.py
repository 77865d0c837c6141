"""Which series are predictions, and of what."""

from dltlab.records import Header
from dltlab.session.history import History
from dltlab.session.tables import tables


def theory_of(history: History, name: str) -> str | None:
    """The series that predicts another: ``sharpness.theory`` for ``sharpness``."""
    theory = f"{name}.theory"
    return theory if theory in history else None


def is_theory(header: Header, name: str) -> bool:
    """Whether a series is a prediction rather than a reading."""
    first = name.split(".")[0]
    return name.endswith(".theory") or (first in tables(header, "theories") and first not in tables(header, "probes"))

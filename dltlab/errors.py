"""What can go wrong, and the exit code that each kind of wrong ends with.

Every message is one sentence (or one sentence a fault) that names the place, the fault
and the cure. Nothing in it may reach a terminal uncleaned when it quotes a file: see
:func:`dltlab.text.clean`.
"""

from typing import ClassVar, Final

HOLDS: Final = 0
FAILS: Final = 1
USAGE: Final = 2
BROKEN: Final = 3
TIMED_OUT: Final = 124
"""What timeout(1) ends with."""
INTERRUPTED: Final = 130


class DltlabError(Exception):
    """The root of every error that dltlab raises on purpose."""

    exit_code: ClassVar[int] = BROKEN


class UsageError(DltlabError):
    """The command line, the terminal or a folder cannot serve what was asked."""

    exit_code: ClassVar[int] = USAGE


class OutputError(UsageError, OSError):
    """Standard output refuses what is said there."""

    def __init__(self, why: str) -> None:
        super().__init__(f"standard output: cannot be written ({why}); make room, or send it elsewhere.")


class ScenarioError(DltlabError):
    """A scenario says something that cannot be run; one line a fault."""

    exit_code: ClassVar[int] = USAGE

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class RefusedError(ScenarioError):
    """A scenario that is sound otherwise asks for what does not hold of its problem or its optimizer."""


class AbsentDataError(ScenarioError):
    """A scenario that nothing is wrong with reads data that are not on this machine."""


class RecordingError(DltlabError):
    """A file is no recording, or one that this version cannot read."""

    exit_code: ClassVar[int] = USAGE


class EngineError(DltlabError):
    """The engine died, or could not go on."""

    exit_code: ClassVar[int] = BROKEN

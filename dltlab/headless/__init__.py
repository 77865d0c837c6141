"""Scenarios run to their end without a screen: progress on stderr, verdicts on stdout."""

from dltlab.headless.replayed import tell
from dltlab.headless.runner import follow, run

__all__ = ["follow", "run", "tell"]

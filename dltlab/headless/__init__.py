"""Scenarios run to their end without a screen: progress on stderr, verdicts on stdout."""

from dltlab.headless.runner import run

__all__ = ["run"]

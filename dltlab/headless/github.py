"""What GitHub Actions reads: annotations on the lines of a scenario, and the summary of the job's page.

The runner obeys every line of a step's output that looks like a command (``::error …``, ``##[…]``).
So whatever else is said while scenarios run stands between ``stop-commands`` and a token that
nobody can guess; and what an annotation quotes is escaped, so that it ends neither its
property nor its line.
"""

import contextlib
import os
import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dltlab.headless.junit import numbers
from dltlab.headless.outcome import Outcome
from dltlab.headless.report import line_of
from dltlab.headless.reports import WORDS
from dltlab.text import one_line

SUMMARY: Final = "GITHUB_STEP_SUMMARY"
LARGEST_SUMMARY: Final = 1_000_000
"""Bytes; GitHub shows none of a step's summary beyond 1 MiB."""
_FAULT: Final = re.compile(r"(.{1,1000}?):(\d{1,9}):(\d{1,9}): (.*)")


@contextlib.contextmanager
def quoted() -> Iterator[None]:
    """What is printed in the ``with`` block is obeyed by nobody; standard error joins standard output, in order."""
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        with contextlib.redirect_stderr(sys.stdout):
            yield
    finally:
        print(f"\n::{token}::", flush=True)


def annotations(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each claim that does not hold, and for each run with which something went wrong."""
    return [line for outcome in outcomes for line in _told(outcome)]


def _told(outcome: Outcome) -> Iterator[str]:
    file = _from_here(outcome.document.name) if outcome.document else ""
    for index, verdict in enumerate(outcome.verdicts):
        if verdict.status != "holds":
            after = f" ({act.said})" if (act := outcome.after.get(verdict.name)) else ""
            message = f"{WORDS[verdict.status]}: {numbers(verdict)}. {verdict.says}{after}"
            yield annotation("error", message, title=verdict.name, file=file, line=line_of(outcome, index))
    kind = "warning" if outcome.status == "not run" else "error"
    for text in outcome.trouble.splitlines():
        if found := _FAULT.fullmatch(text):
            place = {"file": _from_here(found[1]), "line": int(found[2]), "col": int(found[3])}
            yield annotation(kind, found[4], title=outcome.scenario, **place)
        else:
            yield annotation(kind, text, title=outcome.scenario, file=file)


def annotation(kind: str, message: str, **properties: str | int | None) -> str:
    """A workflow command; properties that are empty are left out.

    >>> annotation("error", "50 % off", file="a,b.toml", line=3)
    '::error file=a%2Cb.toml,line=3::50 %25 off'
    """
    told = ((key, one_line(str(value))) for key, value in properties.items() if value not in (None, ""))
    placed = ",".join(f"{key}={_escaped(value).replace(':', '%3A').replace(',', '%2C')}" for key, value in told)
    return f"::{kind}{' ' * bool(placed)}{placed}::{_escaped(one_line(message))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _from_here(name: str) -> str:
    """A path as GitHub wants it: from the root of the checkout, where it lies below it."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    with contextlib.suppress(ValueError, OSError):
        return str(Path(name).resolve().relative_to(root.resolve()))
    return name


def summary_file() -> Path | None:
    """Where the job's page takes its Markdown from; None outside GitHub Actions."""
    return Path(os.environ[SUMMARY]) if os.environ.get(SUMMARY) else None


def fitting(markdown: str, room: int = LARGEST_SUMMARY) -> str:
    """As many whole lines as GitHub shows, and a word on those that it would not."""
    if len(markdown.encode()) <= room:
        return markdown
    kept = markdown.encode()[:room].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}\n\nThe rest is longer than GitHub shows; --markdown FILE keeps all of it.\n"

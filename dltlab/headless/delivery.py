"""Where the reports of a call and its recording go, found out before an hour of computing and not after it."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from dltlab import folders
from dltlab.errors import UsageError
from dltlab.headless import github
from dltlab.headless.junit import junit_report
from dltlab.headless.markdown import markdown_report
from dltlab.headless.outcome import Outcome
from dltlab.headless.report import json_report
from dltlab.text import one_line

STDOUT: Final = Path("-")
_Maker = Callable[[Sequence[Outcome]], str]


class Delivery(Struct, frozen=True):
    """The reports that were asked for: a path each, None for none; ``-`` is standard output."""

    json: Path | None = None
    junit: Path | None = None
    markdown: Path | None = None
    github: bool = False

    @property
    def silent(self) -> bool:
        """Whether no report was asked for."""
        return self == Delivery()

    @property
    def takes_stdout(self) -> bool:
        """Whether standard output belongs to a report."""
        return STDOUT in (self.json, self.junit, self.markdown)

    def check(self, out: Path | None = None) -> None:
        """Find out whether every report has a place to go, and the recording that is to be a new file.

        Raises:
            UsageError: One has none, or two reports have the same.
        """
        if out is not None:
            folders.unused(out)
        places = [path for path, _ in self._reports()]
        if len(set(places)) < len(places):
            raise UsageError("two reports would go to the same place; give each a file of its own.")
        if self.github and self.takes_stdout:
            raise UsageError("--github speaks to GitHub on standard output; give the reports files.")
        for path in filter(None, (*places, out, github.summary_file() if self.github else None)):
            ready(path)

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Write every report.

        Raises:
            UsageError: One could not be written; the others were.
        """
        faults: list[UsageError] = []
        for path, made in self._reports():
            if path == STDOUT:
                print(made(outcomes), flush=True)
            else:
                written(path, made(outcomes), "w", faults)
        if self.github:
            print(*github.annotations(outcomes), sep="\n", flush=True)
            if (page := github.summary_file()) is not None:
                written(page, github.fitting(markdown_report(outcomes)), "a", faults)
        if faults:
            raise UsageError("\n".join(map(str, faults)))

    def _reports(self) -> Iterator[tuple[Path, _Maker]]:
        made: tuple[tuple[Path | None, _Maker], ...] = (
            (self.json, json_report),
            (self.junit, junit_report),
            (self.markdown, markdown_report),
        )
        return ((path, maker) for path, maker in made if path is not None)


def ready(path: Path) -> None:
    """Find out whether a report can be written there; ``-`` can. Raises UsageError."""
    place = path if path.exists() else path.parent
    if path != STDOUT and (path.is_dir() or not os.access(place, os.W_OK)):
        raise unwritable(path)


def written(path: Path, text: str, mode: str, faults: list[UsageError]) -> None:
    """Write a report to its file; a fault is noted, so that it costs no other report."""
    try:
        with path.open(mode, encoding="utf-8") as stream:
            stream.write(text if text.endswith("\n") else f"{text}\n")
    except OSError as fault:
        faults.append(unwritable(path, f" ({fault.strerror})"))


def unwritable(path: Path, why: str = "") -> UsageError:
    """That nothing can be written there."""
    return UsageError(f"{one_line(str(path))}: cannot be written{why}; choose another place.")

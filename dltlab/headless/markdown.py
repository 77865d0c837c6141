"""The report of a call as GitHub-flavoured Markdown, for the page of a CI job."""

from collections.abc import Iterator, Sequence
from typing import Final

from dltlab.chapters import Chapter
from dltlab.claims import Verdict
from dltlab.headless.outcome import Outcome, Status
from dltlab.headless.reports import in_words, summed
from dltlab.text import markdown as plain

_MOST_CHAPTERS: Final = 100
_SIGNS: Final = {"holds": "✅", "fails": "❌", "not yet": "⏳"}
_ENDS: Final[dict[Status, str]] = {"holds": "✅", "timed out": "⏳", "interrupted": "⏳", "not run": "⚪"}


def markdown_report(outcomes: Sequence[Outcome]) -> str:
    """A table a scenario: nothing that a scenario says is taken for more than text."""
    good = sum(outcome.status == "holds" for outcome in outcomes)
    total = summed([verdict for outcome in outcomes for verdict in outcome.verdicts])
    lines = ["# dltlab", "", f"{good} of {len(outcomes)} scenarios hold. {total}", ""]
    return "\n".join([*lines, *(line for outcome in outcomes for line in _section(outcome))])


def _section(outcome: Outcome) -> Iterator[str]:
    history = outcome.history
    title = history.header.title if history else outcome.scenario
    yield f"## {_ENDS.get(outcome.status, '❌')} {plain(title)}"
    yield ""
    facts = [plain(outcome.scenario), outcome.status, f"{outcome.seconds:.1f} s"]
    facts += [f"{history.step:,} steps", f"fingerprint {plain(history.header.fingerprint)}"] if history else []
    yield " · ".join(facts)
    yield ""
    for line in outcome.trouble.splitlines():
        yield f"> {plain(line)}  "
    if outcome.trouble:
        yield ""
    if outcome.verdicts:
        yield "| | claim | predicted | measured | tolerance | |"
        yield "|---|---|---|---|---|---|"
        yield from (_row(verdict, outcome.prose(verdict)) for verdict in outcome.verdicts)
        yield ""
    if outcome.chapters:
        yield "| step | chapter | |"
        yield "|---:|---|---|"
        yield from map(_chapter, outcome.chapters[:_MOST_CHAPTERS])
        yield ""
    if left := outcome.chapters[_MOST_CHAPTERS:]:
        yield f"and {len(left):,} more."
        yield ""
    if history and outcome.error_bars:
        yield from (f"* {plain(in_words(bar, history))}" for bar in outcome.error_bars)
        yield ""


def _row(verdict: Verdict, said: str) -> str:
    told = (verdict.name, verdict.predicted, verdict.measured, verdict.tolerance, said)
    return f"| {_SIGNS[verdict.status]} | {' | '.join(map(plain, told))} |"


def _chapter(chapter: Chapter) -> str:
    title = f"{chapter.title} ({chapter.arm})" if chapter.arm else chapter.title
    return f"| {chapter.step:,} | {plain(title)} | {plain(chapter.text)} |"

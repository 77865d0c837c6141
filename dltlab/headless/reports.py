"""What a headless run found, as a table for people."""

import math
import textwrap
from collections import Counter
from collections.abc import Iterable
from typing import Final

from dltlab.claims import Verdict
from dltlab.headless.outcome import Outcome
from dltlab.records import Header
from dltlab.session import alike
from dltlab.session.errorbars import ErrorBar
from dltlab.session.history import History
from dltlab.text import component, one_line

WIDTH: Final = 80
_HEAD: Final = ("verdict", "claim", "predicted", "measured", "tolerance")
_SIGNS: Final = {"holds": "✓", "fails": "✗", "not yet": "…"}
WORDS: Final = {"holds": "holds", "fails": "FAILS", "not yet": "not shown"}


def table(outcome: Outcome) -> str:
    """The claims of a run, to be read in a terminal of 80 columns, without colour."""
    history = outcome.history
    title = one_line(history.header.title) if history else one_line(outcome.scenario)
    step = history.step if history else 0
    members = f"{_members(history.header)}{_alike(history)}" if history else "no seed"
    lines = [title, *_wrapped(f"{members}, {step:,} steps, {outcome.seconds:.1f} s", 0), *_fork(history), ""]
    rows = [_HEAD, *map(_row, outcome.verdicts)] if outcome.verdicts else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, verdict in zip(rows, (None, *outcome.verdicts), strict=False):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        lines += _wrapped(one_line(outcome.prose(verdict)), 11) if verdict else []
    told = [line for one in outcome.error_bars if history for line in _wrapped(in_words(one, history), 0)]
    return "\n".join([*lines, *(["", *told] if told else []), "", summed(outcome.verdicts)])


def _fork(history: History | None) -> list[str]:
    """Whose recording it is up to which step, and what was changed there."""
    forks = [event for event in history.events if event.what == "fork"] if history else []
    return [line for event in forks for line in _wrapped(one_line(event.text), 0)]


def in_words(bar: ErrorBar, history: History) -> str:
    """The largest error bar of a series in a sentence: how large, of what, where, and how many are too large."""
    header, series = history.header, history[bar.series].series
    own = series.axes[2 if bar.arm is not None else 1 if series.axes[:1] == ("seed",) else 0 :]
    what = component(own, bar.component) if own else "the reading"
    places = [f"step {bar.step:,}", f"arm {one_line(bar.arm)}" if bar.arm is not None else ""]
    places += [f"seed {bar.seed}"] if len(header.seeds) > 1 else []
    most = f"{_percent(bar.relative)} of {what} ({', '.join(filter(None, places))})"
    many = f"{bar.beyond:,}" if bar.beyond else "none"
    rest = f"; {many} of {bar.readings:,} readings beyond {_percent(bar.tolerance)}" if bar.tolerance > 0 else ""
    return f"{one_line(bar.series)}: largest error bar {most}{rest}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 10 else f"{share:.2g} times" if share < math.inf else "∞ times"


def _members(header: Header) -> str:
    """Who ran: its seed or seeds, and its arms."""
    seeds, own = header.seeds, {arm.seeds for arm in header.arms}
    told = f"{len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}" if seeds else "no seed"
    if not header.arms:
        return told
    # Arms that are dear have fewer seeds than the others.
    told = f"{min(own)} to {max(own)} seeds" if len(own) > 1 else told
    return f"{len(header.arms)} arm{'s' * (len(header.arms) > 1)} of {told}"


def _alike(history: History) -> str:
    """That seeds are one run and no more evidence than that, where their readings are the same."""
    found, heads = alike.arms(history), history.header.arms
    several = [arm for arm in heads if arm.seeds > 1]
    if not found:
        return ""
    if len(found) < len(several):
        return f" (in {', '.join(one_line(name) for name in found)} all alike: one run)"
    return f" (all alike: one run{' an arm' * (len(heads) > 1)})"


def _row(verdict: Verdict) -> tuple[str, str, str, str, str]:
    """One claim in a line: its status and name, and its numbers."""
    status = f"{_SIGNS[verdict.status]} {WORDS[verdict.status]}"
    return (
        status,
        one_line(verdict.name),
        one_line(verdict.predicted),
        one_line(verdict.measured),
        one_line(verdict.tolerance),
    )


def _wrapped(text: str, indent: int) -> list[str]:
    """Prose in lines of 80 columns; a number stays with its per cent sign."""
    lead = " " * indent
    return textwrap.wrap(text.replace(" %", "\u00a0%"), WIDTH, initial_indent=lead, subsequent_indent=lead or "  ")


def summed(verdicts: Iterable[Verdict]) -> str:
    """How many claims hold, fail and were not shown, in a sentence."""
    statuses = [verdict.status for verdict in verdicts]
    if not statuses:
        return "No claim was judged."
    many = {"holds": "hold", "fails": "FAIL", "not yet": "not shown"}
    counts = [f"{count} {(many if count > 1 else WORDS)[status]}" for status, count in Counter(statuses).items()]
    return f"{len(statuses)} claim{'s' * (len(statuses) > 1)}: {', '.join(counts)}."
